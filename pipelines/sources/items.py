"""The items of benchmarks as an evaluation asks them: question, answer, topic and level, in one Arrow file.

Curation reads benchmarks to find their leaks (`inputs.load_benchmarks`); here the same files are read to be asked.
"""

from collections.abc import Sequence

import pyarrow as pa

from pipelines.engine.store import digest
from pipelines.sources.adapters.fields import find
from pipelines.sources.adapters.registry import has_header
from pipelines.sources.catalogue import resolve
from pipelines.sources.files.scan import has_changed, scan
from pipelines.sources.inputs import read_item, records_of
from schemas.benchmark import ITEM_SCHEMA, BenchmarkSource
from schemas.config import Benchmark
from schemas.exits import RunFailedError, UserError
from schemas.place import public_name

_PLACE = "evaluate.benchmarks"


def load_items(benchmarks: Sequence[str | Benchmark]) -> tuple[pa.Table, list[BenchmarkSource]]:
    """Reads the items of benchmarks, in the order of their files.

    Raises:
        UserError: a name that the catalogue does not have, a benchmark that cannot be read or has no answers.
        RunFailedError: its file changed meanwhile.
    """
    tables, sources = [ITEM_SCHEMA.empty_table()], []
    for named in benchmarks:
        benchmark = resolve(named, place=_PLACE)
        table, source = _load(benchmark)
        tables.append(table)
        sources.append(source)
    return pa.concat_tables(tables), sources


def _load(benchmark: Benchmark) -> tuple[pa.Table, BenchmarkSource]:
    fields = [benchmark.question, benchmark.answer, benchmark.topic, benchmark.difficulty]
    scans = scan(benchmark.path, header=has_header(fields))
    rows = []
    for file in scans:
        for record in records_of(file):
            item = read_item(benchmark, record.row, record.value)
            item["topic"] = _label(record.value, benchmark.topic)
            item["difficulty"] = _label(record.value, benchmark.difficulty)
            rows.append({name: item[name] for name in ITEM_SCHEMA.names})
    if any(map(has_changed, scans)):
        raise RunFailedError(f"benchmark {benchmark.name}: {benchmark.path} changed while it was read; run again")
    _require_answers(benchmark, rows)
    sha256 = digest(*(file.sha256 for file in scans)) if len(scans) > 1 else scans[0].sha256
    path = public_name(benchmark.path)
    return pa.Table.from_pylist(rows, ITEM_SCHEMA), BenchmarkSource(benchmark.name, path, sha256)


def _require_answers(benchmark: Benchmark, rows: Sequence[dict[str, object]]) -> None:
    """A model can only be judged by answers.

    Raises:
        UserError: the benchmark has none, where its table says that they are.
    """
    if any(row["answer"] for row in rows):
        return
    where = "its `answer` is null" if benchmark.answer is None else f"no item has one in the field `{benchmark.answer}`"
    raise UserError(
        f"benchmark {benchmark.name}: has no answers to judge by: {where}; give a table that names the field: "
        f"{{name: {benchmark.name}, path: {public_name(benchmark.path)}, question: {benchmark.question}, answer: ...}}",
        place=_PLACE,
    )


def _label(value: dict[str, object] | None, field: str | None) -> str | None:
    found = find(value or {}, field) if field else None
    return None if found is None or found == "" else str(found)

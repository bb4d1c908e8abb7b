"""The items of benchmarks as an evaluation asks them: question, answer, topic and level, in one Arrow file.

Curation reads benchmarks to find their leaks (`inputs.load_benchmarks`); here the same files are read to be asked.
"""

from collections.abc import Sequence

import pyarrow as pa

from pipelines.sources.adapters.fields import find
from pipelines.sources.catalogue import resolve
from pipelines.sources.inputs import read_benchmark, read_item
from schemas.benchmark import ITEM_SCHEMA, BenchmarkSource
from schemas.config import Benchmark
from schemas.exits import UserError
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
    items, sha256 = read_benchmark(benchmark, fields, _labelled_item)
    _require_answers(benchmark, items)
    path = public_name(benchmark.path)
    return pa.Table.from_pylist(items, ITEM_SCHEMA), BenchmarkSource(benchmark.name, path, sha256)


def _labelled_item(benchmark: Benchmark, position: int, value: dict[str, object] | None) -> dict[str, object]:
    labels = {"topic": _label(value, benchmark.topic), "difficulty": _label(value, benchmark.difficulty)}
    return read_item(benchmark, position, value) | labels


def _require_answers(benchmark: Benchmark, items: Sequence[dict[str, object]]) -> None:
    """A model can only be judged by answers.

    Raises:
        UserError: the benchmark has none, where its table says that they are.
    """
    if any(item["answer"] for item in items):
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

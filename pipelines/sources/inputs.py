"""What a run reads: the files of every source, found, hashed and cut into stretches before anything is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from textwrap import shorten
from types import TracebackType

import pyarrow as pa

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.joining import worker_failed
from pipelines.engine.store import SOURCE_SHIFT, Store, digest
from pipelines.engine.transforms import ReadSplit
from pipelines.sources.adapters.fields import named
from pipelines.sources.adapters.registry import ADAPTERS, check_fields, check_sources, has_header, named_fields
from pipelines.sources.catalogue import resolve
from pipelines.sources.files.places import is_local, stamp_of
from pipelines.sources.files.records import row_id
from pipelines.sources.files.scan import FileScan, FileSplit, Record, has_changed, read_records, scan
from pipelines.sources.render import render_parts, render_record
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Benchmark, Curate, Normalise, Source
from schemas.exits import RunFailedError, UserError
from schemas.manifest import BenchmarkRecord, InputFile
from schemas.place import public_name
from schemas.pseudonyms import People
from schemas.reason import Reason
from validation.answers import extract

PARTS_PER_SPLIT = 1 << 20
_PROBED_ROWS = 1000
_FEWEST_UNREADABLE = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """How the records of a stretch are read: whose they are, what becomes of their texts, how people are called."""

    source: Source
    normalise: Normalise
    people: People


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a run reads."""

    splits: tuple[ReadSplit, ...]
    files: tuple[InputFile, ...]
    rows: int
    scans: tuple[FileScan, ...] = ()

    def candidates(self) -> int:
        """How many candidates its rows give, about: one a row, and one for each format that is derived from it."""
        made = ((split.source, split.split) for split in self.splits)
        return sum(
            split.rows * (1 + len(reading.source.derive))
            for reading, split in made
            if isinstance(reading, Reading) and isinstance(split, FileSplit)
        )

    def everywhere(self) -> "Inputs":
        """The same for workers that stand in another folder: the paths of files begin at the root."""
        return replace(self, splits=tuple(replace(split, split=_from_root(split.split)) for split in self.splits))


def _from_root(split: object) -> FileSplit:
    assert isinstance(split, FileSplit), split
    return replace(split, path=str(Path(split.path).absolute())) if is_local(split.path) else split


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Holds a run to the inputs that it scanned: as a context, it tells a failure inside by the input that changed.

    What was read of a changed file is forgotten: it may be of either state.
    """

    inputs: Inputs
    store: Store

    def __enter__(self) -> "Unchanged":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self._refuse([file for file in self.inputs.scans if has_changed(file)], error)

    def check(self) -> None:
        """Checks, before anything is published, that every input still has the bytes that were scanned.

        Raises:
            RunFailedError: naming the first file that changed.
        """
        self._refuse([file for file in self.inputs.scans if has_changed(file, hashed=True)], None)

    def _refuse(self, changed: Sequence[FileScan], cause: Exception | None) -> None:
        if not changed:
            return
        paths = {file.path for file in changed}
        for split in self.inputs.splits:
            if isinstance(split.split, FileSplit) and split.split.path in paths:
                self.store.forget_split(split.key)
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        raise RunFailedError(
            f"{changed[0].name}{more}: changed while it was read; nothing was published; run the same command again "
            "when nobody writes there"
        ) from cause


def plan_inputs(settings: Curate, code: str) -> Inputs:
    """Scans all sources.

    Args:
        settings: the table `curate`.
        code: hash of the code; parts that other code made are made again.

    Raises:
        UserError: a path that cannot be read, an adapter that does not exist or lacks what it needs.
    """
    splits: list[ReadSplit] = []
    files: list[InputFile] = []
    scanned: list[FileScan] = []
    check_sources(settings.sources)
    for rank, source in enumerate(settings.sources):
        scans = scan_readable(source)
        files.extend(InputFile(path=name, bytes=file.bytes, sha256=file.sha256) for name, file in _named(source, scans))
        scanned.extend(scans)
        splits.extend(_read_splits(rank, Reading(source, settings.normalise, settings.people), scans, code))
    return Inputs(tuple(splits), tuple(files), sum(file.rows for file in scanned), tuple(scanned))


def scan_source(source: Source) -> list[FileScan]:
    """Scans the files of one source."""
    header = has_header(source.columns.model_dump().values(), source.adapter)
    return scan(source.path, header=header, rows=source.rows)


def scan_readable(source: Source) -> list[FileScan]:
    """Scans the files of one source and refuses it where its first rows show a mistake in the config.

    Raises:
        UserError: naming what was found, and what would be read.
    """
    scans = scan_source(source)
    _refuse_wrong_fields(source, scans)
    return scans


def _refuse_wrong_fields(source: Source, scans: Sequence[FileScan]) -> None:
    """A source none of whose first rows has the adapter's fields is a mistake in the config, not a thousand bad rows.

    Raises:
        UserError: naming the field and those that the rows have.
    """
    first_records = (record for file in scans for record in _records(file))
    _refuse_unreadable(source, islice(first_records, _PROBED_ROWS))
    first_records = (record for file in scans for record in _records(file))
    check_fields(f"curate.sources: {source.name}", named_fields(source), first_records)
    if ADAPTERS[source.adapter].by_name and source.columns.solution is None:
        return  # no row will have a solution, as the config says: the ledger tells, and the wipe-out alarm asks
    detail = ""
    for record in islice((record for file in scans for record in _records(file)), _PROBED_ROWS):
        first = dict(zip(CANDIDATE_SCHEMA.names, render_record(record, source)[0], strict=True))
        if first["reason"] != Reason.MISSING_FIELD:
            return
        detail = detail or str(first["detail"])
    raise UserError(
        f"no row can be read by `adapter: {source.adapter}`: {detail}; "
        "choose the adapter that fits, or `adapter: columns` and name the fields",
        place=f"curate.sources: {source.name}",
    )


def _refuse_unreadable(source: Source, records: Iterator[Record]) -> None:
    """Refuses a source none of whose first records is one: another notation or encoding, not a thousand bad rows.

    Raises:
        UserError: naming what the first record is, and what makes it readable where that is known.
    """
    bad: list[Record] = []
    for record in records:
        if record.reason is None:
            return
        bad.append(record)
    if len(bad) < _FEWEST_UNREADABLE:
        return  # each is told by itself
    first = bad[0]
    hint = ""
    if first.reason == Reason.BAD_ENCODING:
        hint = "; text must be UTF-8: `iconv -f WINDOWS-1252 -t UTF-8` may make it so"
    elif first.raw.startswith("{'"):
        hint = "; this is Python's notation: json.dumps writes JSON"
    elif first.raw.startswith("[{"):
        hint = '; a chat is read from an object: {"messages": [{"role": ...}, ...]}'
    raise UserError(
        f"none of the first {len(bad)} records can be read: {first.detail}; "
        f"the first begins {shorten(first.raw, 40, placeholder='...')!r}{hint}",
        place=f"curate.sources: {source.name}",
    )


def _read_splits(rank: int, reading: Reading, scans: Sequence[FileScan], code: str) -> Iterator[ReadSplit]:
    reads = (reading.source.model_dump(mode="json", exclude={"path"}), reading.normalise.model_dump(mode="json"))
    people = reading.people.model_dump(mode="json")
    position = 0
    for file in scans:
        for split in file.splits:
            number = (rank << SOURCE_SHIFT) + position * PARTS_PER_SPLIT
            key = digest(code, reads, people, file.sha256, split.kind, split.start, split.end, split.first_row)
            yield ReadSplit(number, key, reading, split)
            position += 1


def _named(source: Source, scans: Sequence[FileScan]) -> Iterator[tuple[str, FileScan]]:
    """Names files as the config does: its own path, or for a folder or glob the path with the file's name."""
    for file in scans:
        yield (public_name(source.path) if len(scans) == 1 else file.name), file


def render_split(
    split: ReadSplit, begun: Sequence[pa.RecordBatch] = (), *, strict: bool = False, most: int | None = None
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Reads a stretch of a source and renders its parts.

    Args:
        split: the stretch.
        begun: `row` and `row_id` of its first parts, which stand already: what is read of them is only compared.
        strict: as `render_parts` has it.
        most: only its first rows; None: all of it.

    Raises:
        RunFailedError: the file changed since it was scanned; neither the part nor the stretch is taken for whole.
    """
    assert isinstance(split.split, FileSplit), split
    assert isinstance(split.source, Reading), split
    reading, path = split.source, split.split.path
    if is_local(path) and not Path(path).exists():
        raise worker_failed(f"{path} is not there; put sources where every worker reads them, such as s3://...")
    records = islice(read_records(split.split), most)
    rows = {row["row"]: row["row_id"] for part in begun for row in part.to_pylist()}
    for row, identity in rows.items():
        record = next(records, None)
        if record is None or (record.row, row_id(reading.source.name, record.raw)) != (row, identity):
            raise RunFailedError(f"{path}: changed since a part of it was read; run the same command again")
    for part in render_parts(records, reading.source, reading.normalise, reading.people, strict=strict):
        _refuse_changed(split.split)
        yield part
    _refuse_changed(split.split)


def _refuse_changed(split: FileSplit) -> None:
    if stamp_of(split.path) != split.stamp:
        raise RunFailedError(f"{split.path}: changed while it was read")


def load_benchmarks(benchmarks: Sequence[str | Benchmark]) -> tuple[pa.Table, list[BenchmarkRecord]]:
    """Reads the items of every named benchmark.

    Raises:
        UserError: a benchmark that is not in the catalogue, cannot be read, or lacks a field that was named.
        RunFailedError: its file changed meanwhile.
    """
    tables, records = [BENCHMARK_SCHEMA.empty_table()], []
    for benchmark in map(resolve, benchmarks):
        items, sha256 = read_benchmark(benchmark, [benchmark.question, benchmark.answer], read_item)
        names_answer = benchmark.answer and "answer" in benchmark.model_fields_set
        if names_answer and items and not any(item["answer"] for item in items):
            raise UserError(
                f"benchmark {benchmark.name}: no item of {public_name(benchmark.path)} has an answer in the field "
                f"`{benchmark.answer}`; name the field with `answer:`, or say `answer: null`"
            )
        tables.append(pa.Table.from_pylist(items, schema=BENCHMARK_SCHEMA))
        records.append(BenchmarkRecord(name=benchmark.name, items=len(items), sha256=sha256, licence=benchmark.licence))
    return pa.concat_tables(tables), records


def read_benchmark(
    benchmark: Benchmark,
    fields: Sequence[str | None],
    item_of: Callable[[Benchmark, int, dict[str, object] | None], dict[str, object]],
) -> tuple[list[dict[str, object]], str]:
    """Reads the items of a benchmark, in the order of its files, and hashes those.

    Args:
        benchmark: a table.
        fields: what its rows are read by.
        item_of: makes an item of the benchmark, a row's position and its value.

    Raises:
        UserError: it cannot be read.
        RunFailedError: its file changed meanwhile.
    """
    scans = scan(benchmark.path, header=has_header(fields), rows=benchmark.rows)
    items = [item_of(benchmark, record.row, record.value) for file in scans for record in _records(file)]
    if any(map(has_changed, scans)):
        raise RunFailedError(f"benchmark {benchmark.name}: {benchmark.path} changed while it was read; run again")
    return items, digest(*(file.sha256 for file in scans)) if len(scans) > 1 else scans[0].sha256


def _records(file: FileScan) -> Iterator[Record]:
    for split in file.splits:
        yield from read_records(split)


def read_item(benchmark: Benchmark, position: int, value: dict[str, object] | None) -> dict[str, object]:
    """Reads an item of a benchmark, as `BENCHMARK_SCHEMA` has it.

    Raises:
        UserError: it has no question in the field that was named.
    """
    question = (value or {}).get(benchmark.question)
    if not isinstance(question, str) or not question.strip():
        known = named(value) if value else "nothing readable"
        raise UserError(
            f"benchmark {benchmark.name}: item {position} of {public_name(benchmark.path)} has no text in the field "
            f"`{benchmark.question}`; it holds {known}; name the field with `question:`"
        )
    given = (value or {}).get(benchmark.answer) if benchmark.answer else None
    text = None if given is None else str(given)
    final = extract(text, language=benchmark.language).answer if text else None
    return {
        "benchmark": benchmark.name,
        "position": position,
        "question": question,
        "answer": final or text,
        "solution": text if final and final != text else None,
        "language": benchmark.language,
        "licence": benchmark.licence,
        "variants": benchmark.variants,
    }

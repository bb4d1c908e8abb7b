"""Tables: CSV and TSV, Parquet, Arrow files and streams. Memory is bounded by one row, or one Arrow batch.

CSV follows RFC 4180. TSV has no quoting (IANA text/tab-separated-values): a quote at the start of a cell is a quote.
Where the first rows say otherwise they are right: `;` or tabs in a .csv, quoted cells in a .tsv, `sep=;` in front.
A headless table's cells are called "0", "1", ... by position.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.sources.files.records import MAX_LINE_BYTES, FileSplit, Kind, Record, json_text
from schemas.attempts import Crash, attempted
from schemas.exits import UserError
from schemas.reason import Reason, Stage

if TYPE_CHECKING:
    import _csv

_ROWS_AT_ONCE = 1024
_PROBED_LINES = 200
_EXCEL = re.compile(r"sep=([,;|\t])\s*")
"""the line by which Excel is told what parts the cells"""


def read_separated(stream: IO[str], kind: str, *, first_row: int) -> Iterator[Record]:
    """Reads CSV or TSV records; the stream decodes with `surrogateescape` so that a bad byte costs its row only."""
    csv.field_size_limit(MAX_LINE_BYTES)
    head = list(islice(stream, _PROBED_LINES))
    named = _EXCEL.fullmatch(head[0]) if head else None
    dialect = _dialect_of(head, kind) if named is None else _Dialect(named[1], quoted=True)
    reader = _reader(chain(head if named is None else head[1:], stream), dialect)
    header = None if kind in (Kind.CSV_HEADLESS, Kind.TSV_HEADLESS) else _header(next(reader, []))
    row = first_row
    while True:
        line = reader.line_num + (1 if named is None else 2)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = Reason.TOO_LONG if "field limit" in str(error) else Reason.PARSE_ERROR
            yield Record(row, f"[lines {line} to {reader.line_num}]", None, reason, f"line {line}: {error}")
            row += 1
            continue
        if cells:
            yield _separated_record(cells, header, row)
            row += 1


@dataclass(frozen=True, slots=True)
class _Dialect:
    delimiter: str
    quoted: bool


_COMMAS = _Dialect(",", quoted=True)
_TABS = _Dialect("\t", quoted=False)
_QUOTED_TABS = _Dialect("\t", quoted=True)
_OTHERS = (_COMMAS, _QUOTED_TABS, _Dialect(";", quoted=True), _Dialect("|", quoted=True))


def _reader(lines: Iterable[str], dialect: _Dialect) -> "_csv.Reader":
    if dialect.quoted:
        return csv.reader(lines, delimiter=dialect.delimiter, strict=True)
    return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE)


def _dialect_of(head: Sequence[str], kind: str) -> _Dialect:
    """How a table parts its cells: as its name says, unless its first row so has one cell, and several otherwise.

    Tabs part cells as they stand, unless some begin with a quote and all are well-formed when quotes are read.
    """
    own = _TABS if kind in (Kind.TSV, Kind.TSV_HEADLESS) else _COMMAS
    if own is _TABS and any(cell.startswith('"') for line in head for cell in line.split("\t")):
        own = _QUOTED_TABS if _width(head, _QUOTED_TABS) > 1 else _TABS
    if _first_cells(head, own) > 1:
        return own
    return next((dialect for dialect in _OTHERS if _width(head, dialect) > 1), own)


def has_tabs(lines: Sequence[str]) -> bool:
    """Whether several lines are a table whose cells are parted by tabs."""
    return len(lines) > 1 and (_width(lines, _TABS) > 1 or _width(lines, _QUOTED_TABS) > 1)


def _first_cells(head: Sequence[str], dialect: _Dialect) -> int:
    try:
        return len(next(_reader(head, dialect), []))
    except csv.Error:
        return 0


def _width(head: Sequence[str], dialect: _Dialect) -> int:
    """How many cells each row of the head has, 0 where they differ or are none; a long head's last may be cut off."""
    widths: set[int] = set()
    rows = _reader(head, dialect)
    try:
        for cells in rows:
            widths.add(len(cells))
    except csv.Error:
        if not rows.line_num == len(head) == _PROBED_LINES:
            return 0
    widths.discard(0)  # blank lines
    return widths.pop() if len(widths) == 1 else 0


def _header(names: list[str]) -> list[str]:
    """The names of the columns.

    Raises:
        UserError: one names two columns, so that a cell of each row would be lost.
    """
    names = [name.strip() for name in names]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise UserError(f"has a header that names two columns {twice!r}; give each a name of its own")
    return names


def _separated_record(cells: list[str], header: list[str] | None, row: int) -> Record:
    names = header if header is not None else [str(position) for position in range(len(cells))]
    record = dict(zip(names, cells, strict=True)) if len(cells) == len(names) else None
    try:
        raw = json_text(cells if record is None else record)
    except TypeError:  # lone surrogates stand for bytes that are not UTF-8
        text = "\t".join(cells).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return Record(row, text, None, Reason.BAD_ENCODING, "bytes that are not UTF-8")
    if record is None:
        return Record(row, raw, None, Reason.PARSE_ERROR, f"{len(cells)} cells where the header names {len(names)}")
    return Record(row, raw, record)


def parquet_groups(path: IO[bytes], split_bytes: int) -> list[tuple[int, int, int]]:
    """Groups the row groups of a Parquet file into stretches of about `split_bytes`: (first, end, rows)."""
    metadata = pq.ParquetFile(path).metadata
    stretches, first, size, rows = [], 0, 0, 0
    for position in range(metadata.num_row_groups):
        group = metadata.row_group(position)
        size, rows = size + group.total_byte_size, rows + group.num_rows
        if size >= split_bytes or position + 1 == metadata.num_row_groups:
            stretches.append((first, position + 1, rows))
            first, size, rows = position + 1, 0, 0
    return stretches


def read_parquet(stream: IO[bytes], split: FileSplit) -> Iterator[Record]:
    """Reads the records of a stretch of row groups."""
    batches = pq.ParquetFile(stream).iter_batches(
        row_groups=list(range(split.start, split.end)), batch_size=_ROWS_AT_ONCE, use_threads=False
    )
    return _records(batches, split.first_row)


def read_arrow(stream: IO[bytes], split: FileSplit) -> Iterator[Record]:
    """Reads the records of an Arrow file or stream."""
    return _records(arrow_batches(stream), split.first_row)


def arrow_batches(stream: IO[bytes]) -> Iterator[pa.RecordBatch]:
    """Reads the batches of an Arrow file or stream, whichever its first bytes say."""
    if stream.read(6) == b"ARROW1":
        stream.seek(0)
        with pa.ipc.open_file(stream) as reader:
            for position in range(reader.num_record_batches):
                yield reader.get_batch(position)
    else:
        stream.seek(0)
        with pa.ipc.open_stream(stream) as reader:
            yield from reader


def _records(batches: Iterator[pa.RecordBatch], first_row: int) -> Iterator[Record]:
    row = first_row
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            yield from _batch_records(batch.slice(start, _ROWS_AT_ONCE), row + start)
        row += batch.num_rows


def _batch_records(batch: pa.RecordBatch, first_row: int) -> Iterator[Record]:
    found = attempted(partial(_python_records, batch, first_row))
    if not isinstance(found, Crash):
        yield from found
        return
    for position in range(batch.num_rows):
        yield _single_record(batch.slice(position, 1), first_row + position)


def _python_records(batch: pa.RecordBatch, first_row: int) -> list[Record]:
    return [Record(row, json_text(value), value) for row, value in enumerate(batch.to_pylist(), first_row)]


def _single_record(batch: pa.RecordBatch, row: int) -> Record:
    """The record of a batch of one: what Python cannot hold, such as the year 12,000, costs its own row only."""

    def read() -> Record:
        try:
            (record,) = _python_records(batch, row)
        except UnicodeDecodeError as error:
            return Record(row, f"[row {row}]", None, Reason.BAD_ENCODING, str(error.reason))
        return record

    found = attempted(read)
    if isinstance(found, Crash):
        return Record(row, f"[row {row}]", None, Reason.STAGE_CRASH, f"{Stage.READ}: {found.words}")
    return found

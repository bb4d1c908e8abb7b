"""Files of a source: found, counted, hashed and cut into stretches once; then read a record at a time.

The order of rows is path order, then order in the file. What a file holds is told by `recognition`.
"""

import hashlib
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from pipelines.sources.files import documents, lines, tables
from pipelines.sources.files.places import (
    decompressed,
    find_files,
    is_local,
    open_bytes,
    open_content,
    stamp_of,
)
from pipelines.sources.files.recognition import recognised
from pipelines.sources.files.records import FileScan, FileSplit, Kind, Record, row_id
from schemas.exits import UserError
from schemas.manifest import sha256_of
from schemas.place import public_name

__all__ = ["FileScan", "FileSplit", "Kind", "Record", "has_changed", "read_records", "row_id", "scan"]

_BLOCK_BYTES = 4 << 20
_DOCUMENTS = (Kind.JSON, Kind.JSON_LIST, Kind.JSON_MEMBERS)
_HEADLESS = {Kind.CSV: Kind.CSV_HEADLESS, Kind.TSV: Kind.TSV_HEADLESS}


def scan(
    path: str,
    *,
    split_bytes: int = 8 << 20,
    header: bool = True,
    rows: str | None = None,
    may_be_empty: bool = False,
) -> list[FileScan]:
    """Finds the files of a source and reads each once: size, sha256, rows, stretches.

    Args:
        path: a file, a glob, a folder (read recursively), `hf://org/dataset?split=train&revision=abc&name=config`, or
            a URL (`schemas.place`).
        split_bytes: about how long a stretch of JSONL or Parquet is; other kinds are one stretch a file.
        header: whether the first row of CSV and TSV names the columns; see `adapters.has_header`.
        rows: the member of a JSON document that holds its rows (`Source.rows`).
        may_be_empty: a file without a row is none too few.

    Raises:
        UserError: a file is missing, empty, of an unknown kind or damaged, or the source holds no row.
    """
    read = partial(_scan_file, split_bytes=split_bytes, header=header, rows=rows, may_be_empty=may_be_empty)
    scans: list[FileScan] = []
    first_row = 0
    for file, name in find_files(path):
        try:
            scanned = read(file, name, first_row=first_row)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowInvalid, *_zstd_errors()) as error:
            raise UserError(f"{name} cannot be read: {error}") from error
        except UserError as error:
            raise UserError(f"{name} {error}") from error
        scans.append(scanned)
        first_row += scanned.rows
    if not first_row and not may_be_empty:
        raise UserError(f"{public_name(path)} holds no rows")
    return scans


def read_records(split: FileSplit) -> Iterator[Record]:
    """Reads the records of one stretch, in order. A bad record comes with its reason and does not stop the others."""
    with open_content(split.path, split.compression) as stream:
        match split.kind:
            case Kind.JSONL:
                end = None if split.compression else split.end
                if end is not None:
                    stream.seek(split.start)
                yield from lines.read_lines(stream, end=end, first_row=split.first_row)
            case Kind.JSON | Kind.JSON_LIST | Kind.JSON_MEMBERS:
                stream.read(split.start)
                yield from documents.read_document(stream, split.kind, first_row=split.first_row)
            case Kind.PARQUET:
                yield from tables.read_parquet(stream, split)
            case Kind.ARROW:
                yield from tables.read_arrow(stream, split)
            case _:
                with _text(stream) as text:
                    yield from tables.read_separated(text, split.kind, first_row=split.first_row)


def has_changed(file: FileScan, *, hashed: bool = False) -> bool:
    """Whether a file is gone or another than it was when it was scanned.

    Args:
        file: as `scan` found it.
        hashed: compare its bytes as well as its stamp; not behind a URL, where that is to load all of it again.
    """
    try:
        if stamp_of(file.path) != file.stamp:
            return True
        return hashed and is_local(file.path) and sha256_of(Path(file.path)) != file.sha256
    except OSError:
        return True


def _scan_file(
    path: str,
    name: str,
    *,
    first_row: int,
    split_bytes: int,
    header: bool,
    rows: str | None,
    may_be_empty: bool,
) -> FileScan:
    stamp = stamp_of(path)
    content = recognised(path, rows)
    kind, compression = content.kind, content.compression
    if kind in _DOCUMENTS:
        cut: _Cutter = partial(_cut_document, start=content.start, only_list=rows is None)
    else:
        cut = _CUTTERS.get(kind, _cut_table)
        kind = kind if header else _HEADLESS.get(kind, kind)
    with open_bytes(path) as stream:
        hashed = _Hashed(stream)
        cuts = cut(hashed, kind, compression, split_bytes)
        while hashed.read(_BLOCK_BYTES):
            pass
        if not hashed.bytes and not may_be_empty:
            raise UserError("is empty")
        if cuts is None:
            cuts = _cut_columnar(stream, kind, hashed.bytes, split_bytes)
    splits = tuple(
        FileSplit(path, kind, compression, start, hashed.bytes if end is None else end, first_row + offset, rows, stamp)
        for start, end, offset, rows in cuts
    )
    return FileScan(
        path, name, hashed.bytes, hashed.digest.hexdigest(), sum(split.rows for split in splits), splits, stamp
    )


class _Hashed(io.RawIOBase):
    """A stream that hashes and counts what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self.bytes = 0
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as io.RawIOBase has it
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        self.bytes += len(block)
        return block


_Cut = tuple[int, int | None, int, int]
"""start, end (None: the end of the file), first row within the file, rows"""


def _cut_lines(stream: _Hashed, _kind: Kind, compression: str | None, split_bytes: int) -> list[_Cut] | None:
    counter = lines.LineCounter(split_bytes)
    with decompressed(cast("IO[bytes]", stream), compression) as content:
        while block := content.read(_BLOCK_BYTES):
            counter.feed(block)
    counter.finish()
    return [(0, None, 0, counter.rows)] if compression else list(counter.cuts)


def _cut_document(
    stream: _Hashed, kind: Kind, compression: str | None, _split_bytes: int, *, start: int, only_list: bool
) -> list[_Cut] | None:
    with decompressed(cast("IO[bytes]", stream), compression) as content:
        content.read(start)
        return [(start, None, 0, documents.count_elements(content, kind, only_list=only_list))]


def _cut_table(stream: _Hashed, kind: Kind, compression: str | None, _split_bytes: int) -> list[_Cut] | None:
    with decompressed(cast("IO[bytes]", stream), compression) as content, _text(content) as text:
        return [(0, None, 0, sum(1 for _ in tables.read_separated(text, kind, first_row=0)))]


def _cut_nothing(_stream: _Hashed, _kind: Kind, _compression: str | None, _split_bytes: int) -> list[_Cut] | None:
    """Columnar files are read from their end: they are hashed first and cut then."""
    return None


def _cut_columnar(stream: IO[bytes], kind: Kind, size: int, split_bytes: int) -> list[_Cut]:
    stream.seek(0)
    if kind is Kind.ARROW:
        return [(0, size, 0, sum(batch.num_rows for batch in tables.arrow_batches(stream)))]
    cuts: list[_Cut] = []
    offset = 0
    for start, end, rows in tables.parquet_groups(stream, split_bytes):
        cuts.append((start, end, offset, rows))
        offset += rows
    return cuts


_Cutter = Callable[[_Hashed, Kind, str | None, int], list[_Cut] | None]
_CUTTERS: dict[Kind, _Cutter] = {
    Kind.JSONL: _cut_lines,
    Kind.PARQUET: _cut_nothing,
    Kind.ARROW: _cut_nothing,
}


@contextmanager
def _text(stream: IO[bytes]) -> Iterator[IO[str]]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield text
    finally:
        text.detach()  # who opened the stream closes it


def _zstd_errors() -> tuple[type[Exception], ...]:
    try:
        import zstandard  # deferred: optional where no source is compressed so
    except ImportError:
        return ()
    return (zstandard.ZstdError,)

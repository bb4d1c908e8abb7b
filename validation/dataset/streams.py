"""Arrow streams of a data set, by plain reads: memory holds what was asked for, never mapped pages of all the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from schemas.evolution import read_as
from schemas.example import EXAMPLE_SCHEMA

CHUNK_ROWS = 100_000  # the suite costs 0.6 CPU s per call whatever the rows (measured): few, large calls
CHUNK_BYTES = 96 * 2**20


@contextmanager
def opened(path: Path, schema: pa.Schema | None = None) -> Iterator[pa.RecordBatchReader]:
    """Opens a stream, of another minor version as `schema` where that is given.

    Raises:
        OSError: the file cannot be read.
        pa.ArrowException: it is no Arrow stream.
        ValueError: its columns are not those of any version that can be read.
    """
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
        yield reader if schema is None else read_as(reader, schema)


def read_table(path: Path) -> pa.Table:
    """Reads a stream whole."""
    with opened(path) as reader:
        return reader.read_all()


def read_chunks(path: Path) -> Iterator[pa.Table]:
    """Reads a shard in order, some rows at a time."""
    with opened(path, EXAMPLE_SCHEMA) as reader:
        yield from chunks(reader)


def chunks(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows of a stream in tables of one chunk, up to `CHUNK_ROWS` or `CHUNK_BYTES`; none is empty.

    Batches are let go before their table is handed out, or each chunk would be held twice while it is judged.
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        waiting.append(batch)
        rows, size = rows + len(batch), size + batch.nbytes
        del batch
        if rows >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield _together(waiting)
            rows = size = 0
    if rows:
        yield _together(waiting)


def _together(waiting: list[pa.RecordBatch]) -> pa.Table:
    table = pa.Table.from_batches(waiting).combine_chunks()
    waiting.clear()
    return table

"""Shards on this machine, read where they lie.

A pass over all rows maps a shard anew, so that pages of the shards before do not add up. A shard that changes while it
is read is refused, never read half old and half new.
"""

import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.evolution import difference, read_as
from schemas.exits import RunFailedError
from training.shard_rows import Columns, Sizes, part_of

_TOGETHER = 64  # batches whose sizes are computed together: a call costs as much as the rows of one


class MappedShard:
    """An Arrow IPC stream on this machine.

    Args:
        path: the file.
        schema: what it is read as: any version with the same major number.

    Raises:
        RunFailedError: it cannot be read so.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._stamp = _stamp(path)
        places = list(self._index())
        self._offsets = [offset for offset, _ in places]
        self.rows: Sequence[int] = [rows for _, rows in places]
        self._readers: dict[Columns, _Reader] = {}

    def read(self, batch: int, columns: Columns) -> pa.RecordBatch:
        """Reads some columns of a batch."""
        if columns not in self._readers:
            self._readers[columns] = self._map(columns)
        with _named(self._path):
            return self._readers[columns].read(self._offsets[batch])

    def is_light(self, _columns: Columns) -> bool:
        """Always: rows are mapped."""
        return True

    def scan(self, columns: Columns) -> Iterator[pa.RecordBatch]:
        """Yields every batch."""
        reader = self._map(columns)
        for offset in self._offsets:
            with _named(self._path):
                yield reader.read(offset)

    def sizes(self) -> Iterator[Sizes]:
        """Yields how long the texts of some batches are; of the texts only where they begin and end is read."""
        batches = self.scan(("question", "segments", "instruction", "system"))
        while some := list(islice(batches, _TOGETHER)):
            texts = [_lengths([batch.column(name) for batch in some]) for name in ("question", "instruction", "system")]
            bodies, segments = zip(*map(_solutions, some), strict=True)
            counts = np.concatenate(segments).astype(np.int64)
            yield Sizes(sum(texts, np.concatenate(bodies).astype(np.int64)), counts)

    def expect(self, _batches: Sequence[int], _columns: Columns) -> None:
        """Nothing is to be done: it is here."""

    def let_go(self) -> None:
        """Lets the pages that were read leave this process; the system keeps them, and they come back when needed."""
        for reader in self._readers.values():
            reader.let_go()

    def require_same(self) -> None:
        """Compares what its file system says of it with what it said at first."""
        if _stamp(self._path) != self._stamp:
            raise RunFailedError(
                f"{self._path}: changed while it was read; judge the data again (mathmill validate), then "
                "continue with --resume, or begin a new run if the data is another"
            )

    def _index(self) -> Iterator[tuple[int, int]]:
        """Offset and rows of each batch that holds any."""
        with _named(self._path), pa.memory_map(str(self._path)) as source:
            reader = pa.ipc.open_stream(source)
            if why := difference(reader.schema, self._schema):
                raise ValueError(why)
            source.seek(0)
            reader = pa.ipc.open_stream(source, options=pa.ipc.IpcReadOptions(included_fields=[0], use_threads=False))
            while True:
                offset = source.tell()
                try:
                    rows = len(reader.read_next_batch())
                except StopIteration:
                    return
                if rows:
                    yield offset, rows

    def _map(self, columns: Columns) -> "_Reader":
        self.require_same()
        with _named(self._path):
            return _Reader(self._path, part_of(self._schema, columns))


class _Reader:
    """One shard in memory by map, of which single batches are read. Its end is never read: a reader stops there."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        with path.open("rb") as file:
            self._pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._source = pa.BufferReader(pa.py_buffer(self._pages))
        known = pa.ipc.open_stream(self._source).schema
        fields = [known.get_field_index(name) for name in schema.names if name in known.names]
        self._source.seek(0)
        options = pa.ipc.IpcReadOptions(included_fields=fields, use_threads=False)
        self._reader = read_as(pa.ipc.open_stream(self._source, options=options), schema)

    def read(self, offset: int) -> pa.RecordBatch:
        """Reads the batch whose message begins at a byte of the file."""
        self._source.seek(offset)
        return self._reader.read_next_batch()

    def let_go(self) -> None:
        """Unmaps what was read, without a copy: whoever holds a batch reads it from the file again."""
        self._pages.madvise(mmap.MADV_DONTNEED)


def _lengths(columns: Sequence[pa.Array]) -> NDArray[np.int64]:
    """Bytes of each text of some batches, in a row; of one that is null, none."""
    return np.concatenate([_lengths_in(texts) for texts in columns]).astype(np.int64)


def _lengths_in(texts: pa.Array) -> NDArray[np.int32]:
    if texts.null_count == len(texts):
        return np.zeros(len(texts), np.int32)
    offsets = _offsets(texts)
    lengths: NDArray[np.int32] = offsets[1:] - offsets[:-1]
    return np.where(texts.is_valid(), lengths, np.int32(0)) if texts.null_count else lengths


def _solutions(batch: pa.RecordBatch) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Bytes of each solution's texts, and how many segments they are of."""
    solutions = batch.column("segments")
    segments = _offsets(solutions)
    ends = _offsets(solutions.values.field("text"))[segments]
    return ends[1:] - ends[:-1], segments[1:] - segments[:-1]


def _offsets(array: pa.Array) -> NDArray[np.int32]:
    """Where the values of a text or a list begin and end, read where they lie."""
    _, offsets = array.buffers()[:2]
    return np.frombuffer(offsets, np.int32, len(array) + 1, 4 * array.offset)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What tells a file from a changed one without reading it; None when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Names the shard in what cannot be read."""
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise RunFailedError(f"{path}: not an Arrow IPC stream ({error})") from error
    except ValueError as error:
        raise RunFailedError(f"{path}: its columns cannot be read: {error}") from error

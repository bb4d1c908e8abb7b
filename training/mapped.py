"""Shards on this machine, read where they lie.

Where a shard is opened its batches are read once, without their texts: of what a plan is made of they keep a few
kilobytes each, and later passes find it there. Pages that a pass brought in are let go behind it, so that those of the
shards before do not add up. A shard that changes while it is read is refused, never read half old and half new.
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
_TEXTS = ("question", "instruction", "system")
_OF_TEXTS = 7  # buffers of segments: list: validity, offsets; struct: validity; kind: three; text: validity, offsets
_PLANNED = frozenset((*_TEXTS, "segments", "weight", "format", "source"))
"""columns of which batches stay open: finding one in a file costs more than the rows of it"""


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
        self._planned = tuple(name for name in schema.names if name in _PLANNED)
        self._readers: dict[Columns, _Reader] = {}
        self._offsets, self._open = self._index()
        self.rows: Sequence[int] = [len(batch) for batch in self._open]

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
        if _PLANNED.issuperset(columns):
            yield from self._scan_open()
            return
        reader = self._map(columns)
        for offset in self._offsets:
            with _named(self._path):
                yield reader.read(offset)

    def _scan_open(self) -> Iterator[pa.RecordBatch]:
        self.require_same()
        yield from self._open
        self._readers[self._planned].let_go()

    def sizes(self) -> Iterator[Sizes]:
        """Yields how long the texts of some batches are; of the texts only where they begin and end is read."""
        batches = self._scan_open()
        while some := list(islice(batches, _TOGETHER)):
            sizes, segments = _solutions([batch.column("segments") for batch in some])
            for name in _TEXTS:
                texts = [batch.column(name) for batch in some]
                if any(column.null_count < len(column) for column in texts):
                    sizes += _lengths(texts)
            yield Sizes(sizes, segments)

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

    def _index(self) -> tuple[list[int], list[pa.RecordBatch]]:
        """Offset of each batch that holds any rows, and the batch with what a plan is made of."""
        with _named(self._path), pa.memory_map(str(self._path)) as source:
            if why := difference(pa.ipc.open_stream(source).schema, self._schema):
                raise ValueError(why)
        reader = self._readers[self._planned] = self._map(self._planned)
        with _named(self._path):
            found = [(offset, batch) for offset, batch in reader.walk() if len(batch)]
        reader.let_go()
        return [offset for offset, _ in found], [batch for _, batch in found]

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

    def walk(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Reads all batches in order, each with the byte that it begins at."""
        while True:
            offset = self._source.tell()
            try:
                yield offset, self._reader.read_next_batch()
            except StopIteration:
                return

    def let_go(self) -> None:
        """Unmaps what was read, without a copy: whoever holds a batch reads it from the file again."""
        self._pages.madvise(mmap.MADV_DONTNEED)


def _lengths(columns: Sequence[pa.Array]) -> NDArray[np.int64]:
    """Bytes of each text of some batches, in a row; of one that is null, none."""
    lengths = _differences([_offsets(texts.buffers()[1], texts.offset, len(texts)) for texts in columns])
    if any(texts.null_count for texts in columns):
        lengths[np.concatenate([texts.is_null().to_numpy(zero_copy_only=False) for texts in columns])] = 0
    return lengths


def _solutions(columns: Sequence[pa.Array]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bytes of each solution's texts in some batches, in a row, and how many segments they are of."""
    segments, ends = [], []
    for solutions in columns:
        buffers = solutions.buffers()
        segments.append(_offsets(buffers[1], solutions.offset, len(solutions)))
        ends.append(np.frombuffer(buffers[_OF_TEXTS], np.int32)[segments[-1]])
    return _differences(ends), _differences(segments)


def _differences(offsets: Sequence[NDArray[np.int32]]) -> NDArray[np.int64]:
    """From each offset to the next one of its batch, batch after batch."""
    lengths = np.empty(sum(map(len, offsets)) - len(offsets), np.int64)
    begun = 0
    for found in offsets:
        ended = begun + len(found) - 1
        np.subtract(found[1:], found[:-1], out=lengths[begun:ended], dtype=np.int64)
        begun = ended
    return lengths


def _offsets(buffer: pa.Buffer, first: int, count: int) -> NDArray[np.int32]:
    """Where values begin, from some first one on, and where the last one ends, read where they lie."""
    return np.frombuffer(buffer, np.int32, count + 1, 4 * first)


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

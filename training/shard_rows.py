"""Rows of shards read where they lie: one record batch at a time, and of it only the columns that are asked for.

What is held in memory is where each batch begins, and a few open batches. A pass over all rows maps one shard after
the other, so that its pages do not add up. A shard that changes while it is read is refused, never read half old and
half new.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.evolution import difference, read_as
from schemas.exits import RunFailedError

_OPEN = 1024  # batches kept open, of a few kilobytes each: reopening costs as much as reading some rows

_Columns = tuple[str, ...]


class Batches:
    """The rows of some shards, addressed by one index over all of them.

    Args:
        paths: Arrow IPC streams, in order.
        schema: what they are read as: any version with the same major number.

    Raises:
        RunFailedError: a shard that cannot be read so.
    """

    def __init__(self, paths: Sequence[Path], schema: pa.Schema) -> None:
        self._paths, self._schema = tuple(paths), schema
        self._stamps = [_stamp(path) for path in self._paths]
        places = [place for number in range(len(self._paths)) for place in self._index(number)]
        shards, offsets, rows = np.array(places, np.int64).reshape(-1, 3).T
        self._shards, self._offsets = shards, offsets
        self._starts = np.concatenate([[0], np.cumsum(rows)])
        self._mapped: dict[tuple[int, _Columns], _Mapped] = {}
        self._open: OrderedDict[tuple[int, _Columns], pa.RecordBatch] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._starts[-1])

    def scan(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yields every batch with the index of its first row."""
        mapped: _Mapped | None = None
        for batch in range(len(self._offsets)):
            number = int(self._shards[batch])
            if mapped is None or mapped.number != number:
                mapped = self._map(number, tuple(columns))
            with _named(self._paths[number]):
                yield int(self._starts[batch]), mapped.read(int(self._offsets[batch]))

    def read(self, indices: NDArray[np.int64], columns: Sequence[str]) -> pa.RecordBatch:
        """Reads some rows, in the order given."""
        if not len(indices):
            return pa.RecordBatch.from_pylist([], _part(self._schema, columns))
        batches = np.searchsorted(self._starts, indices, side="right") - 1
        for number in np.unique(self._shards[batches]).tolist():
            self._require_same(number)
        ends = np.flatnonzero((np.diff(batches) != 0) | (np.diff(indices) != 1)) + 1
        begins = np.concatenate([[0], ends])
        counts = np.diff(np.concatenate([begins, [len(indices)]]))
        places = zip(batches[begins].tolist(), indices[begins].tolist(), counts.tolist(), strict=True)
        wanted = tuple(columns)
        with self._lock:
            runs = [self._batch(b, wanted).slice(first - self._starts[b], count) for b, first, count in places]
        return pa.concat_batches(runs)

    def _batch(self, batch: int, columns: _Columns) -> pa.RecordBatch:
        key = (batch, columns)
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key]
        number = int(self._shards[batch])
        if (number, columns) not in self._mapped:
            self._mapped[number, columns] = self._map(number, columns)
        with _named(self._paths[number]):
            self._open[key] = self._mapped[number, columns].read(int(self._offsets[batch]))
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)
        return self._open[key]

    def _index(self, number: int) -> Iterator[tuple[int, int, int]]:
        """Shard, offset and rows of each batch of a shard that holds any."""
        path = self._paths[number]
        with _named(path), pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_stream(source)
            if why := difference(reader.schema, self._schema):
                raise ValueError(why)
            source.seek(0)
            reader = pa.ipc.open_stream(source, options=pa.ipc.IpcReadOptions(included_fields=[0]))
            while True:
                offset = source.tell()
                try:
                    rows = len(reader.read_next_batch())
                except StopIteration:
                    return
                if rows:
                    yield number, offset, rows

    def _map(self, number: int, columns: _Columns) -> "_Mapped":
        self._require_same(number)
        with _named(self._paths[number]):
            return _Mapped(number, self._paths[number], _part(self._schema, columns))

    def _require_same(self, number: int) -> None:
        if _stamp(self._paths[number]) != self._stamps[number]:
            raise RunFailedError(
                f"{self._paths[number]}: changed while it was read; judge the data again (mathmill validate), then "
                "continue with --resume, or begin a new run if the data is another"
            )


class _Mapped:
    """One shard in memory by map, of which single batches are read. Its end is never read: a reader stops there."""

    def __init__(self, number: int, path: Path, schema: pa.Schema) -> None:
        self.number = number
        self._source = pa.memory_map(str(path))
        known = pa.ipc.open_stream(self._source).schema
        fields = [known.get_field_index(name) for name in schema.names if name in known.names]
        self._source.seek(0)
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        self._reader = read_as(pa.ipc.open_stream(self._source, options=options), schema)

    def read(self, offset: int) -> pa.RecordBatch:
        """Reads the batch whose message begins at a byte of the file."""
        self._source.seek(offset)
        return self._reader.read_next_batch()


def _part(schema: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    """The schema of some columns, in the order in which a file holds them."""
    return pa.schema([field for field in schema if field.name in columns], metadata=schema.metadata)


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

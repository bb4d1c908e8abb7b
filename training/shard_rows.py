"""Rows of shards by one index over all of them: a record batch at a time, and of it only what is asked for.

What is held in memory is where each batch begins, and a few open batches.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.example import EXAMPLE_SCHEMA

_OPEN = 1024  # batches kept open, of a few kilobytes each: reopening costs as much as reading some rows
_RESIDENT = 256  # batches whose pages stay in memory: opening one brings in half a megabyte around what is read
_MANY = 8  # rows of a batch, on average, from which on taking them together is cheaper than one by one

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of each of some rows: bytes of all its texts in UTF-8, and segments of its solution."""

    texts: NDArray[np.int64]
    segments: NDArray[np.int64]


class Shard(Protocol):
    """A shard that lies somewhere: batches of rows, none of them empty, read as `EXAMPLE_SCHEMA`.

    Attributes:
        rows: of each batch.
    """

    rows: Sequence[int]

    def read(self, batch: int, columns: Columns) -> pa.RecordBatch:
        """Reads some columns of a batch, in the order of the schema."""

    def is_light(self, columns: Columns) -> bool:
        """Whether an open batch of these columns costs little memory, so that many may be kept open."""

    def scan(self, columns: Columns) -> Iterator[pa.RecordBatch]:
        """Yields every batch, with these columns at least; what was read is let go before the next shard."""

    def expect(self, batches: Sequence[int], columns: Columns) -> None:
        """Is told what will be read soon."""

    def sizes(self) -> Iterator[Sizes]:
        """Yields how long the texts of all rows are, those of some batches at a time."""

    def let_go(self) -> None:
        """Lets leave memory what can be read again where it lies."""

    def require_same(self) -> None:
        """Checks that the shard is still the one that was opened.

        Raises:
            RunFailedError: it is not.
        """


class Batches:
    """The rows of some shards, addressed by one index over all of them."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._of = tuple(shards)
        places = [(number, batch) for number, shard in enumerate(self._of) for batch in range(len(shard.rows))]
        self._shards, self._batches = np.array(places, np.int64).reshape(-1, 2).T
        counts = [count for shard in self._of for count in shard.rows]
        self._starts = np.concatenate([[0], np.cumsum(np.array(counts, np.int64))]).astype(np.int64)
        self._open: OrderedDict[tuple[int, Columns], pa.RecordBatch] = OrderedDict()
        self._opened = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each batch begins, and behind the last one the end."""
        return self._starts

    def scan(self, columns: Sequence[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yields every batch, with these columns at least, and the index of its first row."""
        start = 0
        for shard in self._of:
            for batch in shard.scan(tuple(columns)):
                yield start, batch
                start += len(batch)

    def sizes(self) -> Iterator[tuple[int, Sizes]]:
        """Yields how long the texts of some rows after another are, with the index of the first."""
        start = 0
        for shard in self._of:
            for sizes in shard.sizes():
                yield start, sizes
                start += len(sizes.texts)

    def read(self, indices: NDArray[np.int64], columns: Sequence[str]) -> pa.RecordBatch:
        """Reads some rows, in the order given."""
        wanted = tuple(columns)
        if not len(indices):
            return pa.RecordBatch.from_pylist([], part_of(EXAMPLE_SCHEMA, wanted))
        batches = self._expect(indices, wanted)
        for number in np.unique(self._shards[batches]).tolist():
            self._of[number].require_same()
        places = indices - self._starts[batches]
        with self._lock:
            if len(indices) >= _MANY * len(np.unique(batches)):
                return self._taken(batches, places, wanted)
            ends = np.flatnonzero((np.diff(batches) != 0) | (np.diff(indices) != 1)) + 1
            begins = np.concatenate([[0], ends])
            counts = np.diff(np.concatenate([begins, [len(indices)]]))
            runs = zip(batches[begins].tolist(), places[begins].tolist(), counts.tolist(), strict=True)
            opened = {batch: self._batch(batch, wanted) for batch in dict.fromkeys(batches[begins].tolist())}
            return pa.concat_batches([opened[batch].slice(first, count) for batch, first, count in runs])

    def _taken(self, batches: NDArray[np.int64], places: NDArray[np.int64], columns: Columns) -> pa.RecordBatch:
        """Rows of few batches: those of one together, then in the order asked for."""
        order = np.argsort(batches, kind="stable")
        distinct, begins = np.unique(batches[order], return_index=True)
        parts = np.split(places[order], begins[1:])
        rows = [self._batch(b, columns).take(pa.array(part)) for b, part in zip(distinct.tolist(), parts, strict=True)]
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return pa.concat_batches(rows).take(pa.array(back))

    def expect(self, indices: NDArray[np.int64], columns: Sequence[str]) -> None:
        """Tells the shards which rows will be read soon."""
        self._expect(indices, tuple(columns))

    def _expect(self, indices: NDArray[np.int64], columns: Columns) -> NDArray[np.int64]:
        """The batches that rows lie in, after their shards were told."""
        batches = np.searchsorted(self._starts, indices, side="right") - 1
        distinct = np.unique(batches)
        for number in np.unique(self._shards[distinct]).tolist():
            self._of[number].expect(self._batches[distinct[self._shards[distinct] == number]].tolist(), columns)
        return batches

    def _batch(self, batch: int, columns: Columns) -> pa.RecordBatch:
        key = (batch, columns)
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key]
        shard = self._of[self._shards[batch]]
        rows = shard.read(int(self._batches[batch]), columns)
        if shard.is_light(columns):
            self._open[key] = rows
            self._opened += 1
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
            if self._opened % _RESIDENT == 0:
                for mapped in self._of:
                    mapped.let_go()
        return rows


def part_of(schema: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    """The schema of some columns, in the order in which a file holds them."""
    return pa.schema([field for field in schema if field.name in columns], metadata=schema.metadata)

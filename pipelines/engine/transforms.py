"""The stages as Beam transforms: thin wrappers that carry pure functions over parts.

Three shapes are enough. `ReadParts` makes parts from splits of files. `TagParts` runs a row-wise function on every
part and keeps its tags. `TagAcrossParts` compares rows of all parts by key: it shuffles hashes, never text.
"""

import gc
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.pvalue import PCollection

from pipelines.engine import progress
from pipelines.engine.batches import decoded, encoded
from pipelines.engine.candidates import blanked
from pipelines.engine.crashes import (
    crash_tags,
    crashed_before,
    marked,
    with_crashes,
    without_clashing,
    without_crashing,
)
from pipelines.engine.store import PartRef, Store, keep_batch, read_batch, write_batch
from pipelines.engine.tags import TAG_SCHEMA
from pipelines.engine.workers import each_to_many, each_to_one
from schemas.exits import RunFailedError
from schemas.reason import Reason, Stage

PARTITIONS = 16  # of a shuffle by hash, at least; results do not depend on it
PARTITION_ROWS = 250_000
"""Candidates of a partition, about, when all of them take part in a shuffle. None sends more than 350 bytes (hashes,
places, an answer of 200 characters at most), so a partition has 88 MB at most; whoever looks at it holds a few times
that."""
MOST_PARTITIONS = 4096
CRASHED = -1  # the partition of tags that an index gave already: of the rows that made it raise


@dataclass(frozen=True, slots=True)
class ReadSplit:
    """One stretch of a source's files, and the key that its parts are stored under."""

    number: int
    key: str
    source: object
    split: object


def partitions_for(candidates: int) -> int:
    """How many partitions a shuffle of so many candidates has: the same on every engine, with any number of workers."""
    return min(max(PARTITIONS, -(-candidates // PARTITION_ROWS)), MOST_PARTITIONS)


Render = Callable[[ReadSplit, Sequence[pa.RecordBatch]], Iterator[tuple[pa.RecordBatch, int]]]
"""of a split, the parts behind those that an earlier run wrote (their `row` and `row_id`), and their bytes"""
IndexKeys = Callable[[pa.RecordBatch], pa.RecordBatch]


@dataclass
class ReadParts(beam.PTransform):
    """Splits -> parts. What an earlier run has read is not read again, of a split that it did not end either."""

    store: Store
    render: Render
    identity_keys: IndexKeys

    def expand(self, splits: PCollection[ReadSplit]) -> PCollection[PartRef]:
        """Reads each split to its end, writing parts on the way."""
        return (
            splits
            | "one worker per split" >> beam.Reshuffle()
            | "write parts" >> each_to_many(self.store, read_split, self.store, self.render, self.identity_keys)
            | "spread parts" >> beam.Reshuffle()
        )


def read_split(split: ReadSplit, store: Store, render: Render, identity_keys: IndexKeys) -> list[PartRef]:
    """Writes the parts of a split with their identity keys, or finds them whole."""
    parts = store.parts_of(split.key)
    if parts is None or (store.strict and any(crashed_before(store.part_path(part)) for part in parts)):
        with _collecting_later():
            parts = _read(split, store, render, identity_keys)
        store.mark_whole(split.key, parts)
    else:
        for part in parts:
            progress.report(store.root, "read", part.rows, _reasons(store.read_part(part, ["reason"])))
    return [PartRef(split.number + i, part.key, part.rows, part.bytes) for i, part in enumerate(parts)]


def _read(split: ReadSplit, store: Store, render: Render, identity_keys: IndexKeys) -> list[PartRef]:
    """Writes the parts of a split, behind those that stand; where a row stops the run, they are not taken again."""
    parts = [] if store.strict else store.parts_begun(split.key)
    try:
        if parts:
            store.note_begun(split.key, parts)  # no longer those behind a damaged part
        for part in _written_parts(split, store, render, identity_keys, tuple(parts)):
            parts.append(part)
            store.note_begun(split.key, parts)
    except RunFailedError:
        store.forget_split(split.key)
        raise
    return parts


def _written_parts(
    split: ReadSplit, store: Store, render: Render, identity_keys: IndexKeys, begun: Sequence[PartRef]
) -> Iterator[PartRef]:
    """Writes the parts of a split behind those that were begun."""
    rows = [store.read_part(part, ["row", "row_id", "reason"]) for part in begun]
    for batch in rows:
        progress.report(store.root, "read", len(batch), _reasons(batch))
    for position, (batch, size) in enumerate(render(split, rows), start=len(begun)):
        part = PartRef(split.number + position, f"{split.key}-{position}", len(batch), size)
        write_batch(store.part_path(part), batch)
        keys, crashes = without_crashing(part, partial(_keys, batch, identity_keys), stage=Stage.READ, store=store)
        if crashes:
            batch = marked(batch, crashes, stage=Stage.READ)
            write_batch(store.part_path(part), batch)
        write_batch(store.keys_path(part), keys)
        progress.report(store.root, "read", len(batch), _reasons(batch))
        yield part


def _keys(batch: pa.RecordBatch, identity_keys: IndexKeys, part: PartRef) -> pa.RecordBatch:
    return identity_keys(blanked(batch, part.hidden))


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Holds the cycle collector back: rows are millions of containers without a cycle (it took a third of the time)."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _reasons(tags: pa.RecordBatch) -> dict[str, int]:
    return dict(Counter(reason for reason in tags.column("reason").to_pylist() if reason is not None))


@dataclass
class TagParts(beam.PTransform):
    """Parts -> the same parts, tagged by a row-wise stage.

    `name` holds the hash of the settings, so tags that an earlier run wrote under it are right as they are.
    """

    store: Store
    name: str
    tag: Callable[[PartRef], pa.RecordBatch]

    def expand(self, parts: PCollection[PartRef]) -> PCollection[PartRef]:
        """Tags each part unless its tags are there."""
        return parts | self.name >> each_to_one(self.store, tag_part, self.store, self.name, self.tag)


def tag_part(part: PartRef, store: Store, name: str, tag: Callable[[PartRef], pa.RecordBatch]) -> PartRef:
    """Writes the tags of a part, or finds them."""
    path = store.tags_path(name, part)
    if not store.holds(path) or (store.strict and crashed_before(path)):
        tags, crashes = without_crashing(part, tag, stage=_stage(name), store=store)
        write_batch(path, with_crashes(tags, crashes))
    progress.report(store.root, _stage(name), part.rows, _reasons(read_batch(path, ["reason"])))
    return part


def _stage(folder: str) -> str:
    """The stage in the name of a tag folder, which may end in a hash."""
    return folder.rpartition("-")[0] or folder


@dataclass
class TagAcrossParts(beam.PTransform):
    """Parts -> the same parts, tagged by a stage that compares rows of all parts.

    Attributes:
        index: a part's rows that take part, with the hash column `key` (fixed binary, 16) that brings equals together,
            and the int64 column `part`. Columns are small: hashes, numbers, short texts.
        resolve: what one partition of the index says, as tags with the column `part`. It sees every row of its keys,
            in no particular order, and must not depend on that order.
        schema: of the tags, without `part`.
        again: whether it says tags anew that were reported already.
        beside: parts of earlier data that are compared too; they are not passed on.
        partitions: of the shuffle by hash.
    """

    store: Store
    name: str
    index: Callable[[PartRef], pa.RecordBatch]
    resolve: Callable[[pa.Table], pa.Table]
    schema: pa.Schema = TAG_SCHEMA
    again: bool = False
    beside: tuple[PartRef, ...] = ()
    partitions: int = PARTITIONS

    def expand(self, parts: PCollection[PartRef]) -> PCollection[PartRef]:
        """Shuffles the index by key, resolves each partition, brings tags home to their parts."""
        if self.beside:
            earlier = parts.pipeline | "earlier" >> beam.Create(self.beside) | "spread earlier" >> beam.Reshuffle()
            parts = (parts, earlier) | beam.Flatten()
        tags = (
            parts
            | "index"
            >> each_to_many(
                self.store,
                partial(_partitioned, partitions=self.partitions),
                self.index,
                self.store,
                self.name,
                self.schema,
            )
            | "bring equals together" >> beam.GroupByKey()
            | "resolve" >> each_to_many(self.store, _resolved, self.resolve, self.store, self.name, self.schema)
        )
        homes = parts | "number" >> beam.Map(_numbered)
        return (
            (homes, tags)
            | "homes and tags" >> beam.Flatten()
            | "bring tags home" >> beam.GroupByKey()
            | "write tags"
            >> each_to_many(self.store, partial(_write_tags, again=self.again), self.store, self.name, self.schema)
        )


def _numbered(part: PartRef) -> tuple[int, PartRef]:
    return part.number, part


def _partitioned(
    part: PartRef,
    index: Callable[[PartRef], pa.RecordBatch],
    store: Store,
    name: str,
    schema: pa.Schema,
    *,
    partitions: int,
) -> Iterator[tuple[int, bytes]]:
    batch, crashes = without_crashing(part, index, stage=_stage(name), store=store)
    if crashes:
        yield CRASHED, encoded(_placed(crash_tags(crashes, schema), part.number))
    if not len(batch):
        return
    key = batch.column("key")
    words = np.frombuffer(key.buffers()[1], "<u4").reshape(-1, 4)[key.offset : key.offset + len(key), 0]
    yield from _by_number(batch, words % partitions)


def _placed(tags: pa.RecordBatch, number: int) -> pa.RecordBatch:
    return tags.add_column(0, "part", pa.array(np.full(len(tags), number, np.int64)))


def _resolved(
    partition: tuple[int, Iterable[bytes]],
    resolve: Callable[[pa.Table], pa.Table],
    store: Store,
    name: str,
    schema: pa.Schema,
) -> Iterator[tuple[int, bytes]]:
    number, batches = partition
    rows = pa.Table.from_batches(list(map(decoded, batches)))
    if number == CRASHED:
        tables = [rows]
    else:
        resolved, crashes = without_clashing(rows, resolve, stage=_stage(name), store=store)
        fallen = [_placed(crash_tags(own, schema), part) for part, own in crashes.items()]
        tables = [resolved, *(pa.Table.from_batches([batch]) for batch in fallen)]
    for batch in (batch for table in tables for batch in table.combine_chunks().to_batches()):
        yield from _by_number(batch.drop_columns(["part"]), np.asarray(batch.column("part")))


def _by_number(batch: pa.RecordBatch, number: npt.NDArray[np.integer]) -> Iterator[tuple[int, bytes]]:
    """The rows of each number, in their order."""
    order = np.argsort(number, kind="stable")
    batch, number = batch.take(pa.array(order)), number[order]
    borders = np.flatnonzero(number[1:] != number[:-1]) + 1
    for start, end in itertools.pairwise([0, *borders.tolist(), len(number)]):
        yield int(number[start]), encoded(batch.slice(start, end - start))


def _write_tags(
    joined: tuple[int, Iterable[PartRef | bytes]], store: Store, name: str, schema: pa.Schema, *, again: bool
) -> Iterator[PartRef]:
    """Writes the tags that came home to a part and passes it on, unless it holds earlier data."""
    members = list(joined[1])
    (part,) = (member for member in members if isinstance(member, PartRef))
    batch = _merged([decoded(member) for member in members if isinstance(member, bytes)], schema)
    keep_batch(store.tags_path(name, part), batch)
    if part.is_earlier:
        return
    if not again:
        progress.report(store.root, name, part.rows, _reasons(batch))
    yield part


def _merged(tags: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    if not tags:
        return pa.RecordBatch.from_pylist([], schema=schema)
    table = pa.Table.from_batches(tags).sort_by("index").combine_chunks()
    batch = table.to_batches()[0]
    fallen = batch.filter(pc.fill_null(pc.equal(batch.column("reason"), Reason.STAGE_CRASH.value), False))
    crashes = zip(*(fallen.column(name).to_pylist() for name in ("index", "detail")), strict=True)
    return with_crashes(batch, dict(crashes))

"""Reading a data set: Arrow IPC stream shards by memory map, judged data only; from a URL by way of a copy.

`open(DATA)` is the public door. Rows are addressed by one global index over all folders and shards, in manifest order;
text is read where it lies, nothing is copied until asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.config import TrainData
from schemas.copies import SHARDS, cache_folder, copied
from schemas.example import EXAMPLE_SCHEMA
from schemas.files import as_paths
from schemas.manifest import Manifest, require_whole
from schemas.place import Place, as_text, located
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import prompt_of
from schemas.split import Split
from schemas.verdict import JudgedShard, judged_shards, require_judged
from training.block_cache import BlockCache
from training.fetched import FetchedShard, fetched_shards
from training.mapped import MappedShard
from training.shard_rows import Batches, Shard, Sizes

_CACHE_GB = 100  # most that a cache of blocks holds where nobody says how much


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a shard, as training and evaluation need it."""

    id: str
    problem_id: str
    question: str
    format: Format
    segments: tuple[Segment, ...]
    answer: str | None
    language: str
    source: str
    instruction: str | None = None
    system: str | None = None

    @property
    def request(self) -> str:
        """The user's words: its question, and how to answer it."""
        return prompt_of(self.question, self.format, self.language, self.instruction)

    @property
    def thinks(self) -> bool:
        """Whether its solution thinks before it answers, in a mode that some chat templates have."""
        return any(segment.kind is SegmentKind.THINK for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Labels:
    """What figures of some examples are sliced by and named with, in the order of the examples."""

    ids: tuple[str, ...]
    formats: tuple[str, ...]
    sources: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One data set of a mixture: its examples weigh `weight` times their own weights."""

    name: str
    weight: float
    rows: int


class Examples:
    """The examples of one split of one or more data sets, read where they lie.

    Attributes:
        fingerprints: one per folder, in order: what a resumed run must find again.
        rounding: places | never, the strictest policy that any of the folders was curated with.
        parts: the data sets that they come from, in order.
        fetched_bytes: bytes of those that lie elsewhere.
    """

    def __init__(
        self,
        batches: Batches,
        fingerprints: tuple[str, ...],
        rounding: Literal["places", "never"],
        *,
        parts: tuple[Part, ...],
        fetched_bytes: int,
    ) -> None:
        self._batches = batches
        self.fingerprints = fingerprints
        self.parts, self.fetched_bytes = parts, fetched_bytes
        self.rounding: Literal["places", "never"] = rounding

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def weights(self) -> NDArray[np.float64]:
        """Expected appearances per epoch; an array of its own each time."""
        weights = np.empty(len(self), np.float64)
        for start, batch in self.scan("weight"):
            weights[start : start + len(batch)] = np.from_dlpack(batch.column("weight"))  # to_numpy imports pandas
        begun = 0
        for part in self.parts:
            weights[begun : begun + part.rows] *= part.weight
            begun += part.rows
        return weights

    def scan(self, *columns: str) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yields all examples batch by batch, with some columns at least, and the index of each batch's first one."""
        return self._batches.scan(columns)

    def ids(self) -> list[str]:
        """Every example's id."""
        return [id_ for _, batch in self.scan("id") for id_ in batch.column("id").to_pylist()]

    def indices_of(self, ids: pa.Array) -> NDArray[np.int64]:
        """Where the examples of a few ids lie; of an id that several data sets share, its first place."""
        found = np.full(len(ids), -1, np.int64)
        for start, batch in self.scan("id"):
            places = pc.index_in(batch.column("id"), value_set=ids)
            rows = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))[::-1]
            named = places.take(pa.array(rows)).to_numpy().astype(np.int64)
            new = found[named] < 0
            found[named[new]] = start + rows[new]
        return found

    def labels_of(self, indices: NDArray[np.int64]) -> Labels:
        """Ids and labels of some examples, in the order given; a topic that is null is called `none`."""
        rows = self._batches.read(indices, _LABELS)
        columns = (rows.column(name).fill_null("none").to_pylist() for name in _LABELS)
        return Labels(*map(tuple, columns))

    def first_of_each(self, column: str) -> NDArray[np.int64]:
        """The first example of each value of a text column, in the order of the data."""
        first: dict[str, int] = {}
        for start, batch in self.scan(column):
            encoded = batch.column(column).dictionary_encode()
            names = encoded.dictionary.to_pylist()
            codes, places = np.unique(encoded.indices.to_numpy(), return_index=True)
            for code, place in zip(codes.tolist(), places.tolist(), strict=True):
                first.setdefault(names[code], start + place)
        return np.array(sorted(first.values()), np.int64)

    def rows(self, start: int, stop: int) -> list[Example]:
        """Reads examples [start, stop)."""
        return self.take(np.arange(start, min(stop, len(self))))

    def take(self, indices: NDArray[np.int64]) -> list[Example]:
        """Reads examples by index, in the order given."""
        return _to_examples(self._batches.read(indices, _COLUMNS))

    def sizes(self) -> Iterator[tuple[int, Sizes]]:
        """Yields how long the texts of some examples after another are, with the index of the first."""
        return self._batches.sizes()

    def expect(self, indices: NDArray[np.int64]) -> None:
        """Is told which examples will be taken soon: what of them lies elsewhere is fetched meanwhile."""
        self._batches.expect(indices, _COLUMNS)

    @property
    def blocks(self) -> NDArray[np.int64]:
        """Where each block of examples that are read together begins, and behind the last one the end."""
        return self._batches.starts


_AT_ONCE = 64 * 2**20  # bytes that are compared with their verdict in a twentieth of a second
_LABELS = ("id", "format", "source", "topic")
_COLUMNS = (
    "id",
    "problem_id",
    "question",
    "format",
    "segments",
    "answer",
    "language",
    "source",
    "instruction",
    "system",
)


def _to_examples(rows: pa.RecordBatch) -> list[Example]:
    columns = {name: rows.column(name).to_pylist() for name in _COLUMNS}
    return [
        Example(
            id=values[0],
            problem_id=values[1],
            question=values[2],
            format=Format(values[3]),
            segments=tuple(Segment(SegmentKind(s["kind"]), s["text"]) for s in values[4]),
            answer=values[5],
            language=values[6],
            source=values[7],
            instruction=values[8],
            system=values[9],
        )
        for values in zip(*(columns[name] for name in _COLUMNS), strict=True)
    ]


def open(*data: str | Path, split: str = Split.TRAIN, draft: bool = False) -> Examples:
    """Opens data sets that may be trained on: judged, passed, and byte for byte what was judged.

    Args:
        data: data sets made by `mathmill curate`; their examples follow one another.
        split: train or heldout.
        draft: accept data without a passed verdict.

    Raises:
        UserError: not a data set, no verdict, or a failed one.
        RunFailedError: bytes that do not match their verdict.
    """
    return open_splits(*as_paths(data), draft=draft)[Split(split)]


def open_splits(
    *data: str | Path | TrainData, draft: bool = False, cache: BlockCache | None = None
) -> dict[Split, Examples]:
    """Opens both splits as `open` does; an example weighs its own weight times that of its data set.

    Args:
        data: data sets, or what they weigh beside each other.
        draft: accept data without a passed verdict.
        cache: where blocks of data in a store are kept; None takes mathmill's own.
    """
    sources = [source if isinstance(source, TrainData) else TrainData(path=as_text(source)) for source in data]
    found = _Found(sources, draft=draft, cache=cache or BlockCache(cache_folder(), _CACHE_GB << 30))
    found.compare()
    return {split: found.examples(split) for split in Split}


def open_for_run(
    data: Sequence[TrainData], *, draft: bool, cache: BlockCache
) -> tuple[dict[Split, Examples], list[JudgedShard]]:
    """Opens both splits, and returns beside them the shards whose bytes are left to compare: those of much data.

    Args:
        data: data sets and what they weigh.
        draft: accept data without a passed verdict.
        cache: where blocks of data in a store are kept.
    """
    found = _Found(data, draft=draft, cache=cache)
    if found.bytes <= _AT_ONCE:
        found.compare()
    return {split: found.examples(split) for split in Split}, found.judged


class _Found:
    """Data sets that were judged and passed, and which of their shards nobody compared with the verdict yet."""

    def __init__(self, data: Sequence[TrainData], *, draft: bool, cache: BlockCache) -> None:
        self._data = data
        self._manifests: list[Manifest] = []
        self._shards: list[Mapping[str, Shard]] = []
        self.judged: list[JudgedShard] = []
        for source in data:
            manifest, shards, judged = _open_shards(source.path, draft=draft, cache=cache)
            self._manifests.append(manifest)
            self._shards.append(shards)
            self.judged += judged

    @property
    def bytes(self) -> int:
        """Of what is left to compare."""
        return sum((shard.folder / shard.path).stat().st_size for shard in self.judged)

    def compare(self) -> None:
        for shard in self.judged:
            shard.require_unchanged()
        self.judged = []

    def examples(self, split: Split) -> Examples:
        shards: list[Shard] = []
        parts = []
        for source, manifest, opened in zip(self._data, self._manifests, self._shards, strict=True):
            mine = [opened[shard.path] for shard in manifest.shards if shard.split == split]
            shards += mine
            parts.append(Part(str(located(source.path)), source.weight, sum(sum(shard.rows) for shard in mine)))
        strict = any(manifest.rounding == "never" for manifest in self._manifests)
        marks = tuple(manifest.fingerprint for manifest in self._manifests)
        fetched = sum(shard.size for shard in shards if isinstance(shard, FetchedShard))
        return Examples(
            Batches(shards), marks, "never" if strict else "places", parts=tuple(parts), fetched_bytes=fetched
        )


def _open_shards(
    data: str, *, draft: bool, cache: BlockCache
) -> tuple[Manifest, Mapping[str, Shard], list[JudgedShard]]:
    """Opens the shards of a data set: where they lie on this machine, in parts from elsewhere where its verdict can."""
    place = located(data)
    if isinstance(place, Place):
        with copied(data) as folder:
            manifest, verdict = require_judged(folder, draft=draft)
            if verdict is not None and verdict.tables:
                return manifest, fetched_shards(place, folder, manifest, verdict, cache), []
    with copied(data, SHARDS) as folder:
        manifest, verdict = require_judged(folder, draft=draft)
        if verdict is None:
            require_whole(folder, manifest, SHARDS)
        judged = [] if verdict is None else judged_shards(folder, manifest, verdict)
        return manifest, {s.path: MappedShard(folder / s.path, EXAMPLE_SCHEMA) for s in manifest.shards}, judged

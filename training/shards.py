"""Reading a data set: Arrow IPC stream shards by memory map, judged data only; from a URL by way of a copy.

`open(DATA)` is the public door. Rows are addressed by one global index over all folders and shards, in manifest order;
text is read where it lies, nothing is copied until asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.copies import SHARDS, copied
from schemas.evolution import read_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import RunFailedError
from schemas.files import as_paths
from schemas.manifest import Manifest
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import prompt_of
from schemas.split import Split
from schemas.verdict import require_passed


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
    """A column of names as codes: `names[codes[i]]` is example i's name."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]

    def first(self) -> NDArray[np.int64]:
        """The first example of each name that any example has."""
        return np.unique(self.codes, return_index=True)[1]


class Examples:
    """The examples of one split of one or more data sets.

    Attributes:
        fingerprints: one per folder, in order: what a resumed run must find again.
        rounding: places | never, the strictest policy that any of the folders was curated with.
    """

    def __init__(
        self, table: pa.Table, fingerprints: tuple[str, ...], rounding: Literal["places", "never"] = "places"
    ) -> None:
        self._table = table
        self.fingerprints = fingerprints
        self.rounding: Literal["places", "never"] = rounding

    def __len__(self) -> int:
        return self._table.num_rows

    @property
    def weights(self) -> NDArray[np.float64]:
        """Expected appearances per epoch."""
        return np.asarray(self._table["weight"].to_numpy(), dtype=np.float64)

    def ids(self) -> list[str]:
        """Every example's id."""
        return self._table["id"].to_pylist()

    def ids_of(self, indices: NDArray[np.int64]) -> pa.Array:
        """The ids of some examples, in the order given."""
        return self._table["id"].take(pa.array(indices)).combine_chunks()

    def indices_of(self, ids: pa.ChunkedArray) -> NDArray[np.int64]:
        """Where the examples of some ids lie; of an id that several data sets share, its first place."""
        known = self._table["id"].combine_chunks()
        return pc.index_in(ids, value_set=known).to_numpy().astype(np.int64)

    def labels(self, column: str) -> Labels:
        """A text column as codes; null is called `none`."""
        encoded = self._table[column].combine_chunks().fill_null("none").dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        return Labels(tuple(encoded.dictionary.to_pylist()), encoded.indices.to_numpy().astype(np.int64))

    def rows(self, start: int, stop: int) -> list[Example]:
        """Reads examples [start, stop)."""
        return _to_examples(self._table.slice(start, stop - start))

    def take(self, indices: NDArray[np.int64]) -> list[Example]:
        """Reads examples by index, in the order given."""
        return _to_examples(self._table.take(pa.array(indices)))


_COLUMNS = [
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
]


def _to_examples(table: pa.Table) -> list[Example]:
    columns = table.select(_COLUMNS).to_pydict()
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
    return _open_judged(as_paths(data), [Split(split)], draft=draft)[Split(split)]


def open_splits(*folders: Path, draft: bool = False) -> dict[Split, Examples]:
    """Opens both splits, hashing the shards once."""
    return _open_judged(folders, list(Split), draft=draft)


def _open_judged(folders: Sequence[Path], splits: Sequence[Split], *, draft: bool) -> dict[Split, Examples]:
    tables: dict[Split, list[pa.Table]] = {split: [] for split in splits}
    manifests = []
    for data in folders:
        with copied(data, SHARDS) as folder:
            manifest = require_passed(folder, draft=draft)
            manifests.append(manifest)
            for shard in manifest.shards:
                if shard.split in tables:
                    tables[Split(shard.split)].append(_read_shard(folder / shard.path))
    return {split: _examples(found, manifests) for split, found in tables.items()}


def _examples(tables: Sequence[pa.Table], manifests: Sequence[Manifest]) -> Examples:
    table = pa.concat_tables(tables) if tables else EXAMPLE_SCHEMA.empty_table()
    strict = any(manifest.rounding == "never" for manifest in manifests)
    return Examples(table, tuple(manifest.fingerprint for manifest in manifests), "never" if strict else "places")


def _read_shard(path: Path) -> pa.Table:
    """Maps a shard, of another minor version too; its columns stay on disk until read."""
    try:
        return read_as(pa.ipc.open_stream(pa.memory_map(str(path))), EXAMPLE_SCHEMA).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise RunFailedError(f"{path}: not an Arrow IPC stream ({error})") from error
    except ValueError as error:
        raise RunFailedError(f"{path}: its columns cannot be read: {error}") from error

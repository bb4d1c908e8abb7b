"""The store: text by reference. Candidates are written once as Arrow parts; stages put tags beside them.

    .work/parts/KEY-n.arrow          candidates, about 4 MB of text each (one Beam element's worth)
    .work/parts/KEY.json               written last: the parts of one split; its presence says that they are whole
    .work/keys/KEY-n.arrow             identity keys of the same candidates: set-wise stages never read text
    .work/tags/STAGE-HASH/KEY-n.arrow  what a stage said; HASH covers its settings and the code
    .work/decisions/KEY-n.arrow        how each candidate ended

Text never rests in a PCollection: Beam's in-process runner holds about 5 MB per MB of text that waits for a shuffle or
a side input (measured), and about nothing per reference. The same files are the checkpoint after a crash and the cache
that makes a changed threshold a matter of seconds. Every file is written under a temporary name and renamed when
whole.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.engine.candidates import blanked
from schemas.files import replacing, write_text

WORK = ".work"
SOURCE_SHIFT = 44  # bits of a part's number below the rank of its source
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True, order=True)
class PartRef:
    """Where a part is and what it holds.

    Attributes:
        number: orders parts as their rows stand in the input: source, split, part.
        key: file name without extension.
        rows: candidates in it.
        bytes: text bytes in it.
        hidden: places of candidates that read as blank (`engine.crashes`); of no part that is written.
    """

    number: int
    key: str
    rows: int
    bytes: int
    hidden: frozenset[int] = field(default=frozenset(), compare=False)

    @property
    def is_earlier(self) -> bool:
        """Whether it holds what earlier data has (`pipelines.stages.duplicates.earlier`) and no candidates."""
        return self.number < 0

    @property
    def source_rank(self) -> int:
        """The position in the config of the source that the part was read from; below zero for earlier data."""
        return self.number >> SOURCE_SHIFT


@dataclass(frozen=True, slots=True)
class Store:
    """The work folder of one data set. Plain and picklable: workers open files themselves.

    Attributes:
        reviewed: tag folder of what files of reviews say (`pipelines.stages.select`), or None without any. It holds for
            every stage: what people accept survives its equals, and what they overrule does not stop a candidate.
        verified: tag folder of the judge's verdicts, or None when nothing is verified.
        labelled: tag folder of predicted topics and difficulties, or None; for the stages after `label`.
        strict: a row that makes a stage raise stops the run; else it is quarantined and the others live.
    """

    root: Path
    reviewed: str | None = None
    verified: str | None = None
    labelled: str | None = None
    strict: bool = False

    def parts_of(self, split_key: str) -> list[PartRef] | None:
        """The parts of a split that was read to its end, or None."""
        marker = self.root / "parts" / f"{split_key}.json"
        if not marker.is_file():
            return None
        return [PartRef(**part) for part in json.loads(marker.read_text())]

    def mark_whole(self, split_key: str, parts: Sequence[PartRef]) -> None:
        """Records that a split was read to its end."""
        write_text(self.root / "parts" / f"{split_key}.json", json.dumps(list(map(_written, parts))))

    def part_path(self, part: PartRef) -> Path:
        """The candidates of a part."""
        return self.root / "parts" / f"{part.key}.arrow"

    def keys_path(self, part: PartRef) -> Path:
        """The identity keys of a part."""
        return self.root / "keys" / f"{part.key}.arrow"

    def tags_path(self, stage: str, part: PartRef) -> Path:
        """What a stage said about a part. `stage` is `name` or `name-hash`."""
        return self.root / "tags" / stage / f"{part.key}.arrow"

    def decisions_path(self, part: PartRef) -> Path:
        """How the candidates of a part ended."""
        return self.root / "decisions" / f"{part.key}.arrow"

    def questions_at(self, keys: Sequence[str], indices: Sequence[int]) -> list[str]:
        """The questions of rows that stand in several parts, by the key of the part and the place in it; in order."""
        questions = [""] * len(keys)
        for key in sorted(set(keys)):
            places = [place for place, part in enumerate(keys) if part == key]
            texts = read_batch(self.root / "parts" / f"{key}.arrow", ["question"]).column(0)
            found = texts.take(pa.array([indices[place] for place in places]))
            for place, text in zip(places, found.to_pylist(), strict=True):
                questions[place] = text
        return questions

    def read_part(self, part: PartRef, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """Reads a part, or only some of its columns."""
        batch = read_batch(self.part_path(part), columns)
        return blanked(batch, part.hidden) if part.hidden else batch


def _written(part: PartRef) -> dict[str, object]:
    return {name: getattr(part, name) for name in ("number", "key", "rows", "bytes")}


def write_batch(path: Path, batch: pa.RecordBatch) -> None:
    """Writes one batch as an Arrow IPC file, whole or not at all."""
    with (
        replacing(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, batch.schema, options=_LZ4) as writer,
    ):
        writer.write_batch(batch)


def read_batch(path: Path, columns: Sequence[str] | None = None) -> pa.RecordBatch:
    """Reads a file of one batch with plain reads: mapped pages would count as our memory."""
    with pa.OSFile(str(path), "rb") as source:
        schema = pa.ipc.open_file(source).schema
        if columns is not None:
            wanted = [schema.get_field_index(name) for name in columns]
            options = pa.ipc.IpcReadOptions(included_fields=wanted)
            return pa.ipc.open_file(source, options=options).get_batch(0).select(list(columns))
        return pa.ipc.open_file(source).get_batch(0)


def digest(*parts: Any) -> str:  # noqa: ANN401  anything JSON
    """A short stable hash of JSON-like values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return blake2b(text.encode(), digest_size=10).hexdigest()


def code_digest(packages: Iterable[str] = ("schemas", "pipelines", "validation")) -> str:
    """A hash of the code that makes parts and tags: what other code made is made again."""
    root = Path(__file__).resolve().parents[2]
    state = blake2b(digest_size=8)
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            state.update(path.read_bytes())
    return state.hexdigest()

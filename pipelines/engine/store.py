"""The store: text by reference. Candidates are written once as Arrow parts; stages put tags beside them.

    .work/parts/KEY-n.arrow          candidates, about 4 MB of text each (one Beam element's worth)
    .work/parts/KEY.json               written last: the parts of one split; its presence says that they are whole
    .work/parts/KEY-begun.json         the first parts of a split that is being read: a killed run goes on behind them
    .work/keys/KEY-n.arrow             identity keys of the same candidates: set-wise stages never read text
    .work/tags/STAGE-HASH/KEY-n.arrow  what a stage said; HASH covers its settings and the code
    .work/decisions/KEY-n.arrow        how each candidate ended
    .work/written/KIND-KEY.json        what went into a published file (`pipelines.output.growing`)

Text never rests in a PCollection: Beam's in-process runner holds about 5 MB per MB of text that waits for a shuffle or
a side input (measured), and about nothing per reference. The same files are the checkpoint after a crash and the cache
that makes a changed threshold a matter of seconds. Every file is written under a temporary name and renamed when
whole. It ends in a checksum of its bytes and its name that is compared before they are used: what is damaged, or lies
in another one's place, is made again.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import takewhile
from os import SEEK_END
from pathlib import Path
from typing import Any

import pyarrow as pa
from xxhash import xxh3_128

from pipelines.engine.candidates import blanked
from pipelines.engine.joining import Run
from pipelines.engine.progress import report_damage
from pipelines.engine.workfiles import File, content_of, is_there, remove, write_content
from schemas.exits import RunFailedError
from schemas.files import replacing
from schemas.place import Place

WORK = ".work"
SOURCE_SHIFT = 44  # bits of a part's number below the rank of its source
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")
_BLOCK_BYTES = 1 << 20
_NOTE = b"note"
_SETTLED_NS = 1_000_000_000
_SEAL_BYTES = 2 * xxh3_128().digest_size
_BATCHES = ("*.arrow", "parts/*.arrow", "keys/*.arrow", "tags/*/*.arrow", "decisions/*.arrow")


class DamagedError(RunFailedError):
    """A file of the work folder does not hold the bytes that were written."""

    def __init__(self, path: File) -> None:
        """Names the file and says what to do."""
        super().__init__(f"{path}: damaged; run the same command again: it makes what is damaged again")


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

    def as_json(self) -> dict[str, object]:
        """The part as it was written: what it is made of again."""
        return {name: getattr(self, name) for name in ("number", "key", "rows", "bytes")}

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
        root: the folder, on a disk that all workers see or in a store.
        reviewed: tag folder of what files of reviews say (`pipelines.stages.select`), or None without any. It holds for
            every stage: what people accept survives its equals, and what they overrule does not stop a candidate.
        verified: tag folder of the judge's verdicts, or None when nothing is verified.
        labelled: tag folder of predicted topics and difficulties, or None; for the stages after `label`.
        strict: a row that makes a stage raise stops the run; else it is quarantined and the others live.
        run: what workers compare with themselves; None inside the driver's own processes.
    """

    root: File
    reviewed: str | None = None
    verified: str | None = None
    labelled: str | None = None
    strict: bool = False
    run: Run | None = None

    def parts_of(self, split_key: str) -> list[PartRef] | None:
        """The parts of a split that was read to its end, or None."""
        parts = self._noted(self._marker(split_key))
        damaged = [part for part in parts or () if not self._is_whole(part)]
        return None if damaged else parts

    def parts_begun(self, split_key: str) -> list[PartRef]:
        """The first parts of a split that a run did not read to its end."""
        return list(takewhile(self._is_whole, self._noted(self._journal(split_key)) or ()))

    def _noted(self, path: File) -> list[PartRef] | None:
        if not is_there(path):
            return None
        try:
            return [PartRef(**part) for part in read_value(path)]
        except DamagedError:
            self._drop(path)
            return None

    def _is_whole(self, part: PartRef) -> bool:
        return all(self.holds(path) for path in (self.part_path(part), self.keys_path(part)))

    def note_begun(self, split_key: str, parts: Sequence[PartRef]) -> None:
        """Records the first parts of a split: a run that is killed now goes on behind them."""
        write_value(self._journal(split_key), [part.as_json() for part in parts])

    def mark_whole(self, split_key: str, parts: Sequence[PartRef]) -> None:
        """Records that a split was read to its end."""
        write_value(self._marker(split_key), [part.as_json() for part in parts])
        remove(self._journal(split_key))

    def forget_split(self, split_key: str) -> None:
        """Has a split read again by the next run, from its beginning."""
        for path in (self._marker(split_key), self._journal(split_key)):
            remove(path)

    def _marker(self, split_key: str) -> File:
        return self.root / "parts" / f"{split_key}.json"

    def _journal(self, split_key: str) -> File:
        return self.root / "parts" / f"{split_key}-begun.json"

    def holds(self, file: File) -> bool:
        """Whether a batch of an earlier run is there and whole. One that is damaged is told, and makes room.

        In a store, whose objects keep their own checksums, one that is there is whole.
        """
        if isinstance(file, Place):
            return file.exists()
        if not file.is_file():
            return False
        if _payload_bytes(file) is None:
            self._drop(file)
        return file.is_file()

    def _drop(self, damaged: File) -> None:
        report_damage(self.root, damaged)
        remove(damaged)

    def part_path(self, part: PartRef) -> File:
        """The candidates of a part."""
        return self.root / "parts" / f"{part.key}.arrow"

    def keys_path(self, part: PartRef) -> File:
        """The identity keys of a part."""
        return self.root / "keys" / f"{part.key}.arrow"

    def tags_path(self, stage: str, part: PartRef) -> File:
        """What a stage said about a part. `stage` is `name` or `name-hash`."""
        return self.root / "tags" / stage / f"{part.key}.arrow"

    def decisions_path(self, part: PartRef) -> File:
        """How the candidates of a part ended."""
        return self.root / "decisions" / f"{part.key}.arrow"

    def published(self, name: str) -> Path:
        """A file of the data set that the work folder belongs to, as an earlier run published it, if one did."""
        assert isinstance(self.root, Path), self.root
        return self.root.parent / name

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
        return blanked(read_batch(self.part_path(part), columns), part.hidden)


def write_batch(file: File, batch: pa.RecordBatch) -> None:
    """Writes one batch as an Arrow IPC file with the checksum behind it, whole or not at all."""
    if isinstance(file, Place):
        file.write(_content_of(batch, file))
        return
    with replacing(file) as temporary:
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, batch.schema, options=_LZ4) as writer:
            writer.write_batch(batch)
        checksum = _checksum(temporary, temporary.stat().st_size)
        with temporary.open("ab") as end:
            end.write(_seal(checksum, file))


def keep_batch(file: File, batch: pa.RecordBatch) -> None:
    """Writes one small batch like `write_batch`, unless the file holds it already."""
    content = _content_of(batch, file)
    if not (isinstance(file, Path) and file.is_file() and file.read_bytes() == content):
        write_content(file, content)


def _content_of(batch: pa.RecordBatch, file: File) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema, options=_LZ4) as writer:
        writer.write_batch(batch)
    content = sink.getvalue().to_pybytes()
    return content + _seal(xxh3_128(content).digest(), file)


def _seal(checksum: bytes, file: File) -> bytes:
    """What a file ends in: the checksum of its bytes, and one that binds it to its name.

    In a store, whose objects nobody renames, it is bound to none.
    """
    name = f"{file.parent.name}/{file.name}" if isinstance(file, Path) else ""
    return checksum + xxh3_128(name.encode() + checksum).digest()


def read_batch(file: File, columns: Sequence[str] | None = None) -> pa.RecordBatch:
    """Reads a file of one batch with plain reads: mapped pages would count as our memory.

    Raises:
        DamagedError: its bytes are not those that were written; in a store it is removed, since nobody looks for it.
    """
    if isinstance(file, Place):
        content = file.read()
        end = len(content) - _SEAL_BYTES
        if end < 0 or _seal(xxh3_128(memoryview(content)[:end]).digest(), file) != content[end:]:
            file.remove()
            raise DamagedError(file)
        return _batch_in(pa.BufferReader(content), end, columns)
    payload = _whole_bytes(file)
    with pa.OSFile(str(file), "rb") as source:
        return _batch_in(source, payload, columns)


def _whole_bytes(path: Path) -> int:
    payload = _payload_bytes(path)
    if payload is None:
        raise DamagedError(path)
    return payload


def _batch_in(source: pa.NativeFile, end: int, columns: Sequence[str] | None) -> pa.RecordBatch:
    schema = pa.ipc.open_file(source, footer_offset=end).schema
    if columns is None:
        return pa.ipc.open_file(source, footer_offset=end).get_batch(0)
    options = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name) for name in columns])
    return pa.ipc.open_file(source, footer_offset=end, options=options).get_batch(0).select(list(columns))


def seal_of(file: Path) -> str:
    """The checksum that a batch's file ends in, not compared with its bytes: files of one seal hold the same."""
    with file.open("rb") as content:
        content.seek(-_SEAL_BYTES, SEEK_END)
        return content.read(xxh3_128().digest_size).hex()


def read_note(file: Path) -> Any | None:  # noqa: ANN401  anything JSON
    """What `noted` put beside a batch; None without it.

    Raises:
        DamagedError: as `read_batch`.
    """
    with pa.OSFile(str(file), "rb") as source:
        metadata = pa.ipc.open_file(source, footer_offset=_whole_bytes(file)).schema.metadata
    note = (metadata or {}).get(_NOTE)
    return None if note is None else json.loads(note)


def noted(batch: pa.RecordBatch, note: object) -> pa.RecordBatch:
    """A batch whose file holds a JSON value too."""
    return batch.replace_schema_metadata({_NOTE: json.dumps(note).encode()})


def _payload_bytes(path: Path) -> int | None:
    """How many bytes stand in front of the checksum of a file; None when it is not theirs.

    The bytes are looked at once a process, as long as the file stays as it is. One that was written a moment ago is
    looked at again: a clock that ticks seldom would hide that it changed.
    """
    stat = path.stat()
    if time.time_ns() - stat.st_ctime_ns < _SETTLED_NS:
        return _checked_bytes(path, stat.st_size)
    return _known_bytes(path, stat.st_size, (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns))


@lru_cache(maxsize=1 << 15)
def _known_bytes(path: Path, size: int, _stamp: tuple[int, ...]) -> int | None:
    return _checked_bytes(path, size)


def _checked_bytes(path: Path, size: int) -> int | None:
    end = size - _SEAL_BYTES
    if end < 0:
        return None
    with path.open("rb") as file:
        file.seek(end)
        written = file.read()
    return end if written == _seal(_checksum(path, end), path) else None


def _checksum(path: Path, size: int) -> bytes:
    """The checksum of the first `size` bytes of a file; xxh3 reads as fast as the disk gives."""
    state = xxh3_128()
    with path.open("rb") as file:
        while block := file.read(min(_BLOCK_BYTES, size)):
            state.update(block)
            size -= len(block)
    return state.digest()


def write_value(path: File, value: object) -> None:
    """Writes a JSON value with its checksum, whole or not at all."""
    write_content(path, json.dumps({"checksum": digest(path.name, value), "value": value}).encode())


def read_value(path: File) -> Any:  # noqa: ANN401  anything JSON
    """Reads what `write_value` wrote.

    Raises:
        DamagedError: it is not what was written.
    """
    try:
        sealed = json.loads(content_of(path))
        if sealed["checksum"] == digest(path.name, sealed["value"]):
            return sealed["value"]
    except (ValueError, KeyError, TypeError):
        pass
    raise DamagedError(path)


def damaged_files(work: Path) -> list[Path]:
    """The batches in a work folder that are not as they were written."""
    batches = (path for pattern in _BATCHES for path in sorted(work.glob(pattern)))
    return [path for path in batches if _payload_bytes(path) is None]


def digest(*parts: Any) -> str:  # noqa: ANN401  anything JSON
    """A short stable hash of JSON-like values."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return blake2b(text.encode(), digest_size=10).hexdigest()

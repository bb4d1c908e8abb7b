"""Tokens that were encoded before, kept outside data and runs, and shared by all runs that encode alike.

    tokens/KEY/SEGMENT.arrow    some examples, written whole: row, words, checksum; KEY names what they depend on

It fills as epochs pass: an example is encoded when a step first needs it, and a later epoch, or another run, finds it
here. Any number of processes may fill it: each writes segments of its own and sees those that were there when it began.
What is damaged is removed, and encoded again. Where it is full or cannot be written a line says so, once.
"""

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from schemas.arrow_files import replacing_stream
from schemas.copies import cache_folder
from schemas.files import TEMPORARY
from training.encode import Encoded, EncodedExample

_SEGMENT_BYTES = 32 * 2**20  # of tokens that wait in memory before they are written
_SCHEMA = pa.schema([("row", pa.int64()), ("checksum", pa.uint64()), ("words", pa.large_list(pa.int32()))])
_ABANDONED_S = 86_400.0  # a segment that is being written is young; one that a kill left is not
_ROW_BYTES = 24  # beside its words: number, checksum, offset

Words = NDArray[np.int32]
"""an example's tokens, each negative (all bits flipped) where it bears loss"""

logger = logging.getLogger(__name__)


class TokenCache:
    """The tokens of one split, by row. Threads may share it.

    Args:
        key: names what the encoding depends on.
        rows: how many the split has.
        limit: bytes that the whole cache may hold, of all keys; what was used longest ago makes room.
        folder: of the cache; None takes mathmill's own.
    """

    def __init__(self, key: str, rows: int, *, limit: int, folder: Path | None = None) -> None:
        self._root = folder or cache_folder() / "tokens"
        self._folder, self._limit = self._root / key, limit
        self._segments: list[_Segment | None] = []
        self._starts = [0]
        self._places: NDArray[np.int32] | None = None
        self._rows = rows
        self._waiting: dict[int, Words] = {}
        self._waiting_bytes = 0
        self._is_open = True
        self._lock = threading.Lock()
        self._find_segments()

    def get(self, indices: NDArray[np.int64]) -> list[Words | None]:
        """What is known of some rows, in the order given."""
        with self._lock:
            if self._places is None and not self._waiting:
                return [None] * len(indices)
            places = np.full(len(indices), -1) if self._places is None else self._places[indices]
            numbers = np.searchsorted(self._starts, places, side="right") - 1
            return [
                self._words(*what) for what in zip(indices.tolist(), places.tolist(), numbers.tolist(), strict=True)
            ]

    def put(self, indices: NDArray[np.int64], rows: Sequence[Words]) -> None:
        """Keeps what was encoded; written when enough of it has come together."""
        if not self._is_open:
            return
        with self._lock:
            for index, words in zip(indices.tolist(), rows, strict=True):
                if index not in self._waiting:
                    self._waiting[index] = words
                    self._waiting_bytes += words.nbytes + _ROW_BYTES
            if self._waiting_bytes >= _SEGMENT_BYTES:
                self._write()

    def close(self) -> None:
        """Writes what has come together."""
        with self._lock:
            if self._waiting:
                self._write()

    def _words(self, index: int, place: int, number: int) -> Words | None:
        """The words of a row at a place among all segments, -1 for none; checked."""
        if place >= 0 and (segment := self._segments[number]) is not None:
            words = segment.words(place - self._starts[number])
            if words is not None:
                return words
            self._remove(number, segment)
        return self._waiting.get(index)

    def _find_segments(self) -> None:
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.arrow")):
            self._add_segment(path)
        with suppress(OSError):  # of a cache that may only be read
            self._folder.touch()  # used just now: see _make_room
            for path in self._folder.glob(TEMPORARY):
                if time.time() - _used(path) > _ABANDONED_S:
                    path.unlink()

    def _add_segment(self, path: Path) -> None:
        """Finds rows in a segment; one that cannot be read is removed."""
        try:
            segment = _Segment(path)
        except (OSError, ValueError, KeyError):
            _discard(path)
            return
        if self._places is None:
            self._places = np.full(self._rows, -1, np.int32)
        if len(segment.rows) and not 0 <= segment.rows.min() <= segment.rows.max() < self._rows:
            _discard(path)
            return
        self._places[segment.rows] = self._starts[-1] + np.arange(len(segment.rows), dtype=np.int32)
        self._segments.append(segment)
        self._starts.append(self._starts[-1] + len(segment.rows))

    def _remove(self, number: int, segment: "_Segment") -> None:
        """Forgets a segment that is damaged."""
        assert self._places is not None
        self._places[segment.rows] = -1
        self._segments[number] = None
        _discard(segment.path)

    def _write(self) -> None:
        """Writes the rows that wait as a segment."""
        path = self._folder / f"{uuid.uuid4().hex}.arrow"
        try:
            if not self._make_room():
                self._stop(f"is full ({self._limit / 2**30:.3g} GiB, train.token_cache_gb)")
                return
            write_segment(path, self._waiting)
        except OSError as error:
            self._stop(f"cannot be written ({error.strerror or error})")
            return
        self._waiting, self._waiting_bytes = {}, 0
        self._add_segment(path)

    def _stop(self, why: str) -> None:
        _tell(self._root, why)
        self._is_open, self._waiting = False, {}

    def _make_room(self) -> bool:
        """Whether there is room for what waits, once other encodings have made room."""
        sizes = {folder: _bytes_in(folder) for folder in self._root.iterdir()} if self._root.is_dir() else {}
        others = sorted((folder for folder in sizes if folder != self._folder), key=_used)
        while sum(sizes.values()) + self._waiting_bytes > self._limit and others:
            oldest = others.pop(0)
            shutil.rmtree(oldest, ignore_errors=True)  # who reads it has it mapped, and keeps it
            del sizes[oldest]
        return sum(sizes.values()) + self._waiting_bytes <= self._limit


@cache
def _tell(root: Path, why: str) -> None:
    """Says once that nothing more is kept: each split has a cache of its own in one folder."""
    logger.warning("%s: the cache of tokens %s; the run goes on and encodes what it does not hold", root, why)


class _Segment:
    """A file of the cache in memory by map."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with pa.ipc.open_stream(pa.memory_map(str(path))) as reader:
            if reader.schema != _SCHEMA:
                raise ValueError(f"{path}: not a segment")
            batch = reader.read_next_batch()
        self.rows = batch.column("row").to_numpy()
        self._checksums = batch.column("checksum").to_numpy()
        words = batch.column("words")
        self._offsets, self._all = words.offsets.to_numpy(), words.values.to_numpy()

    def words(self, place: int) -> Words | None:
        """The words of the row at a place; None when they are not those that were written."""
        start, stop = int(self._offsets[place]), int(self._offsets[place + 1])
        if not 0 <= start < stop <= len(self._all):
            return None
        words: Words = self._all[start:stop]
        return words if xxh3_64_intdigest(words.data, int(self.rows[place])) == int(self._checksums[place]) else None


def write_segment(path: Path, rows: dict[int, Words]) -> None:
    """Writes the words of some rows, whole or not at all."""
    ordered = sorted(rows)
    offsets = np.concatenate([[0], np.cumsum([len(rows[row]) for row in ordered])])
    words = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), np.concatenate([rows[row] for row in ordered]))
    checksums = np.array([xxh3_64_intdigest(rows[row].data, row) for row in ordered], np.uint64)
    batch = pa.RecordBatch.from_arrays([pa.array(ordered, pa.int64()), pa.array(checksums), words], schema=_SCHEMA)
    with replacing_stream(path, _SCHEMA) as writer:
        writer.write_batch(batch)


def words_of(example: EncodedExample) -> Words:
    """An encoded example as words."""
    words: Words = np.where(example.supervised, ~example.tokens, example.tokens)
    return words


def encoded_of(rows: Sequence[Words]) -> Encoded:
    """Words of some examples, laid one after another."""
    words = np.concatenate([np.empty(0, np.int32), *rows])
    supervised = words < 0
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    return Encoded(np.where(supervised, ~words, words), supervised.view(np.uint8), offsets)


def _discard(path: Path) -> None:
    logger.warning("%s: damaged; removed, and its examples are encoded again", path)
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _bytes_in(folder: Path) -> int:
    return sum(_size(path) for path in folder.iterdir()) if folder.is_dir() else 0


def _size(path: Path) -> int:
    """Bytes of a file; of one that another process has just removed, none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0

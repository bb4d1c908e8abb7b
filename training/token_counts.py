"""Which examples are longer than a limit, exactly, and mostly without a look.

Where a tokenizer makes at most one token of a byte, an example with fewer bytes than the limit fits. Only the others
are encoded and counted: once, since the counts are kept in the cache, outside the data. With other tokenizers that is
every example.
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from xxhash import xxh3_128

from schemas.arrow_files import replacing_stream
from schemas.copies import cache_folder
from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import INSTRUCTIONS
from schemas.transcript import transcribe
from training.chat import ChatLayout
from training.encoder import Encoder
from training.shards import Example
from training.world import World

_CHUNK = 1024
_LONG_COUNT = 20_000  # examples whose count takes long enough to be announced
# Bytes that one byte may become (Unicode FAQ, Normalization: maximum expansion in UTF-8). ASCII stays as it is.
_GROWTH = {"NFC": 3, "NFD": 3, "NFKC": 11, "NFKD": 11}
_CUTTING = {"ByteLevel", "Split", "Digits", "Punctuation", "Whitespace", "WhitespaceSplit"}
_PROBE = "a 'b' \"c\" <d> & {e} {{f}} \\g é\n- h\t"

_Number = TypeVar("_Number", int, NDArray[np.int64])
_Counts: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int32]]  # rows, and the tokens of each

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bound:
    """Most tokens of an example: growth * (bytes of its texts + a_segment * its segments + layout).

    Attributes:
        growth: bytes that the tokenizer's normaliser may make of one.
        a_segment: bytes of what is laid around a segment.
        layout: bytes of everything else: template, instruction, the stop token.
    """

    growth: int
    a_segment: int
    layout: int

    def __call__(self, texts: _Number, segments: _Number) -> _Number:
        """The bound of examples with so many bytes of text in so many segments."""
        return self.growth * (texts + self.a_segment * segments + self.layout)


def bound_of(layout: ChatLayout) -> Bound | None:
    """The bound that holds with a layout; None where a tokenizer or a template may make more of a text than its bytes.

    That a template repeats no text is probed; every step asserts what comes of it.
    """
    growth = _growth(layout.tokenizer.backend_tokenizer)
    if growth is None:
        return None
    once, twice = ([_bytes(transcribe([Segment(kind, "")] * n).response) for kind in SegmentKind] for n in (1, 2))
    fences = max(again - first for first, again in zip(once, twice, strict=True))
    most = 0
    for form, language in INSTRUCTIONS:
        for kind, asks in product((SegmentKind.TEXT, SegmentKind.THINK), (False, True)):
            try:
                around, again = (_around(layout, t, form, language, kind, asks) for t in (_PROBE, _PROBE * 50))
            except UserError:
                continue  # a template without such turns: their examples are refused when they are encoded
            if again > around:
                return None
            most = max(most, around)
    return Bound(growth, fences, most + 1)


class Lengths:
    """The lengths of the examples of one split, counted where a limit needs it; all ranks must ask alike.

    Args:
        encoder: the split.
        bound: as `bound_of` finds it.
        keys: name what the encoding of each data set depends on: a mixture finds what was counted for its parts.
        world: the ranks that share the work.
    """

    def __init__(self, encoder: Encoder, bound: Bound | None, *, keys: Sequence[str], world: World) -> None:
        self._encoder, self._bound, self._world = encoder, bound, world
        self._paths = [cache_folder() / "lengths" / f"{key}.arrow" for key in keys]
        self._starts = np.cumsum([0, *(part.rows for part in encoder.examples.parts)])
        self._most = 0

    def beyond(self, limit: int) -> NDArray[np.int64]:
        """Two rows: the examples with more than `limit` tokens, and how many each has."""
        rows, tokens = self._counted(limit)
        return np.stack([rows[tokens > limit], tokens[tokens > limit]])

    def longest_within(self, limit: int, *, seen: int, boundaries: Sequence[int]) -> int:
        """The longest example of at most `limit` tokens: as exactly as it matters.

        Args:
            limit: `beyond` was asked for it.
            seen: some example has so many.
            boundaries: on which side of each of them the longest lies is exact.
        """
        if self._bound is None:
            _, tokens = self._counted(limit)
            return int(tokens[tokens <= limit].max(initial=0))
        upper = min(limit, self._most)
        between = [boundary for boundary in boundaries if seen <= boundary < upper]
        if not between:
            return upper
        _, tokens = self._counted(min(between))
        return max(min(between), int(tokens[tokens <= limit].max(initial=0)))

    def _counted(self, limit: int) -> _Counts:
        """Examples and their tokens: all of those with more than `limit` are among them."""
        suspects = self._suspects(limit)
        rows, tokens = self._world.tell(self._read() if self._world.is_main else _NONE)
        missing = np.setdiff1d(suspects, rows, assume_unique=True)
        if not len(missing):
            return rows, tokens
        self._announce(len(missing), limit)
        fresh = self._world.gather(self._count(missing[self._world.rank :: self._world.size]))
        shares = [missing[rank :: self._world.size] for rank in range(self._world.size)]
        rows, tokens = np.concatenate([rows, *shares]), np.concatenate([tokens, *fresh])
        order = np.argsort(rows)
        if self._world.is_main:
            self._write(rows[order], tokens[order], missing)
        return rows[order], tokens[order]

    def _read(self) -> _Counts:
        """What was counted earlier, of all data sets."""
        found = [
            (start, *(_read_counts(path) or _NONE)) for start, path in zip(self._starts, self._paths, strict=False)
        ]
        rows = np.concatenate([_NONE[0], *(start + rows for start, rows, _ in found)])
        return rows, np.concatenate([_NONE[1], *(tokens for _, _, tokens in found)])

    def _write(self, rows: NDArray[np.int64], tokens: NDArray[np.int32], fresh: NDArray[np.int64]) -> None:
        """Keeps the counts of the data sets that some are new of; rows are in order."""
        for path, start, stop in zip(self._paths, self._starts, self._starts[1:], strict=False):
            if np.any((fresh >= start) & (fresh < stop)):
                mine = slice(*np.searchsorted(rows, [start, stop]))
                _write_counts(path, rows[mine] - start, tokens[mine])

    def _suspects(self, limit: int) -> NDArray[np.int64]:
        if self._bound is None:
            return np.arange(len(self._encoder.examples))
        found = [np.empty(0, np.int64)]
        for start, sizes in self._encoder.examples.sizes():
            bounds = self._bound(sizes.texts, sizes.segments)
            self._most = max(self._most, int(bounds.max()))
            found.append(start + np.flatnonzero(bounds > limit))
        suspects = np.concatenate(found)
        return suspects if self._bound.growth == 1 else suspects[self._may_be_longer(suspects, self._bound, limit)]

    def _may_be_longer(self, suspects: NDArray[np.int64], bound: Bound, limit: int) -> NDArray[np.bool_]:
        """Of which of them the bound without growth says nothing: the text is not ASCII, or too long."""
        plain, verdicts = replace(bound, growth=1), np.ones(len(suspects), np.bool_)
        for start in range(0, len(suspects), _CHUNK):
            for place, example in enumerate(self._encoder.examples.take(suspects[start : start + _CHUNK]), start):
                own = (example.question, example.instruction or "", example.system or "")
                texts = [*own, *(segment.text for segment in example.segments)]
                if all(map(str.isascii, texts)):
                    verdicts[place] = plain(sum(map(len, texts)), len(example.segments)) > limit
        return verdicts

    def _count(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
        return np.concatenate([_NONE[1], *(self._encoder(chunk).lengths for chunk in chunks)]).astype(np.int32)

    def _announce(self, count: int, limit: int) -> None:
        if count < _LONG_COUNT or not self._world.is_main:
            return
        everything = len(self._encoder.examples)
        some = np.arange(0, everything, max(1, everything // 200))
        began = time.perf_counter()
        self._encoder(some)
        seconds = (time.perf_counter() - began) / len(some) * count / self._world.size
        logger.warning(
            "%s of %s examples may be longer than %s tokens; they are counted once, in about %.0f s, and the counts "
            "are kept in %s",
            f"{count:,}",
            f"{everything:,}",
            f"{limit:,}",
            seconds,
            self._paths[0].parent,
        )


_NONE: _Counts = (np.empty(0, np.int64), np.empty(0, np.int32))


def _around(layout: ChatLayout, text: str, form: Format, language: str, kind: SegmentKind, has_system: bool) -> int:
    """Bytes that stand around the question, the system turn and the segments of an example."""
    segments = (Segment(kind, ""), Segment(SegmentKind.TEXT, ""))
    system = text if has_system else None
    example = Example("", "", text, form, segments, None, language, "", system=system)
    turn = layout.turn(example.thinks)
    prompt = layout.uncut(layout.prompt(example))
    return _bytes(prompt) - _bytes(text) - _bytes(system or "") + _bytes(turn.lead + turn.middle + layout.trail)


def _growth(backend: Any) -> int | None:  # noqa: ANN401  tokenizers has no types
    """Tokens that a byte can become; None where that is not known."""
    cuts = list(_parts(backend.pre_tokenizer, "pretokenizers"))
    spaced = any(part["type"] == "ByteLevel" and part["add_prefix_space"] for part in cuts)
    kinds = {part["type"] for part in cuts}
    if type(backend.model).__name__ != "BPE" or "ByteLevel" not in kinds or kinds - _CUTTING or spaced:
        return None
    forms = [part["type"] for part in _parts(backend.normalizer, "normalizers")]
    if any(form not in _GROWTH for form in forms) or len(forms) > 1:
        return None
    return _GROWTH[forms[0]] if forms else 1


def _parts(component: Any, several: str) -> Any:  # noqa: ANN401
    """The settings of a component, of each one of a sequence."""
    if component is not None:
        waiting = [json.loads(component.__getstate__())]
        while waiting:
            settings = waiting.pop(0)
            if settings["type"] == "Sequence":
                waiting = settings[several] + waiting
            else:
                yield settings


def _bytes(text: str) -> int:
    return len(text.encode())


def _read_counts(path: Path) -> _Counts | None:
    """Rows and tokens that were counted earlier; None where they are not there whole."""
    try:
        with pa.ipc.open_stream(path.read_bytes()) as reader:
            table = reader.read_all()
        rows, tokens = (table.column(name).to_numpy() for name in ("row", "tokens"))
        promised = (table.schema.metadata or {}).get(b"xxh3", b"").decode()
    except (OSError, pa.ArrowInvalid, KeyError):
        return None
    return (rows, tokens) if promised == _checksum(rows, tokens) else None


def _write_counts(path: Path, rows: NDArray[np.int64], tokens: NDArray[np.int32]) -> None:
    schema = pa.schema([("row", pa.int64()), ("tokens", pa.int32())], metadata={"xxh3": _checksum(rows, tokens)})
    try:
        with replacing_stream(path, schema) as writer:
            writer.write_table(pa.table([rows, tokens], schema=schema))
    except OSError as error:
        logger.warning("%s: cannot be kept (%s): the next run counts again", path, error.strerror or error)


def _checksum(rows: NDArray[np.int64], tokens: NDArray[np.int32]) -> str:
    return xxh3_128(rows.tobytes() + tokens.tobytes()).hexdigest()

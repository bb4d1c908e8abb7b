"""Facts about a text, not judgements: what the report sorts by and the judge shows.

Prose is what stands in texts and thoughts. Everything is arithmetic on the bytes of a whole column: a Python string per
candidate would cost more than all of it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.textbytes import Offsets, bytes_of, texts_of
from schemas.example import QUALITY
from schemas.problem import SegmentKind

JUDGED = ("equations_checked", "equations_unparsed", "trailing_chars")
"""Facts that only the judge knows; null where nothing was verified."""

_PROSE = pa.array([SegmentKind.TEXT.value, SegmentKind.THINK.value])
_BRANCHING = (
    r"(?im)\bwait,|^wait\b|\bactually,|\bhmm|\balternatively\b|\bhold on\b|\bon second thoughts?\b"
    r"|\banother (?:way|approach)\b|\blet(?:'|’)?s? (?:me )?(?:re-?|double[- ])?(?:check|verify)\b"
    r"|等等|等一下|或者说|另一种|换(?:一)?种|让我(?:们)?(?:再)?(?:检查|验证|核对)|我们(?:再)?(?:检查|验证)一下"
    r"|\besper[ae](?: aí)?,|\balternativamente\b|\bpensando (?:melhor|bem)\b|\boutr[oa] (?:forma|modo|maneira)\b"
    r"|\b(?:deixe-me|deixa eu|vamos) (?:verificar|conferir|checar)\b"
)
_NEWLINE = ord("\n")
_SENTENCE_ENDS = b".!?"


# Kinds of bytes in UTF-8, as bits.
_FIRST, _INSIDE, _STUCK, _ALONE = 1, 2, 4, 8
# Letters begin with ASCII or a lead byte, but for those of signs (C2, E2, EF, F0).
_LEADS = ((0x41, 0x5A), (0x61, 0x7A), (0xC3, 0xE1), (0xE3, 0xED))


def _table(**ranges: Sequence[tuple[int, int]]) -> bytes:
    """A byte's kinds, as bits: `_FIRST`, `_INSIDE` ..., by the names of the ranges that hold it."""
    bits = {"first": _FIRST, "inside": _INSIDE, "stuck": _STUCK, "alone": _ALONE}
    return bytes(
        sum(bits[name] for name, some in ranges.items() if any(low <= byte <= high for low, high in some))
        for byte in range(256)
    )


_LETTERS = _table(
    first=_LEADS,
    inside=(*_LEADS, (0x80, 0xBF)),
    stuck=(*_LEADS, (0x80, 0xBF), (0x5C, 0x5C)),  # behind a letter or a backslash begins no word
    alone=((0xE4, 0xE9),),  # U+4000 to U+9FFF: Chinese has no spaces, a character is a word
)


def quality_facts(batch: pa.RecordBatch, judged: pa.RecordBatch | None = None) -> pa.StructArray:
    """Measures every candidate (`QUALITY`).

    Args:
        batch: the columns question and segments. A candidate without segments has zeros.
        judged: the columns `JUDGED` of the same candidates, or None when nobody verified them.
    """
    parts = _Parts(batch.column("segments"))
    prose = parts.sum(parts.is_prose * np.diff(parts.offsets))
    steps = parts.sum(parts.is_prose * parts.lines)
    words, repeated = parts.sum(parts.is_prose * _words(parts)), _repeated(parts)
    facts = {
        "question_chars": _numbers(pc.utf8_length(batch.column("question"))),
        "solution_chars": parts.sum(_numbers(pc.utf8_length(parts.texts))),
        "steps": steps,
        "equations": parts.sum(parts.is_prose * parts.count(parts.data == ord("="))),
        "code_lines": parts.sum(parts.is_code * parts.lines),
        "words_per_step": pa.array(words / np.maximum(steps, 1), mask=steps == 0),
        "repetition": pa.array(repeated / np.maximum(prose, 1), mask=prose == 0),
        "branching": parts.sum(parts.is_prose * _numbers(pc.count_substring_regex(parts.texts, pattern=_BRANCHING))),
    }
    facts |= {name: pa.nulls(len(batch)) if judged is None else judged.column(name) for name in JUDGED}
    arrays = [pa.array(facts[field.name]).cast(field.type) for field in QUALITY]
    return pa.StructArray.from_arrays(arrays, fields=list(QUALITY))


class _Parts:
    """All segments of a batch as one run of bytes."""

    def __init__(self, segments: pa.ListArray) -> None:
        flat = pc.list_flatten(segments)
        kinds, self.texts = flat.field("kind"), flat.field("text")
        self.is_code = _numbers(pc.equal(kinds, SegmentKind.CODE.value))
        self.is_prose = _numbers(pc.is_in(kinds, value_set=_PROSE))
        self.ends = np.concatenate([[0], np.cumsum(_numbers(pc.list_value_length(segments)))])
        self.data, self.offsets = bytes_of(self.texts)
        filled = np.diff(self.offsets) > 0
        self.starts, self.stops = self.offsets[:-1][filled], self.offsets[1:][filled]
        begins = self.data != _NEWLINE
        at_start = begins[self.starts]
        begins[1:] &= self.data[:-1] == _NEWLINE
        begins[self.starts] = at_start
        self.lines = self.count(begins)

    def count(self, marks: npt.NDArray[np.bool_]) -> Offsets:
        """How many bytes of each segment are marked."""
        return np.diff(np.searchsorted(np.flatnonzero(marks), self.offsets))

    def sum(self, values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Sums values of segments over the rows that hold them."""
        sums = np.concatenate([[0], np.cumsum(values)])
        return sums[self.ends[1:]] - sums[self.ends[:-1]]


def _words(parts: _Parts) -> Offsets:
    r"""Words of each segment: two letters or more in a row that are no LaTeX command, and Chinese characters."""
    kinds = np.frombuffer(parts.data.tobytes().translate(_LETTERS), np.uint8)
    begins = (kinds & _FIRST) != 0
    at_start = begins[parts.starts]
    begins[1:] &= (kinds[:-1] & _STUCK) == 0
    begins[parts.starts] = at_start
    begins[:-1] &= (kinds[1:] & _INSIDE) != 0
    begins[parts.stops - 1] = False
    if parts.data.max(initial=0) > 0x7F:
        begins |= (kinds & _ALONE) != 0
    return parts.count(begins)


def _repeated(parts: _Parts) -> npt.NDArray[np.float64]:
    """Bytes of each row's prose that stand in lines or sentences which stood in it before."""
    ends = parts.data == _NEWLINE
    for sign in _SENTENCE_ENDS:
        ends[1:] |= (parts.data[:-1] == sign) & (parts.data[1:] == ord(" "))
    ends[parts.stops - 1] = True
    cuts = np.concatenate([[0], np.flatnonzero(ends) + 1])
    sizes, segment = np.diff(cuts), np.searchsorted(parts.offsets, cuts[:-1], side="right") - 1
    counted = (sizes > 1) & (parts.is_prose[segment] == 1)  # an empty line is no repetition
    sentences = np.asarray(texts_of(parts.data, cuts).dictionary_encode().indices, np.int64)[counted]
    row, sizes = np.searchsorted(parts.ends, segment[counted], side="right") - 1, sizes[counted]
    keys = row << 32 | sentences
    order = np.argsort(keys, kind="stable")
    again = np.zeros(len(keys), bool)
    again[order[1:]] = keys[order[1:]] == keys[order[:-1]]
    return np.bincount(row, weights=sizes * again, minlength=len(parts.ends) - 1).astype(np.float64)


def _numbers(array: pa.Array) -> npt.NDArray[np.int64]:
    """Numbers of an array, nulls as zero."""
    return pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)

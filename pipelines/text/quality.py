"""Facts about a text, not judgements: what the report sorts by and the judge shows.

Prose is what stands in texts and thoughts. Everything is arithmetic on the bytes of a whole column: a Python string per
candidate would cost more than all of it.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text.arrays import Bytes, Offsets, bytes_of, sliced, texts_of
from pipelines.text.words import Hashes, eights_of, first_eight, mixed, owners
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

# Kinds of bytes in UTF-8, as bits; a space's is twice that of a sentence's end.
_FIRST, _INSIDE, _STUCK, _ALONE, _STOP, _SPACE = 1, 2, 4, 8, 16, 32
# Letters begin with ASCII or a lead byte, but for those of signs (C2, E2, EF, F0).
_LEADS = ((0x41, 0x5A), (0x61, 0x7A), (0xC3, 0xE1), (0xE3, 0xED))


def _table(**ranges: Sequence[tuple[int, int]]) -> bytes:
    """A byte's kinds, as bits: `_FIRST`, `_INSIDE` ..., by the names of the ranges that hold it."""
    bits = {"first": _FIRST, "inside": _INSIDE, "stuck": _STUCK, "alone": _ALONE, "stop": _STOP, "space": _SPACE}
    return bytes(
        sum(bits[name] for name, spans in ranges.items() if any(low <= byte <= high for low, high in spans))
        for byte in range(256)
    )


_KINDS = _table(
    first=_LEADS,
    inside=(*_LEADS, (0x80, 0xBF)),
    stuck=(*_LEADS, (0x80, 0xBF), (0x5C, 0x5C)),  # behind a letter or a backslash begins no word
    alone=((0xE4, 0xE9),),  # U+4000 to U+9FFF: Chinese has no spaces, a character is a word
    stop=((ord("."), ord(".")), (ord("!"), ord("!")), (ord("?"), ord("?"))),
    space=((ord(" "), ord(" ")),),
)


def quality_facts(batch: pa.RecordBatch, judged: pa.RecordBatch | None = None) -> pa.StructArray:
    """Measures every candidate (`QUALITY`).

    Args:
        batch: the columns question and segments. A candidate without segments has zeros.
        judged: the columns `JUDGED` of the same candidates, or None when nobody verified them.
    """
    solutions = _Solutions(batch.column("segments"))
    slices = list(map(_counts, sliced(batch.column("segments")))) or [_counts(batch.column("segments"))]
    prose, steps, words, repeated, equations, code_lines = map(np.concatenate, zip(*slices, strict=True))
    branching = _numbers(pc.count_substring_regex(solutions.texts, pattern=_BRANCHING))
    facts = {
        "question_chars": _numbers(pc.utf8_length(batch.column("question"))),
        "solution_chars": solutions.sum(_numbers(pc.utf8_length(solutions.texts))),
        "steps": steps,
        "equations": equations,
        "code_lines": code_lines,
        "words_per_step": pa.array(words / np.maximum(steps, 1), mask=steps == 0),
        "repetition": pa.array(repeated / np.maximum(prose, 1), mask=prose == 0),
        "branching": solutions.sum(solutions.is_prose * branching),
    }
    facts |= {name: pa.nulls(len(batch)) if judged is None else judged.column(name) for name in JUDGED}
    arrays = [pa.array(facts[field.name]).cast(field.type) for field in QUALITY]
    return pa.StructArray.from_arrays(arrays, fields=list(QUALITY))


class _Solutions:
    """The segments of some solutions, one after another."""

    def __init__(self, segments: pa.ListArray) -> None:
        flat = pc.list_flatten(segments)
        kinds, self.texts = flat.field("kind"), flat.field("text")
        self.is_code = _numbers(pc.equal(kinds, SegmentKind.CODE.value))
        self.is_prose = _numbers(pc.is_in(kinds, value_set=_PROSE))
        self.ends = np.concatenate([[0], np.cumsum(_numbers(pc.list_value_length(segments)))])

    def sum(self, values: Offsets) -> Offsets:
        """Sums values of segments over the solutions that hold them."""
        sums = np.concatenate([[0], np.cumsum(values)])
        return sums[self.ends[1:]] - sums[self.ends[:-1]]


class _Bytes:
    """Texts as one run of bytes, with the kinds of each; `starts` and `stops` are of those that are not empty."""

    def __init__(self, texts: pa.Array) -> None:
        self.data, self.offsets = bytes_of(texts)
        self.kinds = np.frombuffer(self.data.tobytes().translate(_KINDS), np.uint8)
        filled = np.diff(self.offsets) > 0
        self.starts, self.stops = self.offsets[:-1][filled], self.offsets[1:][filled]

    def count(self, marks: npt.NDArray[np.bool_]) -> Offsets:
        """How many bytes of each text are marked."""
        borders = itertools.pairwise(self.offsets.tolist())
        return np.array([np.count_nonzero(marks[begin:end]) for begin, end in borders], np.int64)


def _counts(segments: pa.ListArray) -> tuple[Offsets, ...]:
    """Of some solutions: bytes, lines, words, repeated bytes and equations of their prose, and lines of their code."""
    solutions = _Solutions(segments)
    run = _Bytes(solutions.texts)
    lines = _lines(run)
    of_prose = (np.diff(run.offsets), lines, _words(run))
    prose, steps, words = (solutions.sum(solutions.is_prose * values) for values in of_prose)
    equations = solutions.sum(solutions.is_prose * run.count(run.data == ord("=")))
    return prose, steps, words, _repeated(run, solutions), equations, solutions.sum(solutions.is_code * lines)


def _lines(run: _Bytes) -> Offsets:
    """Lines of each text that are not empty."""
    begins = run.data != _NEWLINE
    at_start = begins[run.starts]
    begins[1:] &= run.data[:-1] == _NEWLINE
    begins[run.starts] = at_start
    return run.count(begins)


def _words(run: _Bytes) -> Offsets:
    r"""Words of each text: two letters or more in a row that are no LaTeX command, and Chinese characters."""
    kinds = run.kinds
    begins = (kinds & _FIRST) != 0
    at_start = begins[run.starts]
    begins[1:] &= (kinds[:-1] & _STUCK) == 0
    begins[run.starts] = at_start
    begins[:-1] &= (kinds[1:] & _INSIDE) != 0
    begins[run.stops - 1] = False
    if run.data.max(initial=0) > 0x7F:
        begins |= (kinds & _ALONE) != 0
    return run.count(begins)


def _repeated(run: _Bytes, solutions: _Solutions) -> Offsets:
    """Bytes of each solution's prose that stand in lines or sentences which stood in it before."""
    ends = run.data == _NEWLINE
    ends[1:] |= ((run.kinds[:-1] << 1) & run.kinds[1:] & _SPACE) != 0
    ends[run.stops - 1] = True
    cuts = np.concatenate(([0], np.flatnonzero(ends) + 1))
    begins, sizes = cuts[:-1], np.diff(cuts)
    segment = owners(begins, run.offsets)
    row = owners(segment, solutions.ends)
    places = np.flatnonzero((sizes > 1) & (solutions.is_prose[segment] == 1))  # an empty line is no repetition
    prints = _fingerprints(run.data, begins[places], sizes[places]) + mixed(row[places].astype(np.uint64))
    places = places[_crowded(prints)]
    row, sizes = row[places], sizes[places]
    sentences = np.asarray(texts_of(run.data, cuts).take(pa.array(places)).dictionary_encode().indices, np.int64)
    keys = row << 32 | sentences
    order = np.argsort(keys, kind="stable")
    again = np.zeros(len(keys), np.int64)
    again[order[1:]] = keys[order[1:]] == keys[order[:-1]]
    repeated = np.zeros(len(solutions.ends) - 1, np.int64)
    np.add.at(repeated, row, sizes * again)
    return repeated


def _fingerprints(data: Bytes, begins: Offsets, sizes: Offsets) -> Hashes:
    """Equal for equal runs of bytes: their lengths, first and last eight bytes."""
    eights = eights_of(data)
    last = first_eight(eights, begins + np.maximum(sizes - 8, 0), sizes)
    return mixed(first_eight(eights, begins, sizes) + sizes.astype(np.uint64)) + mixed(last)


def _crowded(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Which hashes may have an equal: every one that has, and one in sixteen of the others."""
    slots = mixed(hashes).astype(np.int64) & (1 << (16 * len(hashes)).bit_length()) - 1
    return np.bincount(slots)[slots] > 1


def _numbers(array: pa.Array) -> npt.NDArray[np.int64]:
    """Numbers of an array, nulls as zero."""
    return pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)

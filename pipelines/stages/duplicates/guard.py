r"""What two near-duplicates must have in common: numbers, operators, symbols, and the words that ask or count.

Similar words do not make equal mathematics: of the pairs that a 95 % fuzzy match calls duplicates in MATH, 94 % have
different answers. The guard of a text is one hash over the sequence of

    numbers    by value, in digits or words
    operators  and brackets, every sign that is not prose punctuation
    symbols    LaTeX commands, single letters, runs of capitals (x, AB, \angle ABC)
    words      of the closed lists below: what asks, compares, counts, measures or negates; what `how many` asks for

in the order of the text. Everything else (names, things, adjectives) is free to differ. Texts with unequal guards are
never near-duplicates, so near-duplicates can be sought within one guard: see `near`.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.text.arrays import Bytes
from pipelines.text.numerals import WORD_VALUES
from pipelines.text.tokens import DIGIT, LETTER, SHORT_WORDS, SIGN, lookup_of, runs_of
from pipelines.text.words import Hashes, mixed, words_of

_ASK = """
    what which who whose when where why how many much find compute prove
"""
_COMPARE = """
    more less fewer most least than same equal equals only greatest smallest largest maximum minimum longest
    shortest highest lowest first second third fourth fifth last next before after until at not no none never
    cannot neither nor without except if then unless each every per all any both either total altogether sum difference
    product quotient remainder remaining rest left
"""
_COUNT = """
    half halves third thirds quarter quarters double twice triple thrice dozen dozens pair pairs once times
    percent percentage average mean median mode ratio decrease decreases decreased decreasing add added plus
    minus subtract multiplied multiply divided squared cubed hundreds thousands
"""
_KIND = """
    integer integers positive negative nonnegative even odd prime consecutive distinct identical
    indistinguishable complex rational irrational multiple divisor factors root roots degree degrees slope
    intercept domain range area perimeter circumference radius diameter volume height width depth distance angle
    sine cosine tangent triangle square rectangle hexagon pentagon octagon heptagon polygon circle sphere cube
    parallelogram rhombus trapezoid ellipse parabola hyperbola line plane vertex side sides edge edges altitude
    bisector permutation
"""
_MEASURE = """
    minute minutes hour hours day days week weeks month months year years inch inches foot feet yard yards mile
    miles meter meters centimeter centimeters kilometer kilometers cent cents dollar dollars
"""
GUARD_WORDS = tuple(sorted({*f"{_ASK} {_COMPARE} {_COUNT} {_KIND} {_MEASURE}".split()}))
"""Of a pair of opposites one word is enough: `increase` for `decrease` is seen by what is missing."""


_BOUND = np.zeros(256, np.bool_)  # what a one-letter word next to it makes a symbol
_BOUND[list(b"$^_={}()+-*/<>|&0123456789")] = True
_LAYOUT = (
    "left",
    "right",
    "big",
    "bigl",
    "bigr",
    "bigg",
    "biggl",
    "biggr",
    "displaystyle",
    "textstyle",
    "limits",
    "nolimits",
    "noindent",
    "qquad",
    "quad",
    "text",
    "mathrm",
    "textbf",
    "textit",
    "mbox",
)
_STEP = np.uint64(0x9E3779B97F4A7C15)


def guards(texts: pa.Array, *, words: bool) -> Hashes:
    """One hash per text over what near-duplicates must share, in the order of the text.

    Args:
        texts: questions, or solutions.
        words: whether the closed lists count. They do in questions; in the prose of a solution they are free, as its
            numbers, operators and symbols say what is calculated.
    """
    runs = runs_of(texts)
    if not len(runs.starts):
        return np.zeros(len(texts), np.uint64)
    data, hashes = runs.data, runs.hashes
    upper = data - np.uint8(ord("A")) < 26
    counts = (runs.kinds == DIGIT) | (runs.kinds == SIGN)
    letters = np.flatnonzero(runs.kinds == LETTER)
    begin, lengths, rows, spelled = runs.starts[letters], runs.lengths[letters], runs.rows[letters], hashes[letters]
    end = begin + lengths  # a line end follows every text
    shouted = _shouted(upper, lengths, rows, runs.offsets)
    capitals = upper[begin] & upper[end - 1] & ~shouted[rows]
    counts[letters] = _counting(spelled, lengths, data[begin - 1], data[end], capitals, words=words)
    if words:
        asked = np.zeros(len(letters), np.bool_)
        asked[2:] = _HOW.holds(spelled[:-2]) & _MANY.holds(spelled[1:-1]) & (rows[2:] == rows[:-2])
        counts[letters[asked]] = True
    return _sequences(_by_value(hashes[counts]), runs.rows[counts], len(texts))


def _counting(
    hashes: Hashes,
    lengths: npt.NDArray[np.int64],
    before: Bytes,
    after: Bytes,
    capitals: npt.NDArray[np.bool_],
    *,
    words: bool,
) -> npt.NDArray[np.bool_]:
    """Which runs of letters are commands, symbols, number words or words of the closed lists."""
    counting = _NUMBER_HASHES.holds(hashes) | (capitals & (lengths >= 2))
    if words:
        counting |= _GUARD_HASHES.holds(hashes)
    short = np.flatnonzero(lengths <= 2)
    counting[short] |= _BOUND[before[short]] | _BOUND[after[short]] | ~SHORT_WORDS.holds(hashes[short])
    commands = np.flatnonzero(before == ord("\\"))
    counting[commands] = ~_LAYOUT_HASHES.holds(hashes[commands])
    return counting


def _shouted(
    upper: npt.NDArray[np.bool_],
    lengths: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """Which texts are written in capitals, so that capitals say nothing; `lengths` and `rows` are of their words."""
    letters = np.bincount(rows, lengths, minlength=len(offsets) - 1)
    return 2 * np.diff(np.searchsorted(np.flatnonzero(upper), offsets)) > letters


def _by_value(hashes: Hashes) -> Hashes:
    """Gives number words the hash of their digits."""
    places, words = _NUMBER_HASHES.hits(hashes)
    hashes[places] = _VALUE_HASHES[words]
    return hashes


def _sequences(hashes: Hashes, rows: npt.NDArray[np.int64], count: int) -> Hashes:
    """Hashes the sequence of tokens of each row."""
    sizes = np.bincount(rows, minlength=count)
    first = np.cumsum(sizes) - sizes
    rank = np.arange(len(hashes)) - np.repeat(first, sizes)
    powers = np.cumprod(np.full(max(1, int(sizes.max(initial=0))), _STEP))
    sums = np.zeros(count, np.uint64)
    filled = sizes > 0
    if filled.any():
        sums[filled] = np.add.reduceat(mixed(hashes) * powers[rank], first[filled])
    return mixed(sums + sizes.astype(np.uint64))


_GUARD_HASHES = lookup_of(GUARD_WORDS)
_HOW, _MANY = lookup_of(("how",)), lookup_of(("many", "much"))
_LAYOUT_HASHES = lookup_of(_LAYOUT)
_NUMBER_HASHES = lookup_of(tuple(WORD_VALUES))
_VALUE_HASHES = words_of(pa.array([str(value) for value in WORD_VALUES.values()])).hashes

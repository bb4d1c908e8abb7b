r"""What two near-duplicates must have in common: numbers, operators, symbols, and the words that ask or count.

Similar words do not make equal mathematics: of the pairs that a 95 % fuzzy match calls duplicates in MATH, 94 % have
different answers. The guard of a text is one hash over the sequence of

    numbers    by value, in digits or words
    operators  and brackets, every sign that is not prose punctuation
    symbols    LaTeX commands, single letters, runs of capitals (x, AB, \angle ABC)
    words      of the closed lists below: what asks, compares, counts, measures or negates; what `how many` asks for

in the order of the text. Everything else (names, things, adjectives) is free to differ. Texts with unequal guards are
never near-duplicates, so near-duplicates can be sought within one guard: see `minhash`.
"""

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.numerals import WORD_VALUES
from pipelines.postings import Postings
from pipelines.skeleton import LOOK_ALIKES, thousands
from pipelines.textbytes import Bytes, bytes_of, foreign_runs
from pipelines.words import mixed, owners, run_hashes, words_of

Hashes = npt.NDArray[np.uint64]

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

_SHORT_WORDS = (
    "a",
    "i",
    "am",
    "an",
    "as",
    "at",
    "be",
    "by",
    "do",
    "he",
    "if",
    "in",
    "is",
    "it",
    "me",
    "my",
    "no",
    "of",
    "on",
    "or",
    "so",
    "to",
    "up",
    "us",
    "we",
)
"""English words of one or two letters: any other run as short is a symbol (x, AB, cm)."""

_IDEOGRAPHS = frozenset("零一二三四五六七八九十百千万两半倍多少不没无未余剩加减乘除和差积商正负大小最共每各几")
"""What asks, counts, compares or negates in Chinese and Japanese."""

_BLANK, _PROSE, _DIGIT, _LETTER, _SIGN = range(5)  # from digits on they make tokens
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PROSE_SIGNS = b".,;:?!\"'`$\\~#"


def _class_of(byte: int) -> int:
    if byte <= ord(" "):
        return _BLANK
    if byte in b"0123456789":
        return _DIGIT
    if byte in _LETTERS:
        return _LETTER
    return _PROSE if byte in _PROSE_SIGNS else _SIGN


_CLASSES = bytes(map(_class_of, range(256)))
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
_CLOSING = np.zeros(256, np.bool_)
_CLOSING[list(b")}]")] = True
_MOST_REPEATED = 2  # signs behind the first that count: f''', n!!!
_LETTER_HASH = np.uint64(1)
_STEP = np.uint64(0x9E3779B97F4A7C15)


def guards(texts: pa.Array, *, words: bool) -> Hashes:
    """One hash per text over what near-duplicates must share, in the order of the text.

    Args:
        texts: questions, or solutions.
        words: whether the closed lists count. They do in questions; in the prose of a solution they are free, as its
            numbers, operators and symbols say what is calculated.
    """
    runs = _runs(texts)
    if not len(runs.starts):
        return np.zeros(len(texts), np.uint64)
    data, hashes = runs.data, runs.hashes
    upper = data - np.uint8(ord("A")) < 26
    counts = (runs.kinds == _DIGIT) | (runs.kinds == _SIGN)
    letters = np.flatnonzero(runs.kinds == _LETTER)
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


@dataclass(frozen=True, slots=True)
class Tokens:
    """Hashes of one sort of token, and the row of each."""

    hashes: Hashes
    rows: npt.NDArray[np.int64]


def facets(texts: pa.Array) -> tuple[Tokens, Tokens, Tokens]:
    """What texts are made of: numbers in digits, the joints of formulas, and words.

    A joint is a sign with the sign or number next to it. Signs are operators, brackets, commands and single letters;
    all letters are one sign: $x + y$ and $a + b$ ask alike.
    """
    runs = _runs(texts)
    numbers = runs.kinds == _DIGIT
    letters = runs.kinds == _LETTER
    single = letters & (runs.lengths == 1)
    command = np.zeros(len(runs.starts), np.bool_)
    command[letters] = runs.data[runs.starts[letters] - 1] == ord("\\")
    article = np.zeros(len(runs.starts), np.bool_)
    article[single] = _SHORT_HASHES.holds(runs.hashes[single]) | (runs.data[runs.starts[single] - 1] == ord("'"))
    signs = (runs.kinds == _SIGN) | command | (single & ~article)
    words = letters & ~single & ~command
    hashes = np.where(single, _LETTER_HASH, runs.hashes)
    tied = (signs[1:] & (signs | numbers)[:-1]) | (signs[:-1] & numbers[1:])
    tied &= runs.rows[1:] == runs.rows[:-1]
    joints = Tokens((mixed(hashes[:-1]) + hashes[1:])[tied], runs.rows[1:][tied])
    return Tokens(hashes[numbers], runs.rows[numbers]), joints, Tokens(hashes[words], runs.rows[words])


def letter_runs(texts: pa.Array) -> tuple[Tokens, npt.NDArray[np.bool_]]:
    """Every run of letters of the texts, in lower case, accents folded, and which of them are words with a capital."""
    runs = _runs(texts)
    letters = runs.kinds == _LETTER
    capital = (runs.data[runs.starts] - np.uint8(ord("A")) < 26) & (runs.lengths > 1)
    return Tokens(runs.hashes[letters], runs.rows[letters]), capital[letters]


@dataclass(frozen=True, slots=True)
class _Runs:
    """Digits, letters and signs of texts as runs of one class; `data` holds a line end after each text."""

    data: Bytes
    offsets: npt.NDArray[np.int64]
    kinds: Bytes
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    hashes: Hashes
    rows: npt.NDArray[np.int64]


class _Plain(dict[int, str | int]):
    """What a character beyond ASCII counts as, found once each.

    Quotes and dashes are ASCII's, accents fall, ² is ^2 and ½ is 1/2, letters of scripts without closed lists of ours
    are prose (but for the ideographs that count or negate), the rest are signs.
    """

    def __missing__(self, code: int) -> str | int:
        sign = chr(code)
        base = unicodedata.normalize("NFKD", sign).replace("\N{FRACTION SLASH}", "/")
        raised = unicodedata.decomposition(sign).startswith("<super>") and base in "0123456789+-n"
        if code < 128 or sign in _IDEOGRAPHS:
            self[code] = code
        elif code in LOOK_ALIKES:
            self[code] = LOOK_ALIKES[code]
        elif raised:
            self[code] = f"^{base}"
        elif base[0].isascii():
            self[code] = f" {base} " if "/" in base else base if base.isascii() else base[0]
        else:
            self[code] = {"Mn": "", "Cf": "", "Lo": " ", "Lm": " ", "Po": " ", "Ps": " ", "Pe": " "}.get(
                unicodedata.category(sign), code
            )
        return self[code]


_PLAIN = _Plain()


def _to_plain(text: str) -> str:
    return text.translate(_PLAIN)


def _runs(texts: pa.Array) -> _Runs:
    texts = foreign_runs(texts, _to_plain)
    data, offsets = bytes_of(pc.binary_join_element_wise(pc.fill_null(texts, ""), "", "\n"))
    separators = thousands(data, offsets)
    if len(separators):
        offsets = offsets - np.searchsorted(separators, offsets)
        data = np.delete(data, separators)
    kinds, starts, lengths = _tokens(data)
    lower = np.frombuffer(data.tobytes().lower(), np.uint8)
    return _Runs(data, offsets, kinds, starts, lengths, run_hashes(lower, starts, lengths), owners(starts, offsets))


def _tokens(data: Bytes) -> tuple[Bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Runs of digits, of letters, and every sign by itself: their classes, where they start, and their lengths."""
    classes = np.frombuffer(bytearray(data.tobytes().translate(_CLASSES)), np.uint8)
    dots = np.flatnonzero(data[1:-1] == ord(".")) + 1
    classes[dots[(classes[dots - 1] == _DIGIT) & (classes[dots + 1] == _DIGIT)]] = _DIGIT
    _mark_postfix(classes, data)
    borders = (classes[1:] != classes[:-1]) | (classes[1:] == _SIGN)
    counting = classes >= _DIGIT
    starts = np.flatnonzero(np.concatenate((counting[:1], borders & counting[1:])))
    ends = np.flatnonzero(np.concatenate((borders & counting[:-1], counting[-1:]))) + 1
    return classes[starts], starts, ends - starts


def _mark_postfix(classes: Bytes, data: Bytes) -> None:
    """Makes signs of what follows an operand: 5!, n!, (n + 1)!!, f'(x), A'B'. `Wow!`, `Tom's` and `I'm` have none."""
    for sign in b"!'":
        places = np.flatnonzero(data[1:] == sign) + 1
        before, after = data[places - 1], data[places + 1]
        single = (
            (classes[places - 1] == _LETTER) & (classes[places - 2] != _LETTER) & (after - np.uint8(ord("a")) >= 26)
        )
        factor = (classes[places - 1] == _DIGIT) & (sign == ord("!"))
        classes[places[single | factor | _CLOSING[before]]] = _SIGN
        for _ in range(_MOST_REPEATED):
            classes[places[(before == sign) & (classes[places - 1] == _SIGN)]] = _SIGN


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
    counting[short] |= _BOUND[before[short]] | _BOUND[after[short]] | ~_SHORT_HASHES.holds(hashes[short])
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


def _hashes_of(words: list[str] | tuple[str, ...]) -> Postings:
    return Postings.of(words_of(pa.array(words)).hashes, np.arange(len(words)))


_GUARD_HASHES = _hashes_of(GUARD_WORDS)
_HOW, _MANY = _hashes_of(("how",)), _hashes_of(("many", "much"))
_SHORT_HASHES = _hashes_of(_SHORT_WORDS)
_LAYOUT_HASHES = _hashes_of(_LAYOUT)
_NUMBER_HASHES = _hashes_of(tuple(WORD_VALUES))
_VALUE_HASHES = words_of(pa.array([str(value) for value in WORD_VALUES.values()])).hashes

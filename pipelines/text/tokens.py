r"""Texts as runs of digits, letters and signs: what guards, facets and exchanged words are made of.

    "Is $x^2$ 40,000?"   ->   letters Is, letter x, sign ^, digit 2, digits 40000

Characters beyond ASCII are folded first: quotes and dashes, accents, powers and fractions. Prose punctuation and space
make no token; a thousands comma is no sign.
"""

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text.arrays import Bytes, bytes_of, foreign_runs
from pipelines.text.postings import Postings
from pipelines.text.skeleton import LOOK_ALIKES, thousands
from pipelines.text.words import Hashes, mixed, owners, run_hashes, words_of

_SHORT = (
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

_BLANK, _PROSE, DIGIT, LETTER, SIGN = range(5)  # from digits on they make tokens
_ALPHABET = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PROSE_SIGNS = b".,;:?!\"'`$\\~#"


def _class_of(byte: int) -> int:
    if byte <= ord(" "):
        return _BLANK
    if byte in b"0123456789":
        return DIGIT
    if byte in _ALPHABET:
        return LETTER
    return _PROSE if byte in _PROSE_SIGNS else SIGN


_CLASSES = bytes(map(_class_of, range(256)))
_CLOSING = np.zeros(256, np.bool_)
_CLOSING[list(b")}]")] = True
_MOST_REPEATED = 2  # signs behind the first that count: f''', n!!!
_ANY_LETTER = np.uint64(1)


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
    runs = runs_of(texts)
    numbers = runs.kinds == DIGIT
    letters = runs.kinds == LETTER
    single = letters & (runs.lengths == 1)
    command = np.zeros(len(runs.starts), np.bool_)
    command[letters] = runs.data[runs.starts[letters] - 1] == ord("\\")
    article = np.zeros(len(runs.starts), np.bool_)
    article[single] = SHORT_WORDS.holds(runs.hashes[single]) | (runs.data[runs.starts[single] - 1] == ord("'"))
    signs = (runs.kinds == SIGN) | command | (single & ~article)
    words = letters & ~single & ~command
    hashes = np.where(single, _ANY_LETTER, runs.hashes)
    tied = (signs[1:] & (signs | numbers)[:-1]) | (signs[:-1] & numbers[1:])
    tied &= runs.rows[1:] == runs.rows[:-1]
    joints = Tokens((mixed(hashes[:-1]) + hashes[1:])[tied], runs.rows[1:][tied])
    return Tokens(hashes[numbers], runs.rows[numbers]), joints, Tokens(hashes[words], runs.rows[words])


def letter_runs(texts: pa.Array) -> tuple[Tokens, npt.NDArray[np.bool_]]:
    """Every run of letters of the texts, in lower case, accents folded, and which of them are words with a capital."""
    runs = runs_of(texts)
    letters = runs.kinds == LETTER
    capital = (runs.data[runs.starts] - np.uint8(ord("A")) < 26) & (runs.lengths > 1)
    return Tokens(runs.hashes[letters], runs.rows[letters]), capital[letters]


@dataclass(frozen=True, slots=True)
class Runs:
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


def runs_of(texts: pa.Array) -> Runs:
    """Cuts texts into runs; characters beyond ASCII are folded, thousands commas gone."""
    texts = foreign_runs(texts, _to_plain)
    data, offsets = bytes_of(pc.binary_join_element_wise(pc.fill_null(texts, ""), "", "\n"))
    separators = thousands(data, offsets)
    if len(separators):
        offsets = offsets - np.searchsorted(separators, offsets)
        data = np.delete(data, separators)
    kinds, starts, lengths = _cut(data)
    lower = np.frombuffer(data.tobytes().lower(), np.uint8)
    return Runs(data, offsets, kinds, starts, lengths, run_hashes(lower, starts, lengths), owners(starts, offsets))


def _cut(data: Bytes) -> tuple[Bytes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Runs of digits, of letters, and every sign by itself: their classes, where they start, and their lengths."""
    classes = np.frombuffer(bytearray(data.tobytes().translate(_CLASSES)), np.uint8)
    dots = np.flatnonzero(data[1:-1] == ord(".")) + 1
    classes[dots[(classes[dots - 1] == DIGIT) & (classes[dots + 1] == DIGIT)]] = DIGIT
    _mark_postfix(classes, data)
    borders = (classes[1:] != classes[:-1]) | (classes[1:] == SIGN)
    counting = classes >= DIGIT
    starts = np.flatnonzero(np.concatenate((counting[:1], borders & counting[1:])))
    ends = np.flatnonzero(np.concatenate((borders & counting[:-1], counting[-1:]))) + 1
    return classes[starts], starts, ends - starts


def _mark_postfix(classes: Bytes, data: Bytes) -> None:
    """Makes signs of what follows an operand: 5!, n!, (n + 1)!!, f'(x), A'B'. `Wow!`, `Tom's` and `I'm` have none."""
    for sign in b"!'":
        places = np.flatnonzero(data[1:] == sign) + 1
        before, after = data[places - 1], data[places + 1]
        single = (classes[places - 1] == LETTER) & (classes[places - 2] != LETTER) & (after - np.uint8(ord("a")) >= 26)
        factor = (classes[places - 1] == DIGIT) & (sign == ord("!"))
        classes[places[single | factor | _CLOSING[before]]] = SIGN
        for _ in range(_MOST_REPEATED):
            classes[places[(before == sign) & (classes[places - 1] == SIGN)]] = SIGN


def lookup_of(words: list[str] | tuple[str, ...]) -> Postings:
    """Words, in lower case, to be found by the hash of a run; each has its place as its item."""
    return Postings.of(words_of(pa.array(words)).hashes, np.arange(len(words)))


SHORT_WORDS = lookup_of(_SHORT)

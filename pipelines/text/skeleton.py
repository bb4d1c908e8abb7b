r"""The key form of a mathematical text: what it says, with everything folded that only changes how it looks.

Two texts with one skeleton are the same text typed differently: other alphabets' look-alikes, full-width forms,
zero-width characters, case, spacing, thousands separators and LaTeX layout are folded. What carries mathematics is
not: `x^2` and `x2`, `88/4/2` and `88/(4/2)`, `1 2` and `12` stay apart. A skeleton is only ever hashed or compared,
never stored as text.

It knows nothing of candidates or benchmarks: `collapse`, `identity` and `decontaminate` build on it. Everything works
on arrays (Arrow's RE2 and numpy: about 30 ns a character, a third of what `re` takes); the functions on one text call
them.
"""

import re
import unicodedata
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text.arrays import Bytes, bytes_of, foreign_runs, rewritten, texts_of
from pipelines.text.numerals import NUMBER, number_words, placed_words, plain_digits, value_of
from pipelines.text.words import Places

_LOOK_ALIKES = {
    # Latin letter: Cyrillic, Greek and other letters that are drawn like it (Unicode TR39 confusables, an excerpt).
    "a": "аАΑαɑ",
    "b": "вВΒЬ",
    "c": "сСϲⲥ",
    "d": "ԁ",
    "e": "еЕΕεєҽ",
    "g": "ɡց",
    "h": "һҺнНΗհ",
    "i": "іІΙιıɩ",
    "j": "јЈϳ",
    "k": "кКΚκ",
    "l": "ӏӀ",
    "m": "мМΜ",
    "n": "Νηпո",
    "o": "оОΟοσօⲟ",
    "p": "рРΡρ",
    "q": "ԛզ",
    "r": "гᴦ",
    "s": "ѕЅꜱ",
    "t": "тТΤτ",
    "u": "υսц",
    "v": "ѵѴν",
    "w": "ԝԜωш",
    "x": "хХΧχ",
    "y": "уУΥγү",
    "z": "ΖᴢꮓZ",
    "'": "‘’‚‛′`´ʼ",
    '"': "“”„‟″«»",
    "-": "‐‑‒–—―−﹣",
    "/": "⁄∕",
    ":": "∶：",
    "\\times ": "×",
    "\\cdot ": "⋅·∙",
    "\\div ": "÷",
    "\\le ": "≤",
    "\\ge ": "≥",
    "\\ne ": "≠",
    "\\pi ": "π",
    "^\\circ ": "°",
    "\\infty ": "∞",
    "\\pm ": "±",
    "\\sqrt ": "√",
}
LOOK_ALIKES = {ord(alike): plain for plain, alikes in _LOOK_ALIKES.items() for alike in alikes}
"""What is drawn like it, or means it, by code point."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SUBSCRIPT_RUN = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_VULGAR_FRACTION = re.compile("[¼-¾⅐-⅞]")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)

_LATEX_RULES = (
    # (pattern, replacement), on lower-case text; RE2 syntax. Order matters: layout first, synonyms after.
    # A row end counts as one backslash: a docstring that escapes its LaTeX has the skeleton of the plain text.
    (r"\\{2,}", r"\\"),
    (r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|nolimits|noindent)\b|\\[!()\[\]$]", ""),
    (r"\\(?:q?quad|(?:thin|med|thick|negthin)space|par)\b|\\[,;: ]|~", " "),
    (r"\\[dtc](frac|binom)", r"\\\1"),
    (r"\\([lg])eq(?:slant)?\b", r"\\\1e"),
    (r"\\neq\b", r"\\ne"),
    (r"\\(?:text(?:bf|it|rm)|mathrm|mbox)\b", r"\\text"),
    (r"\\[lc]?dots\b", "..."),
    (r"\\[lr]?vert\b", "|"),
    (r"\\degree\b", r"^\\circ"),
    (r"\\frac\s*(\d)", r"\\frac{\1}"),
    (r"(\\frac\{[^{}]*\})\s*(\d)", r"\1{\2}"),
)
_ODD_LATEX = "|".join(f"(?:{pattern})" for pattern, _ in _LATEX_RULES)  # what no rule matches needs no rule
_SINGLE_BRACED = (r"([^\\])\{\s*([a-z0-9#])\s*\}", r"\1\2")
_GAP = 1
_PLACEHOLDER = "#"
_SPACE, _COMMA, _DOLLAR = (ord(sign) for sign in " ,$")

Mask = npt.NDArray[np.bool_]


def skeleton(text: str) -> str:
    """Folds a text to its key form: equal for texts that differ in looks only."""
    return str(skeletons(pa.array([text]))[0])


def template_form(text: str) -> str:
    """The skeleton with a placeholder for every number, in digits or in words: equal for numeric variants."""
    return str(template_forms(pa.array([text]))[0])


def numbers_of(text: str) -> tuple[Decimal, ...]:
    """The numbers of a text by value, sorted, repeats kept. Number words count from two on: `one` is an article."""
    return numbers_in(pa.array([text]))[0]


def numbers_in(texts: pa.Array) -> list[tuple[Decimal, ...]]:
    """The numbers of each text (`numbers_of`)."""
    return [_numbers(text) for text in _joined_thousands(folded(texts)).to_pylist()]


def _numbers(text: str) -> tuple[Decimal, ...]:
    numbers: list[Decimal] = []

    def collect(value: Decimal) -> str:
        numbers.append(value)
        return " "

    rest = number_words(text, collect)
    numbers.extend(map(value_of, NUMBER.findall(rest)))
    return tuple(sorted(numbers))


def skeletons(texts: pa.Array) -> pa.Array:
    """Folds each text to its key form (`skeleton`). Nulls become empty."""
    return packed(folded(texts))


def template_forms(texts: pa.Array) -> pa.Array:
    """Each text's skeleton with placeholders for numbers (`template_form`). Nulls become empty."""
    return with_placeholders(folded(texts))


def with_placeholders(plain: pa.Array) -> pa.Array:
    """The template forms of folded texts."""
    plain = placed_words(_joined_thousands(plain), _PLACEHOLDER)
    return packed(pc.replace_substring_regex(plain, r"\d+(?:\.\d+)?|\.\d+", _PLACEHOLDER))


def folded(texts: pa.Array) -> pa.Array:
    """Look-alikes, case and LaTeX layout folded; spacing still there, so words and numbers can be told apart."""
    texts = foreign_runs(pc.fill_null(texts, ""), _to_latin)
    texts = pc.replace_substring(pc.ascii_lower(texts), "`", LOOK_ALIKES[ord("`")])
    return rewritten(texts, _ODD_LATEX, _LATEX_RULES)


def packed(plain: pa.Array) -> pa.Array:
    """The skeletons of folded texts.

    What goes is spacing, dollar signs, braces around one character and thousands separators; digits stay apart.
    """
    data, offsets = bytes_of(pc.replace_substring_regex(plain, *_SINGLE_BRACED))
    dropped = (data <= _SPACE) | (data == _DOLLAR)
    dropped[thousands(data, offsets)] = True
    gaps = _gaps(data, dropped, offsets)
    if len(gaps):
        dropped[gaps] = False
        data = data.copy()
        data[gaps] = _GAP
    return _without(data, dropped, offsets)


def _without(data: Bytes, dropped: Mask, offsets: Places) -> pa.Array:
    return texts_of(data.compress(~dropped), offsets - np.searchsorted(np.flatnonzero(dropped), offsets))


def _joined_thousands(texts: pa.Array) -> pa.Array:
    data, offsets = bytes_of(texts)
    separators = thousands(data, offsets)
    if not len(separators):
        return texts
    dropped = np.zeros(len(data), np.bool_)
    dropped[separators] = True
    return _without(data, dropped, offsets)


def thousands(data: Bytes, offsets: Places) -> Places:
    """Where the commas of 1,234 (and 1{,}234) stand: a digit before, exactly three after, all in one text."""
    commas = np.flatnonzero(data == _COMMA)
    last = len(data) - 1

    def at(places: Places) -> Bytes:
        return data[np.clip(places, 0, last)]

    braced = (at(commas - 1) == ord("{")) & (at(commas + 1) == ord("}"))
    before, after = commas - 1 - braced, commas + 1 + braced
    joins = _is_digit(at(before)) & _is_digit(at(after)) & _is_digit(at(after + 1)) & _is_digit(at(after + 2))
    commas, before, after, braced = commas[joins], before[joins], after[joins], braced[joins]
    text = np.searchsorted(offsets, commas, "right")
    begin, end = offsets[text - 1], offsets[text]
    fourth = _is_digit(at(after + 3)) & (after + 3 < end)
    joins = (before >= begin) & (after + 2 < end) & ~fourth
    commas, braced = commas[joins], commas[joins & braced]
    return np.sort(np.concatenate((commas, braced - 1, braced + 1)))


def _gaps(data: Bytes, dropped: Mask, offsets: Places) -> Places:
    """Where spacing that is dropped parts two digits of one text, its last place: `1 2` is not `12`."""
    digits = _is_digit(data)
    left = np.flatnonzero(digits[:-1] & dropped[1:])
    right = left + 1
    running, falls = np.arange(len(right)), np.append(dropped, False)
    while len(running := running[falls[right[running]]]):
        right[running] += 1
    parted = np.flatnonzero(np.append(digits, False)[right] & (data[right - 1] <= _SPACE))
    left, right = left[parted], right[parted]
    same_text = np.searchsorted(offsets, left, "right") == np.searchsorted(offsets, right, "right")
    return (right - 1)[same_text]


def _is_digit(data: Bytes) -> Mask:
    return data - np.uint8(ord("0")) < 10


def _to_latin(text: str) -> str:
    text = _UNSEEN.sub("", text)
    text = _SUPERSCRIPT_RUN.sub(lambda run: _script("^", run[0].translate(_SUPERSCRIPTS)), text)
    text = _SUBSCRIPT_RUN.sub(lambda run: _script("_", run[0].translate(_SUBSCRIPTS)), text)
    text = _VULGAR_FRACTION.sub(lambda sign: f" {sign[0]} ", text)
    return plain_digits(unicodedata.normalize("NFKC", text).translate(LOOK_ALIKES).casefold())


def _script(mark: str, digits: str) -> str:
    return f"{mark}{digits}" if len(digits) == 1 else f"{mark}{{{digits}}}"

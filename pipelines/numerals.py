"""Numbers in running text: in digits, and in English words.

`three` and `3` are one number. `one` is none of them (it is an article more often than a number), and neither are
`half`, `twice` or `dozen`: those are quantity words, which rewordings keep and which `identity` compares as words.
"""

import re
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

NUMBER = re.compile(r"\d+(?:\.\d+)?|(?<![\w.])\.\d+")
"""A number in digits, thousands separators already gone; a sign is an operator and no part of it."""

_UNITS = {
    word: value
    for value, word in enumerate(
        [
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        start=2,
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
WORD_VALUES = {**_UNITS, **_TENS, **_SCALES}
"""The value of every single number word."""

_WORD = "|".join(WORD_VALUES)
_NUMBER_WORDS = re.compile(rf"(?:{_WORD})(?:(?:-| |-one | and )(?:{_WORD}))*(?:-one)?(?![a-z])")
_ANY_NUMBER_WORD = rf"\b(?:{_WORD})\b"
_SPLIT = re.compile(r"[a-z]+")


def number_words(text: str, replace: Callable[[Decimal], str]) -> str:
    """Replaces every run of number words in lower-case text by what `replace` makes of its value."""

    def replaced(run: re.Match[str]) -> str:
        if run.start() and text[run.start() - 1].isalpha():
            return run[0]
        return "".join(replace(value) for value in _values(run[0]))

    return _NUMBER_WORDS.sub(replaced, text)


def has_number_words(texts: pa.Array) -> pa.Array:
    """Which lower-case texts hold a number word."""
    return pc.match_substring_regex(texts, _ANY_NUMBER_WORD)


def value_of(number: str) -> Decimal:
    """The value of a number in digits: `007`, `7.0` and `7` are equal."""
    return Decimal(number).normalize()


def _values(run: str) -> list[Decimal]:
    """Reads `twenty-five` as 25, `two hundred thousand` as 200000, and `five ten` as two numbers."""
    values: list[int] = []
    addable = 1
    for word in _SPLIT.findall(run):
        if word == "and":
            continue
        if word in _SCALES and values:
            values[-1] *= _SCALES[word]
            addable = _SCALES[word]
            continue
        value = 1 if word == "one" else _SCALES.get(word) or _TENS.get(word) or _UNITS[word]
        if values and value < addable:
            values[-1] += value
        else:
            values.append(value)
        addable = value if word in _SCALES else 10 if word in _TENS else 1
    return [Decimal(value).normalize() for value in values]

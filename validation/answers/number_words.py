"""Words behind a number that change what it is worth, in every language: the table `number_words.yaml`, compiled.

A word that is in no entry is the name of what was counted, and changes nothing.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_TABLE = Path(__file__).with_name("number_words.yaml")
_JOINED = re.compile(r"[\u0e01-\u0eff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")  # scripts without spaces between words
# Letters and vowel signs of scripts without capitals, Arabic to Hangul, as a set of characters.
UNCASED = (
    r"\u0621-\u0652\u0671-\u06d3\u0900-\u0963\u0971-\u0d7f"
    r"\u0e01-\u0eff\u1780-\u17d3\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af"
)


@dataclass(frozen=True, slots=True)
class NumberWords:
    """The table, compiled.

    Attributes:
        scales: what a word multiplies by, in small letters.
        percent: a percent sign or word at the end, or in front of the number.
        altering: a word with which the number alone is not the answer.
    """

    scales: dict[str, int]
    percent: re.Pattern[str]
    percent_before: re.Pattern[str]
    altering: re.Pattern[str]


@cache
def number_words() -> NumberWords:
    """Reads and compiles the table."""
    table = yaml.safe_load(unicodedata.normalize("NFKC", _TABLE.read_text("utf-8")))
    entries = table.values()
    return NumberWords(
        scales={word: factor for entry in entries for word, factor in entry["scales"].items()},
        percent=re.compile(rf"(?<!\s)\s*(?:%|{_either(entries, 'percent')})\Z", re.IGNORECASE),
        percent_before=re.compile(rf"([-+]?)\s?(?:{_either(entries, 'percent_before')})\s?(?=\d)", re.IGNORECASE),
        altering=re.compile(_altering(entries), re.IGNORECASE),
    )


def _either(entries: Iterable[dict[str, list[str]]], key: str) -> str:
    words = {word for entry in entries for word in entry.get(key, ())}
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


def _altering(entries: Iterable[dict[str, list[str]]]) -> str:
    """Returns a pattern of whole words, and of what stands anywhere where a script puts no spaces between words."""
    words = {word for entry in entries for word in entry["altering"]}
    joined = sorted(word for word in words if _JOINED.match(word))
    return rf"(?<!\S)(?:{'|'.join(sorted(words - {*joined}))})(?![^\s.])|{'|'.join(joined)}"

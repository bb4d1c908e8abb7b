r"""The value that a last sentence concludes with, for solutions without a marker whose rows have no reference either.

    Therefore, the result that she got is 45.    45
    Por lo tanto, le quedan 12 lápices.          12
    Therefore, the volume is 84\pi.               84\pi
    She gave 15 away, so 45 pens are left.       45
    Thus 3 of the 8 boys sing.                   nothing: which of them is the answer is not said

The words of each language stand in `endings.yaml`. Where there is a reference, `stated.py` looks for it: there a wrong
guess would decide against the row.
"""

import re
from functools import cache

from validation.answers.endings import endings
from validation.answers.listed import Span
from validation.answers.reading import read_value
from validation.answers.spelling import DECIMAL_COMMA, UNSPACED, normalise
from validation.answers.values import Several, Unread, Words

_BRACKETED = frozenset({"tuple", "list", "set"})
_TAIL = 400  # characters; a longer last sentence is no conclusion
_END = re.compile(r"[.!?](?=\s)(?<!\d\.)|(?<=\d)\.(?=\s)|[。！？।]|\n")
_FORMULA = r"\$[^$\n]{1,80}\$|\\\([^\n]{1,80}?\\\)"
_TOUCHES = rf"{UNSPACED}\u0980-\u09ff"  # and Bengali, whose classifiers do: ১২টি
_NUMBER = (
    r"-?[$€£¥]?(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+(?:[.,]\d+)*(?:/\d+)?)(?:\\?%)?"
    rf"(?![^\W{_TOUCHES}]|[/\d]|[.,]\d)"
)
_BARE = (
    r"(?=\S{0,60}[\\+*/^(\[-])(?=\S{0,60}[\d\\])(?!\S{0,60}(?<![\\A-Za-z])[A-Za-z]{2}|\d++-\d++\Z)"
    r"[-+(\[\\{\w]\S{0,60}"
)
"""a formula without its dollars, at the very end; `10-12` is a range"""
_VALUE = re.compile(rf"(?<![^\W{_TOUCHES}])(?<![\d.,/$])(?:{_NUMBER})|{_FORMULA}")
_BEHIND = rf"(?:\s[^\W\d_]{{1,20}}){{0,3}}|\s?[（(]?[{UNSPACED}]{{1,7}}[）)]?"  # what is counted, and a last verb

_PART_BEFORE = re.compile(r"[-+*^{]\Z|[A-Za-z]\(\Z")
_PART_BEHIND = re.compile(r"\\(?!text|mathrm|[ ,;%])|\^|[-+*]\d")
_NUMBERED = re.compile(
    r"\b(?:page|step|part|exercise|problem|question|equation|figure|section|chapter|case)s? \Z", re.I
)


@cache
def _arrival(language: str) -> re.Pattern[str]:
    """The pattern of a sentence that ends in a value behind a verb or an equals sign."""
    arrives = endings().conclusions[language].arrives
    return re.compile(
        rf"(?:{arrives}\s?|=\s?)(?:exactly )?((?:[a-z]\s?=\s?)?(?:{_NUMBER})|{_FORMULA})(?:{_BEHIND})\s*\Z"
        rf"|(?:{arrives}\s?)({_BARE})\Z"
    )


def _is_part(text: str, start: int, end: int) -> bool:
    r"""Whether a number is a part of a formula that is not marked as one: the 1 of `3x-1`, the 84 of `84\pi`."""
    return bool(_PART_BEFORE.search(text, max(0, start - 2), start) or _PART_BEHIND.match(text, end))


def only_value(sentence: str) -> str | None:
    """The one value of a sentence of three words or more that denies nothing and leaves nothing open."""
    values = [*_VALUE.finditer(sentence)] if sentence.count(" ") > 1 else []
    if len(values) != 1 or _NUMBERED.search(sentence, 0, values[0].start()):
        return None
    doubted = endings().conclusions["en"].doubts.search(sentence) or endings().denied.search(sentence)
    return None if doubted else values[0].group()


def find_concluded(text: str, language: str = "en") -> Span | None:
    """Finds the one value of a concluding last sentence, or what it ends in behind `is`, and where that stands."""
    conclusion = endings().conclusions.get(language[:2])
    end = len(text.rstrip(" \n.*。।"))
    begin = max(0, end - _TAIL)
    begin = max((match.end() for match in _END.finditer(text, begin, end)), default=begin)
    if conclusion is None or (begin and begin == end - _TAIL):
        return None
    clauses = [*conclusion.begins.finditer(text[begin:end])]
    if not clauses:
        return None
    begin += clauses[-1].start()
    clause = text[begin:end]
    if conclusion.doubts.search(clause):
        return None
    last, values = _arrival(language[:2]).search(clause), [*_VALUE.finditer(clause)]
    if last is None and (len(values) != 1 or _is_part(clause, *values[0].span())):
        return None
    start, stop = last.span(last.lastindex or 0) if last is not None else values[0].span()
    answer = clause[start:stop].strip(" ,")
    value = read_value(normalise(answer), language[:2] in DECIMAL_COMMA)
    known = value.kind in _BRACKETED if isinstance(value, Several) else not isinstance(value, Unread | Words)
    return (answer, begin + start, begin + stop) if known else None

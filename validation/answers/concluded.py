"""The value that a last sentence concludes with, for solutions without a marker whose rows have no reference either.

    Therefore, the result that she got is 45.    45
    So 12 pens are left.                         12
    Thus 3 of the 8 boys sing.                   nothing: which of them is the answer is not said

Where there is a reference, `stated.py` looks for it: there a wrong guess would decide against the row.
"""

import re

from validation.answers.listed import Span
from validation.answers.reading import read_value
from validation.answers.spelling import normalise
from validation.answers.values import Several, Unread, Words

_TAIL = 400  # characters; a longer last sentence is no conclusion
_END = re.compile(r"[.!?](?=\s)(?<!\d\.)|(?<=\d)\.(?=\s)|\n")
_BEGINS = re.compile(
    r"\W{0,4}(?:therefore|thus|hence|so|consequently|in total|in all|altogether|finally|as a result|this means)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|no|never|cannot|neither|nor|or|unless|if|let|suppose)\b|n't\b|\?", re.IGNORECASE)
_FORMULA = r"\$[^$\n]{1,80}\$|\\\([^\n]{1,80}?\\\)"
_NUMBER = r"-?[$€£]?\d[\d,]*(?:\.\d+)?(?:/\d+)?%?(?![\w/])"
_VALUE = re.compile(rf"(?<![\w.,/$])(?:{_NUMBER})|{_FORMULA}")
_LAST = re.compile(
    rf"(?:\b(?:is|are|was|equals|be|got|to)|=)\s(?:exactly )?((?:[a-z]\s?=\s?)?(?:{_NUMBER})|{_FORMULA})"
    r"(?:\s[^\W\d_]{1,20}){0,3}\s*\Z"
)


def find_concluded(text: str) -> Span | None:
    """Finds the one value of a concluding last sentence, or what it ends in behind `is`, and where that stands."""
    end = len(text.rstrip(" \n.*"))
    begin = max(0, end - _TAIL)
    begin = max((match.end() for match in _END.finditer(text, begin, end)), default=begin)
    sentence = text[begin:end]
    if (begin and begin == end - _TAIL) or not _BEGINS.match(sentence) or _DENIED.search(sentence):
        return None
    last, values = _LAST.search(sentence), [*_VALUE.finditer(sentence)]
    if last is None and len(values) != 1:
        return None
    start, stop = last.span(1) if last is not None else values[0].span()
    answer = sentence[start:stop].strip(" ,")
    value = read_value(normalise(answer))
    known = not isinstance(value, Unread | Words | Several)
    return (answer, begin + start, begin + stop) if known else None

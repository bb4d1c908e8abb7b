"""Says of which texts a computer algebra system would make far more than stands there: towers, factorials, expansions.

The symbolic child is never asked about those. A clock that ends it gives no verdict, and which texts it ends depends on
the machine; what is counted here is the same everywhere.
"""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import accumulate

LARGEST = 200
"""the largest exponent, product of exponents on top of each other, or number below a factorial sign; the exact path
works out powers of numbers up to 20,000 bits and of sums up to the same degree"""
MOST_TERMS = 5_000
"""terms of a text that is expanded, at most: (a+b)^{20}(c+d)^{2} has 63"""
DEEPEST = 10
"""brackets in brackets: the time of \\log(\\log(...)) doubles with each"""
_BEYOND = LARGEST + 1
_OPENING, _CLOSING = "({[", ")}]"
_SCIENTIFIC = re.compile(r"\d\.?\s*[eE]\s*[-+]?\s*[{(]?\d{3}")
_POWER = re.compile(r"\s*(?:\^|\*\*)\s*")
_SHORT_EXPONENT = re.compile(r"[-+]?\s*(?:\\?[A-Za-z]+|[\d.]+)")
_GROWING = re.compile(r"!|\\binom|[\d)\]}]\s*(?:\^|\*\*)")  # in an exponent: 2^{2^n}, e^{x^2} is none
_NAME = re.compile(r"\\?[A-Za-z]+")
_BINOMIAL = re.compile(r"\\binom\s*(\{[^{}]*\}|\S)\s*(\{[^{}]*\}|\S)")
_COUNT = re.compile(r"[({\[]?[\w\s+-]*[)}\]]?\Z")

_Brackets = Mapping[int, int]
"""the place behind the end of each bracket, by where it opens"""


def outgrows(text: str) -> bool:
    """Says whether working a normalised text out could take far more than its length allows."""
    brackets = _brackets(text)
    if _SCIENTIFIC.search(text) or any(map(_is_vast, _counted(text, brackets))):
        return True
    if _depth(text) > DEEPEST:
        return True
    degree, height = _size(text, 0, len(text), brackets)
    names = len(set(_NAME.findall(text)))
    return height > LARGEST or math.comb(degree + names, min(degree, names)) > MOST_TERMS


def _brackets(text: str) -> _Brackets:
    open_, ends = list[int](), dict[int, int]()
    for at, mark in enumerate(text):
        if mark in _OPENING:
            open_.append(at)
        elif mark in _CLOSING and open_:
            ends[open_.pop()] = at + 1
    return ends


def _depth(text: str) -> int:
    return max(accumulate((mark in _OPENING) - (mark in _CLOSING) for mark in text), default=0)


def _counted(text: str, brackets: _Brackets) -> Iterator[str]:
    """What factorials and binomials are taken of."""
    opened = {end: start for start, end in brackets.items()}
    for sign in re.finditer(r"\s*!", text):
        end = sign.start()
        before = re.search(r"[\w.!]*\Z", text[:end])
        yield text[opened.get(end, before.start() if before else end) : end]
    for binomial in _BINOMIAL.finditer(text):
        yield from binomial.groups()


def _is_vast(count: str) -> bool:
    return _COUNT.match(count) is None or _largest(count) > LARGEST


def _largest(text: str) -> int:
    """The largest number of a text, as far as it matters."""
    return max((int(number) if len(number) < 4 else _BEYOND for number in re.findall(r"\d+", text)), default=1)


def _size(text: str, at: int, end: int, brackets: _Brackets) -> tuple[int, int]:
    """The degree of a stretch, each sign in a bracket counted as one, and its highest product of exponents."""
    degree, height, signs, first = 0, 1, 0, at
    while at < end:
        inner = (0, 1)
        if at in brackets:
            inner = _size(text, at + 1, brackets[at] - 1, brackets)
        signs += text[at] in "+-" and at > first
        at = brackets.get(at, at + 1)
        times = _exponent(text, at, brackets)
        degree, height = degree + inner[0] * times, max(height, inner[1] * times)
    return min(degree + signs, _BEYOND), min(height, _BEYOND)


def _exponent(text: str, at: int, brackets: _Brackets) -> int:
    """The largest number that what ends here is raised to; 1 where it is not raised."""
    power = _POWER.match(text, at)
    if power is None:
        return 1
    start = power.end()
    short = _SHORT_EXPONENT.match(text, start)
    end = brackets.get(start, short.end() if short else start)
    grows = _GROWING.search(text[start:end]) or _POWER.match(text, end)
    return _BEYOND if grows else max(1, _largest(text[start:end]))

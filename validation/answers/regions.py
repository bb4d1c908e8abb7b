"""Parts of the real line: inequalities, intervals and their unions, with exact ends."""

import re
from fractions import Fraction
from itertools import pairwise

from validation.answers import algebra, notation
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.brackets import parts
from validation.answers.numerals import localise
from validation.answers.values import Interval, Region, Scalar, Several

RELATION = re.compile(r"(<=|>=|<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z])|\\ne(?![a-zA-Z])|\\in(?![a-zA-Z]))")
NAME = re.compile(
    r"(?:[A-Za-z]|\\[a-z]+)(?:_\{?\w+\}?)?(?:'|\s*\([a-zA-Z](?:,\s*[a-zA-Z])*\)|\^\{-1\}\s*\([a-z]\))?\Z|[A-Z]{2,4}\Z|(?:ans|answer|result|area|total)\Z"
)
_OR = re.compile(r",?\s+or\s+|\s*\\(?:lor|vee)(?![a-zA-Z])|\s*或\s*")
_SIGNS = {"\\le": "<=", "\\ge": ">=", "\\ne": "!=", "\\in": "in"}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}
_REALS = {"\\mathbb{R}", "\\mathbb R", "\\Bbb{R}", "all real numbers", "\\R", "R"}
_UNION = re.compile(r"\\cup|\bU\b|(?<=[)\]])\s*∪\s*")
_UNBOUNDED = re.compile(r"\\infty|oo|inf|\\cup|\bU\b|∪")
_INFINITE = re.compile(r"\s*([-+]?)\s*(?:\\infty|oo|inf|infinity)\s*\Z")


def read_relation(text: str, *, comma: bool) -> Region:
    r"""Reads an inequality, a chain of two, `x \in [1, 2]`, or several of them joined by `or`."""
    alternatives = _OR.split(text)
    if len(alternatives) > 1:
        regions = [read_relation(piece.strip(), comma=comma) for piece in alternatives]
        if len({region.variable for region in regions}) > 1:
            raise UnsupportedError("several variables")
        return Region(tuple(interval for one in regions for interval in one.intervals), regions[0].variable)
    pieces = [piece.strip() for piece in RELATION.split(localise(text, comma=comma))]
    sides, signs = pieces[::2], [_SIGNS.get(sign, sign) for sign in pieces[1::2]]
    if signs == ["in"]:
        region = read_region(sides[1], alone=False)
        if region is None or not NAME.match(sides[0]):
            raise UnsupportedError(text)
        return Region(region.intervals, sides[0])
    if len(signs) == 1 and NAME.match(sides[1]) and not NAME.match(sides[0]):
        sides, signs = sides[::-1], [_FLIPPED[signs[0]]]
    if len(signs) == 1 and NAME.match(sides[0]):
        return Region(_half_line(signs[0], real(sides[1])), sides[0])
    if len(signs) == 2 and NAME.match(sides[1]) and signs[0][0] == signs[1][0] and signs[0][0] in "<>":
        if signs[0][0] == ">":
            sides, signs = sides[::-1], [_FLIPPED[signs[1]], _FLIPPED[signs[0]]]
        low, high = real(sides[0]), real(sides[2])
        return Region((Interval(low, high, "=" in signs[0], "=" in signs[1]),), sides[1])
    if len(signs) == 1:
        return _linear(sides[0], signs[0], sides[1])
    raise UnsupportedError(text)


def _linear(left: str, sign: str, right: str) -> Region:
    """Solves `2x + 1 > 7` for its one variable."""
    apart = algebra.add(notation.read(left), notation.read(right), -1)
    names = algebra.symbols_of(apart)
    name = min(names) if len(names) == 1 else ""
    variable = ((name, Fraction(1)),)
    slope = Fraction(apart.numerator.get(variable, 0))
    if not slope or apart.opaque or not set(apart.numerator) <= {(), variable} or set(apart.denominator) != {()}:
        raise UnsupportedError("not a linear inequality")
    end = algebra.number(-apart.numerator.get((), 0) / slope)
    return Region(_half_line(sign if slope / apart.denominator[()] > 0 else _FLIPPED[sign], end), name)


def _half_line(sign: str, end: Closed) -> tuple[Interval, ...]:
    if sign == "!=":
        return (Interval(None, end, False, False), Interval(end, None, False, False))
    if sign[0] == "<":
        return (Interval(None, end, False, "=" in sign),)
    return (Interval(end, None, "=" in sign, False),)


def real(text: str) -> Closed:
    """Reads an expression that is a number."""
    value = notation.read(text)
    if algebra.magnitude(value) is None:
        raise UnsupportedError("not a number")
    return value


def read_region(text: str, *, alone: bool = True) -> Region | None:
    r"""Reads a union of intervals; a lone `(a,b)` is left to be a tuple unless an end is infinite or half open."""
    if text in _REALS:
        return Region((Interval(None, None, False, False),))
    removed = re.match(r"(\\mathbb\{?\s*R\s*\}?)\s*(?:\\setminus|\\backslash|-|\\)\s*\\\{(.*)\\\}\Z", text)
    if removed:
        points = sorted((real(part) for part in parts(removed.group(2))), key=position_of)
        ends = [None, *points, None]
        return Region(tuple(Interval(a, b, False, False) for a, b in pairwise(ends)))
    if alone and text[0] + text[-1] in ("()", "[]") and not _UNBOUNDED.search(text):
        return None
    pieces = _UNION.split(text)
    intervals = [_interval(piece.strip()) for piece in pieces]
    if len(intervals) == 1 and alone:
        only = intervals[0]
        if only is None or (only.low is not None and only.high is not None and only.low_closed == only.high_closed):
            return None
    if any(interval is None for interval in intervals):
        if len(pieces) > 1:
            raise UnsupportedError(text)
        return None
    return Region(tuple(interval for interval in intervals if interval is not None))


def _interval(text: str) -> Interval | None:
    point = re.match(r"\\\{(.*)\\\}\Z", text)
    if point and len(parts(point.group(1), ",;")) == 1:
        value = real(point.group(1))
        return Interval(value, value, True, True)
    if len(text) < 5 or text[0] not in "([" or text[-1] not in ")]" or not _closes_either(text):
        return None
    ends = parts(text[1:-1], ",;")
    if len(ends) != 2 or not ends[0] or not ends[1]:
        return None
    try:
        low = None if _INFINITE.match(ends[0]) else real(ends[0])
        high = None if _INFINITE.match(ends[1]) else real(ends[1])
    except UnsupportedError:
        return None
    return Interval(low, high, text[0] == "[", text[-1] == "]")


def _closes_either(text: str) -> bool:
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if depth == 0:
            return position == len(text) - 1
    return False


def interval_of(value: Several) -> Region | None:
    """Returns the interval that a pair `(a,b)` or `[a,b]` may stand for."""
    if value.kind not in ("tuple", "list") or len(value.items) != 2:
        return None
    first, second = value.items
    if not (isinstance(first, Scalar) and isinstance(second, Scalar)):
        return None
    closed = value.kind == "list"
    return Region((Interval(first.closed, second.closed, closed, closed),))


def position_of(value: Closed) -> float:
    """Returns about where a number lies on the line, for sorting only."""
    size = algebra.magnitude(value)
    return size.real if size is not None else 0.0


def simplified(region: Region) -> tuple[Interval, ...]:
    """Sorts the intervals and joins those that touch, by exact comparison of the ends."""
    ordered = sorted(region.intervals, key=lambda i: -float("inf") if i.low is None else position_of(i.low))
    joined: list[Interval] = []
    for interval in ordered:
        last = joined[-1] if joined else None
        if last is not None and last.high is not None and interval.low is not None:
            touches = algebra.same(last.high, interval.low) is True and (last.high_closed or interval.low_closed)
            if touches:
                joined[-1] = Interval(last.low, interval.high, last.low_closed, interval.high_closed)
                continue
        joined.append(interval)
    return tuple(joined)

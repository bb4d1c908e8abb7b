"""Parts of the real line: inequalities, intervals and their unions, with exact ends."""

import re
from fractions import Fraction
from functools import reduce
from itertools import pairwise

from validation.answers import algebra, notation
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.brackets import parts
from validation.answers.digits import localise
from validation.answers.values import Interval, Order, Region, Scalar, Several

RELATION = re.compile(r"(<=|>=|<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z])|\\ne(?![a-zA-Z])|\\in(?![a-zA-Z]))")
NAME = re.compile(
    r"(?:[A-Za-z]|\\[A-Za-z]+)(?:_\{?\w+\}?)?(?:'{0,2}\s*\([a-zA-Z](?:,\s*[a-zA-Z])*\)|'|\^\{-1\}\s*\([a-z]\))?\Z|[A-Z]{2,4}\Z|(?:ans|answer|result|area|total)\Z"
)
_BOUNDS = {
    ("at least", "no less than", "no fewer than", "not less than"): ">=",
    ("at most", "no more than", "not more than"): "<=",
    ("more than", "greater than"): ">",
    ("less than", "fewer than"): "<",
}
_BOUND = re.compile(
    rf"(?:({'|'.join(words for group in _BOUNDS for words in group)}) |(<=|>=|<|>|\\le(?![a-z])|\\ge(?![a-z])) ?)"
    r"([-+]?(?:\d+(?:\.\d+)?|\\frac\{\d+\}\{\d+\}|\d+/\d+))\Z"
)
_OR = re.compile(r",?\s+or\s+|\s*\\(?:lor|vee)(?![a-zA-Z])|\s*或\s*")
_BOTH = re.compile(r",?\s+and\s+|,\s*(?=[a-z]\s*\\ne(?![a-zA-Z]))|\s*\\(?:land|wedge)(?![a-zA-Z])|\s*且\s*")
_JOINED = re.compile(r"[(,]|\b(?:or|and)\b|\\(?:lor|vee|land|wedge)|[或且]")
_ORDERS = {"<", ">", "<=", ">="}
_FUNCTION_VALUE = re.compile(r"[fghFGH]\s?\([^()=<>]{1,40}\)\Z")
_ABSOLUTE = re.compile(r"\|([^|]+)\|\Z")
_SIGNS = {"\\le": "<=", "\\ge": ">=", "\\ne": "!=", "\\in": "in"}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}
_REALS = {"\\mathbb{R}", "\\mathbb R", "\\Bbb{R}", "\\R", "R"}
# What stands at the R of the real numbers, and the relation to zero that it asks of them; whether R_+ holds 0 differs.
_DECORATED = re.compile(
    r"(?:\\mathbb\s?\{?R\}?|\\Bbb\{R\}|\\R)\s?(?:\^\s?\{?\s?([+*-])\s?\}?|[_^]\s?\{\s?(<=|>=|<|>|\\le|\\ge|\\ne)\s?0\s?\}"
    r"|\^\{?\\(times|ast)\}?)\Z"
)
_DECORATIONS = {"+": ">", "-": "<", "*": "!=", "times": "!=", "ast": "!="}
_EXCEPT = re.compile(
    r"(?:(?:[Aa]ll|[Aa]ny) )?real(?: number|s)?s?(?: [a-z])? (?:except|other than|but)(?: for)? (?:[a-z] ?= ?)?(.+)\Z"
)
_REMOVED = re.compile(r"(.+?)\s*(?:\\setminus|\\backslash|-|\\)\s*\\\{(.*)\\\}\Z")
_UNION = re.compile(r"\\cup|\bU\b|(?<=[)\]])\s*∪\s*")
_UNBOUNDED = re.compile(r"\\infty|oo|inf|\\cup|\bU\b|∪")
_INFINITE = re.compile(r"\s*([-+]?)\s*(?:\\infty|oo|inf|infinity)\s*\Z")


def read_relation(text: str, *, comma: bool) -> Region | Order:
    """Reads an order of several unknowns such as `a < b`, else what `_read_region` reads."""
    pieces = [piece.strip() for piece in RELATION.split(localise(text, comma=comma))]
    sides, signs = pieces[::2], [_SIGNS.get(sign, sign) for sign in pieces[1::2]]
    valued = [_FUNCTION_VALUE.match(side) is not None for side in sides]
    joined = any(_JOINED.search(side) for side, is_value in zip(sides, valued, strict=True) if not is_value)
    if set(signs) <= _ORDERS and all(sides) and not joined:
        forms = [_form(side) for side in sides]
        named = [form for form in forms if form is not None]
        if len(named) == len(sides):
            unknowns = frozenset[str]().union(*map(algebra.symbols_of, named))
            if len(unknowns) > 1 or any(valued):
                return _order_of(named, signs)
            if not unknowns:  # -3 < 1/2 < 2 is about the order of these numbers
                return _order_of([algebra.symbol(f"#{algebra.name_of(form)}") for form in named], signs)
    return _read_region(text, comma=comma)


def read_bound(text: str) -> Region | None:
    """Reads `at least 5` and `> 5`, which name nothing; None for any other text."""
    match = _BOUND.match(text)
    if match is None:
        return None
    worded, sign, number = match.groups()
    sign = next((sign for words, sign in _BOUNDS.items() if worded in words), sign)
    return Region(_half_line(_SIGNS.get(sign, sign), real(number)))


def _form(text: str) -> Closed | None:
    if _FUNCTION_VALUE.match(text):
        return algebra.symbol("".join(text.split()))
    try:
        return notation.read(text)
    except UnsupportedError:
        return None


def _order_of(sides: list[Closed], signs: list[str]) -> Order:
    """Returns what each sign says of the sides beside it."""
    differences = []
    for (left, right), sign in zip(pairwise(sides), signs, strict=True):
        above = algebra.add(left, right, -1) if sign[0] == ">" else algebra.add(right, left, -1)
        if above.opaque or len(above.denominator) != 1 or () not in above.denominator or not above.numerator:
            raise UnsupportedError("an order of other things than polynomials")
        terms = sorted(above.numerator.items())
        size = abs(Fraction(terms[0][1]))
        differences.append((tuple((monomial, scale / size) for monomial, scale in terms), "=" not in sign))
    return Order(frozenset(differences))


def _read_region(text: str, *, comma: bool) -> Region:
    r"""Reads an inequality, a chain of two, `|x| < 3`, `x \in [1, 2]`, or several joined by `or` or `and`."""
    for joint, join in ((_OR, _either), (_BOTH, _both)):
        pieces = joint.split(text)
        if len(pieces) > 1:
            regions = [_read_region(piece.strip(), comma=comma) for piece in pieces]
            if len({region.variable for region in regions}) > 1:
                raise UnsupportedError("several variables")
            return reduce(join, regions)
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
    if len(signs) == 1 and _ABSOLUTE.match(sides[1]):
        sides, signs = sides[::-1], [_FLIPPED[signs[0]]]
    inside = _ABSOLUTE.match(sides[0])
    if len(signs) == 1 and inside and signs[0] != "!=":
        above = _linear(inside.group(1), signs[0], sides[1])
        below = _linear(inside.group(1), _FLIPPED[signs[0]], f"-({sides[1]})")
        return (_both if signs[0][0] == "<" else _either)(above, below)
    if len(signs) == 1:
        return _linear(sides[0], signs[0], sides[1])
    if len(signs) == 2 and signs[0][0] == signs[1][0] and signs[0][0] in "<>":
        first, second = (f"{sides[at]} {signs[at]} {sides[at + 1]}" for at in (0, 1))
        return _both(_read_region(first, comma=comma), _read_region(second, comma=comma))
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


def _either(left: Region, right: Region) -> Region:
    return Region(left.intervals + right.intervals, left.variable)


def _both(left: Region, right: Region) -> Region:
    pairs = (_meet(one, other) for one in left.intervals for other in right.intervals)
    return Region(tuple(interval for interval in pairs if interval is not None), left.variable)


def _meet(left: Interval, right: Interval) -> Interval | None:
    """Returns what two intervals share."""
    low, low_closed = _inner((left.low, left.low_closed), (right.low, right.low_closed), 1)
    high, high_closed = _inner((left.high, left.high_closed), (right.high, right.high_closed), -1)
    apart = _order(low, high) if low is not None and high is not None else -1
    if apart > 0 or (apart == 0 and not (low_closed and high_closed)):
        return None
    return Interval(low, high, low_closed, high_closed)


def _inner(one: tuple[Closed | None, bool], other: tuple[Closed | None, bool], side: int) -> tuple[Closed | None, bool]:
    """Returns the greater of two lower ends (side 1) or the lesser of two upper ends (side -1)."""
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    order = _order(one[0], other[0]) * side
    if order == 0:
        return one[0], one[1] and other[1]
    return one if order > 0 else other


def _order(left: Closed, right: Closed) -> int:
    """Returns -1, 0 or 1; never 0 or a sign that is not certain."""
    if algebra.same(left, right):
        return 0
    first, second = algebra.magnitude(left), algebra.magnitude(right)
    if first is None or second is None or first.imag or second.imag:
        raise UnsupportedError("ends that have no order")
    if abs(first.real - second.real) <= 1e-9 * max(1.0, abs(first.real)):
        raise UnsupportedError("ends too near to be told apart")
    return 1 if first.real > second.real else -1


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
    if "R" in text and (decorated := _DECORATED.match(text)):
        sign, relation, command = decorated.groups()
        return Region(_half_line(_SIGNS.get(relation, relation) or _DECORATIONS[sign or command], algebra.number(0)))
    if "real" in text and (excepted := _EXCEPT.match(text)):
        return _without(Region((Interval(None, None, False, False),)), excepted.group(1))
    if text.endswith("\\}") and (removed := _REMOVED.match(text)):
        whole = read_region(removed.group(1), alone=False)
        return None if whole is None else _without(whole, removed.group(2))
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


def _without(whole: Region, points: str) -> Region:
    """Returns a region without single points, as they are written."""
    ends = [None, *sorted((real(part) for part in parts(points)), key=position_of), None]
    return _both(whole, Region(tuple(Interval(a, b, False, False) for a, b in pairwise(ends))))


def _interval(text: str) -> Interval | None:
    point = re.match(r"\\\{(.*)\\\}\Z", text)
    if point and len(parts(point.group(1), ",;")) == 1 and point.group(1).lstrip()[:1] != "(":
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
    """Sorts the intervals and joins those that overlap or touch, by exact comparison of the ends."""
    ordered = sorted(region.intervals, key=lambda i: -float("inf") if i.low is None else position_of(i.low))
    joined: list[Interval] = []
    for interval in ordered:
        merged = _joined(joined[-1], interval) if joined else None
        if merged is None:
            joined.append(interval)
        else:
            joined[-1] = merged
    return tuple(joined)


def _joined(left: Interval, right: Interval) -> Interval | None:
    """Returns the union of two intervals, the left one beginning first, where it is one interval."""
    if left.high is not None and right.low is not None:
        gap = _order(right.low, left.high)
        if gap > 0 or (gap == 0 and not (left.high_closed or right.low_closed)):
            return None
    same_start = left.low is None or (right.low is not None and algebra.same(left.low, right.low) is True)
    low_closed = left.low_closed or (same_start and right.low_closed)
    if left.high is None or right.high is None:
        return Interval(left.low, None, low_closed, False)
    order = _order(left.high, right.high)
    closed = {1: left.high_closed, -1: right.high_closed, 0: left.high_closed or right.high_closed}[order]
    return Interval(left.low, left.high if order > 0 else right.high, low_closed, closed)

"""Reads equations: `x = 3`, a quantity with its name, chains of equal numbers, and what is about equal."""

import re
from collections.abc import Callable

from validation.answers import algebra, notation
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.brackets import parts
from validation.answers.regions import NAME
from validation.answers.values import Equation, Scalar, Several, Unread, Value

Read = Callable[[str, bool], Value]
AND = re.compile(
    r"(?:,\s+|(?<!\s)\s+)(?:and|or|und|oder|et|ou|или|lub|oraz|hoặc|và|veya|또는|หรือ|และ|أو|या|और|বা|এবং|和|或)\s+"
    r"|(?<=[\d)}]) (?:y|e|o|u|и|i|en|of|ve|na|au|و) (?=[-\d\\(])"
    r"|\s?\\(?:lor|vee|land|wedge)(?![A-Za-z])\s?"
    r"|(?<=[\d)}\]])\s?(?:和|或|及|与|與|と|または|또는|와|과)\s?(?=[-+\d\\(\[a-z])"
)
_NAMES = re.compile(r"\((?:[A-Za-z]|\\[a-z]+)(?:,\s*(?:[A-Za-z]|\\[a-z]+))+\)\Z")  # (x,y)
# What a quantity is called: AB, \angle ABC, \frac{AB}{CD}, S_{ABC}:S, V_1, \Delta p, f(x).
_QUANTITY = re.compile(
    r"(?:\\(?:bar|hat|overline|tilde|vec)\s?(?:\{[a-z]\}|[a-z])|m?\\(?:angle|triangle|overline|vec|hat|bar|Delta|frac|mathrm|text|operatorname)(?![A-Za-z])|[A-Z]{2,}"
    r"|\\?[A-Za-z]+\s?_\s?(?:\{[^{}]{1,20}\}|\w)(?:\s?\([^()]{1,20}\))?|[A-Z]|(?<=\\Delta )[a-z]|[{}|:/\s])+\Z"
)
# What a number is the value of: \lim_{x \to 0} f(x), \sin A, P(A \cup B), f'(2), Area, \bar{x}.
_VALUED = re.compile(
    r"\\(?:lim|int|iint|oint|sum|prod|max|min|sup|inf)(?![A-Za-z]).{1,100}\Z"
    r"|\\(?:sin|cos|tan|cot)\s?(?:\\angle\s?)?(?:[A-Z]{1,3}|\\(?:alpha|beta|gamma|theta|varphi))\Z"
    r"|(?:[fghFGH]'{0,2}|[PED])\s?\([^()=<>]{1,40}\)\Z|(?:[A-Z][a-z]{2,}|[a-z]{4,}|(?=[a-z]+[_ ])[a-z]{1,15})"
    r"(?:[ _][a-z]{2,15}){0,4}\Z"
)
_ROW = re.compile(r"[a-z] ?= ?-?[\d./]+(?: [a-z] ?= ?-?[\d./]+)+\Z")  # x = 3 y = 2
_NEAR = 0.05  # of a value; what is called about equal lies nearer


def read_equation(text: str, read: Read, *, comma: bool) -> Value:
    """Reads one equals sign, several equations side by side, or a chain that ends in a number.

    Args:
        text: normalised, with an equals sign.
        read: reads a side.
        comma: whether the language writes a decimal comma.

    Raises:
        UnsupportedError: a side is not read, or the sides of a chain differ.
    """
    text = re.sub(r" (?=[a-z] ?=)", ", ", text) if _ROW.match(text) else AND.sub(", ", text)
    pieces = parts(text, ";")
    if len(pieces) > 1:
        text = ", ".join(pieces)
    sides = parts(text, "=")
    pairs = parts(text)
    if len(sides) > 2 and len(pairs) == len(sides) - 1:
        values = [read(pair, comma) for pair in pairs]
        if all(isinstance(value, Equation) and value.name for value in values):
            return Several("bare", tuple(values))
    if len(sides) < 2 or not all(sides):
        raise UnsupportedError("an equals sign with one side")
    if len(sides) > 2:
        return _read_chain(sides, read, comma=comma)
    if NAME.match(sides[1]) and _number(read(sides[0], comma)) is not None:  # 12 = x
        sides = sides[::-1]
    right = read(sides[1], comma)
    if isinstance(right, Unread):
        raise UnsupportedError(sides[1])
    return _equation(sides[0], right)


def read_approximation(text: str, read: Read, *, comma: bool) -> Value:
    r"""Reads `x \approx 3.1` as an equation, and of a number beside its rounding the number."""
    sides = [side.strip() for side in text.split("\\approx")]
    if len(sides) != 2 or not sides[1]:
        raise UnsupportedError("not one sign of approximation")
    right = read(sides[1], comma)
    if isinstance(right, Unread):
        raise UnsupportedError(sides[1])
    if not sides[0]:
        return right
    if _name(sides[0]):
        return _equation(sides[0], right)
    left = read(sides[0], comma)
    sizes = [algebra.magnitude(value.closed) for value in (left, right) if isinstance(value, Scalar)]
    if len(sizes) < 2 or sizes[0] is None or sizes[1] is None or abs(sizes[0] - sizes[1]) > _NEAR * abs(sizes[0]):
        raise UnsupportedError("sides that are not about equal")
    return left


def _read_chain(sides: list[str], read: Read, *, comma: bool) -> Value:
    """Reads `N = 12 + 8 = 20` as N = 20, where all sides that are numbers are the same one."""
    numbers = [_number(read(side, comma)) for side in sides]
    last = numbers[-1]
    if last is None or (numbers[-2] is None and (not _name(sides[0]) or any(map(_name, sides[1:])))):
        raise UnsupportedError("not one equals sign")
    if not all(algebra.same(last.closed, number.closed) for number in numbers if number is not None):
        raise UnsupportedError("a chain whose sides differ")
    return _equation(sides[0], last) if _name(sides[0]) else last


def _number(value: Value) -> Scalar | None:
    return value if isinstance(value, Scalar) and not algebra.symbols_of(value.closed) else None


def _equation(left: str, right: Value) -> Equation:
    name = _name(left) or (left if _number(right) is not None and _VALUED.match(left) else "")
    closed: Closed | None = None
    try:
        closed = notation.read(left)
    except UnsupportedError:
        if not name:
            raise
    return Equation(name.replace(" ", ""), closed, right)


def _name(side: str) -> str:
    return side if NAME.match(side) or _NAMES.match(side) or _QUANTITY.match(side) else ""

"""Functions of closed forms: exact where a table or a rule gives the value, else a generator that stands for it."""

import cmath
import math
from collections.abc import Callable
from fractions import Fraction

from validation.answers import algebra
from validation.answers.algebra import Closed, TooLargeError, UnsupportedError

_MAX_FACTORIAL = 1000
_PI = algebra.symbol("pi")
# sin(k * pi / 12) as a sum of (factor, radicand of a square root); the other quadrants follow by symmetry.
_SINES = {
    0: (),
    1: ((Fraction(1, 4), 6), (Fraction(-1, 4), 2)),
    2: ((Fraction(1, 2), 1),),
    3: ((Fraction(1, 2), 2),),
    4: ((Fraction(1, 2), 3),),
    5: ((Fraction(1, 4), 6), (Fraction(1, 4), 2)),
    6: ((Fraction(1), 1),),
}
_RECIPROCAL = {"sec": "cos", "csc": "sin", "cot": "tan"}
_INVERSE = {"arcsin": "sin", "asin": "sin", "arccos": "cos", "acos": "cos", "arctan": "tan", "atan": "tan"}
# Twelfths of pi that each inverse function may return.
_RANGES = {"sin": range(-6, 7), "cos": range(13), "tan": range(-5, 6)}
_VALUES: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh,
    "sec": lambda x: 1 / cmath.cos(x), "csc": lambda x: 1 / cmath.sin(x), "cot": lambda x: 1 / cmath.tan(x),
    "arctan": cmath.atan, "atan": cmath.atan,
}  # fmt: skip


def _natural(value: Closed) -> int:
    rational = value.rational()
    if rational is None or rational.denominator != 1 or rational < 0:
        raise UnsupportedError("not a natural number")
    return int(rational)


def factorial(value: Closed) -> Closed:
    """Returns n! of a natural number."""
    count = _natural(value)
    if count > _MAX_FACTORIAL:
        raise TooLargeError
    return algebra.number(math.factorial(count))


def binomial(above: Closed, below: Closed) -> Closed:
    """Returns the number of ways to choose `below` things out of `above`."""
    n, k = _natural(above), _natural(below)
    if n > _MAX_FACTORIAL:
        raise TooLargeError
    return algebra.number(math.comb(n, k))


def degrees(value: Closed) -> Closed:
    """Returns an angle of that many degrees, in radians."""
    return algebra.multiply(value, algebra.divide(_PI, algebra.number(180)))


def absolute(value: Closed) -> Closed:
    """Returns |value|: exact for real constants, whose sign an approximation tells."""
    size = algebra.magnitude(value)
    if not value.numerator or (size is not None and abs(size.real) > 1e-9 and not size.imag):
        return algebra.negate(value) if size is not None and size.real < 0 else value
    return algebra.opaque(f"abs({algebra.name_of(value)})", (value,), abs)


def power(base: Closed, exponent: Closed) -> Closed:
    """Returns base ** exponent; e to an imaginary multiple of pi lies on the unit circle."""
    if base == algebra.symbol("e"):
        angle = algebra.divide(exponent, algebra.symbol("i"))
        sine, cosine = _trigonometric("sin", angle), _trigonometric("cos", angle)
        if exponent.numerator and sine is not None and cosine is not None:
            return algebra.add(cosine, algebra.multiply(algebra.symbol("i"), sine))
    return algebra.power(base, exponent)


def apply(name: str, argument: Closed, base: Closed | None) -> Closed:
    """Returns what a function makes of its argument; `base` is that of a logarithm."""
    if name == "exp":
        return power(algebra.symbol("e"), argument)
    if name in ("log", "ln"):
        return _logarithm(name, argument, base)
    exact = _inverse(_INVERSE[name], argument) if name in _INVERSE else _trigonometric(name, argument)
    if exact is not None:
        return exact
    return algebra.opaque(f"{name}({algebra.name_of(argument)})", (argument,), _VALUES.get(name))


def _logarithm(name: str, argument: Closed, base: Closed | None) -> Closed:
    value = algebra.logarithm(argument, "ln" if base is not None else name)
    if base is None:
        return value
    quotient = algebra.divide(value, algebra.logarithm(base))
    exact = _exact_quotient(quotient)
    return exact if exact is not None else quotient._replace(opaque=True)


def _exact_quotient(value: Closed) -> Closed | None:
    """Returns log_4 8 = 3/2 where numerator and denominator are rational multiples of each other."""
    if algebra.proportional(value, Closed(value.denominator, value.denominator)):
        first = min(value.numerator)
        return algebra.number(Fraction(value.numerator[first]) / value.denominator[first])
    return algebra.number(0) if not value.numerator else None


def _trigonometric(name: str, argument: Closed) -> Closed | None:
    """Returns the exact value at a multiple of 15 degrees; None elsewhere and where there is no value."""
    if name in _RECIPROCAL:
        below = _trigonometric(_RECIPROCAL[name], argument)
        return algebra.divide(algebra.number(1), below) if below is not None and below.numerator else None
    if name not in _RANGES:
        return None
    turns = algebra.divide(argument, _PI)
    ratio = _exact_quotient(turns)
    twelfths = None if ratio is None else ratio.numerator.get((), 0) * 12
    if twelfths is None or twelfths.denominator != 1:
        return None
    return _at(name, int(twelfths))


def _at(name: str, step: int) -> Closed | None:
    if name == "sin":
        return _sine(step % 24)
    cosine = _sine((step + 6) % 24)
    if name == "cos":
        return cosine
    return algebra.divide(_sine(step % 24), cosine) if cosine.numerator else None


def _sine(step: int) -> Closed:
    if step >= 12:
        return algebra.negate(_sine(step - 12))
    half = algebra.number(Fraction(1, 2))
    return algebra.total(
        [
            algebra.multiply(algebra.number(factor), algebra.power(algebra.number(radicand), half))
            for factor, radicand in _SINES[min(step, 12 - step)]
        ]
    )


def _inverse(name: str, value: Closed) -> Closed | None:
    """Returns the angle whose sine, cosine or tangent is exactly that value, where it is a multiple of 15 degrees."""
    for step in _RANGES[name]:
        known = _at(name, step)
        if known is not None and algebra.same(known, value):
            return algebra.multiply(_PI, algebra.number(Fraction(step, 12)))
    return None

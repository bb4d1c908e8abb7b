"""Functions of closed forms: exact where a table or a rule gives the value, else a generator that stands for it."""

import cmath
import math
from collections.abc import Callable
from fractions import Fraction

from validation.answers import algebra, powers
from validation.answers.algebra import Closed, TooLargeError, UnsupportedError

_MAX_FACTORIAL = 1000
_MAX_TERM, _LEAST_DISTANCE = 10**7, 1e-6  # a double has 15 digits; terms may cancel
_UNIT, _TWO = algebra.number(1), algebra.number(2)
_CIRCLE = (("i", 1), ("pi", 1))
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
_INVERSE = {"arcsin": "sin", "asin": "sin", "arccos": "cos", "acos": "cos", "arctan": "tan", "atan": "tan"}
# Twelfths of pi that each inverse function may return.
_RANGES = {"sin": range(-6, 7), "cos": range(13), "tan": range(-5, 6)}
# Quotients of sine and cosine, circular and hyperbolic.
_QUOTIENTS = {
    "sin": ("sin", ""), "cos": ("cos", ""), "tan": ("sin", "cos"), "cot": ("cos", "sin"), "sec": ("", "cos"),
    "csc": ("", "sin"), "sinh": ("sinh", ""), "cosh": ("cosh", ""), "tanh": ("sinh", "cosh"),
}  # fmt: skip
_VALUES: dict[str, Callable[[complex], complex]] = {
    "arctan": cmath.atan, "atan": cmath.atan, "arcsin": cmath.asin, "asin": cmath.asin, "arccos": cmath.acos,
    "acos": cmath.acos,
}  # fmt: skip
_I, _HALF = algebra.symbol("i"), algebra.number(Fraction(1, 2))


def _natural(value: Closed) -> int:
    rational = value.rational()
    if rational is None or rational.denominator != 1 or rational < 0:
        raise UnsupportedError("not a natural number")
    return int(rational)


def _beyond(*_: complex) -> complex:
    raise TooLargeError


def _unworked(name: str, *arguments: int) -> Closed:
    """Returns a number too large to be worked out: equal to itself, and beside another one nothing is proven."""
    written = ",".join(map(str, arguments))
    return algebra.opaque(f"{name}({written})", tuple(map(algebra.number, arguments)), _beyond)


def factorial(value: Closed) -> Closed:
    """Returns n! of a natural number."""
    n = _natural(value)
    return algebra.number(math.factorial(n)) if n <= _MAX_FACTORIAL else _unworked("factorial", n)


def double_factorial(value: Closed) -> Closed:
    """Returns n!! of a natural number: 5!! is 5 * 3 * 1, and 3!! is no 6!."""
    n = _natural(value)
    return algebra.number(math.prod(range(n, 0, -2))) if n <= _MAX_FACTORIAL else _unworked("double_factorial", n)


def whole(value: Closed, *, up: bool) -> Closed:
    """Returns the whole number below or above a number; of variables the function of them.

    Raises:
        UnsupportedError: an approximation does not tell it: too large, or too near to a whole number.
    """
    rational = value.rational()
    if rational is None and algebra.symbols_of(value):
        return algebra.opaque(f"{'ceil' if up else 'floor'}({algebra.name_of(value)})", (value,), None)
    if rational is None:
        rational = _approximately(value)
    return algebra.number(math.ceil(rational) if up else math.floor(rational))


def _approximately(value: Closed) -> Fraction:
    """Returns a number near an irrational one, with no whole number between the two."""
    terms = [Closed({monomial: scale}, value.denominator) for monomial, scale in value.numerator.items()]
    names = [name for part in (value.numerator, value.denominator) for monomial in part for name, _ in monomial]
    sizes = [algebra.magnitude(term) for term in terms]
    known = [size for size in sizes if size is not None and not size.imag and abs(size) < _MAX_TERM]
    total = sum(size.real for size in known)
    exact = len(value.denominator) == 1 and not any(isinstance(name, algebra.Generator) for name in names)
    if not exact or len(known) < len(terms) or abs(total - round(total)) < _LEAST_DISTANCE:
        raise UnsupportedError("the whole part of what an approximation does not tell")
    return Fraction(total)


def binomial(above: Closed, below: Closed) -> Closed:
    """Returns the number of ways to choose `below` things out of `above`."""
    n, k = _natural(above), _natural(below)
    return algebra.number(math.comb(n, k)) if n <= _MAX_FACTORIAL else _unworked("binomial", n, min(k, n - k))


def degrees(value: Closed) -> Closed:
    """Returns an angle of that many degrees, in radians."""
    return algebra.multiply(value, algebra.divide(_PI, algebra.number(180)))


def absolute(value: Closed) -> Closed:
    """Returns |value|: exact for real constants, whose sign an approximation tells."""
    size = algebra.magnitude(value)
    if size is not None and not value.opaque:
        real, imaginary = _parts(value)
        if imaginary.numerator:
            return powers.power(algebra.add(powers.power(real, _TWO), powers.power(imaginary, _TWO)), _HALF)
        if not value.numerator or abs(size.real) > 1e-9:
            return algebra.negate(value) if size.real < 0 else value
    return algebra.opaque(f"abs({algebra.name_of(value)})", (value,), abs)


def _parts(value: Closed) -> tuple[Closed, Closed]:
    """Returns the real and the imaginary part of a constant."""
    if any(name == "i" for m in value.denominator for name, _ in m):
        raise UnsupportedError("the parts of a complex number")
    imaginary = {m: scale for m, scale in value.numerator.items() if any(name == "i" for name, _ in m)}
    real = {m: scale for m, scale in value.numerator.items() if m not in imaginary}
    turned = algebra.divide(Closed(imaginary, value.denominator), _I)
    return Closed(real, value.denominator), turned


def power(base: Closed, exponent: Closed) -> Closed:
    """Returns base ** exponent; e to an imaginary multiple of pi lies on the unit circle."""
    return _exponential(exponent) if base == algebra.symbol("e") else powers.power(base, exponent)


def _exponential(exponent: Closed) -> Closed:
    """Returns e ** exponent: exact for each multiple of i pi/12 in it."""
    if exponent.denominator != _UNIT.denominator:
        return powers.power(algebra.symbol("e"), exponent)
    result = _UNIT
    for monomial, scale in exponent.numerator.items():
        twelfths = scale * 12
        if monomial == _CIRCLE and twelfths.denominator == 1:
            step = int(twelfths) % 24
            factor = algebra.add(_sine((step + 6) % 24), algebra.multiply(_I, _sine(step)))
        elif (prime := _prime_of(monomial)) is not None:
            factor = powers.power(algebra.number(prime), algebra.number(scale))
        else:
            factor = powers.power(algebra.symbol("e"), Closed({monomial: scale}, _UNIT.denominator, exponent.opaque))
        result = algebra.multiply(result, factor)
    return result


def _prime_of(monomial: algebra.Monomial) -> int | None:
    """The prime whose natural logarithm a monomial is."""
    name, exponent = monomial[0] if len(monomial) == 1 else ("", 1)
    digits = name.removeprefix("ln")
    return int(digits) if exponent == 1 and digits != name and digits.isdigit() else None


def apply(name: str, argument: Closed, base: Closed | None) -> Closed:
    """Returns what a function makes of its argument; `base` is that of a logarithm."""
    if name == "exp":
        return power(algebra.symbol("e"), argument)
    if name in ("log", "ln"):
        return _logarithm(name, argument, base)
    if name in _QUOTIENTS:
        above, below = (_wave(part, argument) if part else _UNIT for part in _QUOTIENTS[name])
        return algebra.divide(above, below)
    exact = _inverse(_INVERSE[name], argument) if name in _INVERSE else None
    if exact is not None:
        return exact
    return algebra.opaque(f"{name}({algebra.name_of(argument)})", (argument,), _VALUES.get(name))


def _logarithm(name: str, argument: Closed, base: Closed | None) -> Closed:
    natural = base == algebra.symbol("e")
    value = powers.logarithm(argument, "ln" if base is not None else name)
    if base is None or natural:
        return value
    quotient = algebra.divide(value, powers.logarithm(base))
    exact = _exact_quotient(quotient)
    return exact if exact is not None else quotient._replace(opaque=True)


def _exact_quotient(value: Closed) -> Closed | None:
    """Returns log_4 8 = 3/2 where numerator and denominator are rational multiples of each other."""
    if algebra.proportional(value, Closed(value.denominator, value.denominator)):
        first = min(value.numerator)
        return algebra.number(Fraction(value.numerator[first]) / value.denominator[first])
    return algebra.number(0) if not value.numerator else None


def _wave(name: str, angle: Closed) -> Closed:
    """Returns a sine or cosine as a sum of powers of e, which knows every identity between them."""
    hyperbolic, odd = name.endswith("h"), name.startswith("sin")
    turn = angle if hyperbolic else algebra.multiply(_I, angle)
    both = algebra.add(_exponential(turn), _exponential(algebra.negate(turn)), -1 if odd else 1)
    half = algebra.multiply(_HALF, both)
    return algebra.divide(half, _I) if odd and not hyperbolic else half


def _sine(step: int) -> Closed:
    if step >= 12:
        return algebra.negate(_sine(step - 12))
    return algebra.total(
        [
            algebra.multiply(algebra.number(factor), powers.power(algebra.number(radicand), _HALF))
            for factor, radicand in _SINES[min(step, 12 - step)]
        ]
    )


def _inverse(name: str, value: Closed) -> Closed | None:
    """Returns the angle whose sine, cosine or tangent is exactly that value, where it is a multiple of 15 degrees."""
    for step in _RANGES[name]:
        angle = algebra.multiply(_PI, algebra.number(Fraction(step, 12)))
        if algebra.same(apply(name, angle, None), value):
            return angle
    return None

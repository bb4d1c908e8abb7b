r"""Exact arithmetic for closed forms: fractions, roots, pi, i, powers and polynomials, without sympy.

An expression becomes a quotient of two polynomials over the rationals. Their generators are symbols, pi, e, i
(i*i = -1), primes with exponents between 0 and 1 (roots) and powers such as 2^n: such monomials are linearly
independent over Q, so two expressions are equal exactly when the cross-multiplied difference is the empty polynomial.
`powers` and `functions` make them. Whatever falls outside (functions, roots of sums) becomes an *opaque* generator
named by its own canonical form: equal names still prove equality, unequal ones prove nothing until the forms differ in
value somewhere.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from typing import NamedTuple

Rational = int | Fraction  # whole numbers stay int, which is several times faster
Exponent = Rational
Monomial = tuple[tuple[str, Exponent], ...]
Polynomial = Mapping[Monomial, Rational]
Point = Mapping[str, complex]
Function = Callable[..., complex | None]

MAX_TERMS = 400  # (a+b+c+d)^60 has 39,711: refused, not expanded
MAX_BITS = 20_000  # 2^{20000} has 6,021 digits; 9^{9^{9^9}} is refused
MAX_DEGREE = 200
UNIT: Polynomial = {(): 1}
_NOWHERE: Point = {}


class TooLargeError(Exception):
    """The expression cannot be expanded within the bounds above."""


class UnsupportedError(Exception):
    """The notation is not one that this engine reads."""


class Generator(str):
    """The canonical name of a function's value, with the function (None: not known) and what it is applied to."""

    __slots__ = ("arguments", "function")
    arguments: tuple["Closed", ...]
    function: Function | None

    def __new__(cls, name: str, arguments: tuple["Closed", ...], function: Function | None) -> "Generator":
        """Names the value; a question mark keeps it apart from variables."""
        made = super().__new__(cls, f"?{name}")
        made.arguments, made.function = arguments, function
        return made

    def at(self, point: Point) -> complex | None:
        """Returns the approximate value at a point; None where there is none."""
        sizes = [magnitude(argument, point) for argument in self.arguments]
        return None if self.function is None or None in sizes else self.function(*sizes)


class Closed(NamedTuple):
    """An exact closed form `numerator / denominator`; `opaque` when unequal forms may still be equal in value."""

    numerator: Polynomial
    denominator: Polynomial
    opaque: bool = False

    def rational(self) -> Fraction | None:
        """Returns the value when the form is a rational number."""
        above, below = self.numerator, self.denominator
        if len(above) > 1 or (above and () not in above):
            return None
        if below is UNIT:
            return Fraction(above.get((), 0))
        return Fraction(above.get((), 0)) / below[()] if len(below) == 1 and () in below else None


def plain(value: Rational) -> Rational:
    """Returns a whole number as an int."""
    return value.numerator if value.denominator == 1 else value


def number(value: Rational) -> Closed:
    """Returns a rational number as a closed form."""
    return Closed({(): plain(value)} if value else {}, UNIT)


@lru_cache(maxsize=256)
def symbol(name: str) -> Closed:
    """Returns a variable or one of the constants `pi`, `e`, `i`."""
    return Closed({((name, 1),): 1}, UNIT)


def opaque(name: str, arguments: tuple[Closed, ...], function: Function | None) -> Closed:
    """Returns a function's value that has no exact form here.

    Args:
        name: the same for what is surely the same.
        arguments: what the function is applied to.
        function: its approximate value, None where it has none; without it forms are never proven unequal.
    """
    return Closed({((Generator(name, arguments, function), 1),): 1}, UNIT, opaque=True)


def _join(left: Monomial, right: Monomial) -> tuple[Monomial, Rational]:
    """Returns the product of two monomials and the rational number that leaves it: i * i is -1."""
    if not left or not right:
        return left or right, 1
    if len(left) == 1 and len(right) == 1 and left[0][0] != right[0][0]:
        return (left + right if left < right else right + left), 1
    exponents = dict(left)
    for name, exponent in right:
        exponents[name] = plain(exponents.get(name, 0) + exponent)
    factor: Rational = 1
    kept: list[tuple[str, Exponent]] = []
    for name in sorted(exponents):
        exponent, leaving = reduced(name, exponents[name])
        factor *= leaving
        if exponent:
            kept.append((name, exponent))
    return tuple(kept), factor


def reduced(name: str, exponent: Exponent) -> tuple[Exponent, Rational]:
    """Returns the exponent that a generator keeps and the rational number that leaves it: 2^(3/2) is 2 * 2^(1/2)."""
    if name == "i":
        quotient, exponent = divmod(exponent, 2)
        return exponent, -1 if quotient % 2 else 1
    if name.isdigit():
        whole = math.floor(exponent)
        return plain(exponent - whole), bounded_power(int(name), whole)
    return exponent, 1


def _product(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > MAX_TERMS * 25:
        raise TooLargeError
    if left is UNIT:
        return right
    if right is UNIT:
        return left
    if len(left) == 1 and () in left:
        return _scaled(right, left[()])
    if len(right) == 1 and () in right:
        return _scaled(left, right[()])
    result: dict[Monomial, Rational] = {}
    for first, scale in left.items():
        for second, weight in right.items():
            monomial, factor = _join(first, second)
            total = plain(result.get(monomial, 0) + scale * weight * factor)
            if total:
                result[monomial] = total
            else:
                result.pop(monomial, None)
    if len(result) > MAX_TERMS:
        raise TooLargeError
    return result


def _scaled(terms: Polynomial, factor: Rational) -> Polynomial:
    return {monomial: plain(scale * factor) for monomial, scale in terms.items()}


def _sum(left: Polynomial, right: Polynomial, sign: int = 1) -> Polynomial:
    result = dict(left)
    for monomial, scale in right.items():
        total = plain(result.get(monomial, 0) + sign * scale)
        if total:
            result[monomial] = total
        else:
            result.pop(monomial, None)
    return result


def add(left: Closed, right: Closed, sign: int = 1) -> Closed:
    """Returns left + sign * right."""
    unknown = left.opaque or right.opaque
    if left.denominator is right.denominator or left.denominator == right.denominator:
        return Closed(_sum(left.numerator, right.numerator, sign), left.denominator, unknown)
    numerator = _sum(_product(left.numerator, right.denominator), _product(right.numerator, left.denominator), sign)
    return Closed(numerator, _product(left.denominator, right.denominator), unknown)


def multiply(left: Closed, right: Closed) -> Closed:
    """Returns left * right."""
    return Closed(
        _product(left.numerator, right.numerator),
        _product(left.denominator, right.denominator),
        left.opaque or right.opaque,
    )


def divide(left: Closed, right: Closed) -> Closed:
    """Returns left / right; division by zero is unsupported."""
    if not right.numerator:
        raise UnsupportedError("division by zero")
    if len(right.numerator) == 1:
        ((monomial, scale),) = right.numerator.items()
        if not monomial and right.denominator is UNIT:
            return Closed(_scaled(left.numerator, Fraction(1) / scale), left.denominator, left.opaque or right.opaque)
        if all(is_constant(name) for name, _ in monomial):
            inverse, factor = _inverted(monomial)
            above = multiply(left, Closed({inverse: plain(factor / Fraction(scale))}, UNIT))
            return multiply(above, Closed(right.denominator, UNIT, right.opaque))
    return multiply(left, Closed(right.denominator, right.numerator, right.opaque))


def _inverted(monomial: Monomial) -> tuple[Monomial, Rational]:
    """Returns 1 / monomial and the rational number that leaves it: 1/sqrt(2) is sqrt(2) * 1/2."""
    kept: list[tuple[str, Exponent]] = []
    factor: Rational = 1
    for name, exponent in monomial:
        left, leaving = reduced(name, -exponent)
        factor *= leaving
        if left:
            kept.append((name, left))
    return tuple(kept), factor


def negate(value: Closed) -> Closed:
    """Returns -value."""
    return Closed({m: -c for m, c in value.numerator.items()}, value.denominator, value.opaque)


def bounded_power(base: Rational, exponent: int) -> Rational:
    """Returns base ** exponent; raises TooLargeError before it would take long."""
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits * abs(exponent) > MAX_BITS and base not in (0, 1, -1):
        raise TooLargeError
    if base == 0 and exponent < 0:
        raise UnsupportedError("division by zero")
    return plain(Fraction(base) ** exponent) if exponent < 0 else plain(base**exponent)


def _name(terms: Polynomial) -> str:
    parts = []
    for monomial in sorted(terms):
        body = "*".join(f"{name}^{exponent}" for name, exponent in monomial)
        parts.append(f"{terms[monomial]}*{body}" if body else str(terms[monomial]))
    return "+".join(parts) or "0"


def name_of(value: Closed) -> str:
    """Returns a string that is the same for forms with the same numerator and denominator."""
    scale = value.denominator[min(value.denominator)]
    above = {m: plain(Fraction(c) / scale) for m, c in value.numerator.items()}
    below = {m: plain(Fraction(c) / scale) for m, c in value.denominator.items()}
    return f"{_name(above)}/{_name(below)}"


def same(left: Closed, right: Closed) -> bool | None:
    """Returns True or False where it is proven, None where an opaque part leaves it open."""
    if left.denominator == right.denominator:
        if left.numerator == right.numerator:
            return True
        return None if left.opaque or right.opaque else False
    crossed = _sum(_product(left.numerator, right.denominator), _product(right.numerator, left.denominator), -1)
    if not crossed:
        return True
    return None if left.opaque or right.opaque else False


def proportional(left: Closed, right: Closed) -> bool:
    """Returns whether the numerators are nonzero rational multiples of each other: 2x = 4 and x - 2 = 0."""
    if set(left.numerator) != set(right.numerator) or not left.numerator:
        return False
    first = min(left.numerator)
    ratio = Fraction(left.numerator[first]) / right.numerator[first]
    return all(left.numerator[m] == ratio * right.numerator[m] for m in left.numerator)


def symbols_of(value: Closed) -> frozenset[str]:
    """Returns the variables of a form, also those inside of functions; constants are none."""
    found: set[str] = set()
    for name in _generators(value):
        if isinstance(name, Generator):
            found.update(*map(symbols_of, name.arguments))
        elif not is_constant(name):
            found.add(name)
    return frozenset(found)


def _generators(value: Closed) -> set[str]:
    return {name for part in (value.numerator, value.denominator) for monomial in part for name, _ in monomial}


def is_constant(name: str) -> bool:
    """Says whether a generator is a number: pi, e, i, a prime or the logarithm of one."""
    return name in ("pi", "e", "i") or name.removeprefix("ln").removeprefix("log").isdigit()


def degree(value: Closed) -> Rational:
    """Returns the total degree of the numerator in its variables; above every bound where that is no polynomial."""
    variables = symbols_of(value)
    exponents = [e for monomial in value.numerator for name, e in monomial if name in variables]
    if any(isinstance(name, Generator) for name in _generators(value)) or any(e.denominator != 1 for e in exponents):
        return MAX_DEGREE + 1
    return max((sum(e for n, e in m if n in variables) for m in value.numerator), default=0)


def by_power(value: Closed, name: str) -> Mapping[Exponent, Polynomial]:
    """Returns what stands beside each power of a generator in the numerator; it may still be inside of functions."""
    factors: dict[Exponent, dict[Monomial, Rational]] = {}
    for monomial, scale in value.numerator.items():
        rest = tuple(pair for pair in monomial if pair[0] != name)
        factors.setdefault(dict(monomial).get(name, 0), {})[rest] = scale
    return factors


def total(values: list[Closed]) -> Closed:
    """Returns the sum of the values."""
    return reduce(add, values, number(0))


def magnitude(value: Closed, point: Point = _NOWHERE) -> complex | None:
    """Returns an approximate value, given those of the variables; None where there is none.

    For ordering and for refuting, never for accepting.
    """
    try:
        below = _evaluate(value.denominator, point)
        above = _evaluate(value.numerator, point)
        return above / below if above is not None and below else None
    except (OverflowError, ZeroDivisionError, ValueError):
        return None


def _evaluate(terms: Polynomial, point: Point) -> complex | None:
    result = 0j
    for monomial, scale in terms.items():
        value: complex = complex(float(scale))
        for name, exponent in monomial:
            base = name.at(point) if isinstance(name, Generator) else _constant(name, point)
            if base is None:
                return None
            value *= base ** (int(exponent) if exponent.denominator == 1 else float(exponent))
        result += value
    return result


def _constant(name: str, point: Point) -> complex | None:
    if name in point:
        return point[name]
    known: dict[str, complex] = {"pi": math.pi, "e": math.e, "i": 1j}
    if name in known:
        return known[name]
    if name.isdigit():
        return float(name)
    for prefix, function in (("ln", math.log), ("log", math.log10)):
        if name.startswith(prefix) and name[len(prefix) :].isdigit():
            return function(int(name[len(prefix) :]))
    return None

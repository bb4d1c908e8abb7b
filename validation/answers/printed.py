"""Numbers that a machine printed: the digits of a double beside an exact value, and decimals that are cut short.

The exact value is worked out to 50 digits, so that no double decides about a double: 2.3333333333333335 lies within
a few units in the last place of 7/3, 2.333 does not, and which of the two a solution should end in is not told by it.
"""

import math
from decimal import Context, Decimal, InvalidOperation, Overflow, localcontext
from fractions import Fraction

from validation.answers import algebra
from validation.answers.algebra import Closed, Generator, Monomial, Rational
from validation.answers.outcome import Comparison, Relation, equal, unknown

IN_FULL = equal("float", "a binary fraction printed in full")
_ULP = Fraction(1, 2**52)  # of a double, beside its value (IEEE 754)
_ULPS = 16  # a chain of some float operations; 12 of 13 of TheoremQA's own printed answers lie within 4
_ULPS_OF_FUNCTIONS = 256  # the value of a function is itself worked out as a double
_MIN_DIGITS = 12  # a double's shortest spelling has 16 or 17 digits, and fewer than 12 once in 10,000
_OF_PRINTED = range(_MIN_DIGITS, 1000)  # and `%.30f` has more
_OF_DOUBLES = range(15, 19)
_NEAR = 6  # digits that numerical work may get right by a method of its own
_MIN_CUT = 3  # 0.6 is no 2/3
_DIGITS = 50
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
_I: Monomial = (("i", 1),)
_PRECISE = Context(prec=_DIGITS, Emax=9999, Emin=-9999)
_NOTHING = Fraction(0)
Plane = tuple[Fraction, Fraction]  # real and imaginary part


def compare_printed(target: Closed, value: Closed, places: int | None, *, both: bool) -> Comparison | None:
    """Compares an exact value with decimals that may be what a machine prints for it.

    Args:
        target: the exact value, or decimals too.
        value: the decimals.
        places: how many digits they show behind the point.
        both: whether the target is decimals too; then nothing is said of decimals that are cut short.

    Returns:
        `equal` by path `float`, `unknown` for a shorter decimal of a value that has no end, None for anything else.
    """
    shown = _decimals(value)
    if places is None or places < 1 or shown is None:
        return None
    found = _precise(target)
    if found is None:
        return None
    exact, ulps = found
    apart, size = abs(exact[0] - shown[0]), abs(exact[0])
    if exact[1] or shown[1]:
        apart, size = max(apart, abs(exact[1] - shown[1])), max(size, abs(exact[1]))
    if size and apart * 10**places >= 1 and apart * 2 * 10 ** (_NEAR - 1) > size:
        return None  # neither a rounding, nor cut short, nor near
    if _significant(shown, places) in (_OF_DOUBLES if both else _OF_PRINTED) and apart <= size * ulps * _ULP:
        return IN_FULL
    if not size and apart < Fraction(1, 10**_MIN_DIGITS):
        return unknown("float", "zero beside what rounding may have left of it")
    if both or _ends(target, places):
        return None
    digits = _equal_digits(size, apart)
    if digits >= _NEAR or apart * 2 * 10**places <= 1 or _is_cut(exact, shown, places):
        written = f"{_written(shown)} beside {_written(exact)}"
        return unknown("rounded", f"{written}: {digits} equal digits, and nothing asks for a rounding")
    return None


def compare_coefficients(target: Closed, value: Closed) -> Comparison | None:
    """Compares formulas one of which has decimals for factors: `0.333333333333333*x` beside `x/3`.

    Returns:
        `equal` where each factor is printed in full, `unknown` where some are cut short, None where one differs.
    """
    first, second = _factors(target), _factors(value)
    if first is None or second is None or first.keys() != second.keys():
        return None
    found = [
        compare_printed(first[letters], factor, _places(factor), both=False)
        for letters, factor in second.items()
        if algebra.same(first[letters], factor) is not True
    ]
    known = [comparison for comparison in found if comparison is not None]
    if not known or len(known) < len(found):
        return None
    return max(known, key=lambda comparison: comparison.outcome is Relation.UNKNOWN)


def _factors(value: Closed) -> dict[Monomial, Closed] | None:
    """What stands at each product of the variables; None where they are not the terms of a sum."""
    if value.opaque or len(value.denominator) != 1 or () not in value.denominator:
        return None
    factors: dict[Monomial, dict[Monomial, Rational]] = {}
    for monomial, scale in value.numerator.items():
        letters = tuple(pair for pair in monomial if not algebra.is_constant(pair[0]))
        constants = tuple(pair for pair in monomial if algebra.is_constant(pair[0]))
        factors.setdefault(letters, {})[constants] = scale
    return {letters: Closed(terms, value.denominator) for letters, terms in factors.items()}


def _places(value: Closed) -> int | None:
    """How many decimals a fraction of a power of ten has."""
    rational = value.rational()
    if rational is None:
        return None
    return next((places for places in range(20) if (rational * 10**places).denominator == 1), None)


def compare_large(exact: Fraction, printed: str) -> Comparison | None:
    """Compares a large whole number with the first digits of it, as machines print them: `1.2676506002282294e+30`."""
    mantissa, _, exponent = printed.lower().partition("e")
    decimals = mantissa.partition(".")[2]
    unit = Fraction(10) ** (int(exponent) - len(decimals))
    apart = abs(exact - Fraction(printed))
    if len(decimals) + 1 in _OF_DOUBLES and apart <= abs(exact) * _ULPS * _ULP:
        return IN_FULL
    return unknown("rounded", f"{printed} beside {exact}") if apart * 2 <= unit and len(decimals) > 1 else None


def _decimals(value: Closed) -> Plane | None:
    """Returns both parts of a number whose parts are rational."""
    if (rational := value.rational()) is not None:
        return rational, _NOTHING
    if value.denominator is not algebra.UNIT or not set(value.numerator) <= {(), _I}:
        return None
    return Fraction(value.numerator.get((), 0)), Fraction(value.numerator.get(_I, 0))


def _significant(shown: Plane, places: int) -> int:
    return max(len(str(abs(part * 10**places).numerator)) for part in shown)


def _ends(target: Closed, places: int) -> bool:
    """Says whether a value is written in full with a few more digits: 1/4 beside 0.3 is no endless decimal."""
    rational = target.rational()
    return rational is not None and (rational * 10 ** (places + 6)).denominator == 1


def _is_cut(exact: Plane, shown: Plane, places: int) -> bool:
    """Says whether digits were left off: 2.66 is what stands at the head of 8/3."""
    cuts = [abs(part) - abs(decimal) for part, decimal in zip(exact, shown, strict=True)]
    same_side = all(part * decimal >= 0 for part, decimal in zip(exact, shown, strict=True))
    return same_side and _significant(shown, places) >= _MIN_CUT and all(0 <= cut * 10**places < 1 for cut in cuts)


def _equal_digits(size: Fraction, apart: Fraction) -> int:
    if not apart:
        return _DIGITS
    unit = Fraction(10) ** math.floor(math.log10(size)) if size else Fraction(1)
    units = unit / (2 * apart)
    return min(len(str(units.numerator // units.denominator)), _DIGITS) if units >= 1 else 0


def _written(parts: Plane) -> str:
    real, imaginary = (f"{float(part):.12g}" for part in parts)
    return real if imaginary == "0" else f"{real} + {imaginary}i"


def _precise(value: Closed) -> tuple[Plane, int] | None:
    """Returns a number to 50 digits, and how many units in the last place of a double it may miss; None: no number."""
    if (rational := value.rational()) is not None:
        return (rational, _NOTHING), _ULPS
    try:
        with localcontext(_PRECISE):
            above, below = (_sum(terms) for terms in (value.numerator, value.denominator))
    except (InvalidOperation, Overflow, OverflowError, ValueError, ZeroDivisionError):
        return None
    if above is None or below is None:
        return None
    size = below[0] ** 2 + below[1] ** 2
    if not size:
        return None
    quotient = (above[0] * below[0] + above[1] * below[1], above[1] * below[0] - above[0] * below[1])
    return (quotient[0] / size, quotient[1] / size), _ULPS_OF_FUNCTIONS if _has_functions(value) else _ULPS


def _has_functions(value: Closed) -> bool:
    terms = (*value.numerator, *value.denominator)
    return any(isinstance(name, Generator) for monomial in terms for name, _ in monomial)


def _sum(terms: algebra.Polynomial) -> Plane | None:
    real = imaginary = Fraction(0)
    for monomial, scale in terms.items():
        parts: Plane = (Fraction(scale), Fraction(0))
        for name, exponent in monomial:
            factor = _power(name, exponent)
            if factor is None:
                return None
            parts = (parts[0] * factor[0] - parts[1] * factor[1], parts[0] * factor[1] + parts[1] * factor[0])
        real, imaginary = real + parts[0], imaginary + parts[1]
    return real, imaginary


def _power(name: str, exponent: Rational) -> Plane | None:
    """Returns a generator raised to a power; None for a variable, or a function that has no value."""
    if isinstance(name, Generator):
        found = name.at({})
        if found is None:
            return None
        raised = found ** (int(exponent) if exponent.denominator == 1 else float(exponent))
        return Fraction(raised.real), Fraction(raised.imag)
    if name == "i":
        return Fraction(0), Fraction(1)
    base = _constant(name)
    if base is None:
        return None
    return Fraction(base ** (Decimal(exponent.numerator) / Decimal(exponent.denominator))), Fraction(0)


def _constant(name: str) -> Decimal | None:
    if name.isdigit():
        return Decimal(name)
    if name in ("pi", "e"):
        return _PI if name == "pi" else Decimal(1).exp()
    for prefix, function in (("ln", Decimal.ln), ("log", Decimal.log10)):
        if name.startswith(prefix) and name[len(prefix) :].isdigit():
            return function(Decimal(name[len(prefix) :]))
    return None

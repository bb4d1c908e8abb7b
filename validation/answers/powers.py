"""Powers, roots and logarithms of closed forms: primes keep fractional exponents, 2^{n-1} is 2^n / 2."""

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from validation.answers.algebra import (
    MAX_DEGREE,
    UNIT,
    Closed,
    Generator,
    Monomial,
    Rational,
    TooLargeError,
    UnsupportedError,
    add,
    bounded_power,
    divide,
    is_constant,
    magnitude,
    multiply,
    name_of,
    number,
    opaque,
    plain,
    reduced,
    symbol,
)

_TRIAL_LIMIT = 10_000


def _repeated(value: Closed, exponent: int) -> Closed:
    if exponent < 0:
        value, exponent = divide(number(1), value), -exponent
    rational = value.rational()
    if rational is not None:
        return number(bounded_power(rational, exponent))
    monomials = max(len(value.numerator), len(value.denominator))
    if exponent > MAX_DEGREE and monomials > 1:
        raise TooLargeError
    result, square = number(1), value
    while exponent:
        if exponent & 1:
            result = multiply(result, square)
        exponent >>= 1
        if exponent:
            square = multiply(square, square)
    return result


@lru_cache(maxsize=4096)
def _factors(value: int) -> tuple[Mapping[int, int], bool]:
    """Returns the prime factors of a positive integer and whether the last one is certainly prime."""
    found: dict[int, int] = {}
    divisor = 2
    while divisor * divisor <= value and divisor <= _TRIAL_LIMIT:
        while value % divisor == 0:
            found[divisor] = found.get(divisor, 0) + 1
            value //= divisor
        divisor += 1 if divisor == 2 else 2
    if value == 1:
        return found, True
    certain = value < _TRIAL_LIMIT * _TRIAL_LIMIT
    root = math.isqrt(value)
    if not certain and root * root == value:
        found[root] = found.get(root, 0) + 2
        return found, root < _TRIAL_LIMIT * _TRIAL_LIMIT
    found[value] = found.get(value, 0) + 1
    return found, certain


@lru_cache(maxsize=4096)
def _rational_root(base: Fraction, exponent: Fraction) -> Closed:
    if base == 0:
        return number(0)
    result = number(1)
    if base < 0:
        if exponent.denominator % 2:  # the real root, as schools teach
            result = number(-1 if exponent.numerator % 2 else 1)
        elif exponent.denominator == 2:
            result = _repeated(symbol("i"), exponent.numerator % 4)
        else:
            raise UnsupportedError("an even root of a negative number")
        base = -base
    unknown = False
    for part, sign in ((base.numerator, 1), (base.denominator, -1)):
        factors, certain = _factors(part)
        unknown = unknown or not certain
        for prime, times in factors.items():
            kept, factor = reduced(str(prime), sign * times * exponent)
            result = multiply(result, Closed({((str(prime), kept),) if kept else (): factor}, UNIT))
    return Closed(result.numerator, result.denominator, unknown)


def _exponential(name: str, exponent: Closed) -> Closed:
    """Returns name^exponent for a prime or `e` and a symbolic exponent: 2^{n-1} is 2^n / 2."""
    if exponent.denominator != UNIT:
        return _opaque_power(symbol("e") if name == "e" else number(int(name)), exponent, name_of(exponent))
    result = number(1)
    for monomial, scale in exponent.numerator.items():
        if monomial:
            part = _power_of(name, monomial, scale)
        elif name == "e":
            part = Closed({(("e", scale),): 1}, UNIT)
        else:
            part = _rational_root(Fraction(int(name)), Fraction(scale))
        result = multiply(result, part)
    return result


def _power_of(name: str, monomial: Monomial, scale: Rational) -> Closed:
    """Returns a generator such as 2^n: transparent where a free variable moves it, by Lindemann and Weierstrass."""
    names = [n for n, _ in monomial]
    variables = [n for n in names if not is_constant(n)]
    known = all(n in ("i", *variables) or n.isdigit() for n in names)  # 2^(x log_2 3) is 3^x, sin(n pi) may be 0
    free = known and bool(variables) and not any(isinstance(n, Generator) for n in names)
    exponent = Closed({monomial: 1}, UNIT)
    base = math.e if name == "e" else float(name)
    generator = Generator(f"{name}^{name_of(exponent)}", (exponent,), lambda size: base**size)
    return Closed({((generator, scale),): 1}, UNIT, opaque=not free)


def power(base: Closed, exponent: Closed) -> Closed:
    """Returns base ** exponent as far as it is exact."""
    degree = exponent.rational()
    if degree is not None and degree.denominator == 1:
        if degree == 0 and not base.numerator:
            raise UnsupportedError("0^0")
        return _repeated(base, int(degree))
    rational = base.rational()
    if degree is not None:
        if rational is not None:
            if abs(degree) > MAX_DEGREE:
                raise TooLargeError
            return _rational_root(rational, degree)
        monomial = _root_of_variable(base, degree) or _root_below(base, degree)
        if monomial is not None:
            return monomial
        denested = _denested(base) if degree == Fraction(1, 2) else None
        return denested if denested is not None else _opaque_power(base, exponent, f"{degree}")
    if base == symbol("e"):
        return _exponential("e", exponent)
    if rational is not None and rational > 0:
        result = number(1)
        for part, sign in ((rational.numerator, 1), (rational.denominator, -1)):
            factors, certain = _factors(part)
            for prime, times in factors.items():
                scaled = multiply(exponent, number(sign * times))
                result = multiply(result, _exponential(str(prime), scaled))
                result = result if certain else result._replace(opaque=True)
        return result
    return _opaque_power(base, exponent, name_of(exponent))


def _root_of_variable(base: Closed, exponent: Fraction) -> Closed | None:
    """Returns sqrt(12 x) as 2 sqrt(3) x^(1/2), where the root has a real value for the same x on either side."""
    if base.denominator is not UNIT or len(base.numerator) != 1:
        return None
    ((monomial, scale),) = base.numerator.items()
    if len(monomial) != 1 or scale < 0:
        return None
    ((name, power_of_it),) = monomial
    odd = power_of_it == 1 or (exponent == Fraction(1, 2) and power_of_it % 2 == 1)
    if is_constant(name) or isinstance(name, Generator) or not odd:
        return None
    root = Closed({((name, plain(power_of_it * exponent)),): 1}, UNIT)
    return multiply(_rational_root(Fraction(scale), exponent), root)


def _root_below(base: Closed, exponent: Fraction) -> Closed | None:
    """Returns sqrt(3 / x) as sqrt(3) / sqrt(x), which are real for the same x."""
    above = base.numerator.get((), 0)
    if len(base.numerator) != 1 or above <= 0 or base.denominator is UNIT:
        return None
    below = _root_of_variable(Closed(base.denominator, UNIT), exponent)
    return None if below is None else divide(_rational_root(Fraction(above), exponent), below)


def _denested(value: Closed) -> Closed | None:
    """Returns sqrt(a + b sqrt(c)) as a sum of two roots, which it is when a^2 - b^2 c is the square of a rational."""
    rest = {monomial: scale for monomial, scale in value.numerator.items() if monomial}
    if value.denominator != UNIT or len(rest) != 1 or any(not n.isdigit() or 2 * e != 1 for n, e in next(iter(rest))):
        return None
    whole, root = number(value.numerator.get((), 0)), Closed(rest, UNIT)
    norm = add(multiply(whole, whole), multiply(root, root), -1).rational()
    first, size = whole.rational(), magnitude(root)
    if norm is None or norm < 0 or first is None or size is None or first <= 0:
        return None
    half, gap = Fraction(1, 2), _rational_root(norm, Fraction(1, 2)).rational()
    if gap is None:
        return None
    sign = 1 if size.real > 0 else -1
    return add(_rational_root((first + gap) * half, half), _rational_root((first - gap) * half, half), sign)


def _opaque_power(base: Closed, exponent: Closed, name: str) -> Closed:
    """Returns a power without an exact value."""
    return opaque(f"({name_of(base)})^({name})", (base, exponent), _positive_power)


def _positive_power(base: complex, exponent: complex) -> complex | None:
    """Returns a power of a positive number; others have several, and which is meant depends on the domain."""
    return base**exponent if base.real > 0 and not base.imag else None


def logarithm(value: Closed, name: str = "ln") -> Closed:
    """Returns a logarithm as a sum over primes: ln 12 is 2 ln 2 + ln 3, and log 100, to base 10, is 2."""
    rational = value.rational()
    if rational is None and (product := _of_product(value, name)) is not None:
        return product
    if rational is None or rational <= 0:
        return opaque(f"{name}({name_of(value)})", (value,), _natural_logarithm if name == "ln" else None)
    result, unknown = number(0), False
    for part, sign in ((rational.numerator, 1), (rational.denominator, -1)):
        factors, certain = _factors(part)
        unknown = unknown or not certain
        for prime, times in factors.items():
            term = Closed({((f"{name}{prime}", 1),): 1}, UNIT)
            if (name, prime) == ("log", 5):  # beside it log 2 is no other number: they are 1 together
                term = add(number(1), Closed({(("log2", 1),): 1}, UNIT), -1)
            result = add(result, multiply(number(sign * times), term))
    return Closed(result.numerator, result.denominator, unknown)


def _of_product(value: Closed, name: str) -> Closed | None:
    """Returns the logarithm of a product of roots and powers of e: that of 2 sqrt(2) is 3/2 ln 2."""
    if len(value.numerator) != 1 or len(value.denominator) != 1:
        return None
    total = number(0)
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        ((monomial, scale),) = part.items()
        if scale <= 0 or not all(factor.isdigit() or (factor == "e" and name == "ln") for factor, _ in monomial):
            return None
        total = add(total, logarithm(number(scale), name), sign)
        for factor, exponent in monomial:
            inner = number(1) if factor == "e" else logarithm(number(int(factor)), name)
            total = add(total, multiply(number(Fraction(exponent)), inner), sign)
    return total


def _natural_logarithm(value: complex) -> float | None:
    return math.log(value.real) if value.real > 0 and not value.imag else None

"""Comparison of equations in several unknowns: one curve written in two ways, or two curves."""

import cmath
from collections.abc import Iterator, Mapping
from itertools import islice, product

from validation.answers import algebra
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.outcome import Comparison, equal, not_equal, unknown
from validation.answers.values import Equation, Scalar

_SAMPLES = (2.0, -0.75, 0.4375, -3.0)  # values of all unknowns but one, exact as floats
_MOST = 64  # points looked at
_CLEAR = 1e-6  # of what the terms amount to: further from zero is no rounding


def compare_curves(gold: Equation, answer: Equation) -> Comparison:
    """Says `equal` where the sides are multiples of each other, `not_equal` where a point of one is none of the other.

    Raises:
        UnsupportedError: neither is shown.
    """
    lefts, sides = [], []
    for equation in (gold, answer):
        if equation.left is None or not isinstance(equation.right, Scalar):
            raise UnsupportedError("an equation of other kinds")
        lefts.append(equation.left)
        sides.append(algebra.add(equation.left, equation.right.closed, -1))
    if algebra.proportional(sides[0], sides[1]):
        return equal("equation")
    if not sides[0].numerator and not sides[1].numerator:  # identities hold whatever they say
        return equal("equation") if algebra.same(lefts[0], lefts[1]) else unknown("equation", "two identities")
    if algebra.add(sides[0], sides[1], -1).rational() is not None:
        return not_equal("equation", "they differ by a constant")
    if algebra.symbols_of(sides[0]) != algebra.symbols_of(sides[1]):
        return unknown("equation", "other letters")
    if _is_refuted(sides[0], sides[1]) or _is_refuted(sides[1], sides[0]):
        return not_equal("equation", "a point of one is none of the other")
    if all(algebra.degree(side) <= 1 and not side.opaque for side in sides):
        return not_equal("equation")
    raise UnsupportedError("equations that are not multiples of each other")


def _is_refuted(curve: Closed, other: Closed) -> bool:
    """Says whether some real point of a curve is clearly none of another one.

    Beside roots and logarithms only points with positive coordinates count: `y = sqrt(x)` may stand for `y^2 = x`.
    """
    plain = all(algebra.degree(side) <= algebra.MAX_DEGREE and not side.opaque for side in (curve, other))
    for point in islice(_points(curve), _MOST):
        if not plain and any(value.real < 0 for value in point.values()):
            continue
        missed = algebra.magnitude(other, point)
        size = max(1.0, *(abs(value) ** 2 for value in point.values()))
        if missed is not None and abs(missed) > _CLEAR * size:
            return True
    return False


def _points(curve: Closed) -> Iterator[Mapping[str, complex]]:
    """Real points of a curve: an unknown that it holds to the second degree at most is solved for."""
    names = sorted(algebra.symbols_of(curve))
    for name in names:
        quadratic = _quadratic(curve, name)
        if quadratic is None:
            continue
        others = [other for other in names if other != name]
        for values in product(_SAMPLES, repeat=len(others)):
            point = dict(zip(others, values, strict=True))
            for root in _real_roots([algebra.magnitude(part, point) for part in quadratic]):
                found = {**point, name: root}
                if algebra.magnitude(curve, found) is not None:  # the denominator is not zero there
                    yield found


def _quadratic(curve: Closed, name: str) -> list[Closed] | None:
    """The factors of 1, x and x^2 in what is zero on the curve; None where x stands elsewhere too."""
    powers = algebra.by_power(curve, name)
    factors = [Closed(powers.get(exponent, {}), algebra.UNIT) for exponent in range(3)]
    if not powers.keys() <= {0, 1, 2} or any(name in algebra.symbols_of(factor) for factor in factors):
        return None
    return factors


def _real_roots(factors: list[complex | None]) -> list[float]:
    constant, slope, square = factors
    if constant is None or slope is None or square is None or any(factor.imag for factor in factors if factor):
        return []
    if not square:
        return [(-constant / slope).real] if slope else []
    root = cmath.sqrt(slope * slope - 4 * square * constant)
    return [] if root.imag else [((-slope + sign * root) / (2 * square)).real for sign in (1, -1)]

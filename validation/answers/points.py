r"""Points with a name, and vectors as sums of i, j and k: `A(1, 2)`, `2\mathbf{i} - \mathbf{j}`."""

import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from validation.answers import algebra
from validation.answers.algebra import Closed
from validation.answers.brackets import closes_at_end
from validation.answers.values import Equation, Scalar, Several, Value

Read = Callable[[str, bool], Value]
_POINT = re.compile(r"([A-Z]'{0,2}(?:_\{?\w\}?)?)\s?(\(.+[,;].+\))\Z")
_COUNTED = re.compile(r"[CPA]\(\s?(\d+)\s?,\s?(\d+)\s?\)\Z")  # may be a number of choices or of arrangements
_CHOSEN = re.compile(r"(C|P|nCr|nPr)\(\s?(\d+)\s?,\s?(\d+)\s?\)\Z")
_MOST_CHOSEN = 1000
_AXES = ("i", "j", "k")


def read_point(text: str, read: Read, *, comma: bool) -> Equation | None:
    """Reads `A(1, 2)` as A = (1, 2); None for any other text."""
    match = _POINT.match(text)
    counted = _COUNTED.match(text)
    if match is None or not closes_at_end(match.group(2), "(", ")"):
        return None
    if counted and int(counted.group(1)) >= int(counted.group(2)):
        return None
    place = read(match.group(2), comma)
    if not isinstance(place, Several) or not all(isinstance(item, Scalar) for item in place.items):
        return None
    return Equation(match.group(1), None, place)


def counted(text: str) -> int | None:
    """The number of choices or arrangements that `C(8, 3)` or `P(5, 2)` may be; None where it is neither."""
    match = _CHOSEN.match(text)
    if match is None:
        return None
    kind, total, chosen = match.group(1), int(match.group(2)), int(match.group(3))
    if chosen > total or total > _MOST_CHOSEN:
        return None
    return math.comb(total, chosen) if kind.lstrip("n")[0] == "C" else math.perm(total, chosen)


def read_points(pieces: Sequence[str], read: Read, *, comma: bool) -> Several | None:
    """Reads `A(1, 2), B(3, 4)`; None where a piece is no point or a name stands twice."""
    points = [read_point(piece, read, comma=comma) for piece in pieces] if len(pieces) > 1 else []
    named = [point for point in points if point is not None]
    if len(named) < max(2, len(pieces)) or len({point.name for point in named}) < len(named):
        return None
    return Several("bare", tuple(named))


def components(value: Value, size: int) -> Several | None:
    """Returns the vector that a sum of multiples of i, j and k is; None for any other value.

    Args:
        value: the sum.
        size: how many components the other side has, two or three.
    """
    if not isinstance(value, Scalar) or value.unit is not None or size not in (2, 3):
        return None
    axes = _AXES[:size]
    if len(value.closed.denominator) != 1 or () not in value.closed.denominator:
        return None
    parts: dict[str, Closed] = {}
    for monomial, scale in value.closed.numerator.items():
        along = [(name, power) for name, power in monomial if name in axes]
        if len(along) != 1 or along[0][1] != 1:
            return None
        rest = tuple(factor for factor in monomial if factor[0] not in axes)
        term = Closed({rest: Fraction(scale)}, value.closed.denominator)
        axis = along[0][0]
        parts[axis] = algebra.add(parts[axis], term) if axis in parts else term
    if not set(parts) - {"i"}:
        return None  # a complex number
    return Several("tuple", tuple(Scalar(parts.get(axis, algebra.number(0))) for axis in axes))

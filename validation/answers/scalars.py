"""Whether two single values are the same: units, percent, bases and roundings as the gold and the question allow."""

import re
from dataclasses import replace
from fractions import Fraction

from validation.answers import algebra
from validation.answers.algebra import UnsupportedError
from validation.answers.compound import conversion, letters_as
from validation.answers.logarithms import compare_logarithms
from validation.answers.outcome import Comparison, Relation, equal, not_equal, unknown
from validation.answers.printed import IN_FULL, compare_coefficients, compare_large, compare_printed
from validation.answers.questions import NOTHING, Asked
from validation.answers.units import CURRENCY_SIGNS, TEMPERATURES, UNITS, Unit, find_unit
from validation.answers.values import Scalar

_EQUAL, _NOT_EQUAL = equal("scalar"), not_equal("scalar")
# Money beside its sign: pounds weigh something elsewhere, and a sign stands for two currencies.
_MONEY = [{UNITS["gbp"], UNITS["pounds"]}, *({CURRENCY_SIGNS["¥"], UNITS[name]} for name in ("yuan", "yen"))]
_TOTALS = frozenset(["total", "altogether", "overall", "left", "remaining"])
_KNOWN_LETTERS = frozenset(["omega", "phi", "varphi"])  # a root of unity, the golden ratio
_SCALES = (1, 0.07, 40)  # of the points at which functions of variables are compared
_UNROUNDED = "equal after rounding, and `verify.rounding` is never"
_IN_FULL = range(14, 18)  # decimals, which a machine printed of a double
_ANGLES = frozenset(["angle", "radians"])
_RANGE = re.compile(r"(\d{1,9})\s?-\s?(\d{1,9})\Z")
_CENT, _EURO = UNITS["cent"], UNITS["euro"]
_POWERS = frozenset(["plain area", "plain cube", "area", "cube"])
_MAX_PLACES = 8  # an approximate value has 15 digits; it decides only far from the middle


def compare_scalars(gold: Scalar, answer: Scalar, asked: Asked = NOTHING) -> Comparison:
    """Compares two single values with their units, percent signs, bases and shown digits."""
    if asked is NOTHING and gold.bare and answer.bare:
        return _compare_values(gold, answer, asked)
    if gold.base != answer.base and asked.bases:
        return _compare_digits_in_base(gold, answer, asked)
    gold, answer = _measured(gold, answer), _measured(answer, gold)
    if _is_plain_beside_power(gold.unit, answer.unit):
        return unknown("unit", "units beside square or cubic units")
    factor = _conversion(gold, answer, asked)
    if factor is None:
        return _unconverted(gold, answer)
    if gold.label and answer.label and gold.label != answer.label and not _alike(gold.label, answer.label):
        return unknown("unit", f"{gold.label!r} and {answer.label!r}")
    if _counts_others(answer.label, asked):
        return unknown("unit", f"{answer.label!r} is not what the question counts")
    target, value = _radians(gold, answer), _radians(answer, gold)
    if factor != 1:
        value = algebra.multiply(value, algebra.number(factor))
    decided = algebra.same(target, value)
    if decided:
        if _other_thing(gold.unit, answer.label) or _other_thing(answer.unit, gold.label):
            return unknown("unit", f"a unit and {gold.label or answer.label!r}")
        return _accepted(gold, answer, asked)
    if gold.percent != answer.percent and _same_digits(gold, answer):
        return equal("percent") if asked.percent else not_equal("percent", "5% is not 5")
    for one, other in ((gold.alternative, value), (target, answer.alternative)):
        if one is not None and other is not None and algebra.same(one, other):
            return unknown("ambiguous", "equal under another reading of the notation")
    printed = _compare_printed(gold, answer, target, value)
    if printed is not None and printed.outcome is Relation.EQUAL:
        return printed
    if (logarithms := compare_logarithms(gold, answer, target, value)) is not None:
        return logarithms
    rounded = _compare_rounded(gold, value, answer, asked)
    if rounded is not None:
        return unknown("rounded", _UNROUNDED) if asked.exact and rounded.outcome is Relation.EQUAL else rounded
    if (gold.unit and not answer.label.isascii()) or (answer.unit and not gold.label.isascii()):
        return unknown("unit", f"{gold.label or answer.label!r} may be a unit")
    return printed or _unlike(target, value, decided)


def _compare_printed(gold: Scalar, answer: Scalar, target: algebra.Closed, value: algebra.Closed) -> Comparison | None:
    """Compares what a machine may have printed for the other side."""
    both = gold.decimals is not None and answer.decimals is not None and gold.decimals not in _IN_FULL
    first, second = gold.rational, value.rational()
    if (first is not None and second is not None) and (
        _is_float_noise(second, answer.decimals, first) or _is_float_noise(first, gold.decimals, second)
    ):
        return IN_FULL
    if (shown := _compare_shown(answer, target, value)) is not None:
        return shown
    printed = compare_printed(target, value, answer.places, both=both)
    if printed is not None or answer.decimals is not None:
        return printed
    return compare_printed(value, target, gold.places, both=True)


def _compare_shown(answer: Scalar, target: algebra.Closed, value: algebra.Closed) -> Comparison | None:
    """Compares decimals that are no decimal number as a whole: those of a large number, and of a formula's factors."""
    exact = target.rational()
    if exact is not None and "e+" in answer.written and value.rational() is not None:
        return compare_large(exact, answer.written)
    return compare_coefficients(target, value) if "." in answer.written else None


def _compare_values(gold: Scalar, answer: Scalar, asked: Asked) -> Comparison:
    decided = algebra.same(gold.closed, answer.closed)
    if decided:
        return _accepted(gold, answer, asked)
    logarithms = compare_logarithms(gold, answer, gold.closed, answer.closed)
    return (
        logarithms or _compare_shown(answer, gold.closed, answer.closed) or _unlike(gold.closed, answer.closed, decided)
    )


def _unlike(target: algebra.Closed, value: algebra.Closed, decided: bool | None) -> Comparison:
    """Says that two values differ, as far as that is proven; `log` beside `ln` may stand for the same function."""
    if decided is None or _mixed_logarithms(target, value):
        return _refuted(target, value)
    if target.rational() is not None and value.rational() is not None:
        return _NOT_EQUAL
    apart = algebra.symbols_of(target) ^ algebra.symbols_of(value)
    if not apart:
        return _NOT_EQUAL
    if apart & _KNOWN_LETTERS:
        return unknown("scalar", "a letter that may stand for a number")
    return equal("constant") if _differ_in_constant(target, value, apart) else _NOT_EQUAL


def _differ_in_constant(target: algebra.Closed, value: algebra.Closed, names: frozenset[str]) -> bool:
    """Says whether `+ C` and `+ c`, any constant of integration, is all that is not the same."""
    constants = {((name, 1),) for name in names}
    if len(names) != 2 or {name.partition("_")[0].lower() for name in names} != {"c"}:
        return False
    renamed = []
    for side in (target, value):
        rest = {monomial: scale for monomial, scale in side.numerator.items() if monomial not in constants}
        renamed.append(algebra.Closed(rest, side.denominator))
        if len(rest) + 1 != len(side.numerator) or names & algebra.symbols_of(renamed[-1]):
            return False
    return algebra.same(*renamed) is True


def _accepted(gold: Scalar, answer: Scalar, asked: Asked) -> Comparison:
    if is_range(gold) and not answer.unevaluated:
        return unknown("range", "a range, or a difference that is not worked out")
    if answer.unevaluated and not gold.unevaluated:
        return unknown("unevaluated", "the value is right, the expression is not worked out")
    if asked.factored and (gold.summed != answer.summed or gold.unevaluated != answer.unevaluated):
        return unknown("form", "equal in value, but the question asks for factors")
    return _EQUAL


def is_range(value: Scalar) -> bool:
    """Says whether a difference such as `10-15` may as well say from where to where."""
    ends = _RANGE.match(value.written) if value.unevaluated else None
    return ends is not None and int(ends.group(1)) < int(ends.group(2))


def _compare_digits_in_base(gold: Scalar, answer: Scalar, asked: Asked) -> Comparison:
    """The question names a base: a bare number is digits in that base, or a plain number."""
    based, bare = (gold, answer) if gold.base else (answer, gold)
    if bare.base or bare.decimals is not None:
        return not_equal("base", "another base than the gold's")
    digits = bare.written if bare.rational is None else str(bare.rational)
    try:
        if based.rational == int(digits, int(based.base)) and int(based.base) in asked.bases:
            return equal("base", "digits in the base that the question names")
    except ValueError:
        pass
    if algebra.same(gold.closed, answer.closed):
        return (
            not_equal("base", "the value in another base") if gold.base else unknown("base", "which base is asked for?")
        )
    return not_equal("base")


def _conversion(gold: Scalar, answer: Scalar, asked: Asked) -> Fraction | None:
    """Returns what the answer's number is multiplied by to stand in the gold's unit.

    None when the units exclude each other.
    """
    first, second = gold.unit, answer.unit
    if first is None and second is not None:
        first = asked.unit if asked.unit is not None and asked.unit.dimension == second.dimension else second
    if second is None:
        second = (
            asked.unit
            if asked.unit is not None and first is not None and asked.unit.dimension == first.dimension
            else first
        )
    if first is None or second is None or first == second or {first, second} in _MONEY:
        return Fraction(1)
    if {first, second} == {_CENT, _EURO}:
        return Fraction(1, 100) if second == _CENT else Fraction(100)
    dimensions = {first.dimension.removeprefix("plain "), second.dimension.removeprefix("plain ")}
    if dimensions == _ANGLES:
        return Fraction(1)  # `_radians` converts
    if len(dimensions) == 1 and first.dimension != second.dimension:
        return Fraction(1)  # square units beside square metres
    if "plain" in dimensions or ("angle" in dimensions and dimensions & TEMPERATURES):
        return Fraction(1)
    return second.factor / first.factor if first.dimension == second.dimension else conversion(second, first)


def _is_plain_beside_power(first: Unit | None, second: Unit | None) -> bool:
    dimensions = {unit.dimension for unit in (first, second) if unit is not None}
    return "plain" in dimensions and not dimensions.isdisjoint(_POWERS)


def _measured(one: Scalar, other: Scalar) -> Scalar:
    """Reads the m of `5m` as meters beside a length."""
    if one.unit is not None or other.unit is None:
        return one
    measured = letters_as(one.closed, other.unit)
    return one if measured is None else replace(one, closed=algebra.number(measured[0]), unit=measured[1])


def _unconverted(gold: Scalar, answer: Scalar) -> Comparison:
    """Refutes units that do not convert into each other, except where a scale or a `per day` went unsaid."""
    measured = {side.unit.dimension: side for side in (gold, answer) if side.unit is not None}
    dimensions = measured.keys()
    if dimensions <= TEMPERATURES:
        return unknown("unit", "two scales of temperature")
    amounts = {dimension.partition("/")[0] for dimension in dimensions}
    if len(amounts) == 1 and algebra.same(gold.closed, answer.closed):
        return unknown("unit", "an amount and a rate")
    if dimensions == {"length", "angle"} and measured["length"].unit == UNITS["feet"]:
        minutes = algebra.multiply(measured["angle"].closed, algebra.number(60))
        if algebra.same(measured["length"].closed, minutes):
            return unknown("unit", "the mark of feet is that of minutes of arc")
    return not_equal("unit", "units that do not convert into each other")


def _other_thing(unit: Unit | None, label: str) -> bool:
    """Says whether a label names no such unit: 5 apples beside 5 dollars, but not `5 dollars left` or `5 in total`."""
    if unit is None or unit.dimension.startswith("plain") or not label or label.split()[-1] in _TOTALS:
        return False
    named = [find_unit(word) for word in label.split()]
    return not any(other is not None and other.dimension == unit.dimension for other in named)


def _radians(one: Scalar, other: Scalar) -> algebra.Closed:
    """Returns the value, in radians where degrees stand beside radians or a bare multiple of pi."""
    if one.unit is None or one.unit.dimension != "angle":
        return one.closed
    in_radians = other.unit is not None and other.unit.dimension == "radians"
    bare = other.unit is None and "pi" in _names(other.closed) and "pi" not in _names(one.closed)
    if not (in_radians or bare):
        return one.closed
    return algebra.multiply(one.closed, algebra.divide(algebra.symbol("pi"), algebra.number(180)))


def _counts_others(label: str, asked: Asked) -> bool:
    """Says whether the answer counts something that the question names beside what it asks for."""
    if not label or not asked.counted or label not in asked.text:
        return False
    return not any(_alike(word, counted) for word in label.split() for counted in asked.counted)


def _alike(left: str, right: str) -> bool:
    return left in right or right in left or left.rstrip("s") == right.rstrip("s")


def _same_digits(gold: Scalar, answer: Scalar) -> bool:
    """Says whether one side is the other without its percent sign: they are equal only where that is asked for."""
    percent, bare = (gold, answer) if gold.percent else (answer, gold)
    return algebra.same(percent.closed, algebra.divide(bare.closed, algebra.number(100))) is True


def _compare_rounded(gold: Scalar, value: algebra.Closed, answer: Scalar, asked: Asked) -> Comparison | None:
    """Accepts a rounding where the gold is a decimal or the question asks for one.

    None when there is nothing to round.
    """
    target, exact = gold.rational, value.rational()
    if asked.rounding:
        return _rounded_as_asked(gold, target, value, answer, asked)
    places = gold.places
    if places is None or target is None:
        return None
    comparison = _rounds_to(value, target, places)
    if comparison is None or _worth_rounding(places, target, exact, answer.decimals):
        return comparison
    return unknown("rounded", "equal after rounding, which nothing asks for")


def _worth_rounding(places: int, target: Fraction, exact: Fraction | None, shown: int | None) -> bool:
    """Says whether a decimal gold is plainly a rounding: of an endless value, or of one with two more digits."""
    significant = len(str(abs(target * 10**places).numerator))
    if places < 2 or significant < 2:
        return False
    if shown is None:
        return exact is None or (10**places * 100 * exact).denominator != 1
    return shown >= places + 2 and significant > 2


def _rounded_as_asked(
    gold: Scalar, target: Fraction | None, value: algebra.Closed, answer: Scalar, asked: Asked
) -> Comparison | None:
    """The question asks for a rounding: to its own places, else to those that the gold shows, else the answer's."""
    exact = value.rational()
    shown = gold.decimals if gold.decimals is not None else answer.decimals
    places = asked.places if asked.places is not None else shown
    if places is None:
        places = 0
    places += 2 if gold.percent else 0
    if target is not None:
        comparison = _rounds_to(value, target, places)
        if comparison is not None:
            return comparison
    return _rounds_to(gold.closed, exact, places) if exact is not None else None


def _rounds_to(exact: algebra.Closed, rounded: Fraction, places: int) -> Comparison | None:
    """Returns `equal` when the exact value rounds to the other one at that many decimals, exactly decided."""
    value = exact.rational()
    step = Fraction(1, 10**places) if places >= 0 else Fraction(10**-places)
    if (rounded / step).denominator != 1:
        return None
    if value is None and places > _MAX_PLACES:
        return unknown("rounded", "more places than an approximate value can decide")
    if value is None:
        size = algebra.magnitude(exact)
        if size is None or abs(size.imag) > 1e-9:
            return None
        value = Fraction(size.real).limit_denominator(10**15)
        margin = abs(abs(value - rounded) - step / 2)
        if margin < step / 1000:
            return unknown("rounded", "too near the middle between two roundings")
    return equal("rounded", f"to {places} decimals") if abs(value - rounded) * 2 <= step else None


def _is_float_noise(value: Fraction, decimals: int | None, target: Fraction) -> bool:
    """Says whether 0.30000000000000004 stands for 0.3: a run of zeros or nines behind at most ten digits."""
    if decimals is None or decimals < 9 or value == 0 or abs(target) >= 10**10:
        return False
    scaled = target * 10**8
    return scaled.denominator == 1 and abs(value - target) <= abs(target) * Fraction(1, 10**13)


def _mixed_logarithms(left: algebra.Closed, right: algebra.Closed) -> bool:
    if len(left.numerator) < 2 and () in left.numerator:  # a rational number
        return False
    return {"ln", "log"} <= _names(left) | _names(right)


def _names(value: algebra.Closed) -> set[str]:
    return {name.rstrip("0123456789") for part in (value.numerator, value.denominator) for m in part for name, _ in m}


def _refuted(left: algebra.Closed, right: algebra.Closed) -> Comparison:
    names = algebra.symbols_of(left)
    if names != algebra.symbols_of(right):
        raise UnsupportedError("functions of other variables")
    for scale in _SCALES:
        point = {name: scale * (13 + 5 * place) / 7 for place, name in enumerate(sorted(names))}
        first, second = algebra.magnitude(left, point), algebra.magnitude(right, point)
        if first is None or second is None:
            continue  # outside of the domain of a root or a logarithm
        if abs(first - second) > 1e-6 * max(1.0, abs(first), abs(second)):
            return not_equal("scalar", "their values differ")
    raise UnsupportedError("not proven equal, nor seen to differ")

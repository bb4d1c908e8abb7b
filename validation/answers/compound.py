r"""Units multiplied together, each in powers of its base units: `12 kg \cdot m/s`, `9.8 m s^{-2}`, `J/(kg K)`.

A newton second is a kilogram metre per second, and a watt a joule per second. Letters that may as well be variables
(`2 g h`) are no units by themselves; beside a unit that they amount to they are (`letters_as`).
"""

import re
from collections import Counter
from fractions import Fraction

from validation.answers.algebra import Closed
from validation.answers.units import UNIT_LETTERS, UNITS, Unit, find_unit

_NAME = r"[A-Za-z]{1,12}"
_EXPONENT = r"(?:\s?\^\s?(?:\{\s?[-+]?\d\s?\}|[-+]?\d))?"
_FACTOR = rf"{_NAME}{_EXPONENT}"
_TIMES = r"\s?(?:\\cdot|\*)\s?|\s"
_PRODUCT = re.compile(
    rf"(.*?[\d)}}])\s?((?:{_FACTOR})(?:(?:{_TIMES}|\s?/\s?)(?:{_FACTOR}|\((?:{_FACTOR})(?:(?:{_TIMES}){_FACTOR})*\)))*)\Z"
)
_SIGNS = re.compile(r"[A-Za-z}] ?(?:\\cdot|[*/^])")  # of a product, a quotient or a power behind a letter
_LONGEST = 100
_TOKEN = re.compile(rf"\\cdot|(/)|([()])|({_NAME})({_EXPONENT})")
# What derived units are in grams, metres, seconds and amperes (SI brochure, 9th edition, table 4).
_BASE: dict[str, tuple[int, dict[str, int]]] = {
    "force": (1000, {"mass": 1, "length": 1, "time": -2}),
    "energy": (1000, {"mass": 1, "length": 2, "time": -2}),
    "power": (1000, {"mass": 1, "length": 2, "time": -3}),
    "pressure": (1000, {"mass": 1, "length": -1, "time": -2}),
    "speed": (1, {"length": 1, "time": -1}),
    "frequency": (1, {"time": -1}),
    "area": (1, {"length": 2}),
    "cube": (1, {"length": 3}),
    "voltage": (1000, {"mass": 1, "length": 2, "time": -3, "current": -1}),
    "resistance": (1000, {"mass": 1, "length": 2, "time": -3, "current": -2}),
}
_LETTERS = {letter: UNITS[name] for letter, name in UNIT_LETTERS.items()}


def conversion(unit: Unit, other: Unit) -> Fraction | None:
    """Returns how many of the other unit one of this is; None where they measure different things."""
    (scale, powers), (other_scale, other_powers) = _expanded(unit), _expanded(other)
    return scale / other_scale if powers == other_powers else None


def split_product(text: str) -> tuple[str, Unit] | None:
    """Splits a number from a product of units behind it; None where there is none, or one that `find_unit` knows."""
    if len(text) > _LONGEST or not (text.count(" ") > 1 or _SIGNS.search(text)):
        return None
    match = _PRODUCT.match(text)
    if match is None or find_unit(match.group(2)) is not None:
        return None
    unit, certain = _product(match.group(2))
    return (match.group(1), unit) if unit is not None and certain else None


def letters_as(value: Closed, other: Unit) -> tuple[Fraction, Unit] | None:
    """Reads `12 N s` as a number of the units that its letters stand for, where they measure what another unit does."""
    if len(value.numerator) != 1 or len(value.denominator) != 1:
        return None
    ((above, scale),), ((below, divisor),) = value.numerator.items(), value.denominator.items()
    powers: Counter[str] = Counter()
    for monomial, sign in ((above, 1), (below, -1)):
        for name, exponent in monomial:
            if name not in _LETTERS or exponent.denominator != 1:
                return None
            powers[name] += sign * int(exponent)
    unit = _multiplied([(_LETTERS[name], power) for name, power in powers.items()]) if powers else None
    if unit is None or conversion(unit, other) is None:
        return None
    return Fraction(scale) / divisor, unit


def _product(phrase: str) -> tuple[Unit | None, bool]:
    """The unit that a product is, and whether it can be nothing else: a word, a quotient or an inverse is in it."""
    factors: list[tuple[Unit, int]] = []
    below = within = certain = False
    for slash, bracket, name, exponent in _TOKEN.findall(phrase):
        if slash:
            below = certain = True
        elif bracket:
            within = bracket == "("
        elif name:
            unit = (_LETTERS.get(name) if name != "C" else None) or (UNITS.get(name.lower()) if len(name) > 1 else None)
            if unit is None:
                return None, False
            power = int(re.sub(r"[\s^{}]", "", exponent) or 1)
            certain = certain or len(name) > 1 or power < 0
            factors.append((unit, -power if below else power))
            below = below and within
    return _multiplied(factors), certain


def _multiplied(factors: list[tuple[Unit, int]]) -> Unit:
    scale, powers = Fraction(1), Counter[str]()
    for unit, power in factors:
        size, inner = _expanded(unit)
        scale *= size**power
        for base, exponent in inner.items():
            powers[base] += exponent * power
    left = {base: power for base, power in powers.items() if power}
    for dimension, (base_size, base_powers) in _BASE.items():
        if base_powers == left:
            return Unit(dimension, scale / base_size)
    return Unit("*".join(f"{base}^{left[base]}" for base in sorted(left)) or "plain", scale)


def _expanded(unit: Unit) -> tuple[Fraction, dict[str, int]]:
    """Returns a unit's size and the powers of its base units."""
    scale, powers = unit.factor, Counter[str]()
    above, *below = unit.dimension.split("/")
    for part, sign in ((above, 1), *((part, -1) for part in below)):
        for factor in part.split("*"):
            name, _, exponent = factor.partition("^")
            power = sign * int(exponent or 1)
            base_size, inner = _BASE.get(name, (1, {name: 1}))
            scale *= Fraction(base_size) ** power
            for base, inner_power in inner.items():
                powers[base] += inner_power * power
    return scale, {base: power for base, power in powers.items() if power}

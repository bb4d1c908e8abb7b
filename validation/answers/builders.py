r"""Reads sets that say what their members are: `\{x \mid x > 2\}`, `\{2k + 1 : k \in \mathbb{Z}\}`."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from validation.answers import algebra
from validation.answers.algebra import Closed, UnsupportedError
from validation.answers.families import read_family
from validation.answers.regions import RELATION, read_relation, simplified
from validation.answers.values import Equation, Region, Scalar, Several, Value

Read = Callable[[str, bool], Value]
_SUCH_THAT = r"\s*(?:\\mid(?![A-Za-z])|\||:)\s*+"
_BUILDER = re.compile(
    r"\\\{\s*([A-Za-z])\s*(?:\\in\s*(?:\\mathbb\s?)?\{?([RZN])\}?\s*)?" + _SUCH_THAT + r"(.+)\\\}\Z", re.DOTALL
)
_FORMULAS = re.compile(
    r"\\\{\s*([^{}|:]{1,100}?)" + _SUCH_THAT + r"([a-z]\s*\\in\s*(?:\\mathbb\s?)?\{?Z\}?)\s*\\\}\Z", re.DOTALL
)
_MEMBER = re.compile(r"(?:[A-Za-z]|\((?:[A-Za-z],? ?){2,4}\))\s*\\in\s*(\\\{.+\\\})\Z", re.DOTALL)
_MOST_MEMBERS = 100


def read_builder(text: str, read: Read, *, comma: bool) -> Value | None:
    r"""Reads a set by what its members are, or `x \in` a set; None for any other text.

    Raises:
        UnsupportedError: a set of other things than numbers.
    """
    if formulas := _FORMULAS.match(text):
        return read_family(f"{formulas.group(1)}, {formulas.group(2)}", read, comma=comma)
    built = _BUILDER.match(text)
    rule = built.group(3).rstrip() if built else ""
    if built and built.group(2) != "R" and "\\mathbb" in rule:
        family = read_family(rule, read, comma=comma)
        return family.right if isinstance(family, Equation) and family.name == built.group(1) else None
    if built and RELATION.search(rule):
        region = read_relation(rule, comma=comma)
        if not isinstance(region, Region):
            raise UnsupportedError("a set of other things than numbers")
        whole = built.group(2) in ("Z", "N")
        return _whole_numbers(region, natural=built.group(2) == "N") if whole else replace(region, variable="")
    member = _MEMBER.match(text) if "\\in" in text else None
    return read(member.group(1), comma) if member else None


def _whole_numbers(region: Region, *, natural: bool) -> Several:
    """Returns the few whole numbers of a region; whether zero is natural is not said, so it must not matter."""
    found: list[int] = []
    for interval in simplified(region):
        low, high = _end(interval.low), _end(interval.high)
        first = math.ceil(low) if interval.low_closed else math.floor(low) + 1
        last = math.floor(high) if interval.high_closed else math.ceil(high) - 1
        if last - first > _MOST_MEMBERS or (natural and first <= 0):
            raise UnsupportedError("too many whole numbers, or zero among natural ones")
        found.extend(range(first, last + 1))
    return Several("set", tuple(Scalar(algebra.number(number)) for number in found))


def _end(end: Closed | None) -> Fraction:
    value = None if end is None else end.rational()
    if value is None:
        raise UnsupportedError("whole numbers without a bound that is rational")
    return value

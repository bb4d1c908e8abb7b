"""The three outcomes of a comparison."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Rounding = Literal["places", "never"]
"""Whether an answer that is rounded as the reference or the question asks counts as the reference."""


class Relation(StrEnum):
    """Whether two answers are the same answer; UNKNOWN where it could not be decided safely."""

    EQUAL = "equal"
    NOT_EQUAL = "not_equal"
    UNKNOWN = "unknown"


CLOCK = "clock"
"""The path of a comparison that a clock or a lack of memory ended: on another machine it may end otherwise."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was decided, which path decided it, and why."""

    outcome: Relation
    path: str
    detail: str = ""


def equal(path: str, detail: str = "") -> Comparison:
    """Returns that both are the same answer."""
    return Comparison(Relation.EQUAL, path, detail)


def not_equal(path: str, detail: str = "") -> Comparison:
    """Returns that they are different answers."""
    return Comparison(Relation.NOT_EQUAL, path, detail)


def unknown(path: str, detail: str = "") -> Comparison:
    """Returns what nobody should rely on either way."""
    return Comparison(Relation.UNKNOWN, path, detail)

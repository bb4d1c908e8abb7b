"""The three outcomes of a comparison."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Whether two answers are the same answer; UNKNOWN where it could not be decided safely."""

    EQUAL = "equal"
    NOT_EQUAL = "not_equal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, which path decided it, and why."""

    outcome: Outcome
    path: str
    detail: str = ""


def equal(path: str, detail: str = "") -> Verdict:
    """Returns the verdict that both are the same answer."""
    return Verdict(Outcome.EQUAL, path, detail)


def not_equal(path: str, detail: str = "") -> Verdict:
    """Returns the verdict that they are different answers."""
    return Verdict(Outcome.NOT_EQUAL, path, detail)


def unknown(path: str, detail: str = "") -> Verdict:
    """Returns the verdict that nobody should rely on either way."""
    return Verdict(Outcome.UNKNOWN, path, detail)

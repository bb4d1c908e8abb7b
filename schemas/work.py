"""The work that one row may cost, counted in characters that were looked at and never in seconds.

What is counted is the same on every machine and under every load, so that a row over its budget is so everywhere, and
bytes do not depend on the host. Scanners that pass a text once need no count; what compares parts of a text with each
other does: it spends what it compares.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_FACTOR, _BASE = 40, 200_000
"""characters of work for each of a row's, and for any row; 6,434 candidates of GSM8K, MATH, CARP and OlympiadBench need
at most 1.7 % of theirs"""
_CALL = 64  # characters' worth of work of the shortest comparison


class OverBudgetError(Exception):
    """A row would take more work than its length allows."""


@dataclass(slots=True)
class _Budget:
    limit: int
    spent: int = 0


_CURRENT: ContextVar[_Budget | None] = ContextVar("budget", default=None)


@contextmanager
def budget_of(characters: int) -> Iterator[None]:
    """Gives a row of so many characters its budget; outside of one, work is not counted."""
    token = _CURRENT.set(_Budget(_BASE + _FACTOR * characters))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def spend(characters: int) -> None:
    """Counts a comparison of so many characters.

    Raises:
        OverBudgetError: the row has none left.
    """
    budget = _CURRENT.get()
    if budget is None:
        return
    budget.spent += _CALL + characters
    if budget.spent > budget.limit:
        raise OverBudgetError(f"more than {budget.limit:,} characters to compare, which its length does not allow")

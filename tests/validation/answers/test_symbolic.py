"""A comparison that a clock ends is no verdict: it has a path of its own, and is asked again."""

import pytest

from schemas.work import OverBudgetError, budget_of
from validation.answers import Relation, close_symbolic, compare, symbolic
from validation.answers.outcome import CLOCK, unknown

PAIR = r"\sqrt{s^2+10s+25}", "s+5"  # asked by no other test: verdicts are kept


@pytest.fixture(autouse=True)
def _fresh_children():
    close_symbolic()
    yield
    close_symbolic()


def test_what_a_clock_ended_is_unknown_by_its_path_and_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(symbolic, "WALL_SECONDS", 0.0)
        ended = compare(*PAIR)
    assert (ended.outcome, ended.path) == (Relation.UNKNOWN, CLOCK)
    assert compare(*PAIR).path == "symbolic"


def test_a_row_may_ask_the_child_a_few_times_and_then_is_over_its_budget() -> None:
    comparer = symbolic.SymbolicComparer()
    comparer._known[PAIR] = unknown("symbolic", "known")

    def ask(times: int) -> None:
        for _ in range(times):
            assert comparer.compare(*PAIR).detail == "known"

    with budget_of(100):
        ask(10)
        with pytest.raises(OverBudgetError):
            ask(30)
    ask(30)

"""A comparison that a clock ends is no verdict: it has a path of its own, and is asked again."""

import pytest

from validation.answers import Relation, close_symbolic, compare, symbolic
from validation.answers.outcome import CLOCK

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

"""A comparison that a clock ends is no verdict: it has a path of its own, and is asked again."""

import pytest

from schemas.work import OverBudgetError, budget_of
from validation.answers import Relation, close_symbolic, compare, symbolic
from validation.answers.outcome import CLOCK, unknown
from validation.answers.symbolic_child import COUNTED

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


KILLERS = [
    ("2^{2^{2^{20}}}", "3"),
    ("1000000!", "4"),
    (r"\sum_{k=1}^{10^9} k", "5"),
    ("(x+1)^{10000}", "x"),
    (r"\binom{10^9}{5}", "7"),
    ("(x+1)^{200}", "(y+1)^{200}"),
    (r"\tan(36!+(|n|-(2-\pi)))", r"\frac{37!+\log(13)}{|\sin(2)|}"),
    (r"(\sin((e-3)))^{30}", r"\frac{\arctan(x)}{(3-y)}"),
]


@pytest.mark.parametrize(("gold", "answer"), KILLERS, ids=lambda text: text[:20])
def test_an_answer_that_takes_too_much_work_is_unknown_by_its_name_and_by_no_clock(gold: str, answer: str) -> None:
    found = symbolic.compare_symbolic(gold, answer)
    assert (found.outcome, found.path) == (Relation.UNKNOWN, "symbolic")
    assert found.detail.startswith(("grows beyond", "takes more work", r"\sum is outside")), found.detail


def test_who_counts_says_what_a_brief_look_says_and_remembers_nothing() -> None:
    brief, counting = symbolic.Child(), symbolic.Child()
    pairs = [("x^2-1", "(x-1)(x+1)"), (r"\sqrt{8}", r"2\sqrt{2}"), (r"\sin(x)", r"\cos(x)"), ("[1,2)", "[1,2]")]
    try:
        said = [brief.ask(*pair) for pair in pairs]
        assert said == ["yes", "yes", "no", "other kinds"]
        assert [counting.ask(*pair, how=COUNTED) for pair in pairs] == said
        assert [counting.ask("(x+1)^{200}", "(y+1)^{200}", how=COUNTED) for _ in range(2)] == ["over"] * 2
        assert counting.ask(*pairs[0], how=COUNTED) == "yes"
    finally:
        brief.close()
        counting.close()

"""Tallies add up over shards, and a rule that crashed or saw too little never passes."""

import pyarrow as pa
import pytest

from schemas.verdict import Severity, Status
from validation.dataset.suite import Rule
from validation.dataset.tallies import SuiteRunner, Tally, judge_rules, named_columns

RULE = Rule("weights", "expect_numbers_between", {"column": "weight", "low": 0}, meaning="weights are positive")
WARNING = Rule("weights", "expect_numbers_between", {"column": "weight"}, Severity.WARNING, "weights are positive")
MOSTLY = Rule("weights", "expect_numbers_between", {"column": "weight", "mostly": 0.9}, meaning="weights are positive")


def status(rule: Rule, tally: Tally | None, rows: int = 10) -> Status:
    tallies = {} if tally is None else {rule.name: tally}
    (check,) = judge_rules([rule], tallies, rows=rows)
    return check.status


def test_tallies_add_up_and_keep_the_first_ids_in_order() -> None:
    one, other = Tally(3, 1, 1, ("b",), error="it broke"), Tally(4, 0, 2, ("c", "a"), observed="7")
    both = Tally(7, 1, 3, ("a", "b", "c"), "7", "it broke")
    assert one.plus(other) == other.plus(one) == both
    assert len(Tally(ids=tuple(f"r{at:02d}" for at in range(30))).plus(Tally()).ids) == 20


@pytest.mark.parametrize(
    ("rule", "tally", "expected"),
    [
        (RULE, Tally(10), Status.PASSED),
        (RULE, Tally(10, unexpected=1), Status.FAILED),
        (WARNING, Tally(10, unexpected=1), Status.WARNING),
        (MOSTLY, Tally(10, unexpected=1), Status.PASSED),
        (MOSTLY, Tally(10, unexpected=2), Status.FAILED),
        (MOSTLY, Tally(10, missing=5, unexpected=1), Status.FAILED),
        (RULE, Tally(10, missing=10), Status.FAILED),
        (WARNING, Tally(10, missing=10), Status.NOT_CHECKED),
    ],
)
def test_a_rule_is_judged_by_the_values_that_it_saw(rule: Rule, tally: Tally, expected: Status) -> None:
    assert status(rule, tally) is expected


@pytest.mark.parametrize("tally", [None, Tally(10, error="no such column"), Tally(9), Tally(11)])
def test_a_rule_that_crashed_or_saw_other_rows_fails_whatever_its_severity(tally: Tally | None) -> None:
    assert status(WARNING, tally) is Status.FAILED


def test_a_column_that_may_be_empty_is_not_checked_when_it_is() -> None:
    rule = Rule("votes", "expect_numbers_between", {"column": "confidence"})
    assert status(rule, Tally(10, missing=10)) is Status.NOT_CHECKED


def test_no_rule_at_all_fails() -> None:
    (check,) = judge_rules([], {}, rows=10)
    assert (check.name, check.status) == ("suite", Status.FAILED)


@pytest.mark.parametrize(
    ("value", "unexpected", "expected", "detail"),
    [
        (0.25, 0, Status.PASSED, "few: 0.25 (at most 0.5)"),
        (0.75, 1, Status.FAILED, "few: 0.75 (at most 0.5)"),
        (None, 0, Status.FAILED, "few: it looked at no value"),
    ],
)
def test_a_fact_stands_beside_its_limit(value: float | None, unexpected: int, expected: Status, detail: str) -> None:
    rule = Rule("few", "expect_numbers_between", {"column": "share", "high": 0.5}, meaning="few")
    (check,) = judge_rules([rule], {"few": Tally(1, 0, unexpected)}, rows=1, group="facts", facts={"share": value})
    assert (check.status, check.detail) == (expected, detail)


@pytest.mark.parametrize(
    ("tally", "cause"),
    [
        (Tally(0, error="KeyError: 'weight'"), "KeyError: 'weight'"),
        (Tally(9), "it saw 9 of 10 rows"),
        (None, "no result came back"),
        (Tally(10), None),
    ],
)
def test_a_rule_that_could_not_be_judged_says_why_in_a_field(tally: Tally | None, cause: str | None) -> None:
    (check,) = judge_rules([RULE], {} if tally is None else {"weights": tally}, rows=10)
    assert (check.cause, check.status is Status.FAILED) == (cause, cause is not None)


def test_the_runner_counts_what_breaks_a_rule_and_names_the_rows() -> None:
    rules = [RULE, Rule("questions", "expect_text_to_match", {"column": "question", "regex": "eggs"})]
    table = pa.table({"id": ["a", "b", "c"], "weight": [1.0, -1.0, None], "question": ["eggs", "hens", "no"]})
    tallies = SuiteRunner(rules).run(table)
    assert tallies == {"weights": Tally(3, 1, 1, ("b",)), "questions": Tally(3, 0, 2, ("b", "c"))}


def test_a_rule_on_a_column_that_is_not_there_is_an_error_and_the_others_are_judged() -> None:
    rules = [RULE, Rule("gone", "expect_numbers_between", {"column": "gone", "low": 0})]
    tallies = SuiteRunner(rules).run(pa.table({"id": ["a"], "weight": [1.0]}))
    assert tallies["weights"] == Tally(1)
    assert "gone" in tallies["gone"].error


def test_an_expectation_names_its_columns_in_several_ways() -> None:
    assert named_columns({"column": "a", "value_set": ["x"]}) == ["a"]
    assert named_columns({"column_A": "a", "column_B": "b"}) == ["a", "b"]
    assert named_columns({"column_list": ["a", "b"]}) == ["a", "b"]
    assert named_columns({"min_value": 1}) == []

"""The suite as data: stable, versioned, and what it promises on both sides of a boundary."""

import json
from importlib.resources import files

import pytest

from schemas.requirements import Expectation
from schemas.verdict import Severity
from validation.dataset.facts import FACT_NAMES
from validation.dataset.latex import is_balanced_latex
from validation.dataset.suite import SUITE_VERSION, build_suite


def test_the_suite_is_the_reviewed_one_of_its_version():
    """A changed rule needs a new SUITE_VERSION and a new file beside the old ones."""
    reviewed = files("validation.dataset").joinpath(f"suites/{SUITE_VERSION}.json").read_text("utf-8")
    assert build_suite().to_json() == reviewed


def test_equal_suites_have_equal_hashes_and_other_rules_another():
    own = [Expectation(type="expect_column_values_to_be_between", kwargs={"column": "weight", "max_value": 2})]
    assert build_suite().sha256() == build_suite().sha256()
    assert build_suite(own=own).sha256() == build_suite(own=own).sha256()
    assert (
        len({build_suite(**one).sha256() for one in ({}, {"own": own}, {"min_heldout": 5}, {"skipped": ["verify"]})})
        == 4
    )


def test_names_are_unique_and_every_rule_says_what_it_means():
    suite = build_suite()
    names = [rule.name for rule in (*suite.rows, *suite.facts)]
    assert len(set(names)) == len(names)
    assert all(rule.meaning for rule in (*suite.rows, *suite.facts))


def test_an_own_expectation_on_a_fact_joins_the_fact_rules():
    own = [
        Expectation(type="expect_column_values_to_be_between", kwargs={"column": "human_share"}, severity="warning"),
        Expectation(type="expect_column_values_to_not_be_null", kwargs={"column": "topic"}),
    ]
    suite = build_suite(own=own, fact_names=FACT_NAMES)
    assert suite.facts[-1].name == "own_0_expect_column_values_to_be_between"
    assert suite.facts[-1].severity is Severity.WARNING
    assert [rule.kwargs for rule in suite.rows if rule.name.startswith("own_")] == [{"column": "topic"}]


def test_the_json_holds_no_generated_id():
    rules = json.loads(build_suite().to_json())["rows"]
    assert {key for rule in rules for key in rule} == {"name", "type", "kwargs", "severity", "meaning"}


@pytest.mark.parametrize(
    ("text", "balanced"),
    [
        ("It costs $5 and $6.", True),
        (r"\frac{1}{2}", True),
        (r"\{1, 2\}", True),
        (r"\begin{align*}a\end{align*}", True),
        (r"\[x\]", True),
        (r"[2, 3)", True),
        (r"\frac{1}{2", False),
        (r"\begin{align}a\end{align*}", False),
        (r"\[x", False),
        ("}{", False),
    ],
)
def test_latex_balances_or_not(text, balanced):
    assert is_balanced_latex(text) is balanced

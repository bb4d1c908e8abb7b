"""A row's budget follows from its length alone."""

import pytest

from schemas.work import OverBudgetError, budget_of, spend


def test_a_row_may_spend_so_many_characters_and_no_more() -> None:
    with budget_of(1000):
        spend(239_900)
        with pytest.raises(OverBudgetError, match="more than 240,000 characters to compare"):
            spend(0)


def test_a_longer_row_may_spend_more_and_many_short_comparisons_count_too() -> None:
    with budget_of(2000):
        spend(270_000)
    with budget_of(0):
        for _ in range(3030):
            spend(2)
        with pytest.raises(OverBudgetError):
            spend(2)


def test_a_row_pays_for_no_other_and_without_a_budget_nothing_is_counted() -> None:
    for _ in range(3):
        with budget_of(0):
            spend(150_000)
    spend(10**9)

import pytest

from validation.answers.compare import compare_exactly
from validation.answers.named_values import as_equations, compare_rates, compare_records
from validation.answers.outcome import Relation


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        ("Tom: 5, Ann: 7", "Ann: 7, Tom: 5", Relation.EQUAL),
        ("Tom: 5, Ann: 7", "ann = 7 and tom = 5", Relation.EQUAL),
        ("Tom: 5; Ann: 7/2", "Tom: 5, Ann: 3.5", Relation.EQUAL),
        ("Tom: 5, Ann: 7", "Tom: 7, Ann: 5", Relation.NOT_EQUAL),
        ("Tom: 5, Ann: 7", "Tom: 5, Ann: 7, Bea: 1", Relation.UNKNOWN),
        ("Tom: 5, Ann: 7", "Tim: 5, Ann: 8, Bea: 1", Relation.NOT_EQUAL),
        ("x = 5, y = 7", "y = 7, x = 5", None),
        ("Tom: 5", "Tom: 6", None),
        ("3:4", "3:5", None),
    ],
)
def test_named_values_stand_in_any_order(left, right, outcome):
    found = compare_records(left, right, compare_exactly)
    assert (found and found.outcome) == outcome


@pytest.mark.parametrize(
    ("text", "written"),
    [("x: 3, y: 4", "x = 3, y = 4"), ("Tom: 3, Ann: 4", "Tom: 3, Ann: 4"), ("x: 3", "x: 3"), ("3:4", "3:4")],
)
def test_letters_with_colons_are_equations(text, written):
    assert as_equations(text) == written


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        ("$2.50 per pound", "$2.50/pound", Relation.EQUAL),
        ("$2.50 per pound", "2.50 dollars a pound", Relation.EQUAL),
        ("$2.50 per pound", "2.5", Relation.EQUAL),
        ("$2.50 per pound", "$2.05 per pound", Relation.NOT_EQUAL),
        ("$2.50 per pound", "€2.50 per pound", Relation.NOT_EQUAL),
        ("$12 per hour", "$12 per day", Relation.NOT_EQUAL),
        ("$12 per hour", "$12 per kilogram", Relation.NOT_EQUAL),
        ("$60 per hour", "$1 per minute", Relation.EQUAL),
        ("60 miles per hour", "60", None),
        ("$12 per visitor", "$12", None),
    ],
)
def test_money_for_a_unit(left, right, outcome):
    found = compare_rates(left, right)
    assert (found and found.outcome) == outcome

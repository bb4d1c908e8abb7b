import math
from fractions import Fraction

import pytest

from validation.answers import Relation, algebra, compare, notation
from validation.answers.printed import compare_printed


@pytest.mark.parametrize(
    ("gold", "printed"),
    [
        ("22/7", 22 / 7),
        (r"5\pi", 5 * math.pi),
        (r"\sqrt3-1", 3**0.5 - 1),
        ("1/49", 1 / 49),
        ("e^3", math.e**3),
        (r"\ln 5", math.log(5)),
        (r"\frac{1}{7\cdot 10^{9}}", 1 / 7e9),
        (r"\sin 2", math.sin(2)),
        (r"\frac{1-i\sqrt3}{2}", complex(1, -(3**0.5)) / 2),
        ("2-3i", complex(2, -3)),
        (r"\arcsin\frac15", math.asin(0.2)),
        (r"\frac{11}{7}", sum([1 / 7] * 11)),
    ],
)
def test_a_double_printed_in_full_is_the_exact_value(gold: str, printed: float | complex) -> None:
    assert compare(gold, str(printed)).outcome is Relation.EQUAL
    assert compare(gold, str(printed), rounding="never").outcome is Relation.EQUAL


@pytest.mark.parametrize(
    ("gold", "printed"),
    [("22/7", "3.142857142858142"), (r"5\pi", "15.707963267948"), (r"\sqrt3-1", "0.73205"), ("0", "1.2246e-16")],
)
def test_fewer_or_other_digits_are_unknown_and_say_how_many_agree(gold: str, printed: str) -> None:
    comparison = compare(gold, printed)
    assert comparison.outcome is Relation.UNKNOWN
    assert comparison.path in ("rounded", "float")


def test_the_detail_holds_both_values_and_the_number_of_equal_digits() -> None:
    assert compare("22/7", "3.14").detail.startswith("3.14 beside 3.14285714286: 3 equal digits")


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("22/7", "3.15"),
        ("1/4", "0.3"),
        (r"5\pi", "15.8"),
        ("10000000000000001", "10000000000000000.0"),
        ("0.123456789012345", "0.123456789012355"),
        ("2-3i", "(2+3j)"),
    ],
)
def test_another_value_is_refuted(gold: str, answer: str) -> None:
    assert compare(gold, answer).outcome is Relation.NOT_EQUAL


def test_a_rounding_counts_where_it_is_asked_for_and_never_under_the_other_policy() -> None:
    question = "How long is it? Round to three decimal places."
    assert compare("22/7", "3.143", question).path == "rounded"
    assert compare("3.143", "22/7").outcome is Relation.EQUAL
    assert compare("22/7", "3.143", question, rounding="never").outcome is Relation.UNKNOWN
    assert compare("3.143", "22/7", rounding="never").outcome is Relation.UNKNOWN


def test_what_is_no_decimal_or_no_number_is_left_to_others() -> None:
    assert compare_printed(algebra.number(Fraction(1, 3)), notation.read("x"), 5, both=False) is None
    assert compare_printed(notation.read("x"), algebra.number(Fraction(1, 2)), 1, both=False) is None

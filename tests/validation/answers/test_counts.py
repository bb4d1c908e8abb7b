import pytest

from validation.answers import Relation, compare
from validation.answers.counts import with_counts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (r"C_9^2", "36"),
        (r"\mathrm{A}_4^2", "12"),
        (r"C^2_9", "36"),
        (r"{}^9C_2", "36"),
        (r"{{C}_{9}^{2}}", "36"),
        ("9C2", "36"),
        ("4P2", "12"),
        (r"2\times C_9^2", "72"),
        (r"C_4^1 A_3^2", "24"),
        (r"\frac{C_4^1}{C_9^2}", r"\frac{1}{9}"),
    ],
)
def test_a_formula_of_counts_is_worked_out(text: str, number: str) -> None:
    assert compare(number, text).outcome is Relation.EQUAL
    assert compare(number + "+1", text).outcome is not Relation.EQUAL


@pytest.mark.parametrize("text", ["C_1^2", "C_n^2", "C_9^2+x", "P(9,2)", "C(9,2)", "A_1", "12"])
def test_what_may_be_a_name_is_left_as_it_stands(text: str) -> None:
    assert with_counts(text) is None

from fractions import Fraction

import pytest

from validation.answers import Relation, compare
from validation.answers.compound import conversion, split_product
from validation.answers.units import find_unit

SAME = [
    ("7 m/s^2", "7 m s^{-2}"),
    ("7 m/s^2", r"7 \mathrm{~m} \cdot \mathrm{s}^{-2}"),
    ("7 kg m/s", r"7 \text{ kg}\cdot\text{m/s}"),
    ("7 kg m/s", "7 N s"),
    ("7 N", r"7\,\mathrm{kg\,m\,s^{-2}}"),
    ("2 kW", "2000 J/s"),
    ("36 km h^{-1}", "10 m/s"),
    ("3 g cm^{-3}", "3000 kg/m^3"),
    ("5 J/(kg K)", "5 J kg^{-1} K^{-1}"),
    ("4 kN", "4000 N"),
    ("1 kWh", "3600 kJ"),
    ("2 N m", "2 joules"),
]


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_products_of_units_are_compared_by_what_they_measure(gold, answer):
    assert compare(gold, answer).outcome is Relation.EQUAL
    assert compare(answer, gold).outcome is Relation.EQUAL


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("7 m/s^2", "7 m s^{-1}"),
        ("7 kg m/s", "7 kg m/s^2"),
        ("7 kg m/s", "7 g m/s"),
        ("2 kW", "2 kWh"),
        ("36 km h^{-1}", "36 m/s"),
        ("4 kN", "4 N"),
    ],
)
def test_other_powers_and_other_sizes_are_not_equal(gold, answer):
    assert compare(gold, answer).outcome is Relation.NOT_EQUAL


@pytest.mark.parametrize("text", ["2 g h", "12 N s", "3 a b^{-1}", "5 apples", "5 m/s", "7"])
def test_letters_that_may_be_variables_are_no_product_of_units(text):
    assert split_product(text) is None


@pytest.mark.parametrize(("gold", "answer"), [(r"\frac{3V}{A}", "3 V/A"), ("2gh", "2 g h"), ("mg", "m g")])
def test_a_formula_is_not_refuted_for_its_letters(gold, answer):
    assert compare(gold, answer).outcome is not Relation.NOT_EQUAL


def test_a_unit_of_one_is_so_many_of_another():
    assert conversion(find_unit("km/h"), find_unit("m/s")) == Fraction(5, 18)
    assert conversion(find_unit("km/h"), find_unit("km")) is None

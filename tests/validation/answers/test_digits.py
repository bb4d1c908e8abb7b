from fractions import Fraction

import pytest

from validation.answers import algebra
from validation.answers.algebra import UnsupportedError
from validation.answers.digits import NumeralError, localise, plain_number, scalar


@pytest.mark.parametrize(
    ("text", "comma", "plain"),
    [
        ("1,234,567.5", False, "1234567.5"),
        ("1.234,5", True, "1234.5"),
        ("1.234", True, "1234"),
        ("1.234", False, "1.234"),
        ("0,125", False, "0,125"),
        ("0,125", True, "0.125"),
        ("12,34,567", False, "1234567"),
        ("1 234 567", False, "1234567"),
        ("1'234", False, "1234"),
        ("1,23", False, "1,23"),
    ],
)
def test_separators_are_read_as_the_language_writes_them(text: str, comma: bool, plain: str) -> None:
    assert localise(text, comma=comma) == plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", Fraction(42)),
        ("-3.50", Fraction(-7, 2)),
        ("2 1/3", Fraction(7, 3)),
        ("-2 1/3", Fraction(-7, 3)),
        ("0.1(6)", Fraction(1, 6)),
        ("0.\\overline{3}", Fraction(1, 3)),
        ("1011_2", Fraction(11)),
    ],
)
def test_one_number_is_read_exactly(text: str, value: Fraction) -> None:
    assert plain_number(text).closed == algebra.number(value)


def test_a_digit_that_its_base_does_not_have_is_no_number() -> None:
    with pytest.raises(NumeralError):
        plain_number("19_8")


def test_decimals_are_counted_as_they_are_written() -> None:
    assert (plain_number("3.50").decimals, scalar("25%").percent) == (2, True)
    assert scalar("25%").closed == algebra.number(Fraction(1, 4))


@pytest.mark.parametrize("text", ["21st", "$5 km", "5 and 6"])
def test_what_is_not_one_value_is_not_read(text: str) -> None:
    with pytest.raises(UnsupportedError):
        scalar(text)

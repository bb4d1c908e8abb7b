import pytest

from validation.answers.reading import read_value
from validation.answers.values import Equation, Scalar, Unread


@pytest.mark.parametrize("text", [r"11+7=18", r"N=11+7=18", r"\frac{AB}{CD}=18", r"V_1:V_2=18", r"\Delta p=18"])
def test_an_equation_and_a_chain_end_in_a_number(text: str) -> None:
    value = read_value(text)
    assert isinstance(value, Equation | Scalar)
    end = value.right if isinstance(value, Equation) else value
    assert isinstance(end, Scalar)
    assert end.rational == 18


@pytest.mark.parametrize("text", ["11+8=18=18", "x=y=18", "=18", "18=", "18 \\approx", "1\\approx 18"])
def test_a_chain_that_breaks_is_not_read(text: str) -> None:
    assert isinstance(read_value(text), Unread)


def test_of_a_number_beside_its_rounding_the_number_counts() -> None:
    value = read_value(r"\frac{55}{3} \approx 18.3")
    assert isinstance(value, Scalar)
    assert value.decimals is None

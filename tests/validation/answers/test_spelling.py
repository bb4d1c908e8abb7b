from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.answers.spelling import normalise


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("  $\\frac{1}{2}$ ", "\\frac{1}{2}"),
        ("\\boxed{42}", "42"),
        ("１２，３", "12,3"),
        ("the answer is: 7", "7"),
        ("答案是:7", "7"),
        ("infinity", "\\infty"),
        ("−3", "-3"),
        ("\\text{apples}", "apples"),
        ("", ""),
    ],
)
def test_decoration_goes(written: str, spelled: str) -> None:
    assert normalise(written) == spelled


def test_a_superscript_stays_a_power_and_no_digit() -> None:
    assert normalise("x²") != normalise("x2")
    assert "^" in normalise("x²")


@given(st.fractions(), st.sampled_from(["{}", " {} ", "${}$", "\\boxed{{{}}}", "the answer is {}"]))
def test_a_plain_number_keeps_its_spelling_whatever_it_is_wrapped_in(number: Fraction, wrapper: str) -> None:
    assert normalise(wrapper.format(number)) == str(number)


@pytest.mark.parametrize(
    ("written", "plain"),
    [("9 (apples)", "9 apples"), ("3.5 (square cm)", "3.5 square cm"), ("2 (mod 5)", "2 (mod 5)")]
    + [(algebra, algebra) for algebra in ("9 (x)", "9(ab)", "9 (3 red)", "f (apples)", "9 (apples) or 8")],
)
def test_what_was_counted_may_stand_in_brackets(written: str, plain: str) -> None:
    assert normalise(written) == normalise(plain)
    assert (normalise(written) == normalise(written.replace("(", "").replace(")", ""))) == (written != plain)

import pytest

from validation.answers.phrases import rephrased, roman


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("from 3 to 5 inclusive", "[3, 5]"),
        ("x is between 3 and 5 (inclusive)", "[3, 5]"),
        ("strictly between -1 and 2.5", "(-1, 2.5)"),
        ("between 3 and 5", "between 3 and 5"),
        ("from 10 to 15", "10-15"),
        ("x is at least 4", "at least 4"),
        ("all non-negative real numbers", "[0, \\infty)"),
        ("all positive integers", "\\mathbb{Z}_{> 0}"),
        ("positive fractions", "positive fractions"),
        ("half past 3", "3:30"),
        ("quarter to 1", "12:45"),
        ("noon", "12:00 PM"),
        ("4 hundreds, 0 tens and 7 ones", "407"),
        ("III and I only", "①③"),
        ("only II", "②"),
        ("right-angled triangle", "right triangle"),
        ("the right answer", "the right answer"),
    ],
)
def test_what_words_say_is_written_as_a_value(text, written):
    assert rephrased(text) == written


@pytest.mark.parametrize(("text", "value"), [("XIV", 14), ("MCMXC", 1990), ("IIII", None), ("I", None), ("MIX", 1009)])
def test_roman_numerals(text, value):
    assert roman(text) == value

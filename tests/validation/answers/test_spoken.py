from fractions import Fraction

import pytest

from validation.answers.spoken import may_count, read_chinese, read_english


@pytest.mark.parametrize(
    ("phrase", "value", "rest"),
    [
        ("one hundred twenty-one", Fraction(121), ""),
        ("two and a half", Fraction(5, 2), ""),
        ("three quarters", Fraction(3, 4), ""),
        ("minus four", Fraction(-4), ""),
        ("twelve apples", Fraction(12), "apples"),
        ("two thousand and five", Fraction(2005), ""),
        ("-3 and 1/4", Fraction(-13, 4), ""),
    ],
)
def test_a_phrase_is_read_with_what_stands_behind_the_number(phrase: str, value: Fraction, rest: str) -> None:
    assert read_english(phrase) == (value, rest)


@pytest.mark.parametrize("phrase", ["apples", "twenty-first", "one two", "3 and 5/4", "and a"])
def test_what_is_no_number_or_has_two_readings_is_not_read(phrase: str) -> None:
    assert read_english(phrase) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一百二十", Fraction(120)),
        ("一万零五", Fraction(10005)),
        ("二分之一", Fraction(1, 2)),
        ("一又二分之一", Fraction(3, 2)),
        ("负一又二分之一", Fraction(-3, 2)),
        ("十二点五", Fraction(25, 2)),
        ("二〇二四", Fraction(2024)),
        ("3万5千", Fraction(35000)),
        ("负三", Fraction(-3)),
    ],
)
def test_chinese_numerals_are_read_exactly(text: str, value: Fraction) -> None:
    assert read_chinese(text) == value


@pytest.mark.parametrize("text", ["苹果", "一又二", "零分之一", ""])
def test_what_is_no_chinese_numeral_is_not_read(text: str) -> None:
    assert read_chinese(text) is None


@pytest.mark.parametrize(("words", "counts"), [("a dozen", True), ("twice", True), ("a boat", False), ("半", True)])
def test_words_may_speak_of_a_number_all_the_same(words: str, counts: bool) -> None:
    assert may_count(words) is counts

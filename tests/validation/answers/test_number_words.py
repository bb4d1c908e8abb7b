"""A word behind a number is worth what its language makes of it, or is the name of what was counted."""

import pytest

from validation.answers import Relation, compare
from validation.answers.number_words import number_words


@pytest.mark.parametrize(
    ("gold", "answer", "language"),
    [
        ("7000000000", "7 Milliarden", "de"),
        ("7000", "7 mil", "es"),
        ("7000000", "7 млн", "ru"),
        ("7000", "7 тыс. рублей", "ru"),
        ("70000", "7만 원", "ko"),
        ("700000", "७ लाख", "hi"),
        ("7000", "7 ألف", "ar"),
        ("7000000", "7 ล้าน", "th"),
        ("7%", "7 процентов", "ru"),
        ("7%", "7パーセント", "ja"),
        ("7%", "%7", "tr"),
        ("7%", "ร้อยละ 7", "th"),
        ("7", "7개", "ko"),
        ("7", "7 ডলার", "bn"),
        ("7", "7 सेब", "hi"),
        ("7", "7 تفاحات", "ar"),
        ("7 км", "7000 м", "ru"),
        ("7", "R$ 7", "pt"),
    ],
)
def test_a_word_of_the_language_is_understood(gold: str, answer: str, language: str) -> None:
    assert compare(gold, answer, language=language).outcome is Relation.EQUAL


@pytest.mark.parametrize(
    ("answer", "language"),
    [
        ("7 Milliarden", "de"),
        ("7 millions", "fr"),
        ("7 тысяч", "ru"),
        ("7만", "ko"),
        ("7 مليون", "ar"),
        ("7 процентов", "ru"),
        ("7パーセント", "ja"),
        ("7以上", "zh"),
        ("7 이상", "ko"),
        ("7時間半", "ja"),
        ("7折", "zh"),
        ("7 с половиной", "ru"),
        ("7 oder mehr", "de"),
        ("7 নয়", "bn"),
    ],
)
def test_a_word_that_alters_the_number_is_not_passed_over(answer: str, language: str) -> None:
    assert compare("7", answer, language=language).outcome is not Relation.EQUAL


def test_every_scale_is_in_small_letters_as_it_is_looked_up() -> None:
    assert all(word == word.lower() and factor > 1 for word, factor in number_words().scales.items())

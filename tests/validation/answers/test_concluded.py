"""What a last sentence concludes with, where nothing marks an answer and no reference came with it."""

import pytest

from validation.answers.concluded import find_concluded

BEFORE = "She had 60 pens and gave 15 away.\n\n"


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("Therefore, the result that she got is 45.", "45"),
        ("So 12 pens are left.", "12"),
        ("**Thus, the 3 of them pay $2.50 in all, which is $7.50.**", "$7.50"),
        ("So the solution of the equation is x = 5.", "x = 5"),
        ("Hence the area is $12\\pi$.", "$12\\pi$"),
        ("In total, 60 - 15 = 45 pens.", "45"),
        ("Therefore, it takes her 1,250 steps.", "1,250"),
        ("This means that 25% of them sing.", "25%"),
    ],
)
def test_the_one_value_of_a_conclusion_is_found(sentence: str, answer: str) -> None:
    text = BEFORE + sentence
    found = find_concluded(text)
    assert found is not None
    assert found[0] == answer
    assert text[found[1] : found[2]] == answer


@pytest.mark.parametrize(
    "sentence",
    [
        "Thus 3 of the 8 boys sing.",
        "So it is not 45.",
        "So she has 5 or 6 of them.",
        "She has 45 pens left.",
        "So is it 45?",
        "Therefore, the answer cannot be determined from 60 pens.",
        "Therefore, all of them sing.",
        "So if 45 are left, we go on.",
        "So " + "on and on " * 50 + "it is 45.",
    ],
)
def test_what_concludes_nothing_is_none(sentence: str) -> None:
    assert find_concluded(BEFORE + sentence) is None

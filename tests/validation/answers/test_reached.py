import pytest

from validation.answers import reaches

HOW_MANY = "How many shells are there?"


@pytest.mark.parametrize(
    ("rationale", "final"),
    [
        ("6 + 9 = <<6+9=15>>15 shells, which is more than 12", "15"),
        ("So there are 9 + 6 = 15", "15"),
        ("In 8 hours she sorts 5 * 8 = 40 shells, or 40 in 8 hours.", "40"),
        ("He needs 48/4 = 12 tides to find 48 shells.", "12"),
        ("6 / 2 = 3 after a day. It takes her 2 days to come down to 3 shells.", "2"),
        ("She gets 1,200 shells since that is what a crew of 30 or more gets.", "1200"),
        ("She ate 14 because 9 + 5 = 14\nHe ate 15 because 12 x 1.25 = 15\nThe one ate 15 because 15 > 14", "15"),
        ("They may not eat until 4+3 = 7:00 pm", "7"),
        ("What is asked is the word.", "seven"),
    ],
)
def test_a_final_answer_that_a_step_states_is_reached(rationale: str, final: str) -> None:
    assert reaches(rationale, final, HOW_MANY)


@pytest.mark.parametrize(
    ("rationale", "final"),
    [
        ("12 shells + 4 shells + 16 shells = 32 shells", "20"),
        ("So she saves 50 - 20 = 30 shells by buying the 30 instead of the 50.", "20"),
        ("They find 8 + 6 = <<8+6=14>>14 in all.", "16"),
    ],
)
def test_a_final_answer_that_only_enters_a_step_is_not_reached(rationale: str, final: str) -> None:
    assert not reaches(rationale, final, HOW_MANY)


@pytest.mark.parametrize(
    ("question", "reached"),
    [
        ("How much is a slice, in cents?", True),
        ("What percentage of them is red?", True),
        ("How much is a slice?", False),
    ],
)
def test_cents_and_percent_are_hundredths_where_they_are_asked_for(question: str, reached: bool) -> None:
    assert reaches("So each is 12/48 = 0.25 of it.", "25", question) is reached

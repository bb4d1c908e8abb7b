import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stages.decontaminate.quantities import by_value


def written(text):
    return " ".join(by_value(pa.array([text]))[0].as_py().split())


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("twice as many", "2 as many"),
        ("half of it, halved", "2 of it, 2"),
        ("he doubles it", "he 2 it"),
        ("thrice and tripled", "3 and 3"),
        ("a quarter quadrupled", "a 4 4"),
        ("half a dozen", "6"),
        ("a dozen eggs", "a 12 eggs"),
        ("2 dozen eggs", "24 eggs"),
        ("10 dozens", "120"),
        ("1 third", "1 3"),
        ("a tenth", "a 10"),
        ("one-fifth", "one 5"),
        ("3 fifths", "3 5"),
        ("2-thirds", "2 3"),
        ("7 and a half", "7.5"),
        ("7 and one half", "7.5"),
        ("an hour and a half", "1.5"),
        ("one and a half", "1.5"),
        ("une heure et demie", "1.5"),
        ("4 dollars and 25 cents", "4.25"),
        ("3 dollars 50.", "3.50."),
        ("25 cents", "0.25"),
        ("5 cents", "0.05"),
    ],
)
def test_multiples_and_parts_are_their_numbers(text, same):
    assert written(text) == " ".join(by_value(pa.array([same]))[0].as_py().split())
    assert any(sign.isdigit() for sign in written(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$40.00", "$40"),
        ("€2.50", "$2.5"),
        ("£3 ¥4 ₹5", "$3 $4 $5"),
        (".5", "0.5"),
        ("x=.25", "x=0.25"),
        ("1.50", "1.5"),
        ("1.050", "1.05"),
        ("40.00.", "40."),
        ("3.0 and 3.10", "3 and 3.1"),
    ],
)
def test_decimals_are_written_without_what_says_nothing(text, value):
    assert written(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "100",
        "1.05",
        "10.01",
        "the third child",
        "31st and 4th",
        "behalf of a halfling",
        "2 dollars each",
        "v1.2",
        "accents",
        "",
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert by_value(pa.array([text])).to_pylist() == [text]


@given(st.lists(st.none() | st.sampled_from(["half", "2 dozen", "$1.50", "x", "third", ""]), max_size=6))
def test_a_text_is_written_as_it_is_alone(texts):
    alone = [None if text is None else by_value(pa.array([text]))[0].as_py() for text in texts]
    assert by_value(pa.array(texts, pa.string())).to_pylist() == alone

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.duplicates.exchanges import exchanged, terms_of


def told_apart(one, other):
    return exchanged(*terms_of(pa.array([one, other])).to_pylist())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Find the larger one.", "Find the smaller one."),
        ("a sack of 25 kilograms", "a sack of 25 grams"),
        ("If today is Monday, what is", "If today is Tuesday, what is"),
        ("It shows heads with 0.3. How likely are heads?", "It shows heads with 0.3. How likely are tails?"),
        ("the sixth term", "the seventh term"),
        ("Tom is twice as old as Ann.", "Ann is twice as old as Tom."),
        ("Tom and Ann count. How old is Tom?", "Tom and Ann count. How old is Ann?"),
    ],
)
def test_an_exchanged_word_and_names_in_another_order_tell_problems_apart(one, other):
    assert told_apart(one, other)
    assert told_apart(other, one)
    assert not told_apart(one, one.replace("is", "was"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a sack of 25 kilograms", "a sack of 25 garden"),  # lost, not exchanged
        ("3 kilograms and 2 kilograms", "3 kilograms and 2"),
        ("Tom is twice as old as Ann.", "Sam is twice as old as Eve."),
        ("TOM IS OLD", "Tom is old"),
        ("Monday, inside", "outside on Monday, inside"),
        ("", "Tom"),
    ],
)
def test_a_lost_word_and_another_name_do_not(one, other):
    assert not told_apart(one, other)
    assert not told_apart(other, one)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="aA zero.inside Tom\n", max_size=25), max_size=6))
def test_terms_do_not_depend_on_the_other_texts_of_their_batch(texts):
    alone = [terms_of(pa.array([text])).to_pylist()[0] for text in texts]
    assert terms_of(pa.array(texts, pa.string())).to_pylist() == alone

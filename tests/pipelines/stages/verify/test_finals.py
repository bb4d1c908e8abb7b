"""The final answer of a candidate: the last of several, one of several boxes, or what the last sentences state."""

import pytest

from pipelines.stages.verify.finals import (
    Case,
    behind_final,
    compare_final,
    find_concluded_final,
    find_final,
    find_stated_final,
)
from schemas.problem import Format
from validation.answers import Relation


def case(text: str, *, answer: str | None = "9", independent: bool = True) -> Case:
    return Case(0, Format.COT, "How many?", (("text", text),), answer, independent, "en", None)


def test_a_reference_of_its_own_field_is_looked_for_and_one_from_the_text_is_not() -> None:
    stated = "There are 4 + 5 = 9 of them, as we saw."
    found = find_stated_final(case(stated), stated, "9", "places")
    assert found is not None
    assert (stated[found.start : found.end].strip(), found.path) == ("9", "stated")
    assert find_stated_final(case(stated, independent=False), stated, "9", "places") is None
    assert find_stated_final(case(stated), stated, "8", "places") is None


def test_a_conclusion_is_an_answer_where_the_row_brings_none() -> None:
    text = "There are 4 + 5 = 9 of them. So 9 are left."
    found = find_concluded_final(case(text, answer=None), text)
    assert found is not None
    assert (found.answer, found.path) == ("9", "concluded")
    assert find_concluded_final(case(text, answer="9"), text) is None
    assert find_concluded_final(case("So we see.", answer=None), "So we see.") is None


@pytest.mark.parametrize(
    ("text", "gold", "outcome"),
    [
        (r"$\boxed{2}$ or $\boxed{9}$", "9", Relation.EQUAL),
        (r"$\boxed{2}$ or $\boxed{9}$", "2, 9", Relation.EQUAL),
        (r"$\boxed{2}$ or $\boxed{9}$", "2", Relation.NOT_EQUAL),
        ("The answer is then the units digit of $T$. With $T=19$ it is 9.", "9", Relation.EQUAL),
        ("The answer is then $T+4$, and with $T=5$ this is $5+4=9$.", "9", Relation.EQUAL),
        ("The answer is then $T+4$, and with $T=4$ this is $4+4=8$.", "9", Relation.UNKNOWN),
        ("The answer is 8, for 9 is too large.", "9", Relation.NOT_EQUAL),
        ("We take any $k$ (here $k=9$, then the answer is $k$).", "9", Relation.EQUAL),
        ("We take any $k$ (here $k=8$, then the answer is $k$).", "9", Relation.UNKNOWN),
        ("Here $k=9$ and $m=8$, so the answer is $m$.", "9", Relation.UNKNOWN),
        ("So the answer is A.", "9", Relation.UNKNOWN),
        ("So the answer is A.", "B", Relation.NOT_EQUAL),
    ],
)
def test_what_a_solution_ends_in_beside_its_reference(text: str, gold: str, outcome: Relation) -> None:
    row = case(text, answer=gold)
    text, found = find_final(row)
    assert compare_final(row, text, found, gold, "places")[1].outcome is outcome


def test_only_what_stands_behind_the_sentence_is_left_over() -> None:
    text = r"So it is \boxed{9}, as said. Thanks for reading."
    assert behind_final(case(text), *find_final(case(text))).strip() == "Thanks for reading."
    assert behind_final(case(r"So it is \boxed{9}."), *find_final(case(r"So it is \boxed{9}."))) == ""

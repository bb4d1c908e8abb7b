"""Sets of numbers that have a letter, beside one another and beside regions."""

import pytest

from validation.answers import Relation, compare
from validation.answers.number_sets import NumberSet, read_set

EQUAL, NOT_EQUAL, UNKNOWN = Relation.EQUAL, Relation.NOT_EQUAL, Relation.UNKNOWN


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        ("R_+", r"\mathbb{R}_{+}", EQUAL),
        (r"\mathbb R_+", r"\mathbf{R}^{+}", EQUAL),
        ("ℝ₊", r"$\mathbb{R}_+$", EQUAL),
        (r"\mathbb{Q}_+", r"\mathbb{Q}^+", EQUAL),
        (r"\mathbb{Z}^+", r"\mathbb{N}^*", EQUAL),
        (r"\mathbb{Z}^+", "all positive integers", EQUAL),
        (r"\mathbb{N}_0", r"\mathbb{Z}_{\geq 0}", EQUAL),
        (r"\mathbb N", r"\mathbb{N}", EQUAL),
        (r"\mathbb{Z} \setminus \{0\}", r"\mathbb{Z}^*", EQUAL),
        (r"\mathbb{R}_+^*", r"(0,\infty)", EQUAL),
        (r"\mathbb{R}_+ \cup \{0\}", "x \\ge 0", EQUAL),
        (r"\mathbb{R}^2", r"\mathbb{R}^{2}", EQUAL),
        ("R_+", r"\mathbb{R}", NOT_EQUAL),
        ("R_+", "R_-", NOT_EQUAL),
        (r"\mathbb{R}_+", r"\mathbb{Q}_+", NOT_EQUAL),
        (r"\mathbb{R}_+", r"(1,\infty)", NOT_EQUAL),
        (r"\mathbb{R}_+", "5", NOT_EQUAL),
        (r"\mathbb{Z}_{>0}", r"\mathbb{Z}_{\ge 0}", NOT_EQUAL),
        (r"\mathbb{R}^2", r"\mathbb{R}^3", NOT_EQUAL),
        (r"\mathbb{R}_+", r"(0,\infty)", UNKNOWN),
        (r"\mathbb{R}_+", r"[0,\infty)", UNKNOWN),
        (r"\mathbb{Z}^+", r"\mathbb{N}", UNKNOWN),
        (r"\mathbb{R}^n", r"\mathbb{R}^2", UNKNOWN),
    ],
)
def test_sets_are_compared_by_what_is_in_them(gold: str, answer: str, outcome: Relation) -> None:
    assert compare(gold, answer).outcome is outcome
    assert compare(answer, gold).outcome is outcome


def test_a_question_says_whether_zero_is_in_a_set() -> None:
    positive = r"Let $\mathbb{R}_+$ be the set of positive real numbers. Where does $f$ vanish?"
    other = r"Let $\mathbb{R}_+$ be the set of non-negative real numbers. Where does $f$ vanish?"
    silent = r"Here $f$ goes from $\mathbb{R}_+$ to $\mathbb{R}_+$. Where does $f$ vanish?"
    answers = (r"(0,\infty)", r"[0,\infty)")
    outcomes = [[compare(r"\mathbb{R}_+", answer, asked).outcome for answer in answers] for asked in (positive, other)]
    assert outcomes == [[EQUAL, NOT_EQUAL], [NOT_EQUAL, EQUAL]]
    assert compare(r"\mathbb{R}_+", answers[0], silent).outcome is UNKNOWN


def test_a_letter_alone_is_a_name_and_no_set() -> None:
    assert read_set("R") is None
    assert read_set("R_1") is None
    assert read_set("N^2") is None
    assert read_set(r"\mathbf{1 3}") is None
    assert read_set(r"\mathbb{R}") == NumberSet("R", "", zero=True)

import pytest

from validation.answers import Relation, compare


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        (r"\{x \mid 1 < x \le 4\}", "(1,4]", Relation.EQUAL),
        (r"\{3k - 1 : k \in \mathbb{Z}\}", r"\{3n + 2 \mid n \in \mathbb{Z}\}", Relation.EQUAL),
        (r"\{x \mid x = 3k - 1, k \in \mathbb{Z}\}", r"x = 3k + 2, k \in \mathbb{Z}", Relation.EQUAL),
        (r"\{3k - 1 : k \in \mathbb{Z}\}", r"\{3k + 1 \mid k \in \mathbb{Z}\}", Relation.NOT_EQUAL),
        (r"\{3k : k \in \mathbb{Z}\}", r"\{3k : k \in \mathbb{N}\}", Relation.UNKNOWN),
        (r"\{x \in \mathbb{Z} \mid -2 < x \le 1\}", r"\{-1, 0, 1\}", Relation.EQUAL),
        (r"\{x \in \mathbb{Z} \mid -2 < x \le 1\}", r"\{-2, -1, 0, 1\}", Relation.NOT_EQUAL),
        (r"\{x \in \mathbb{N} \mid 2 \le x < 5\}", r"\{2, 3, 4\}", Relation.EQUAL),
        (r"\{x \in \mathbb{N} \mid x < 3\}", r"\{1, 2\}", Relation.UNKNOWN),  # whether 0 is natural
        (r"\{x \in \mathbb{Z} \mid x < 3\}", r"\{1, 2\}", Relation.UNKNOWN),
        (r"\{x \in \mathbb{Z} \mid 0 < x < 3\}", "(0,3)", Relation.NOT_EQUAL),
    ],
)
def test_a_set_is_what_its_members_are(gold, answer, outcome):
    assert compare(gold, answer).outcome is outcome

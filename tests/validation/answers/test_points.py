import pytest

from validation.answers import Relation, compare


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        ("A(1,2), B(3,4)", "A=(1,2), B=(3,4)", Relation.EQUAL),
        ("A(1,2), B(3,4)", "B(3, 4) and A(1, 2)", Relation.EQUAL),
        ("A(1,2), B(3,4)", "A(3,4), B(1,2)", Relation.NOT_EQUAL),
        ("P(2,7)", "(2, 7)", Relation.EQUAL),
        ("P(2,7)", "(7, 2)", Relation.NOT_EQUAL),
        ("C(6,2)", "15", Relation.EQUAL),
        ("C(6,2)", "(6,2)", Relation.UNKNOWN),
        (r"\langle 4,-1,0\rangle", r"4\mathbf{i} - \mathbf{j}", Relation.EQUAL),
        ("(4,-1)", r"4\hat{i} - \hat{j}", Relation.EQUAL),
        ("(4,-1,2)", "4i - j + 2k", Relation.EQUAL),
        ("(4,-1,2)", "4i + j + 2k", Relation.NOT_EQUAL),
        ("(4,-1)", "4 - i", Relation.NOT_EQUAL),
        ("(0, 3)", "3i", Relation.NOT_EQUAL),  # a complex number
        (r"(a, 2)", r"a\mathbf{i} + 2\mathbf{j}", Relation.EQUAL),
    ],
)
def test_points_and_vectors(gold, answer, outcome):
    assert compare(gold, answer).outcome is outcome

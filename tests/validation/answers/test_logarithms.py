import pytest

from validation.answers import Relation, compare


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        (r"\log_3 7", r"\frac{\log 7}{\log 3}", Relation.EQUAL),
        (r"\frac{\ln 7}{\ln 3}", "log(7)/log(3)", Relation.EQUAL),
        (r"\ln 3 + 1", "log(3) + 1", Relation.EQUAL),  # as programs write it
        (r"\ln 3", r"\log 3", Relation.UNKNOWN),
        (r"\log x", r"\ln x", Relation.UNKNOWN),
        (r"\ln 3", "log(4)", Relation.NOT_EQUAL),
        (r"\log_3 7", r"\frac{\log 3}{\log 7}", Relation.NOT_EQUAL),
        (r"\log 50", r"2 - \log 2", Relation.EQUAL),
        (r"\ln 8", r"\log_e 8", Relation.EQUAL),
        (r"\ln(3e)", r"1 + \ln 3", Relation.EQUAL),
        (r"\log_2 \sqrt{8}", "1.5", Relation.EQUAL),
        (r"\log_2 \sqrt{8}", "1.6", Relation.NOT_EQUAL),
    ],
)
def test_logarithms_of_any_base(gold, answer, outcome):
    assert compare(gold, answer).outcome is outcome

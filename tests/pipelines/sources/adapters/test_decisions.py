import pytest

from pipelines.sources.adapters.decisions import decision_by_value, decision_of
from pipelines.sources.adapters.fields import Unreadable
from schemas.problem import Decision
from schemas.reason import Reason


@pytest.mark.parametrize(
    ("word", "decision"),
    [
        ("accepted", Decision.ACCEPTED),
        (" Keep ", Decision.ACCEPTED),
        ("1", Decision.ACCEPTED),
        (1, Decision.ACCEPTED),
        (1.0, Decision.ACCEPTED),
        (True, Decision.ACCEPTED),
        ("NO", Decision.REJECTED),
        ("declined", Decision.REJECTED),
        (0, Decision.REJECTED),
        (False, Decision.REJECTED),
        ("  ", None),
        (None, None),
    ],
)
def test_a_decision_is_read_in_the_words_that_people_use(word, decision):
    assert decision_of({"verdict": word}, "verdict") is decision


def test_a_decision_may_stand_in_a_list_of_one():
    assert decision_of({"choices": ["accept"]}, "choices") is Decision.ACCEPTED
    exported = {"annotations": [{"result": [{"value": {"choices": ["reject"]}}]}]}
    assert decision_of(exported, "annotations.result.value.choices") is Decision.REJECTED
    assert decision_of({"choices": []}, "choices") is None


def test_a_field_that_is_absent_or_not_named_decides_nothing():
    assert decision_of({}, "verdict") is None
    assert decision_of({"verdict": "accepted"}, None) is None


@pytest.mark.parametrize(
    ("word", "detail"),
    [
        ("perhaps", "verdict is accepted, rejected, unsure or empty, not 'perhaps'"),
        ("x" * 60, f"verdict is accepted, rejected, unsure or empty, not '{'x' * 40}'"),
        (2, "verdict is accepted, rejected, unsure or empty, not '2'"),
        (["accepted", "rejected"], "verdict is a list of 2: name one as verdict.0"),
        ({"choice": "accepted"}, "verdict is no text but dict; it holds choice: name one as verdict.choice"),
    ],
)
def test_another_word_is_refused(word, detail):
    with pytest.raises(Unreadable) as caught:
        decision_of({"verdict": word}, "verdict")
    assert (caught.value.reason, caught.value.detail) == (Reason.UNSUPPORTED, detail)


@pytest.mark.parametrize(
    ("reference", "answer", "decision"),
    [
        ("5", "5.0", Decision.ACCEPTED),
        ("\\frac{1}{2}", "0.5", Decision.ACCEPTED),
        ("5", "6", Decision.REJECTED),
        ("the set of primes", "\\mathbb{P}", None),
    ],
)
def test_an_answer_decides_by_its_value(reference, answer, decision):
    assert decision_by_value(reference, answer) is decision

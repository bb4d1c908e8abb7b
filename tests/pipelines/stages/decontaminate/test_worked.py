import pytest

from pipelines.stages.decontaminate.worked import shared_work, worked_numbers


@pytest.mark.parametrize(
    ("solution", "question", "numbers"),
    [
        (b"20+40=60,7*60=420", "20 and 40, seven times: 7", {b"60", b"420"}),
        (b"sox=1.5and2and0", "What is x?", {b"1.5"}),
        (b"[asy]draw((33,0));[/asy]12", "a figure", {b"12"}),
        (b"[asy]draw((33,0));", "a figure", set()),
    ],
)
def test_worked_numbers_are_those_that_the_question_has_not(solution, question, numbers):
    assert worked_numbers(solution, question) == numbers


@pytest.mark.parametrize(
    ("own", "theirs", "shared"),
    [
        ({b"60", b"420"}, {b"60", b"420"}, True),
        ({b"60", b"420"}, {b"140", b"420"}, False),
        ({b"420"}, {b"140"}, None),
        (set(), {b"140"}, None),
    ],
)
def test_the_answer_is_no_work(own, theirs, shared):
    assert shared_work(frozenset(own), frozenset(theirs), "420") is shared

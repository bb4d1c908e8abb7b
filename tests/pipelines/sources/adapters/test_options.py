import pytest

from pipelines.sources.adapters.fields import Unreadable
from pipelines.sources.adapters.options import with_options
from schemas.reason import Reason

FIVE_AND_SIX = "How many?\n(A) 5\n(B) 6"


@pytest.mark.parametrize(
    "options",
    [
        ["5", "6"],
        [5, 6.0],
        ["A)5", "B) 6"],
        ["(a) 5", "(b) 6"],
        ["A. 5", "B. 6"],
        [{"label": "A", "text": "5"}, {"label": "B", "text": "6"}],
        [{"id": "A", "content": 5}, {"id": "B", "content": 6}],
        [{"text": "5"}, {"text": "6"}],
        {"A": "5", "B": "6", "C": None},
        {"text": ["5", "6"], "label": ["A", "B"]},
        '["5", "6"]',
        "['5', '6']",
        [["5"], ["6"]],
        [[{"aoVal": "A", "content": "5 "}], [{"aoVal": "B", "content": "6 "}]],
        '{"A": "5", "B": "6"}',
        "(A) 5\n(B) 6",
    ],
)
def test_options_of_every_layout_are_written_alike(options):
    assert with_options("How many?", {"row": {"options": options}}, "row.options") == FIVE_AND_SIX


def test_each_option_may_have_a_field_of_its_own():
    record = {"option_a": 5, "option_b": "6", "option_c": None}
    assert with_options("How many?", record, ["option_a", "option_b", "option_c"]) == FIVE_AND_SIX


@pytest.mark.parametrize("options", [None, [], {}, "", ["5", "6"], {"A": 5, "B": 6}])
def test_options_that_stand_in_the_question_are_not_repeated(options):
    question = "How many? A. 5  B. 6" if options else "How many?"
    assert with_options(question, {"options": options}) == question
    assert with_options(question, {"options": options}, None) == question


def test_options_that_do_not_stand_in_the_question_are_added():
    assert with_options("A. 5 pens. How many?", {"options": ["5", "6"]}).endswith("\n(A) 5\n(B) 6")


@pytest.mark.parametrize("options", [5, [["5", "6"]], [{"label": "A", "score": None}], {"A": ["5"]}])
def test_what_holds_no_options_is_refused(options):
    with pytest.raises(Unreadable) as caught:
        with_options("How many?", {"options": options})
    assert caught.value.reason is Reason.UNSUPPORTED

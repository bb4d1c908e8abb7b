import pytest

from schemas.problem import Decision
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal

COLUMNS = {
    "question": "row.problem",
    "solution": "texts.1.body",
    "answer": "gold",
    "annotator": "who",
    "decision": "verdict",
    "confidence": "sure",
    "votes": "votes",
    "agreement": "agree",
    "difficulty": "level",
    "topic": "row.topic",
    "language": "lang",
    "time": "when",
    "control": "test",
    "expected": "truth",
    "effort": "mode",
}
ROW = {
    "row": {"problem": " 1+1? ", "topic": "sums"},
    "texts": [{"body": "no"}, {"body": "It is 2."}],
    "gold": 2.0,
    "who": "ann-7",
    "verdict": "Accepted",
    "sure": "0.9",
    "votes": 5,
    "agree": 0.8,
    "level": "Level 2",
    "lang": "pt",
    "when": "2026-03-01T10:00:00+01:00",
    "test": "yes",
    "truth": "no",
    "mode": "no_think",
}


def test_dotted_names_reach_into_objects_and_arrays():
    problem = read("columns", ROW, format="cot", columns=COLUMNS)
    assert (problem.question, problem.answer, problem.independent) == ("1+1?", "2", True)
    assert laid_out(problem) == [("text", "It is 2.")]
    assert (problem.topic, problem.difficulty, problem.language) == ("sums", 2, "pt")
    selection = problem.selection
    assert (selection.decision, selection.annotator, selection.reviewer) == (Decision.ACCEPTED, "ann-7", None)
    assert (selection.confidence, selection.votes, selection.agreement) == (0.9, 5, 0.8)
    assert (selection.time, selection.control, selection.expected) == (1772355600.0, True, Decision.REJECTED)
    assert problem.effort == "no_think"


def test_a_time_that_is_none_is_refused():
    reason, detail = refusal("columns", {**ROW, "when": "soon"}, format="cot", columns=COLUMNS)
    assert (reason, detail) == (Reason.UNSUPPORTED, "when is no time: 'soon'; expected ISO 8601 or seconds")


@pytest.mark.parametrize(
    ("code", "language"),
    [("EN", "en"), ("pt-BR", "pt"), ("zh_Hant_TW", "zh"), (" de ", "de"), (None, "en"), ("", "en")],
)
def test_the_code_of_a_language_is_its_first_part(code, language):
    assert read("columns", {**ROW, "lang": code}, format="cot", columns=COLUMNS).language == language


def test_votes_are_counted_up_to_what_a_shard_holds():
    assert read("columns", {**ROW, "votes": 2**31 - 1}, format="cot", columns=COLUMNS).selection.votes == 2**31 - 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("agree", "nan", "agree is no number: 'nan'"),
        ("agree", 80, "agree is 80, expected 0 to 1"),
        ("sure", "-0.1", "sure is -0.1, expected 0 to 1"),
        ("votes", "inf", "votes is no number: 'inf'"),
        ("votes", 2**31, "votes is 2.14748e+09, expected 0 to 2147483647"),
        ("votes", -1, "votes is -1, expected 0 to 2147483647"),
        ("lang", "number theory", "lang is a code of ISO 639 such as en, not 'number theory'"),
        ("lang", "e\x1b[31m", r"lang is a code of ISO 639 such as en, not 'e\x1b[31m'"),
        ("when", "nan", "when is no time: 'nan'; expected ISO 8601 or seconds"),
        ("test", "maybe", "test is true, false or empty, not 'maybe'"),
    ],
)
def test_what_is_no_value_is_refused(field, value, says):
    reason, detail = refusal("columns", {**ROW, field: value}, format="cot", columns=COLUMNS)
    assert (reason, detail) == (Reason.UNSUPPORTED, says)


@pytest.mark.parametrize(
    ("value", "control"), [(1.0, True), (True, True), ("Yes", True), (0.0, False), (None, False), ("", False)]
)
def test_a_control_item_is_marked_in_a_column_with_gaps_too(value, control):
    problem = read("columns", {**ROW, "test": value}, format="cot", columns=COLUMNS)
    assert problem.selection.control is control


def test_a_name_with_a_dot_of_its_own_comes_first():
    problem = read("columns", {"a.b": "q", "a": {"b": "x"}, "solution": "s"}, format="cot", columns={"question": "a.b"})
    assert problem.question == "q"


@pytest.mark.parametrize(
    ("value", "decision"),
    [
        ("rejected", Decision.REJECTED),
        ("", None),
        (None, None),
        (True, Decision.ACCEPTED),
        (False, Decision.REJECTED),
    ],
)
def test_decisions(value, decision):
    record = {"question": "q", "solution": "s", "d": value}
    assert read("columns", record, format="cot", columns={"decision": "d"}).selection.decision is decision


def test_an_unknown_decision_is_refused():
    record = {"question": "q", "solution": "s", "d": "maybe"}
    reason, detail = refusal("columns", record, format="cot", columns={"decision": "d"})
    assert reason is Reason.UNSUPPORTED
    assert "accepted, rejected, unsure or empty, not 'maybe'" in detail


def test_answers_that_are_numbers_are_written_as_people_do():
    for value, text in [
        (18.0, "18"),
        (0.5, "0.5"),
        (1e-05, "0.00001"),
        (10**30, "1" + "0" * 30),
        (" 7 ", "7"),
        ("", None),
    ]:
        record = {"question": "q", "solution": "s", "a": value}
        assert read("columns", record, format="cot", columns={"answer": "a"}).answer == text


def test_an_answer_that_is_a_list_is_one_answer():
    row = {"question": "q", "solution": "s", "a": [1, " 2.5 "]}
    assert read("columns", row, format="cot", columns={"answer": "a"}).answer == "1, 2.5"
    reason, _ = refusal("columns", {**row, "a": [[1]]}, format="cot", columns={"answer": "a"})
    assert reason is Reason.UNSUPPORTED


def test_each_text_of_a_list_is_a_solution():
    row = {"question": ["Two pens.", "How many?"], "solution": ["It is 2.", "2 it is."], "answer": ["2"]}
    problem = read("columns", row, format="cot", columns={"answer": "answer"})
    assert problem.question == "Two pens.\nHow many?"
    assert [laid_out(problem, place) for place in (0, 1)] == [[("text", "It is 2.")], [("text", "2 it is.")]]
    assert read("columns", row, format="cot", derive=["pot"]).solutions == problem.solutions


@pytest.mark.parametrize(
    ("question", "body", "text"),
    [
        (["body", "ask"], "Two pens.", "Two pens.\nHow many?"),
        (["body", "ask"], None, "How many?"),
        ("{body} {ask}", "Two pens.", "Two pens. How many?"),
        ("{body} {ask}", 2.0, "2 How many?"),
    ],
)
def test_a_question_may_be_joined_from_several_fields(question, body, text):
    row = {"body": body, "ask": "How many?", "solution": "2"}
    assert read("columns", row, format="cot", columns={"question": question}).question == text


@pytest.mark.parametrize(
    ("question", "row"), [(["body", "ask"], {"body": "Two pens."}), ("{body} {ask}", {"ask": "How many?"})]
)
def test_a_part_that_must_be_there_is_missed(question, row):
    reason, _ = refusal("columns", {**row, "solution": "2"}, format="cot", columns={"question": question})
    assert reason is Reason.MISSING_FIELD


def test_options_are_written_under_the_question():
    row = {"question": "How many?", "solution": "The answer is B.", "choices": ["5", "6"]}
    problem = read("columns", row, format="cot", columns={"options": "choices"})
    assert problem.question == "How many?\n(A) 5\n(B) 6"


def test_formats_are_parsed_as_named():
    program = {"question": "q", "solution": "print(1)"}
    assert laid_out(read("columns", program, format="pot")) == [("code", "print(1)")]
    dialogue = {"question": "q", "solution": "Do.\n```python\nprint(1)\n```\n```output\n1\n```\nIt is 1."}
    assert [kind for kind, _ in laid_out(read("columns", dialogue, format="tir"))] == [
        "text",
        "code",
        "output",
        "text",
    ]


def test_a_source_of_answers_only_has_no_solution():
    problem = read("columns", {"question": "q", "a": "5"}, format="cot", columns={"solution": None, "answer": "a"})
    assert problem.solutions == ()


@pytest.mark.parametrize("derive", [[], ["pot", "tir"]])
def test_annotations_become_programs_where_the_source_asks(derive):
    row = {"question": "q", "solution": "It is 3*4 = <<3*4=12>>12.\n#### 12"}
    problem = read("columns", row, format="cot", derive=derive)
    assert [solution.format for solution in problem.solutions] == ["cot", *derive]
    assert ("<<3*4=12>>" in laid_out(problem)[0][1]) is (not derive)

import json
from typing import ClassVar

import pytest

from pipelines.sources.adapters.registry import (
    ADAPTERS,
    Unreadable,
    check_fields,
    check_sources,
    has_header,
    named_fields,
)
from pipelines.sources.files.scan import Record, read_records, scan
from schemas.config import Source
from schemas.exits import UserError
from schemas.problem import Decision, Format, Problem, Segment, SegmentKind
from schemas.reason import Reason


def source(adapter: str, **settings) -> Source:
    return Source.model_validate({"name": "mine", "path": "x", "adapter": adapter, "licence": "MIT", **settings})


def read(adapter: str, record: dict, **settings) -> Problem:
    return ADAPTERS[adapter](record, source(adapter, **settings))


def refusal(adapter: str, record: dict, **settings) -> tuple[Reason, str]:
    with pytest.raises(Unreadable) as caught:
        read(adapter, record, **settings)
    return caught.value.reason, caught.value.detail


def laid_out(problem: Problem) -> list[tuple[str, str]]:
    return [(segment.kind.value, segment.text) for segment in problem.solutions[0].segments]


NATALIA = {
    "question": "Natalia sold clips to 48 of her friends in April, and half as many in May. How many?",
    "answer": "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nAltogether 48+24 = <<48+24=72>>72 clips.\n#### 72",
}


class TestGsm8k:
    def test_the_words_stay_without_annotations_and_end_in_the_answer(self):
        problem = read("gsm8k", NATALIA)
        assert laid_out(problem) == [
            (
                "text",
                "Natalia sold 48/2 = 24 clips in May.\nAltogether 48+24 = 72 clips.\nThe answer is \\boxed{72}.",
            )
        ]
        assert (problem.answer, problem.independent, problem.language) == ("72", False, "en")
        assert [solution.format for solution in problem.solutions] == [Format.COT]

    def test_formats_are_derived_when_the_source_asks(self):
        problem = read("gsm8k", NATALIA, derive=["pot", "tir"])
        assert [(solution.format, solution.derived) for solution in problem.solutions] == [
            (Format.COT, False),
            (Format.POT, True),
            (Format.TIR, True),
        ]

    def test_a_thousands_comma_leaves_the_box_and_stays_in_the_answer(self):
        problem = read("gsm8k", {"question": "q", "answer": "He has $1,200.\n#### 1,200"})
        assert problem.answer == "1,200"
        assert laid_out(problem)[0][1] == "He has $1,200.\nThe answer is \\boxed{1200}."

    @pytest.mark.parametrize(
        ("record", "reason", "detail"),
        [
            ({"question": "q", "answer": "no final"}, Reason.MISSING_FIELD, "answer has no line `#### 42`"),
            ({"question": "q", "answer": "text\n####  "}, Reason.MISSING_FIELD, "answer has no line `#### 42`"),
            ({"question": "q", "answer": "#### 1\n#### 2"}, Reason.UNSUPPORTED, "answer has more than one `####`"),
            ({"question": "  ", "answer": "#### 2"}, Reason.MISSING_FIELD, "question is empty"),
            ({"answer": "#### 2"}, Reason.MISSING_FIELD, "no question; the record has answer"),
            ({"question": ["q"], "answer": "#### 2"}, Reason.UNSUPPORTED, "question is no text but list"),
        ],
    )
    def test_what_it_cannot_read_says_why(self, record, reason, detail):
        assert refusal("gsm8k", record) == (reason, detail)


class TestMath:
    ROW: ClassVar = {
        "problem": "Compute $1+1$.",
        "level": "Level 3",
        "type": "Algebra",
        "solution": "First $\\boxed{1}$, then $\\boxed{\\frac{4}{2}}$.",
    }

    def test_the_answer_is_the_last_box(self):
        problem = read("math", self.ROW)
        assert (problem.answer, problem.independent) == ("\\frac{4}{2}", False)
        assert (problem.topic, problem.difficulty) == ("Algebra", 3)
        assert laid_out(problem) == [("text", self.ROW["solution"])]

    def test_an_answer_of_its_own_is_independent(self):
        problem = read("math", {**self.ROW, "answer": "2"})
        assert (problem.answer, problem.independent) == ("2", True)

    @pytest.mark.parametrize("solution", ["no box", "open \\boxed{5", "empty \\boxed{}"])
    def test_without_a_box_there_is_no_answer(self, solution):
        assert read("math", {**self.ROW, "solution": solution}).answer is None

    def test_an_unknown_level_is_none(self):
        assert read("math", {**self.ROW, "level": "Level ?"}).difficulty is None

    def test_a_row_without_solution_says_so(self):
        reason, detail = refusal("math", {"problem": "p", "answer": "5"})
        assert (reason, detail) == (Reason.MISSING_FIELD, "no solution; the record has problem, answer")


class TestColumns:
    COLUMNS: ClassVar = {
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
    ROW: ClassVar = {
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

    def test_dotted_names_reach_into_objects_and_arrays(self):
        problem = read("columns", self.ROW, format="cot", columns=self.COLUMNS)
        assert (problem.question, problem.answer, problem.independent) == ("1+1?", "2", True)
        assert laid_out(problem) == [("text", "It is 2.")]
        assert (problem.topic, problem.difficulty, problem.language) == ("sums", 2, "pt")
        selection = problem.selection
        assert (selection.decision, selection.annotator, selection.reviewer) == (Decision.ACCEPTED, "ann-7", None)
        assert (selection.confidence, selection.votes, selection.agreement) == (0.9, 5, 0.8)
        assert (selection.time, selection.control, selection.expected) == (1772355600.0, True, Decision.REJECTED)
        assert problem.effort == "no_think"

    def test_a_time_that_is_none_is_refused(self):
        reason, detail = refusal("columns", {**self.ROW, "when": "soon"}, format="cot", columns=self.COLUMNS)
        assert (reason, detail) == (Reason.UNSUPPORTED, "when is no time: 'soon'; expected ISO 8601 or seconds")

    @pytest.mark.parametrize(
        ("field", "value", "says"),
        [
            ("agree", "nan", "agree is no number: 'nan'"),
            ("agree", 80, "agree is 80, expected 0 to 1"),
            ("sure", "-0.1", "sure is -0.1, expected 0 to 1"),
            ("votes", "inf", "votes is no number: 'inf'"),
            ("when", "nan", "when is no time: 'nan'; expected ISO 8601 or seconds"),
            ("test", "maybe", "test is true, false or empty, not 'maybe'"),
        ],
    )
    def test_what_is_no_value_is_refused(self, field, value, says):
        reason, detail = refusal("columns", {**self.ROW, field: value}, format="cot", columns=self.COLUMNS)
        assert (reason, detail) == (Reason.UNSUPPORTED, says)

    @pytest.mark.parametrize(
        ("value", "control"), [(1.0, True), (True, True), ("Yes", True), (0.0, False), (None, False), ("", False)]
    )
    def test_a_control_item_is_marked_in_a_column_with_gaps_too(self, value, control):
        problem = read("columns", {**self.ROW, "test": value}, format="cot", columns=self.COLUMNS)
        assert problem.selection.control is control

    def test_a_name_with_a_dot_of_its_own_comes_first(self):
        problem = read(
            "columns", {"a.b": "q", "a": {"b": "x"}, "solution": "s"}, format="cot", columns={"question": "a.b"}
        )
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
    def test_decisions(self, value, decision):
        record = {"question": "q", "solution": "s", "d": value}
        assert read("columns", record, format="cot", columns={"decision": "d"}).selection.decision is decision

    def test_an_unknown_decision_is_refused(self):
        record = {"question": "q", "solution": "s", "d": "maybe"}
        reason, detail = refusal("columns", record, format="cot", columns={"decision": "d"})
        assert reason is Reason.UNSUPPORTED
        assert "accepted, rejected or empty, not 'maybe'" in detail

    def test_answers_that_are_numbers_are_written_as_people_do(self):
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

    def test_an_answer_that_is_a_list_is_refused(self):
        reason, _ = refusal(
            "columns", {"question": "q", "solution": "s", "a": [1]}, format="cot", columns={"answer": "a"}
        )
        assert reason is Reason.UNSUPPORTED

    def test_formats_are_parsed_as_named(self):
        program = {"question": "q", "solution": "print(1)"}
        assert laid_out(read("columns", program, format="pot")) == [("code", "print(1)")]
        dialogue = {"question": "q", "solution": "Do.\n```python\nprint(1)\n```\n```output\n1\n```\nIt is 1."}
        assert [kind for kind, _ in laid_out(read("columns", dialogue, format="tir"))] == [
            "text",
            "code",
            "output",
            "text",
        ]

    def test_a_source_of_answers_only_has_no_solution(self):
        problem = read("columns", {"question": "q", "a": "5"}, format="cot", columns={"solution": None, "answer": "a"})
        assert problem.solutions == ()


class TestMessages:
    def test_one_question_and_one_answer(self):
        turns = [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": " 1+1? "},
            {"role": "assistant", "content": "It is \\boxed{2}."},
        ]
        problem = read("messages", {"messages": turns, "answer": 2})
        assert (problem.question, problem.answer, problem.independent) == ("1+1?", "2", True)
        assert problem.solutions[0].format is Format.COT
        assert laid_out(problem) == [("text", "It is \\boxed{2}.")]

    def test_tool_calls_reasoning_and_outputs_become_segments(self):
        call = {"function": {"name": "python", "arguments": json.dumps({"code": "print(1+1)"})}}
        turns = [
            {"role": "user", "content": "1+1?"},
            {"role": "assistant", "reasoning_content": "Hm.", "content": "Let me compute.", "tool_calls": [call]},
            {"role": "tool", "content": "2\n"},
            {"role": "assistant", "content": "It is \\boxed{2}."},
        ]
        problem = read("messages", {"messages": turns})
        assert problem.solutions[0].format is Format.TIR
        assert laid_out(problem) == [
            ("think", "Hm."),
            ("text", "Let me compute."),
            ("code", "print(1+1)"),
            ("output", "2"),
            ("text", "It is \\boxed{2}."),
        ]

    def test_share_gpt_and_fenced_blocks(self):
        body = "<think>\nHm.\n</think>\nSo:\n```python\nprint(2)\n```\n```output\n2\n```\nIt is 2."
        problem = read("messages", {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": body}]})
        assert [kind for kind, _ in laid_out(problem)] == ["think", "text", "code", "output", "text"]

    def test_content_may_be_parts(self):
        parts = [{"type": "text", "text": "1+"}, {"type": "text", "content": "1?"}]
        turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": "2"}]
        assert read("messages", {"messages": turns}).question == "1+1?"

    @pytest.mark.parametrize(
        ("record", "reason", "detail"),
        [
            ({"text": "x"}, Reason.MISSING_FIELD, "no messages or conversations; the record has text"),
            ({"messages": "x"}, Reason.UNSUPPORTED, "messages is a list of turns, each an object"),
            ({"messages": []}, Reason.MISSING_FIELD, "no turn of the user"),
            ({"messages": [{"role": "user", "content": "q"}]}, Reason.MISSING_FIELD, "no turn of the assistant"),
            ({"messages": [{"role": "judge", "content": "q"}]}, Reason.UNSUPPORTED, "unknown role 'judge'"),
            (
                {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
                Reason.UNSUPPORTED,
                "content holds a part that is no text: image_url",
            ),
            (
                {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}] * 2},
                Reason.UNSUPPORTED,
                "more than one turn of the user",
            ),
            (
                {"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": '{"x": 1}'}}]}]},
                Reason.UNSUPPORTED,
                "a tool call without a program (`code`) in its arguments",
            ),
        ],
    )
    def test_what_it_cannot_read_says_why(self, record, reason, detail):
        assert refusal("messages", record) == (reason, detail)


class TestSources:
    def test_an_unknown_adapter_names_the_nearest(self):
        with pytest.raises(
            UserError, match=r"curate.sources: mine: no adapter 'gsm8'; did you mean gsm8k\? Known are .*math"
        ):
            check_sources([source("math"), source("gsm8")])

    def test_columns_needs_a_format(self):
        with pytest.raises(UserError, match="needs `format`: cot, pot or tir"):
            check_sources([source("columns")])
        check_sources([source("columns", format="tir")])

    def test_only_annotations_can_be_derived_from(self):
        with pytest.raises(UserError, match="`derive` needs calculator annotations"):
            check_sources([source("math", derive=["pot"])])
        check_sources([source("gsm8k", derive=["pot"])])

    def test_a_field_that_no_record_has_names_the_nearest(self):
        rows = [Record(0, "", {"problem": "q", "meta": {"who": "a"}}), Record(1, "", None, Reason.PARSE_ERROR)]
        named = source(
            "columns", format="cot", columns={"question": "problem", "solution": None, "annotator": "meta.who"}
        )
        check_fields("curate.sources: mine", named_fields(named), rows)
        message = r"mine: no field 'problm' in the first 1 records \(did you mean problem\?\); they have meta, problem"
        with pytest.raises(UserError, match=message):
            check_fields("curate.sources: mine", ["problm"], rows)
        check_fields("curate.sources: mine", ["anything"], rows[1:])
        assert named_fields(source("gsm8k")) == []

    def test_columns_named_by_position_mean_a_file_without_header(self):
        assert not has_header(["0", "1", None])
        assert has_header(["question", None])


def test_gsm8k_is_read_as_the_reference_says(real_data):
    gsm8k = source("gsm8k")
    problems = [
        ADAPTERS["gsm8k"](record.value, gsm8k)
        for file in scan(str(real_data / "cot" / "gsm8k_train.jsonl"))
        for split in file.splits
        for record in read_records(split)
        if record.value is not None
    ]
    answers = [problem.answer for problem in problems if problem.answer]
    assert len(answers) == 7473
    assert sum("," in answer for answer in answers) == 79
    assert sum(answer.startswith("-") for answer in answers) == 3
    texts = [solution.segments[0].text for problem in problems for solution in problem.solutions]
    assert not any("<<" in text or "####" in text for text in texts)
    assert all(text.endswith("}.") for text in texts)


def test_math_boxes_are_the_answers(real_data):
    math = source("math")
    (file,) = scan(str(real_data / "cot" / "math_train_3000_solutions.jsonl"))
    rows = [record.value for split in file.splits for record in read_records(split) if record.value is not None]
    problems = [ADAPTERS["math"](row, math) for row in rows]
    assert len(problems) == 3000
    assert all(problem.answer for problem in problems)
    assert all(
        problem.solutions[0].segments == (Segment(SegmentKind.TEXT, row["solution"].strip()),)
        for problem, row in zip(problems, rows, strict=True)
    )
    assert {problem.difficulty for problem in problems} >= {1, 2, 3, 4, 5}

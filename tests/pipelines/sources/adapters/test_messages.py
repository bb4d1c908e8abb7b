import json

import pytest

from pipelines.sources.adapters.messages import _RESULTS
from schemas.problem import Format
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal


def test_one_question_and_one_answer():
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": " 1+1? "},
        {"role": "assistant", "content": "It is \\boxed{2}."},
    ]
    problem = read("messages", {"messages": turns, "answer": 2})
    assert (problem.question, problem.answer, problem.independent) == ("1+1?", "2", True)
    assert problem.solutions[0].format is Format.COT
    assert laid_out(problem) == [("text", "It is \\boxed{2}.")]
    assert (problem.system, problem.dropped) == ("Be kind.", ())


@pytest.mark.parametrize(
    ("told", "system"),
    [
        (
            [{"role": "system", "content": " Be kind. "}, {"role": "developer", "content": "Be brief."}],
            "Be kind.\n\nBe brief.",
        ),
        ([{"role": "system", "content": ""}], None),
        ([{"from": "system", "value": "Sei freundlich."}], "Sei freundlich."),
        ([], None),
    ],
)
def test_what_the_model_is_told_stays_beside_the_problem(told, system):
    turns = [*told, {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]
    assert read("messages", {"messages": turns}).system == system
    beside = {"messages": turns, "system": "Think first.", "prefix": "Think twice."}
    assert read("messages", beside).system == (system or "Think first.")
    assert read("messages", beside, columns={"system": "prefix"}).system == (system or "Think twice.")


def test_what_a_chat_holds_besides_is_left_out_by_name():
    turns = [
        {"role": "user", "content": "1+1?", "name": "Ann"},
        {"role": "assistant", "reasoning": "Two.", "content": "<think>Two.</think>2", "weight": 1, "prefix": False},
        {"role": "assistant", "content": "\\boxed{2}", "weight": 0, "name": ""},
    ]
    problem = read("messages", {"messages": turns, "tools": [{"type": "function"}], "functions": []})
    assert problem.dropped == (
        "`tools` beside the turns",
        "`name` of a turn",
        "`weight` of a turn",
        "`prefix` of a turn",
        "thoughts told twice",
    )


def test_tool_calls_reasoning_and_outputs_become_segments():
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


def test_share_gpt_and_fenced_blocks():
    body = "<think>\nHm.\n</think>\nSo:\n```python\nprint(2)\n```\n```output\n2\n```\nIt is 2."
    problem = read("messages", {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": body}]})
    assert [kind for kind, _ in laid_out(problem)] == ["think", "text", "code", "output", "text"]


def test_content_may_be_parts():
    parts = [{"type": "text", "text": "1+"}, {"type": "text", "content": "1?"}]
    turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": "2"}]
    assert read("messages", {"messages": turns}).question == "1+1?"


@pytest.mark.parametrize(
    ("record", "reason", "detail"),
    [
        ({"text": "x"}, Reason.MISSING_FIELD, "no messages or conversations; the record has text"),
        ({"messages": "x"}, Reason.UNSUPPORTED, "messages is a list of turns, each an object, not text"),
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
def test_what_it_cannot_read_says_why(record, reason, detail):
    assert refusal("messages", record) == (reason, detail)


def test_annotations_become_programs_where_the_source_asks():
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "3*4 = <<3*4=12>>12\n#### 12"}]
    problem = read("messages", {"messages": turns}, derive=["pot"])
    assert [(solution.format, solution.derived) for solution in problem.solutions] == [("cot", False), ("pot", True)]
    assert laid_out(problem) == [("text", "3*4 = 12\n#### 12")]
    assert laid_out(read("messages", {"messages": turns})) == [("text", "3*4 = <<3*4=12>>12\n#### 12")]


def test_parallel_calls_become_a_dialogue_in_order():
    calls = [{"id": name, "function": {"arguments": {"code": f"print({name!r})"}}} for name in "ab"]
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "b", "content": "b"},
        {"role": "tool", "tool_call_id": "a", "content": "```output\na\n```"},
        {"role": "assistant", "content": "The answer is 2."},
    ]
    problem = read("messages", {"messages": turns})
    assert problem.solutions[0].format is Format.TIR
    assert laid_out(problem) == [
        ("code", "print('a')"),
        ("output", "a"),
        ("code", "print('b')"),
        ("output", "b"),
        ("text", "The answer is 2."),
    ]


@pytest.mark.parametrize("content", ["<tool_response>\n7\n</tool_response>", "```output\n7\n```", "7"])
def test_a_result_loses_the_tags_that_a_template_put_around_it(content):
    turns = [
        {"role": "user", "content": "3+4?"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"arguments": {"code": "print(7)"}}}]},
        {"role": "tool", "tool_call_id": "c", "content": content},
        {"role": "assistant", "content": "It is 7."},
    ]
    assert laid_out(read("messages", {"messages": turns}))[:2] == [("code", "print(7)"), ("output", "7")]


def test_a_turn_of_the_user_that_is_a_tool_response_is_no_second_question():
    turns = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": '<tool_call>{"arguments": {"code": "print(2)"}}</tool_call>'},
        {"role": "user", "content": "<tool_response>\n2\n</tool_response>"},
        {"role": "assistant", "content": "It is 2."},
    ]
    assert laid_out(read("messages", {"messages": turns})) == [
        ("code", "print(2)"),
        ("output", "2"),
        ("text", "It is 2."),
    ]


def test_a_thought_that_a_row_holds_twice_is_thought_once():
    turn = {"role": "assistant", "reasoning": "<think>Hm.</think>", "content": "<think>\nHm.\n</think>\nIt is 2."}
    record = {"messages": [{"role": "user", "content": "q"}, turn]}
    assert laid_out(read("messages", record)) == [("think", "Hm."), ("text", "It is 2.")]


def test_the_config_names_the_field_of_the_turns():
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "2"}]
    assert read("messages", {"prompt": turns}, columns={"messages": "prompt"}).question == "q"
    assert refusal("messages", {"prompt": turns}) == (
        Reason.MISSING_FIELD,
        "no messages or conversations; the record has prompt",
    )


def test_thoughts_of_the_user_are_refused():
    turns = [{"role": "user", "thinking": "Hm.", "content": "q"}, {"role": "assistant", "content": "2"}]
    assert refusal("messages", {"messages": turns}) == (Reason.UNSUPPORTED, "a turn of user holds think")


def test_results_that_end_in_other_words_are_no_crowd_of_guesses():
    results = "<tool_response>5</tool_response>\n" * 200
    assert _RESULTS.fullmatch(results)
    assert not _RESULTS.fullmatch(results + "x")  # the square of the length at most, not 2 to the power of 200


def test_programs_that_ran_in_a_field_of_thoughts_are_programs():
    thought = "I try.\n<tool_call>\nprint(2)\n</tool_call>\n<tool_response>\n2\n</tool_response>\nGood."
    turns = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "reasoning_content": thought, "content": "2"}]
    problem = read("messages", {"messages": turns})
    assert problem.solutions[0].format is Format.TIR
    kinds = [("think", "I try."), ("code", "print(2)"), ("output", "2"), ("think", "Good."), ("text", "2")]
    assert laid_out(problem) == kinds


def test_a_reference_may_stand_in_a_list_or_in_a_text_of_one():
    turns = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]
    for answer in (["2"], '["2"]', [2]):
        assert read("messages", {"messages": turns, "answer": answer}).answer == "2"
    record = {"messages": turns, "metadata": '{"expected_answer": "2"}'}
    assert read("messages", record, columns={"answer": "metadata.expected_answer"}).answer == "2"

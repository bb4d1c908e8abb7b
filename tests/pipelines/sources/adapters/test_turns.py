import json

import pytest

from pipelines.sources.adapters.fields import Unreadable
from pipelines.sources.adapters.turns import Piece, Role, is_tool, paired, program_of, turns_of
from schemas.problem import SegmentKind

TEXT, THINK, CODE, OUTPUT = SegmentKind.TEXT, SegmentKind.THINK, SegmentKind.CODE, SegmentKind.OUTPUT
CHAT = [{"role": "user", "content": "3+4?"}, {"role": "assistant", "content": "It is 7."}]
READ = [(Role.USER, [(TEXT, "3+4?")]), (Role.ASSISTANT, [(TEXT, "It is 7.")])]


def turns_in(record: dict, field: str | list[str] | None = None) -> list[tuple[Role, list[tuple[SegmentKind, str]]]]:
    return [(turn.role, [(piece.kind, piece.text) for piece in turn.pieces]) for turn in turns_of(record, field)]


def spoken(turn: dict) -> list[tuple[SegmentKind, str]]:
    ((_, pieces),) = turns_in({"messages": [turn]})
    return pieces


def refused(turn: dict) -> str:
    with pytest.raises(Unreadable) as caught:
        spoken(turn)
    return caught.value.detail


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"messages": CHAT}, None),
        ({"messages": json.dumps(CHAT)}, None),
        ({"conversation": {"messages": CHAT}}, None),
        ({"conversations": [{"from": "human", "value": "3+4?"}, {"from": "gpt", "value": "It is 7."}]}, None),
        ({"prompt": CHAT}, "prompt"),
        ({"data": {"turns": CHAT}}, "data.turns"),
        ({"prompt": CHAT[:1], "completion": CHAT[1:]}, None),
        ({"prompt": "3+4?", "completion": "It is 7."}, None),
        ({"input": CHAT[:1], "output": "It is 7.", "messages": []}, ["input", "output"]),
        ({"chat": {"asked": "3+4?", "said": CHAT[1:]}}, ["chat.asked", "chat.said"]),
        ({"messages": [{"author": {"role": "user"}, "content": {"parts": ["3+4?"]}}, CHAT[1]]}, None),
    ],
)
def test_turns_are_found_wherever_a_record_holds_them(record, field):
    assert turns_in(record, field) == READ


def test_a_field_that_is_not_there_is_named_with_at_most_ten_others():
    with pytest.raises(Unreadable, match="no chat; the record has f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more"):
        turns_of({f"f{number}": 1 for number in range(12)}, "chat")


def test_of_several_fields_each_must_be_there():
    with pytest.raises(Unreadable, match="no input and output; the record has input"):
        turns_of({"input": "3+4?"}, ["input", "output"])


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "assistant", "reasoning_content": "Hm.", "content": "7"},
        {"role": "assistant", "reasoning": "Hm.", "content": "7"},
        {"role": "assistant", "thinking": "Hm.", "content": "7"},
        {"role": "assistant", "thoughts": "Hm.", "content": "7"},
        {"role": "assistant", "chain_of_thought": "Hm.", "content": "7"},
        {"role": "assistant", "reasoning": {"content": "Hm."}, "content": "7", "refusal": None, "images": []},
        {"role": "assistant", "reasoning_content": "", "reasoning": "Hm.", "thinking": None, "content": "7"},
        {"role": "assistant", "reasoning": "Hm.", "content": "7", "reasoning_content": "Hm."},
        {"role": "assistant", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}], "content": "7"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "value": "7"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, "7"]},
        {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "7"}]},
        {"role": "assistant", "reasoning": "Hm.", "content": [{"type": "text", "text": {"value": "7"}}]},
    ],
)
def test_thoughts_stand_before_words_whatever_field_holds_them(turn):
    assert spoken(turn) == [(THINK, "Hm."), (TEXT, "7")]


def test_items_without_a_role_are_spoken_by_whom_their_type_says():
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "function_call", "call_id": "c", "name": "python", "arguments": '{"code": "print(7)"}'},
        {"type": "function_call_output", "call_id": "c", "output": "7"},
    ]
    assert turns_in({"messages": items}) == [
        (Role.ASSISTANT, [(THINK, "Hm.")]),
        (Role.ASSISTANT, [(CODE, "print(7)")]),
        (Role.TOOL, [(OUTPUT, "7")]),
    ]
    assert "unknown role None" in refused({"type": "ad", "text": "Buy!"})


def test_calls_as_json_text_and_a_fenced_program_are_read():
    calls = json.dumps([{"function": {"name": "python", "arguments": "```python\nprint(7)\n```"}}])
    assert spoken({"role": "assistant", "tool_calls": calls}) == [(CODE, "print(7)")]


@pytest.mark.parametrize("flag", [True, False, None])
def test_a_flag_is_no_thought(flag):
    assert spoken({"role": "assistant", "thinking": flag, "content": "7"}) == [(TEXT, "7")]


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        ({"role": "assistant", "channel": "analysis", "content": "x = 7"}, THINK),
        ({"role": "assistant", "channel": "commentary", "content": "x = 7"}, TEXT),
        ({"role": "assistant", "channel": "final", "content": "x = 7"}, TEXT),
        ({"role": "assistant", "channel": None, "content": "x = 7"}, TEXT),
        ({"role": "assistant", "channel": "commentary", "recipient": "python", "content": "x = 7"}, CODE),
        ({"role": "tool", "channel": "commentary", "recipient": "assistant", "content": "x = 7"}, OUTPUT),
        ({"role": "thought", "content": "x = 7"}, THINK),
    ],
)
def test_a_channel_says_what_a_turn_is(turn, kind):
    assert spoken(turn) == [(kind, "x = 7")]


def test_calls_and_results_in_typed_parts_are_programs_and_outputs():
    call = {"type": "tool_use", "id": "a", "name": "python", "input": {"code": "print(7)"}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "7"}]}
    assert spoken({"role": "assistant", "content": [call]}) == [(CODE, "print(7)")]
    assert spoken({"role": "user", "content": [result]}) == [(OUTPUT, "7")]
    legacy = {"role": "assistant", "content": None, "function_call": {"name": "python", "arguments": '{"code": "1"}'}}
    assert spoken(legacy) == [(CODE, "1")]
    assert spoken({"from": "function_call", "value": '[{"name": "p", "arguments": {"code": "1"}}, {"code": "2"}]'}) == [
        (CODE, "1"),
        (CODE, "2"),
    ]
    own = {"role": "assistant", "tool_calls": [{"function": {"arguments": {"code": "1"}}, "result": "one"}]}
    assert spoken(own) == [(CODE, "1"), (OUTPUT, "one")]


@pytest.mark.parametrize(
    ("turn", "detail"),
    [
        ({"role": "assistant", "channel": "secret", "content": "7"}, "unknown channel 'secret'"),
        ({"role": "assistant", "channel": ["final"], "content": "7"}, "unknown channel that is list"),
        ({"role": json.loads("[" * 900 + "]" * 900), "content": "7"}, "unknown role that is list"),
        (
            {"role": "user", "content": [{"type": {"text": 1}, "text": "1+1?"}]},
            "content holds a part that is no text: that is dict",
        ),
        ({"role": "assistant", "thinking": 7, "content": "7"}, "content is text, not int"),
        ({"role": "assistant", "refusal": "I will not.", "content": None}, "a turn of assistant holds refusal"),
        ({"role": "user", "images": ["a.png"], "content": "What is it?"}, "a turn of user holds images"),
        (
            {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]},
            "content holds a part that is no text: redacted_thinking",
        ),
        ({"role": "assistant", "tool_calls": "x"}, "tool_calls is a list of calls with a function each"),
        (
            {"role": "assistant", "tool_calls": [{"function": "x"}]},
            "tool_calls is a list of calls with a function each",
        ),
    ],
)
def test_what_is_of_no_known_shape_is_refused_by_name(turn, detail):
    assert refused(turn) == detail


def test_programs_stand_in_arguments_of_every_shape():
    for arguments in (
        "print(1)",
        '{"code": "print(1)"}',
        {"arguments": '{"code": "print(1)"}'},
        {"script": "print(1)"},
    ):
        assert program_of(arguments) == "print(1)"
    with pytest.raises(Unreadable, match="without a program"):
        program_of({"query": "weather"})


def test_calls_made_together_are_paired_with_their_results():
    a, b = Piece(CODE, "a", "1"), Piece(CODE, "b", "2")
    first, second = Piece(OUTPUT, "A", "1"), Piece(OUTPUT, "B", "2")
    laid = [(CODE, "a"), (OUTPUT, "A"), (CODE, "b"), (OUTPUT, "B")]
    assert paired([a, b, first, second]) == laid
    assert paired([a, b, second, first]) == laid
    assert paired([Piece(CODE, "a"), Piece(CODE, "b"), Piece(OUTPUT, "A"), Piece(OUTPUT, "B")]) == laid
    with pytest.raises(Unreadable, match="a result of call '3', which nobody made"):
        paired([a, b, Piece(OUTPUT, "C", "3")])


def test_a_result_never_passes_words_on_its_way_to_a_call():
    pieces = [Piece(CODE, "a"), Piece(TEXT, "words"), Piece(OUTPUT, "A")]
    assert paired(pieces) == [(CODE, "a"), (TEXT, "words"), (OUTPUT, "A")]


def test_a_message_to_everybody_calls_no_tool():
    assert [is_tool(name) for name in ("python", "functions.python", "all", "assistant", "")] == [
        True,
        True,
        *[False] * 3,
    ]

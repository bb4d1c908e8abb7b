from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.adapters.segments import join_segments, parse_segments
from pipelines.stages.screen.structure import check_structure
from schemas.problem import Format, Segment, SegmentKind
from schemas.transcript import is_faithful, transcribe

TEXT, THINK, CODE, OUTPUT = SegmentKind.TEXT, SegmentKind.THINK, SegmentKind.CODE, SegmentKind.OUTPUT
DIALOGUE = (
    Segment(TEXT, "Let us compute."),
    Segment(CODE, "x = 1\nprint(x)"),
    Segment(OUTPUT, "1"),
    Segment(TEXT, "The answer is \\boxed{1}."),
)
CONVENTIONS = {
    "fences": "Let us compute.\n\n```python\nx = 1\nprint(x)\n```\n```output\n1\n```\nThe answer is \\boxed{1}.",
    "crlf": "Let us compute.\r\n```Python\r\nx = 1\r\nprint(x)\r\n```\r\n\r\n"
    "```output\r\n1\r\n```\r\nThe answer is \\boxed{1}.",
    "llm-code": "Let us compute.\n<llm-code>\nx = 1\nprint(x)\n</llm-code>\n<llm-code-output>\n1\n</llm-code-output>\n"
    "The answer is \\boxed{1}.",
    "tool_call": "Let us compute.\n<tool_call>\nx = 1\nprint(x)\n</tool_call>\n"
    "```output\n1```\nThe answer is \\boxed{1}.",
    "retool": "Let us compute.\n<code>\n```python\nx = 1\nprint(x)\n```\n</code>\n<interpreter>\n1\n</interpreter>\n"
    "The answer is \\boxed{1}.",
    "python": "Let us compute.\n<python>\nx = 1\nprint(x)\n</python>\n<result>\n1\n</result>\n"
    "The answer is \\boxed{1}.",
    "bare fence": "Let us compute.\n```python\nx = 1\nprint(x)\n```\n\n```\n1\n```\nThe answer is \\boxed{1}.",
    "text fence": "Let us compute.\n```py\nx = 1\nprint(x)\n```\n```text\n1\n```\nThe answer is \\boxed{1}.",
    "named": "Let us compute.\n```python\nx = 1\nprint(x)\n```\n**Output:**\n```\n1\n```\nThe answer is \\boxed{1}.",
    "mathcoder": "<|text|>Let us compute.<|endofblock|><|code|>x = 1\nprint(x)<|endofblock|>"
    "<|execution|>1<|endofblock|>"
    "<|text|>The answer is \\boxed{1}.<|endofblock|>",
}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_convention_means_the_same(convention):
    segments = parse_segments(CONVENTIONS[convention], Format.TIR)
    assert segments == DIALOGUE
    assert check_structure(Format.TIR, segments) is None
    assert is_faithful(segments)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_what_is_laid_out_is_read_back(convention):
    segments = parse_segments(CONVENTIONS[convention], Format.TIR)
    assert parse_segments(transcribe(segments).response, Format.TIR) == segments


LAYOUTS: dict[str, dict[SegmentKind, Callable[[str], str]]] = {
    "fences": {TEXT: str, CODE: "```python\n{}\n```".format, OUTPUT: "```output\n{}\n```".format},
    "llm-code": {
        TEXT: str,
        CODE: "<llm-code>\n{}\n</llm-code>".format,
        OUTPUT: "<llm-code-output>\n{}\n</llm-code-output>".format,
    },
    "tool_call": {TEXT: str, CODE: "<tool_call>\n{}\n</tool_call>".format, OUTPUT: "```output\n{}```".format},
    "mathcoder": {
        TEXT: "<|text|>{}<|endofblock|>".format,
        CODE: "<|code|>{}<|endofblock|>".format,
        OUTPUT: "<|execution|>{}<|endofblock|>".format,
    },
}
SIGNS = "ab1 =<>|{}$\\^_#'\n结é"
WORDS = st.text(SIGNS + "`", min_size=1).map(str.strip).filter(lambda text: text and "```" not in text)
PROGRAMS = st.text(SIGNS, min_size=1).map(lambda text: text.strip("\n").rstrip()).filter(bool)
OUTPUTS = st.text(SIGNS).map(lambda text: text.strip("\n").rstrip())
TURNS = st.tuples(WORDS | st.none(), PROGRAMS, OUTPUTS)


@st.composite
def dialogues(draw: st.DrawFn) -> list[Segment]:
    segments: list[Segment] = []
    for words, program, output in draw(st.lists(TURNS, max_size=3)):
        segments += [Segment(TEXT, words)] if words else []
        segments += [Segment(CODE, program), Segment(OUTPUT, output)]
    return [*segments, Segment(TEXT, draw(WORDS))]


def written(convention: str, segments: Sequence[Segment], line_end: str) -> str:
    return "\n".join(LAYOUTS[convention][segment.kind](segment.text) for segment in segments).replace("\n", line_end)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("convention", LAYOUTS)
@given(dialogue=dialogues())
def test_whatever_is_written_in_a_convention_is_read_and_laid_out_again(convention, line_end, dialogue):
    read = parse_segments(written(convention, dialogue, line_end), Format.TIR)
    assert list(read) == dialogue
    assert is_faithful(read)
    assert parse_segments(transcribe(read).response, Format.TIR) == read


@pytest.mark.parametrize("convention", LAYOUTS)
@given(dialogue=dialogues().filter(lambda segments: len(segments) > 1))
def test_a_block_that_is_never_closed_is_found(convention, dialogue):
    text = written(convention, dialogue, "\n")
    broken = text[: text.rindex("\n```" if "```" in text else "</" if "</" in text else "<|endofblock|>")]
    assert check_structure(Format.TIR, parse_segments(broken, Format.TIR)) is not None


@pytest.mark.parametrize("program", ["print(1)", "```python\nprint(1)\n```", "\n\n```py\nprint(1)\n\n```\n"])
def test_a_program_of_thought_may_stand_bare_or_fenced(program):
    assert parse_segments(program, Format.POT) == (Segment(CODE, "print(1)"),)


def test_a_bare_program_keeps_its_indents():
    assert (
        parse_segments("\ndef f():\n    return 1\n\nprint(f())\n\n", Format.POT)[0].text
        == "def f():\n    return 1\n\nprint(f())"
    )


def test_thoughts_are_segments_in_every_format():
    assert parse_segments("<think>\nHm.\n</think>\n\nIt is 2.", Format.COT) == (
        Segment(THINK, "Hm."),
        Segment(TEXT, "It is 2."),
    )
    assert parse_segments("<think>Hm.</think>\nprint(2)", Format.POT) == (
        Segment(THINK, "Hm."),
        Segment(CODE, "print(2)"),
    )


def test_a_fence_of_another_language_is_text():
    text = "Look:\n```\n1 2\n```\ndone"
    assert parse_segments(text, Format.COT) == (Segment(TEXT, text),)
    assert check_structure(Format.COT, parse_segments(text, Format.COT)) is None


def test_empty_outputs_stay_and_empty_texts_go():
    pieces = [(TEXT, " \n"), (CODE, "\n  x = 1\n"), (OUTPUT, "\n"), (TEXT, "a "), (TEXT, " b")]
    assert join_segments(pieces) == (Segment(CODE, "  x = 1"), Segment(OUTPUT, ""), Segment(TEXT, "a\nb"))


THOUGHT = (Segment(THINK, "Hidden: add."), Segment(TEXT, "3 + 4 = 7. The answer is 7."))


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nHidden: add.\n</think>\n{}",
        "<thinking>Hidden: add.</thinking>{}",
        "<reasoning>Hidden: add.</reasoning>\n{}",
        "Hidden: add.\n</think>\n{}",
        "Hidden: add.<|end_of_thought|>\n<|begin_of_solution|>{}<|end_of_solution|>",
        "<|START_THINKING|>Hidden: add.<|END_THINKING|><|START_RESPONSE|>{}<|END_RESPONSE|>",
        "<|begin_of_thought|>\nHidden: add.\n<|end_of_thought|>\n\n<|begin_of_solution|>\n{}\n<|end_of_solution|>",
        "[THINK]Hidden: add.[/THINK]{}",
        "\u25c1think\u25b7Hidden: add.\u25c1/think\u25b7{}",
        "<|channel|>analysis<|message|>Hidden: add.<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
        "<|start|>assistant<|channel|>analysis<|message|>Hidden: add.<|start|>assistant<|channel|>final<|message|>{}",
    ],
)
def test_thoughts_are_told_from_words_whatever_marks_them(text):
    assert parse_segments(text.format("3 + 4 = 7. The answer is 7."), Format.TIR) == THOUGHT


@pytest.mark.parametrize(
    "text",
    [
        "<think>\nHidden: add.\n3 + 4 = 7.",
        "Hidden.</think>7.</think>7.",
        "<|begin_of_thought|>Hidden.<|end_of_thought|><|begin_of_solution|>3 + 4 =",
        "<|start|>assistant<|channel|>secret<|message|>Hidden.<|end|>",
    ],
)
def test_a_mark_without_its_other_end_is_found_by_the_screen(text):
    assert check_structure(Format.COT, parse_segments(text, Format.COT)) is not None


def test_the_tools_of_chat_templates_become_programs_and_outputs():
    pair = (Segment(CODE, "print(1)"), Segment(OUTPUT, "1"))
    hermes = (
        '<tool_call>\n{"name": "python", "arguments": {"code": "print(1)"}}\n</tool_call>'
        "<tool_response>1</tool_response>"
    )
    harmony = (
        '<|channel|>commentary to=functions.python <|constrain|>json<|message|>{"code": "print(1)"}<|call|>'
        "<|start|>functions.python to=assistant<|channel|>commentary<|message|>1<|end|>"
    )
    assert parse_segments(hermes, Format.TIR) == pair
    assert parse_segments(harmony, Format.TIR) == pair


@pytest.mark.parametrize(
    "text",
    [
        "Write <code>x+1</code> for the next, <result>3</result> for what comes out: it is 3.",
        "A table:\n```\n1 2\n```\nIt is 3.",
    ],
)
def test_marks_that_no_program_stands_before_are_words(text):
    assert parse_segments(text, Format.TIR) == (Segment(TEXT, text),)


def test_a_fence_that_does_not_follow_a_program_is_not_its_output():
    kinds = [s.kind for s in parse_segments("```python\nprint(1)\n```\nAnd\n```\n1\n```\nIt is 1.", Format.TIR)]
    assert kinds == [CODE, TEXT]
    kinds = [s.kind for s in parse_segments("```python\nx = 1\n```\n```python\nprint(1)\n```\n1", Format.TIR)]
    assert kinds == [CODE, CODE, TEXT]


@pytest.mark.parametrize(
    "ran",
    [
        "<tool_call>\nprint(1)\n</tool_call>\n```output\n1\n```",
        "```python\nprint(1)\n```\n```output\n1\n```",
        "<code>print(1)</code> <interpreter>1</interpreter>",
    ],
)
def test_programs_that_ran_in_a_thought_are_programs(ran):
    segments = parse_segments(f"<think>\nI try.\n{ran}\nGood.\n</think>\nIt is \\boxed{{1}}.", Format.TIR)
    assert segments == (
        Segment(THINK, "I try."),
        Segment(CODE, "print(1)"),
        Segment(OUTPUT, "1"),
        Segment(THINK, "Good."),
        Segment(TEXT, "It is \\boxed{1}."),
    )
    assert check_structure(Format.TIR, segments) is None
    assert is_faithful(segments)


def test_a_program_that_nobody_ran_stays_in_the_thought():
    thought = "I might write\n```python\nprint(1)\n```\nand need not."
    segments = parse_segments(f"<think>{thought}</think>It is 1.", Format.COT)
    assert segments == (Segment(THINK, thought), Segment(TEXT, "It is 1."))
    assert check_structure(Format.COT, segments) is None
    assert is_faithful(segments)
    for open_end in (
        f"{thought}\n```python\nprint(2)",
        f"{thought}\n```output\n1\n```",
        f"{thought}<tool_call>1</tool_call>",
    ):
        assert check_structure(Format.COT, (Segment(THINK, open_end), Segment(TEXT, "It is 1."))) is not None


def test_a_body_that_is_no_call_is_a_program():
    assert parse_segments("<tool_call>\n{}\n</tool_call>", Format.TIR) == (Segment(CODE, "{}"),)


def test_an_empty_thought_is_none():
    assert parse_segments("<think>\n\n</think>\n\nIt is 7.", Format.COT) == (Segment(TEXT, "It is 7."),)


def test_a_lost_backslash_at_the_start_stays_to_be_found():
    assert parse_segments(" \x0crac{1}{2}\x0c\n", Format.COT) == (Segment(TEXT, "\x0crac{1}{2}"),)
    assert join_segments([(TEXT, "\times 3"), (TEXT, "\tthe end")]) == (Segment(TEXT, "\times 3\nthe end"),)


@pytest.mark.parametrize("pieces", [2, 2000])
def test_words_that_follow_words_are_joined_once(pieces):
    (joined,) = join_segments([(TEXT, f" {piece} ") for piece in range(pieces)])
    assert joined == Segment(TEXT, "\n".join(map(str, range(pieces))))

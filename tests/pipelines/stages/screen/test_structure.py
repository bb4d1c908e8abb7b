import pytest

from pipelines.sources.adapters.segments import parse_segments
from pipelines.stages.screen.structure import check_structure
from schemas.problem import Format, Segment, SegmentKind


@pytest.mark.parametrize("text", ["", " \n "])
def test_nothing_is_no_solution(text):
    for format in Format:
        assert check_structure(format, parse_segments(text, format)) == "no solution"


CODE_BLOCK, OUTPUT_BLOCK = "```python\nprint(1)\n```\n", "```output\n1\n```\n"


@pytest.mark.parametrize(
    ("format", "text", "wrong"),
    [
        (Format.COT, "words", None),
        (Format.COT, f"words\n{CODE_BLOCK}", "a chain of thought holds a program or an output"),
        (Format.COT, f"words\n{OUTPUT_BLOCK}", "a chain of thought holds a program or an output"),
        (Format.COT, "<think>\nHm.\n</think>", "no solution"),
        (Format.COT, "<think>\nnever closed", "<think> opens or closes a block that has no other end"),
        (Format.POT, CODE_BLOCK, None),
        (Format.POT, f"Here:\n{CODE_BLOCK}", "words around the program: they belong into its comments"),
        (Format.POT, f"{CODE_BLOCK}{CODE_BLOCK}", "a program of thought is one program, not 2"),
        (Format.POT, f"{CODE_BLOCK}{OUTPUT_BLOCK}", "a program of thought records no output"),
        (Format.TIR, f"{CODE_BLOCK}{OUTPUT_BLOCK}words", None),
        (Format.TIR, f"{CODE_BLOCK}{OUTPUT_BLOCK}and\n{CODE_BLOCK}{OUTPUT_BLOCK}words", None),
        (Format.TIR, "words", "a dialogue without a program"),
        (Format.TIR, f"words\n{CODE_BLOCK}words", "a program without its output after it"),
        (Format.TIR, f"{CODE_BLOCK}words\n{OUTPUT_BLOCK}words", "a program without its output after it"),
        (Format.TIR, f"{CODE_BLOCK}<think>\nh\n</think>\n{OUTPUT_BLOCK}words", "a program without its output after it"),
        (Format.TIR, f"{CODE_BLOCK}{CODE_BLOCK}{OUTPUT_BLOCK}words", "a program without its output after it"),
        (Format.TIR, f"{CODE_BLOCK}{OUTPUT_BLOCK}{OUTPUT_BLOCK}words", "an output without its program before it"),
        (Format.TIR, f"{CODE_BLOCK}{OUTPUT_BLOCK}", "nothing after the last output"),
        (Format.TIR, f"{CODE_BLOCK}{OUTPUT_BLOCK}<think>\nh\n</think>", "nothing after the last output"),
        (
            Format.TIR,
            f"{CODE_BLOCK}{OUTPUT_BLOCK}words\n```python\nprint(2)",
            "```python opens or closes a block that has no other end",
        ),
        (
            Format.TIR,
            f"<llm-code>\nprint(1)\n{OUTPUT_BLOCK}words",
            "<llm-code opens or closes a block that has no other end",
        ),
        (Format.TIR, f"```python\n \n```\n{OUTPUT_BLOCK}words", "an empty program"),
    ],
)
def test_structure(format, text, wrong):
    assert check_structure(format, parse_segments(text, format)) == wrong


def test_an_empty_program_is_wrong():
    assert check_structure(Format.POT, (Segment(SegmentKind.CODE, " "),)) == "an empty program"

import itertools
import re

import pytest

from pipelines.sources.adapters.segments import parse_segments
from pipelines.stages.screen.structure import check_order, check_structure
from schemas.problem import Format, Segment, SegmentKind

KINDS = {"t": SegmentKind.TEXT, "h": SegmentKind.THINK, "c": SegmentKind.CODE, "o": SegmentKind.OUTPUT}
ORDERS = ["".join(letters) for length in range(6) for letters in itertools.product("thco", repeat=length)]
GOOD = {
    Format.COT: "(?=.*t)[th]+",
    Format.POT: "h*ch*",
    Format.TIR: "(?=.*co)(?:[th]|co)*th*",
}
"""what a solution of each format looks like, whole"""


@pytest.mark.parametrize("form", Format)
def test_every_order_of_segments_is_good_or_bad_as_one_expression_says(form):
    bad = {order for order in ORDERS if check_order(form, order) is not None}
    assert bad == {order for order in ORDERS if not re.fullmatch(GOOD[form], order)}


@pytest.mark.parametrize(
    ("form", "order", "wrong"),
    [
        (Format.COT, "", "no solution"),
        (Format.COT, "h", "no solution"),
        (Format.COT, "tco", "a chain of thought holds a program or an output"),
        (Format.POT, "t", "a program of thought is one program, not 0"),
        (Format.POT, "cc", "a program of thought is one program, not 2"),
        (Format.POT, "co", "a program of thought records no output"),
        (Format.POT, "tc", "words around the program: they belong into its comments"),
        (Format.TIR, "t", "a dialogue without a program"),
        (Format.TIR, "tct", "a program without its output after it"),
        (Format.TIR, "tchot", "a program without its output after it"),
        (Format.TIR, "cotot", "an output without its program before it"),
        (Format.TIR, "tco", "nothing after the last output"),
    ],
)
def test_what_is_wrong_is_said_in_words(form, order, wrong):
    assert check_order(form, order) == wrong
    assert check_structure(form, [Segment(KINDS[letter], "x") for letter in order]) == wrong


@pytest.mark.parametrize(
    "mark", ["```python", "  ``` py", "```output", "</tool_call>", "<llm-code>", "<|text|>", "<think>"]
)
@pytest.mark.parametrize("kind", [SegmentKind.TEXT, SegmentKind.THINK])
def test_a_mark_that_is_left_in_words_opened_or_closed_nothing(kind, mark):
    segments = [Segment(SegmentKind.TEXT, "So:"), Segment(kind, f"and\n{mark}\nx")]
    assert check_structure(Format.COT, segments) == f"{mark.strip()} opens or closes a block that has no other end"


@pytest.mark.parametrize("text", ["a ```python in a line", "```", "``` java", "x < y | z > 1", "thinking"])
def test_other_signs_are_words(text):
    assert check_structure(Format.COT, [Segment(SegmentKind.TEXT, text)]) is None


def test_a_mark_inside_a_program_is_its_own_affair_and_a_program_is_not_empty():
    assert check_structure(Format.POT, [Segment(SegmentKind.CODE, "print('<think>')")]) is None
    assert check_structure(Format.POT, [Segment(SegmentKind.CODE, " \n")]) == "an empty program"


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
            "<llm-code> opens or closes a block that has no other end",
        ),
        (Format.TIR, f"```python\n \n```\n{OUTPUT_BLOCK}words", "an empty program"),
    ],
)
def test_structure(format, text, wrong):
    assert check_structure(format, parse_segments(text, format)) == wrong


def test_an_empty_program_is_wrong():
    assert check_structure(Format.POT, (Segment(SegmentKind.CODE, " "),)) == "an empty program"

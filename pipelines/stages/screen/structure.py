"""What a well-formed solution of each format is: which segments it has, and in which order."""

import re
from collections.abc import Sequence
from functools import lru_cache

from schemas.blocks import BlockMarks, without_blocks
from schemas.problem import Format, Segment, SegmentKind

_THOUGHT_BEFORE_OUTPUT = re.compile("ch+o")
_OPEN_BLOCK = re.compile(
    r"^[ \t]*```[ \t]*(?:python3?|py|output)[ \t]*$|</?llm-code[\w-]*>?|</?tool_call>|<\|\w+\|>|</?think>",
    re.MULTILINE | re.IGNORECASE,
)

_SKETCHES = BlockMarks(
    re.compile(r"^[ \t]*+(?P<fence>```)[ \t]*+(?:python3?|py)[ \t]*+$", re.MULTILINE | re.IGNORECASE),
    {"fence": re.compile(r"^[ \t]*+```[ \t]*+$", re.MULTILINE)},
)
"""programs in thoughts that nobody ran"""
_LETTERS = {SegmentKind.TEXT: "t", SegmentKind.THINK: "h", SegmentKind.CODE: "c", SegmentKind.OUTPUT: "o"}


def check_structure(format: Format, segments: Sequence[Segment]) -> str | None:
    """Says what is wrong with a solution's structure, None when it is well formed.

    cot is text; pot is one program and nothing around it but a thought (words belong into its comments); tir is
    dialogue: every program directly followed by its output, and words after the last output. Thoughts may stand
    anywhere but between a program and its output.
    """
    for segment in segments:
        if segment.kind in (SegmentKind.TEXT, SegmentKind.THINK) and (mark := _OPEN_BLOCK.search(_told(segment))):
            return f"{mark[0].strip()} opens or closes a block that has no other end"
        if segment.kind is SegmentKind.CODE and not segment.text.strip():
            return "an empty program"
    return check_order(format, "".join(_LETTERS[segment.kind] for segment in segments))


def _told(segment: Segment) -> str:
    if segment.kind is SegmentKind.TEXT or "```" not in segment.text:
        return segment.text
    return without_blocks(segment.text, _SKETCHES)


@lru_cache(maxsize=4096)
def check_order(format: Format, order: str) -> str | None:
    """Says what is wrong with the order of segments, written as t (text), h (thought), c (code), o (output)."""
    order = order if _THOUGHT_BEFORE_OUTPUT.search(order) else order.replace("h", "")
    if not order:
        return "no solution"
    match format:
        case Format.COT:
            return "a chain of thought holds a program or an output" if "c" in order or "o" in order else None
        case Format.POT:
            return _check_program(order)
        case Format.TIR:
            return _check_dialogue(order)


def _check_program(order: str) -> str | None:
    if order.count("c") != 1:
        return f"a program of thought is one program, not {order.count('c')}"
    if "o" in order:
        return "a program of thought records no output"
    return "words around the program: they belong into its comments" if "t" in order else None


def _check_dialogue(order: str) -> str | None:
    if "c" not in order:
        return "a dialogue without a program"
    after_pairs = order.replace("co", "")
    if "c" in after_pairs:
        return "a program without its output after it"
    if "o" in after_pairs:
        return "an output without its program before it"
    return None if order.endswith("t") else "nothing after the last output"

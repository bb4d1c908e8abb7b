r"""Solution text -> segments, whatever its author's convention, and what a well-formed solution of each format is.

Read are fenced blocks (```python, ```output), OpenMathInstruct's <llm-code>, NeMo's <tool_call>, MathCoder's <|code|>
blocks, and <think>. Segments hold no fences or tags; how they are laid out again is `schemas.transcript`'s matter.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from schemas.problem import Format, Segment, SegmentKind

_BLOCK = re.compile(
    r"^[ \t]*```[ \t]*(?:python3?|py)[ \t]*\n(?P<code1>.*?)\n?^[ \t]*```[ \t]*$"
    r"|^[ \t]*```[ \t]*output[ \t]*\n(?P<output1>.*?)\n?```[ \t]*$"
    r"|<llm-code>\n?(?P<code2>.*?)</llm-code>"
    r"|<llm-code-output>\n?(?P<output2>.*?)</llm-code-output>"
    r"|<tool_call>\n?(?P<code3>.*?)</tool_call>"
    r"|<\|code\|>\n?(?P<code4>.*?)<\|endofblock\|>"
    r"|<\|execution\|>\n?(?P<output4>.*?)<\|endofblock\|>"
    r"|<\|text\|>\n?(?P<text4>.*?)<\|endofblock\|>"
    r"|<think>\n?(?P<think1>.*?)</think>",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_TAG = re.compile(r"<(?:llm-code|tool_call|\|code\||\|text\||think)")
_OPEN_BLOCK = re.compile(
    r"^[ \t]*```[ \t]*(?:python3?|py|output)[ \t]*$|</?llm-code|</?tool_call>|<\|\w+\|>|</?think>",
    re.MULTILINE | re.IGNORECASE,
)
_LETTERS = {SegmentKind.TEXT: "t", SegmentKind.THINK: "h", SegmentKind.CODE: "c", SegmentKind.OUTPUT: "o"}


def parse_segments(text: str, format: Format) -> tuple[Segment, ...]:
    """Reads a solution into segments.

    A PoT text without a fence is a program as a whole. What cannot be read as a block stays text, where
    `check_structure` finds it.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "```" not in text and ("<" not in text or not _TAG.search(text)):
        if not text.strip():
            return ()
        if format is Format.POT:
            return (Segment(SegmentKind.CODE, text.strip("\n").rstrip()),)
        return (Segment(SegmentKind.TEXT, text.strip()),)
    pieces: list[tuple[SegmentKind, str]] = []
    end = 0
    for block in _BLOCK.finditer(text):
        pieces.append((SegmentKind.TEXT, text[end : block.start()]))
        assert block.lastgroup is not None
        pieces.append((SegmentKind(block.lastgroup[:-1]), block[block.lastgroup]))
        end = block.end()
    pieces.append((SegmentKind.TEXT, text[end:]))
    if format is Format.POT and all(kind in (SegmentKind.TEXT, SegmentKind.THINK) for kind, _ in pieces):
        pieces = [
            (SegmentKind.CODE if kind is SegmentKind.TEXT and body.strip() else kind, body) for kind, body in pieces
        ]
    return join_segments(pieces)


def join_segments(pieces: Sequence[tuple[SegmentKind, str]]) -> tuple[Segment, ...]:
    """Builds segments from pieces: outer space goes, empty words go, text that follows text joins it on a new line."""
    segments: list[Segment] = []
    for kind, body in pieces:
        stripped = body.strip() if kind in (SegmentKind.TEXT, SegmentKind.THINK) else body.strip("\n").rstrip()
        if not stripped and kind in (SegmentKind.TEXT, SegmentKind.THINK):
            continue
        if kind is SegmentKind.TEXT and segments and segments[-1].kind is SegmentKind.TEXT:
            segments[-1] = Segment(kind, f"{segments[-1].text}\n{stripped}")
        else:
            segments.append(Segment(kind, stripped))
    return tuple(segments)


def check_structure(format: Format, segments: Sequence[Segment]) -> str | None:
    """Says what is wrong with a solution's structure, None when it is well formed.

    cot is text; pot is one program and nothing around it but a thought (words belong into its comments); tir is
    dialogue: every program directly followed by its output, and words after the last output. Thoughts may stand
    anywhere but between a program and its output.
    """
    for segment in segments:
        if segment.kind in (SegmentKind.TEXT, SegmentKind.THINK) and (mark := _OPEN_BLOCK.search(segment.text)):
            return f"{mark[0].strip()} opens or closes a block that has no other end"
        if segment.kind is SegmentKind.CODE and not segment.text.strip():
            return "an empty program"
    return check_order(format, "".join(_LETTERS[segment.kind] for segment in segments))


@lru_cache(maxsize=4096)
def check_order(format: Format, order: str) -> str | None:
    """Says what is wrong with the order of segments, written as t (text), h (thought), c (code), o (output)."""
    order = order.replace("h", "") if "cho" not in order else order
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

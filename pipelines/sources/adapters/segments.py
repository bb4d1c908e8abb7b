r"""Solution text -> segments, whatever its author's convention, and what a well-formed solution of each format is.

Read are fenced blocks (```python, ```output), OpenMathInstruct's <llm-code>, NeMo's <tool_call>, MathCoder's <|code|>
blocks, and <think>. Segments hold no fences or tags; how they are laid out again is `schemas.transcript`'s matter.
"""

import re
from collections.abc import Sequence

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

r"""A solution as the model writes it: segments laid out as text, with spans: who wrote what, what bears loss.

One layout for the trainer, the exporter, the gate and the report, so nobody invents a second mask:

    text     the words themselves
    think    <think>\n...\n</think>
    code     ```python\n...\n```
    output   ```output\n...\n```

The model writes text, thoughts and code, and the fence that opens an output: that is how it hands over to the tool. The
tool writes the output, its closing fence and the line end behind it: no loss there (DeepSeekMath's own harness stops at
the opening fence and appends the rest).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.blocks import BlockMarks
from schemas.problem import Segment, SegmentKind

CODE_FENCE = "```python\n"
OUTPUT_FENCE = "```output\n"
_CLOSING_FENCE = "\n```"
THINK_OPEN = "<think>\n"
THINK_CLOSE = "\n</think>"


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a response: what they are and whether they are supervised."""

    start: int
    end: int
    kind: SegmentKind
    supervised: bool


@dataclass(frozen=True, slots=True)
class Transcript:
    """A response and the spans that cover it without gap or overlap."""

    response: str
    spans: tuple[Span, ...]


def transcribe(segments: Sequence[Segment], *, supervise_think: bool = True) -> Transcript:
    """Lays out segments as one response with its spans.

    Segments are joined by a line end that belongs to the segment before it.
    """
    pieces: list[tuple[str, SegmentKind, bool]] = []
    for position, segment in enumerate(segments):
        line_end = "\n" if position + 1 < len(segments) else ""
        pieces.extend(_pieces(segment, line_end, supervise_think))
    spans, offset = [], 0
    for text, kind, supervised in pieces:
        spans.append(Span(offset, offset + len(text), kind, supervised))
        offset += len(text)
    return Transcript("".join(text for text, _, _ in pieces), tuple(spans))


def _pieces(segment: Segment, line_end: str, supervise_think: bool) -> list[tuple[str, SegmentKind, bool]]:
    match segment.kind:
        case SegmentKind.TEXT:
            return [(segment.text + line_end, segment.kind, True)]
        case SegmentKind.THINK:
            text = THINK_OPEN + segment.text + THINK_CLOSE + line_end
            return [(text, segment.kind, supervise_think)]
        case SegmentKind.CODE:
            return [(CODE_FENCE + segment.text + _CLOSING_FENCE + line_end, segment.kind, True)]
        case SegmentKind.OUTPUT:
            tool = segment.text + _CLOSING_FENCE + line_end
            return [(OUTPUT_FENCE, segment.kind, True), (tool, segment.kind, False)]


_MARKS = BlockMarks(
    re.compile(r"^```(?:(?P<code>python)|(?P<output>output))\n|^(?P<think><think>)\n", re.MULTILINE),
    {
        **dict.fromkeys(("code", "output"), re.compile(r"\n?^```[ \t]*$", re.MULTILINE)),
        "think": re.compile(r"\n?^</think>[ \t]*$", re.MULTILINE),
    },
)


def parse_response(response: str) -> tuple[Segment, ...]:
    """Reads a response back into segments: the inverse of `transcribe`.

    Whitespace around text between blocks is not kept. An open block stays text: `is_faithful` tells.
    """
    segments: list[Segment] = []
    end = 0
    for block in _MARKS.blocks(response):
        _append_text(segments, response[end : block.start])
        segments.append(Segment(SegmentKind(block.group), block.body))
        end = block.end
    _append_text(segments, response[end:])
    return tuple(segments)


def _append_text(segments: list[Segment], text: str) -> None:
    if stripped := text.strip():
        segments.append(Segment(SegmentKind.TEXT, stripped))


def is_faithful(segments: Sequence[Segment]) -> bool:
    """Whether the layout can be read back: false when a segment holds a fence or a tag of its own."""
    return parse_response(transcribe(segments).response) == tuple(segments)

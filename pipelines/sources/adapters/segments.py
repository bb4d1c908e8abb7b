r"""Solution text -> segments, whatever its author's convention.

Read are fenced blocks (```python, ```output, and a fence of no language behind a program), OpenMathInstruct's
<llm-code>, NeMo's and Hermes' <tool_call>, MathCoder's <|code|> blocks, ReTool's <code> with its <interpreter>,
<python> with its <result>, the marks that models put around thoughts, and harmony's channels as its template lays them
out. Segments hold no fences or tags; how they are laid out again is `schemas.transcript`'s matter.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import orjson

from pipelines.sources.adapters.turns import CHANNELS, is_tool, program_of, unfenced
from pipelines.sources.normalise import trimmed
from schemas.blocks import BlockMarks
from schemas.problem import Format, Segment, SegmentKind

_TAGS = r"(?:think|thinking|thoughts?|reasoning|seed:think)"
_OPENS = rf"<{_TAGS}>|<\|(?:begin_of_thought|START_THINKING)\|>|\[THINK\]|\u25c1think\u25b7"
_CLOSES = rf"</{_TAGS}>|<\|(?:end_of_thought|END_THINKING)\|>|\[/THINK\]|\u25c1/think\u25b7"
"""how thoughts begin and end: most models, OpenThoughts, Cohere, Magistral, Kimi"""

_FLAGS = re.MULTILINE | re.IGNORECASE
_OPENINGS = {
    "code1": r"^[ \t]*```[ \t]*(?:python3?|py)[ \t]*\n",
    "output1": r"^[ \t]*```[ \t]*output[ \t]*\n",
    "code2": r"<llm-code>\n?",
    "output2": r"<llm-code-output>\n?",
    "code3": r"<tool_call>\n?",
    "output3": r"<tool_response>\n?",
    "code4": r"<\|code\|>\n?",
    "output4": r"<\|execution\|>\n?",
    "text4": r"<\|text\|>\n?",
    "code6": r"<code>\n?",
    "output6": r"(?<=</code>)\s*+<interpreter>\n?",
    "code7": r"<python>\n?",
    "output7": r"(?<=</python>)\s*+<(?:result|output)>\n?",
    "text5": r"<\|(?:begin_of_solution|START_RESPONSE)\|>\n?",
    "think1": rf"(?:{_OPENS})\n?",
}
_CLOSINGS = {
    "code1": r"\n?^[ \t]*```[ \t]*$",
    "output1": r"\n?```[ \t]*$",
    "code2": "</llm-code>",
    "output2": "</llm-code-output>",
    "code3": "</tool_call>",
    "output3": "</tool_response>",
    "code4": r"<\|endofblock\|>",
    "output4": r"<\|endofblock\|>",
    "text4": r"<\|endofblock\|>",
    "code6": r"</code>(?=\s*+<interpreter>)",
    "output6": "</interpreter>",
    "code7": r"</python>(?=\s*+<(?:result|output)>)",
    "output7": "</(?:result|output)>",
    "text5": r"<\|(?:end_of_solution|END_RESPONSE)\|>",
    "think1": _CLOSES,
}
_MARKS = BlockMarks(
    re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _OPENINGS.items()), _FLAGS),
    {name: re.compile(pattern, _FLAGS) for name, pattern in _CLOSINGS.items()},
)
_CALLS = frozenset({"code3", "code6", "code7"})
"""blocks that may hold a fence of their own, or a call as JSON"""
_PRINTED = re.compile(
    r"\s*+(?:\**(?:code |execution |program )?(?:outputs?|results?):?\**:?[ \t]*+\n\s*+)?"
    r"^[ \t]*+```[ \t]*+(?:text|txt|plaintext|plain|stdout|console|result)?[ \t]*+\n"
    r"(?P<output>(?:(?![ \t]*+```).*+\n)*+)[ \t]*+```[ \t]*+$",
    _FLAGS,
)
"""a fence of no language behind a program, the line that names it an output included"""
_MESSAGE = re.compile(
    r"(?:<\|start\|>(?P<speaker>[^<]*))?<\|channel\|>(?P<channel>\w++)(?P<about>[^<]*+(?:<\|constrain\|>[^<]*+)?)<\|message\|>"
    r"(?P<body>.*?)(?:<\|(?:end|return|call)\|>|(?=<\|(?:start|channel)\|>)|\Z)",
    re.DOTALL,
)
_RECIPIENT = re.compile(r"\bto=(\S+)")
_OPENING, _CLOSING = re.compile(_OPENS, re.IGNORECASE), re.compile(_CLOSES, re.IGNORECASE)
_WRAPPING = re.compile(rf"^\s*(?:{_OPENS})|(?:{_CLOSES})\s*$", re.IGNORECASE)


def parse_segments(text: str, format: Format) -> tuple[Segment, ...]:
    """Reads a solution into segments.

    A PoT text without a fence is a program as a whole. A thought whose opening the chat template swallowed begins where
    the text begins. What cannot be read as a block stays text, where `check_structure` finds it.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if not any(mark in text for mark in ("```", "<", "[/THINK]", "\u25c1")):
        if not text.strip():
            return ()
        if format is Format.POT:
            return (Segment(SegmentKind.CODE, text.strip("\n").rstrip()),)
        return (Segment(SegmentKind.TEXT, trimmed(text)),)
    pieces = list(_messages(text) if "<|channel|>" in text else _blocks(_with_opening(text)))
    if format is Format.POT and all(kind in (SegmentKind.TEXT, SegmentKind.THINK) for kind, _ in pieces):
        pieces = [
            (SegmentKind.CODE if kind is SegmentKind.TEXT and body.strip() else kind, body) for kind, body in pieces
        ]
    return join_segments(pieces)


def _blocks(text: str) -> Iterator[tuple[SegmentKind, str]]:
    end = 0
    for block in _MARKS.blocks(text):
        if block.start < end:  # a mark that a program printed
            continue
        yield SegmentKind.TEXT, text[end : block.start]
        end = block.end
        match SegmentKind(block.group[:-1]):
            case SegmentKind.TEXT:
                yield from _blocks(block.body)
            case SegmentKind.THINK:
                yield from thoughts_in(block.body)
            case SegmentKind.CODE:
                yield SegmentKind.CODE, _called(block.body) if block.group in _CALLS else block.body
                if printed := _PRINTED.match(text, end):
                    yield SegmentKind.OUTPUT, printed["output"]
                    end = printed.end()
            case kind:
                yield kind, block.body
    yield SegmentKind.TEXT, text[end:]


def thoughts_in(body: str) -> Iterator[tuple[SegmentKind, str]]:
    """A thought, or where programs ran in it: what was thought up to each, the program, its output, what followed."""
    segments = join_segments(list(_blocks(body)))
    kinds = [segment.kind for segment in segments]
    if (SegmentKind.CODE, SegmentKind.OUTPUT) not in pairwise(kinds):
        yield SegmentKind.THINK, body
        return
    for segment in segments:
        yield SegmentKind.THINK if segment.kind is SegmentKind.TEXT else segment.kind, segment.text


def _called(body: str) -> str:
    """The program of a call: the body itself, fenced or not, or the code in the arguments of a call as JSON."""
    try:
        call = orjson.loads(body)
    except orjson.JSONDecodeError:
        return unfenced(body)
    return program_of(call) if call and isinstance(call, dict) else body


def _messages(text: str) -> Iterator[tuple[SegmentKind, str]]:
    """The messages of a text in harmony's layout; one on a channel that is not known stays as it is."""
    end = 0
    for message in _MESSAGE.finditer(text):
        yield SegmentKind.TEXT, text[end : message.start()]
        end = message.end()
        speaker, channel, body = message["speaker"] or "assistant", message["channel"], message["body"]
        recipient = _RECIPIENT.search(speaker + message["about"])
        if not speaker.startswith("assistant"):
            yield SegmentKind.OUTPUT, body
        elif recipient and is_tool(recipient[1]):
            yield SegmentKind.CODE, program_of(body)
        elif channel not in CHANNELS:
            yield SegmentKind.TEXT, message[0]
        elif CHANNELS[channel] is SegmentKind.THINK:
            yield SegmentKind.THINK, body
        else:
            yield from _blocks(body)
    yield SegmentKind.TEXT, text[end:]


def _with_opening(text: str) -> str:
    closing = _CLOSING.search(text)
    return f"<think>\n{text}" if closing and not _OPENING.search(text, 0, closing.start()) else text


def unwrapped(thought: str) -> str:
    """Takes off the marks that a thought from a field of its own still wears."""
    return _WRAPPING.sub("", thought)


def join_segments(pieces: Sequence[tuple[SegmentKind, str]]) -> tuple[Segment, ...]:
    """Builds segments from pieces: outer space goes, empty words go, text that follows text joins it on a new line."""
    joined: list[tuple[SegmentKind, list[str]]] = []
    for kind, body in pieces:
        stripped = trimmed(body) if kind in (SegmentKind.TEXT, SegmentKind.THINK) else body.strip("\n").rstrip()
        if not stripped and kind in (SegmentKind.TEXT, SegmentKind.THINK):
            continue
        if kind is SegmentKind.TEXT and joined and joined[-1][0] is SegmentKind.TEXT:
            joined[-1][1].append(stripped)
        else:
            joined.append((kind, [stripped]))
    return tuple(Segment(kind, "\n".join(bodies)) for kind, bodies in joined)

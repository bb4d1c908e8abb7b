"""Chat rows: OpenAI's roles with tool calls and reasoning, ShareGPT's from/value. One question, one solution.

`messages` (or `conversations`, `conversation`) is a list of turns. A system turn is an instruction to the model and no
part of the problem. What assistant and tool say after the question is one solution: thoughts, words, programs and
their outputs. A second question by the user is another problem, which this does not read.
"""

import re
from typing import Any

import orjson

from pipelines.sources.adapters.annotations import with_derived
from pipelines.sources.adapters.columns import read_selection
from pipelines.sources.adapters.fields import Unreadable, level_of, number_of, optional_text
from pipelines.sources.adapters.segments import join_segments, parse_segments
from schemas.config import Source
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from schemas.reason import Reason

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "ipython": "tool",
    "function_call": "call",
}
_FENCED = re.compile(r"^```[a-z]*\n(.*?)\n?```\s*$", re.DOTALL)


def read_messages(record: dict[str, Any], source: Source) -> Problem:
    """Reads a chat row; the format is the config's, or told from the turns: a program makes it tir."""
    question, pieces = None, list[tuple[SegmentKind, str]]()
    for turn in _turns(record):
        role, content = _role(turn), _content(turn)
        if role == "user":
            if question is not None:
                raise Unreadable(Reason.UNSUPPORTED, "more than one turn of the user")
            question = content.strip()
        elif role == "assistant":
            pieces += _assistant_pieces(turn, content, source.format)
        elif role == "call":
            pieces.append((SegmentKind.CODE, _program(content)))
        elif role == "tool":
            fenced = _FENCED.match(content)
            pieces.append((SegmentKind.OUTPUT, fenced[1] if fenced else content))
    if not question:
        raise Unreadable(Reason.MISSING_FIELD, "no turn of the user")
    segments = join_segments(pieces)
    if not segments:
        raise Unreadable(Reason.MISSING_FIELD, "no turn of the assistant")
    answer = optional_text(record, source.columns.answer or "answer")
    problem = Problem(
        question,
        (Solution(source.format or format_of(segments), segments),),
        answer=answer,
        independent=answer is not None,
        language=optional_text(record, source.columns.language) or source.language,
        topic=optional_text(record, source.columns.topic),
        difficulty=level_of(optional_text(record, source.columns.difficulty)),
        effort=optional_text(record, source.columns.effort),
        score=number_of(record, source.columns.score),
        selection=read_selection(record, source.columns),
    )
    return with_derived(problem, source.derive)


def _turns(record: dict[str, Any]) -> list[dict[str, Any]]:
    for name in ("messages", "conversations", "conversation"):
        turns = record.get(name)
        if turns is None:
            continue
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            raise Unreadable(Reason.UNSUPPORTED, f"{name} is a list of turns, each an object")
        return turns
    raise Unreadable(Reason.MISSING_FIELD, f"no messages or conversations; the record has {', '.join(record)}")


def _role(turn: dict[str, Any]) -> str:
    name = turn.get("role", turn.get("from"))
    role = _ROLES.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        raise Unreadable(Reason.UNSUPPORTED, f"unknown role {name!r}")
    return role


def _content(turn: dict[str, Any]) -> str:
    """Returns a turn's words; content may be text, or a list of text parts."""
    content = turn.get("content", turn.get("value"))
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_part(part) for part in content)
    raise Unreadable(Reason.UNSUPPORTED, f"content is text, not {type(content).__name__}")


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and part.get("type", "text") == "text":
        text = part.get("text", part.get("content"))
        if isinstance(text, str):
            return text
    kind = part.get("type") if isinstance(part, dict) else type(part).__name__
    raise Unreadable(Reason.UNSUPPORTED, f"content holds a part that is no text: {kind}")


def _assistant_pieces(turn: dict[str, Any], content: str, format: Format | None) -> list[tuple[SegmentKind, str]]:
    pieces: list[tuple[SegmentKind, str]] = []
    thought = turn.get("reasoning_content", turn.get("reasoning"))
    if isinstance(thought, str):
        pieces.append((SegmentKind.THINK, thought))
    pieces += [(segment.kind, segment.text) for segment in parse_segments(content, format or Format.TIR)]
    for call in turn.get("tool_calls") or []:
        function = call.get("function", call) if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise Unreadable(Reason.UNSUPPORTED, "tool_calls is a list of calls with a function each")
        pieces.append((SegmentKind.CODE, _program(function.get("arguments"))))
    return pieces


def _program(arguments: object) -> str:
    """Returns the program in a call's arguments: `{"code": "..."}` as JSON text or object, or the bare program."""
    if isinstance(arguments, str):
        if not arguments.lstrip().startswith("{"):
            return arguments
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError as error:
            raise Unreadable(Reason.UNSUPPORTED, f"a tool call's arguments are no JSON: {error}") from None
    if isinstance(arguments, dict):
        inner = arguments.get("arguments", arguments)
        if isinstance(inner, dict):
            for name in ("code", "python", "program", "input", "script"):
                if isinstance(inner.get(name), str):
                    return str(inner[name])
    raise Unreadable(Reason.UNSUPPORTED, "a tool call without a program (`code`) in its arguments")


def format_of(segments: tuple[Segment, ...]) -> Format:
    """A solution with a program in it is a dialogue, one without is words."""
    return Format.TIR if any(segment.kind is SegmentKind.CODE for segment in segments) else Format.COT

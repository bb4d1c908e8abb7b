"""Turns of a chat: where a record holds them, who speaks, and what a turn says: thoughts, words, programs, results.

Read are the shapes of OpenAI (tool calls, reasoning, harmony's channels), Anthropic (typed parts), ShareGPT (from,
value) and TRL (prompt, completion). What a turn says in a shape that is not known is refused by name: nothing that
bears on the solution is left out or shown by silence.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import orjson

from pipelines.sources.adapters.fields import Unreadable, find, loaded, named
from schemas.problem import SegmentKind
from schemas.reason import Reason


class Role(StrEnum):
    """Who speaks in a turn."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    THOUGHT = "thought"
    CALL = "call"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of what a turn says; `call` is the id that ties a result to its call, where the chat has ids."""

    kind: SegmentKind
    text: str
    call: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, in the order in which it was said."""

    role: Role
    pieces: tuple[Piece, ...]
    left_out: tuple[str, ...] = ()
    """names of fields that say something and are not read"""

    @property
    def words(self) -> str:
        """The turn's text, thoughts and results aside."""
        return "".join(piece.text for piece in self.pieces if piece.kind is SegmentKind.TEXT)


_NAMES = {
    Role.SYSTEM: "system developer",
    Role.USER: "user human prompter",
    Role.ASSISTANT: "assistant gpt model chatgpt bot ai",
    Role.THOUGHT: "thought thinking reasoning",
    Role.CALL: "function_call tool_call",
    Role.TOOL: "tool function observation ipython python code_interpreter tool_response function_response",
}
_ROLES = MappingProxyType({name: role for role, names in _NAMES.items() for name in names.split()})
_FIELDS = ("messages", "conversations", "conversation")
_SIDES = ("prompt", "completion")
_CONTENTS = ("content", "value", "text", "parts")
_THOUGHTS = (
    "reasoning_content",
    "reasoning",
    "reasoning_text",
    "reasoning_details",
    "thinking",
    "think",
    "thought",
    "thoughts",
    "chain_of_thought",
    "cot",
    "scratchpad",
)
_UNREAD = ("refusal", "audio", "image", "images", "video", "videos", "attachments")
"""fields of a turn that say what a text does not hold"""
_CALL_IDS = ("tool_call_id", "tool_use_id", "call_id", "id")
_READ = frozenset(
    [
        *_CONTENTS,
        *_THOUGHTS,
        *_CALL_IDS,
        "role",
        "from",
        "author",
        "channel",
        "recipient",
        "tool_calls",
        "function_call",
    ]
)
_NOTHING: tuple[object, ...] = (None, "", [], {})
_PROGRAMS = ("code", "python", "program", "input", "script")
_TEXT_PARTS = frozenset({"text", "input_text", "output_text", "reasoning.text", "summary_text"})
_THOUGHT_PARTS = frozenset({"thinking", "thought", "reasoning", "reasoning_text", "reasoning_content"})
_CALL_PARTS = frozenset({"tool_use", "tool_call", "function_call", "function"})
_RESULT_PARTS = frozenset({"tool_result", "tool_response", "function_call_output"})
CHANNELS = MappingProxyType({"analysis": SegmentKind.THINK, "commentary": SegmentKind.TEXT, "final": SegmentKind.TEXT})
"""what is said on each channel of harmony"""
_FENCED = re.compile(r"\s*```[a-z0-9]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_SPEAKERS = frozenset({"", "all", "assistant", "user"})
"""recipients of a message that are no tools"""


def turns_of(record: dict[str, Any], field: str | Sequence[str] | None) -> list[Turn]:
    """Reads the turns of a record.

    Args:
        record: the row.
        field: the field that holds them, or several one after another (`columns.messages`); None: messages,
            conversations or conversation, else TRL's prompt and completion.

    Raises:
        Unreadable: there are none, or one is of a shape that is not known.
    """
    wholes: Sequence[str]
    sides: Sequence[str]
    if field is None:
        wholes, sides, sought = _FIELDS, _SIDES, "messages or conversations"
    elif isinstance(field, str):
        wholes, sides, sought = (field,), (), field
    else:
        wholes, sides, sought = (), field, " and ".join(field)
    for name in wholes:
        turns = find(record, name)
        if turns is not None:
            return _read_turns(turns, name)
    if sides and all(find(record, name) is not None for name in sides):
        question, *others = sides
        return [*_side(record, question, Role.USER), *(turn for name in others for turn in _side(record, name))]
    raise Unreadable(Reason.MISSING_FIELD, f"no {sought}; the record has {named(record)}")


def _side(record: dict[str, Any], name: str, role: Role = Role.ASSISTANT) -> list[Turn]:
    """A part of a chat in a field of its own: text, or turns."""
    side = find(record, name)
    if isinstance(side, str):
        return [Turn(role, (Piece(SegmentKind.TEXT, side),))]
    return _read_turns(side, name)


def _read_turns(turns: object, name: str) -> list[Turn]:
    turns = loaded(turns)
    if isinstance(turns, dict) and len(lists := [turns[field] for field in _FIELDS if field in turns]) == 1:
        turns = lists[0]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        shape = "text" if isinstance(turns, str) else type(turns).__name__
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is a list of turns, each an object, not {shape}")
    return [_read_turn(turn) for turn in turns]


def _read_turn(turn: dict[str, Any]) -> Turn:
    if (item := _item(turn)) is not None:
        return item
    role = _role(turn)
    for name in _UNREAD:
        if turn.get(name):
            raise Unreadable(Reason.UNSUPPORTED, f"a turn of {role} holds {name}")
    pieces = _pieces(_first(turn, _CONTENTS), role)
    thoughts = [Piece(SegmentKind.THINK, piece.text) for name in _THOUGHTS for piece in _thoughts(turn, name)]
    calls = [piece for call in _calls(turn) for piece in _call(call)]
    match role:
        case Role.ASSISTANT:
            pieces = _addressed(turn, pieces)
        case Role.THOUGHT:
            pieces = [replace(piece, kind=SegmentKind.THINK) for piece in pieces]
        case Role.TOOL:
            call = _text(turn, _CALL_IDS[:-1])
            pieces = [
                Piece(SegmentKind.OUTPUT, piece.text, piece.call or call)
                for piece in pieces or [Piece(SegmentKind.OUTPUT, "")]
            ]
    left_out = tuple(name for name, value in turn.items() if name not in _READ and value not in _NOTHING)
    return Turn(role, (*dict.fromkeys(thoughts), *pieces, *calls), left_out)


def _item(turn: dict[str, Any]) -> Turn | None:
    """Reads an item of OpenAI's Responses that no role speaks: reasoning, a call, or what a call returned."""
    kind = turn.get("type")
    if not isinstance(kind, str) or any(name in turn for name in ("role", "from", "author")):
        return None
    for role, kinds in ((Role.TOOL, _RESULT_PARTS), (Role.ASSISTANT, _CALL_PARTS | _THOUGHT_PARTS)):
        if kind in kinds:
            return Turn(role, tuple(_part(turn, role)))
    return None


def _role(turn: dict[str, Any]) -> Role:
    name = turn.get("role", turn.get("from"))
    if name is None and isinstance(author := turn.get("author"), dict):
        name = author.get("role")
    role = _ROLES.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        raise Unreadable(Reason.UNSUPPORTED, f"unknown role {_shown(name)}")
    return role


def _shown(name: object) -> str:
    """A name as a refusal shows it; an array of any depth by what it is."""
    return repr(name) if isinstance(name, str | int | float | None) else f"that is {type(name).__name__}"


def _first(turn: dict[str, Any], names: Iterable[str]) -> object:
    return next((turn[name] for name in names if turn.get(name) is not None), None)


def _text(turn: dict[str, Any], names: Iterable[str]) -> str | None:
    found = _first(turn, names)
    return found if isinstance(found, str) and found else None


def _thoughts(turn: dict[str, Any], name: str) -> list[Piece]:
    """What a field of thoughts holds; a flag (`thinking: true`) is none."""
    value = turn.get(name)
    return [] if value is None or isinstance(value, bool) else _pieces(value, Role.THOUGHT)


def _pieces(content: object, role: Role) -> list[Piece]:
    """The pieces of a content: text, a part, or a list of them; parts of text that follow each other are one text."""
    if content is None:
        return []
    if role is Role.CALL:
        return [piece for call in _listed(loaded(content)) for piece in _call(call)]
    if isinstance(content, str):
        return [Piece(SegmentKind.TEXT, content)] if content else []
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        content = content["parts"]
    if not isinstance(content, list | dict):
        raise Unreadable(Reason.UNSUPPORTED, f"content is text, not {type(content).__name__}")
    pieces: list[Piece] = []
    for piece in (piece for part in _listed(content) for piece in _part(part, role)):
        if pieces and pieces[-1].kind is piece.kind is SegmentKind.TEXT:
            pieces[-1] = replace(piece, text=pieces[-1].text + piece.text)
        else:
            pieces.append(piece)
    return pieces


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else (value,)


def _part(part: object, role: Role) -> list[Piece]:
    if isinstance(part, str):
        return [Piece(SegmentKind.TEXT, part)]
    if isinstance(part, dict):
        kind = _kind_of(part)
        text = _first(part, ("text", "value", "content", "summary"))
        text = text.get("value") if isinstance(text, dict) else text
        if kind in _TEXT_PARTS and isinstance(text, str):
            return [Piece(SegmentKind.THINK if part.get("thought") is True else SegmentKind.TEXT, text)]
        if kind in _THOUGHT_PARTS:
            thought = _first(part, (str(kind), "text", "value", "content", "thinking", "reasoning", "summary"))
            if thought is not None:
                return [Piece(SegmentKind.THINK, piece.text) for piece in _pieces(thought, Role.THOUGHT)]
        if kind in _CALL_PARTS and role is Role.ASSISTANT:
            return _call(part)
        if kind in _RESULT_PARTS:
            call, result = _text(part, _CALL_IDS), _first(part, ("content", "output", "text"))
            text = "".join(piece.text for piece in _pieces(result, Role.TOOL))
            return [Piece(SegmentKind.OUTPUT, text, call)]
    shape = _kind_of(part) if isinstance(part, dict) else type(part).__name__
    raise Unreadable(Reason.UNSUPPORTED, f"content holds a part that is no text: {shape}")


def _kind_of(part: dict[str, Any]) -> str:
    kind = part.get("type", "text")
    return kind if isinstance(kind, str) else _shown(kind)


def _addressed(turn: dict[str, Any], pieces: list[Piece]) -> list[Piece]:
    """What an assistant says on a channel of harmony: thoughts, words, or a program for the tool it names."""
    channel, recipient = turn.get("channel"), turn.get("recipient")
    if channel is not None and (not isinstance(channel, str) or channel not in CHANNELS):
        raise Unreadable(Reason.UNSUPPORTED, f"unknown channel {_shown(channel)}")
    if isinstance(recipient, str) and is_tool(recipient):
        return [Piece(SegmentKind.CODE, program_of(piece.text)) for piece in pieces]
    kind = CHANNELS.get(channel or "final", SegmentKind.TEXT)
    return [replace(piece, kind=kind) if piece.kind is SegmentKind.TEXT else piece for piece in pieces]


def is_tool(recipient: str) -> bool:
    """Whether a message to this recipient is a call of a tool."""
    return recipient not in _SPEAKERS


def _calls(turn: dict[str, Any]) -> list[object]:
    calls = loaded(turn.get("tool_calls") or [])
    legacy = turn.get("function_call")
    if not isinstance(calls, list):
        raise Unreadable(Reason.UNSUPPORTED, "tool_calls is a list of calls with a function each")
    return calls if legacy is None else [*calls, legacy]


def _call(call: object) -> list[Piece]:
    """A call's program, and its result where the call itself holds one."""
    if isinstance(call, str):
        return [Piece(SegmentKind.CODE, program_of(call))]
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(function, dict):
        raise Unreadable(Reason.UNSUPPORTED, "tool_calls is a list of calls with a function each")
    identity = _text(call, ("id", "call_id"))
    arguments = _first(function, ("arguments", "input", "parameters", "code"))
    pieces = [Piece(SegmentKind.CODE, program_of(arguments), identity)]
    result = _first(call, ("output", "result"))
    return [*pieces, Piece(SegmentKind.OUTPUT, result, identity)] if isinstance(result, str) else pieces


def program_of(arguments: object) -> str:
    """Returns the program in a call's arguments: `{"code": "..."}` as JSON text or object, or the bare program.

    Raises:
        Unreadable: there is none.
    """
    if isinstance(arguments, str):
        if not arguments.lstrip().startswith("{"):
            return unfenced(arguments)
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError as error:
            raise Unreadable(Reason.UNSUPPORTED, f"a tool call's arguments are no JSON: {error}") from None
    if isinstance(arguments, dict):
        inner = loaded(_first(arguments, ("arguments", "parameters")) or arguments)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, dict):
            for name in _PROGRAMS:
                if isinstance(inner.get(name), str):
                    return str(inner[name])
    raise Unreadable(Reason.UNSUPPORTED, "a tool call without a program (`code`) in its arguments")


def unfenced(text: str) -> str:
    """Takes off the fence that a whole program or output may wear."""
    fenced = _FENCED.match(text)
    return fenced[1] if fenced else text


def paired(pieces: Iterable[Piece]) -> list[tuple[SegmentKind, str]]:
    """Puts each result behind its call: calls made together run one after another, as a session would run them.

        call a, call b, result a, result b   ->   call a, result a, call b, result b

    Results find their call by its id; without ids they are those of the open calls, in their order.

    Raises:
        Unreadable: a result names a call that nobody made.
    """
    laid: list[list[Piece]] = []
    pending: list[list[Piece]] = []
    for piece in pieces:
        if piece.kind is SegmentKind.OUTPUT and pending:
            pending.pop(_place_of(piece, [call[0].call for call in pending])).append(piece)
            continue
        laid.append([piece])
        if piece.kind is SegmentKind.CODE:
            pending.append(laid[-1])
        else:
            pending.clear()
    return [(piece.kind, piece.text) for block in laid for piece in block]


def _place_of(result: Piece, calls: Sequence[str | None]) -> int:
    if result.call is None or not any(calls):
        return 0
    if result.call not in calls:
        raise Unreadable(Reason.UNSUPPORTED, f"a result of call {result.call!r}, which nobody made")
    return calls.index(result.call)

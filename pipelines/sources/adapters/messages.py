"""Chat rows: one question, one solution.

`columns.messages` names the field of the turns (`adapters.turns` says which shapes are read). A system turn is kept
beside the problem: it stands before the question in training too. What assistant and tool say after the question is one
solution: thoughts, words, programs and their outputs. A second question by the user is another problem, which this does
not read. What else a chat holds is left out, and counted by kind.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from pipelines.sources.adapters.annotations import with_derived
from pipelines.sources.adapters.columns import read_selection
from pipelines.sources.adapters.fields import (
    Unreadable,
    find,
    language_of,
    level_of,
    listed_text,
    number_of,
    optional_text,
)
from pipelines.sources.adapters.segments import join_segments, parse_segments, thoughts_in, unwrapped
from pipelines.sources.adapters.turns import Piece, Role, Turn, paired, turns_of, unfenced
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from schemas.reason import Reason

_DECLARATIONS = ("tools", "functions", "tool_choice", "chat_template_kwargs")
_RESULTS = re.compile(r"\s*+(?:<tool_response>(?>.*?</tool_response>)\s*+)++", re.DOTALL)


def read_messages(record: dict[str, Any], source: Source) -> Problem:
    """Reads a chat row; the format is the config's, or told from the turns: a program makes it tir."""
    turns = [_with_results(turn) for turn in turns_of(record, source.columns.messages)]
    question = _question(turns)
    pieces = paired(_solution(turns, source.format or Format.TIR))
    distinct = _without_echoes(pieces)
    segments = join_segments(distinct)
    if not segments:
        raise Unreadable(Reason.MISSING_FIELD, "no turn of the assistant")
    answer = listed_text(record, source.columns.answer or "answer")
    problem = Problem(
        question,
        (Solution(source.format or format_of(segments), segments),),
        answer=answer,
        independent=answer is not None,
        language=language_of(record, source.columns.language) or source.language,
        topic=listed_text(record, source.columns.topic),
        difficulty=level_of(optional_text(record, source.columns.difficulty)),
        effort=optional_text(record, source.columns.effort),
        score=number_of(record, source.columns.score),
        selection=read_selection(record, source.columns),
        system=_system(turns, record, source.columns.system),
        dropped=_dropped(record, turns, echoed=len(distinct) < len(pieces)),
    )
    return with_derived(problem, source.derive)


def _with_results(turn: Turn) -> Turn:
    """A turn of the user that holds nothing but `<tool_response>` is the tool's, as chat templates lay it out.

    One of the tool that holds them loses the tags.
    """
    words = turn.words if turn.role is Role.USER else "".join(piece.text for piece in turn.pieces)
    if turn.role not in (Role.USER, Role.TOOL) or not _RESULTS.fullmatch(words):
        return turn
    calls = [piece.call for piece in turn.pieces]
    call = calls[0] if len(set(calls)) == 1 else None
    outputs = [Piece(segment.kind, segment.text, call) for segment in parse_segments(words, Format.TIR)]
    return Turn(Role.TOOL, tuple(outputs), turn.left_out)


def _question(turns: Iterable[Turn]) -> str:
    questions = [turn.words for turn in turns if turn.role is Role.USER and turn.words.strip()]
    if not questions:
        raise Unreadable(Reason.MISSING_FIELD, "no turn of the user")
    if len(questions) > 1:
        raise Unreadable(Reason.UNSUPPORTED, "more than one turn of the user")
    return trimmed(questions[0])


def _system(turns: Iterable[Turn], record: dict[str, Any], field: str | None) -> str | None:
    """What system turns say, in their order; else the field beside the turns that says it."""
    instructions = [trimmed(turn.words) for turn in turns if turn.role is Role.SYSTEM]
    value = find(record, field or "system")
    beside = value if isinstance(value, str) else ""
    return "\n\n".join(filter(None, instructions)) or trimmed(beside) or None


def _dropped(record: dict[str, Any], turns: Iterable[Turn], *, echoed: bool) -> tuple[str, ...]:
    """What of a chat is left out: declarations of tools, fields of turns, thoughts that are told twice."""
    kinds = [f"`{name}` beside the turns" for name in _DECLARATIONS if record.get(name)]
    kinds += [f"`{name}` of a turn" for turn in turns for name in turn.left_out]
    kinds += ["thoughts told twice"] if echoed else []
    return tuple(dict.fromkeys(kinds))


def _solution(turns: Iterable[Turn], format: Format) -> Iterator[Piece]:
    """What assistant and tool say, in its order; the assistant's text is read for blocks."""
    for turn in turns:
        for piece in turn.pieces:
            if piece.kind is SegmentKind.TEXT:
                if turn.role is Role.ASSISTANT:
                    yield from (Piece(segment.kind, segment.text) for segment in parse_segments(piece.text, format))
            elif turn.role is Role.SYSTEM or (turn.role is Role.USER and piece.kind is not SegmentKind.OUTPUT):
                raise Unreadable(Reason.UNSUPPORTED, f"a turn of {turn.role} holds {piece.kind}")
            elif piece.kind is SegmentKind.OUTPUT:
                yield replace(piece, text=unfenced(piece.text))
            elif piece.kind is SegmentKind.THINK:
                yield from (Piece(kind, text) for kind, text in thoughts_in(unwrapped(piece.text)))
            else:
                yield piece


def _without_echoes(pieces: list[tuple[SegmentKind, str]]) -> list[tuple[SegmentKind, str]]:
    """Thoughts that a row holds twice, in a field of their own and in the text, are thought once."""
    return [
        piece
        for place, piece in enumerate(pieces)
        if place == 0 or piece[0] is not SegmentKind.THINK or piece[1].strip() != pieces[place - 1][1].strip()
    ]


def format_of(segments: tuple[Segment, ...]) -> Format:
    """A solution with a program in it is a dialogue, one without is words."""
    return Format.TIR if any(segment.kind is SegmentKind.CODE for segment in segments) else Format.COT

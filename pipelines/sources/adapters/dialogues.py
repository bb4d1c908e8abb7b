r"""Tool dialogues that models wrote: ToRA's fenced trajectories, MathCoder's blocks of text, code and execution."""

from dataclasses import replace
from typing import Any

from pipelines.sources.adapters.fields import Unreadable, find, level_of, optional_text, text_of
from pipelines.sources.adapters.messages import format_of, read_messages
from pipelines.sources.adapters.segments import join_segments, parse_segments
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from schemas.reason import Reason
from validation.answers.boxes import boxes

_BLOCKS = {"text": SegmentKind.TEXT, "code": SegmentKind.CODE, "execution": SegmentKind.OUTPUT}
_LONGEST_ECHO = 60


def read_tora(record: dict[str, Any], source: Source) -> Problem:
    """Reads ToRA's corpus (`messages`) and its outputs (`question`, `code`: a trajectory per sample); `gt` answers."""
    answer = optional_text(record, "gt")
    difficulty = level_of(optional_text(record, "level"))
    if "messages" in record:
        read = read_messages(record, source)
        return replace(read, answer=answer, independent=answer is not None, difficulty=difficulty)
    question, samples = trimmed(text_of(record, "question")), record.get("code")
    if not isinstance(samples, list) or not all(isinstance(sample, str) for sample in samples) or not samples:
        raise Unreadable(Reason.MISSING_FIELD, "code is a list of trajectories")
    solutions = tuple(Solution(Format.TIR, parse_segments(sample, Format.TIR)) for sample in samples)
    return Problem(question, solutions, answer, answer is not None, source.language, None, difficulty)


def read_mathcoder(record: dict[str, Any], source: Source) -> Problem:
    """Reads MathCoder's rows: blocks by role in `debug_result`, or as typed content in `messages`.

    The bare block that repeats the boxed answer at the end is a harness's mark, not a word of the solution.
    """
    turns = record.get("debug_result") or record.get("messages")
    if not isinstance(turns, list):
        raise Unreadable(Reason.MISSING_FIELD, "no debug_result or messages")
    question = ""
    blocks: list[tuple[SegmentKind, str]] = []
    for role, content in _blocks(turns):
        if role == "user":
            question = trimmed(content)
        elif role in _BLOCKS:
            blocks.append((_BLOCKS[role], content.replace("\r\n", "\n")))
    if not question:
        raise Unreadable(Reason.MISSING_FIELD, "no question of the user")
    segments = join_segments(_without_echo(blocks))
    if not segments:
        raise Unreadable(Reason.MISSING_FIELD, "no solution")
    answer = optional_text(record, "ground_truth.answer")
    topic = find(record, "ground_truth.type")
    return Problem(
        question,
        (Solution(format_of(segments), segments),),
        answer,
        answer is not None,
        source.language,
        topic if isinstance(topic, str) else None,
        level_of(optional_text(record, "ground_truth.level")),
    )


def _blocks(turns: list[Any]) -> list[tuple[str, str]]:
    """Flattens turns to (role, text): content is text, or a list of typed parts whose type is the role of a block."""
    found = []
    for turn in turns:
        role, content = (turn.get("role"), turn.get("content")) if isinstance(turn, dict) else (None, None)
        parts = content if isinstance(content, list) else [{"type": role, "content": content}]
        for part in parts:
            if not isinstance(part, dict) or not isinstance(part.get("content"), str):
                raise Unreadable(Reason.UNSUPPORTED, f"a block of {role} is no text")
            kind = part.get("type")
            found.append((kind if role == "assistant" else str(role), part["content"]))
    return [(str(role), content) for role, content in found]


def _without_echo(blocks: list[tuple[SegmentKind, str]]) -> list[tuple[SegmentKind, str]]:
    if len(blocks) < 2 or not blocks[-1][0] == blocks[-2][0] == SegmentKind.TEXT:
        return blocks
    echo = blocks[-1][1].strip()
    short = "\n" not in echo and len(echo) <= _LONGEST_ECHO
    return blocks[:-1] if short and any(boxes(blocks[-2][1])) else blocks


def segments_of(text: str) -> tuple[Format, tuple[Segment, ...]]:
    """Parses a solution that may or may not hold programs: a dialogue when it does."""
    segments = parse_segments(text, Format.TIR)
    return format_of(segments), segments

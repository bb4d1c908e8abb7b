"""What `mathmill sample` writes: solutions of a model, accepted by the judge, each with its format and its author."""

import re
from typing import Any

from pipelines.sources.adapters.fields import Unreadable, language_of, level_of, number_of, optional_text, text_of
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Solution
from schemas.reason import Reason

_LEVELS = 5
_AUTHOR = re.compile(r"human|unknown|model:.+")


def read_samples(record: dict[str, Any], source: Source) -> Problem:
    """Reads rows of `mathmill sample`: their own format and author, the solve rate as score and as level.

    A problem that every sample solves is of level 1, one that hardly any does of 5; a level of the row's own stays.
    """
    named = text_of(record, "format")
    if named not in set(Format):
        raise Unreadable(Reason.UNSUPPORTED, f"format is cot, pot or tir, not {named:.40}")
    answer, rate = optional_text(record, "answer"), number_of(record, "solve_rate")
    own = level_of(optional_text(record, "difficulty"))
    return Problem(
        trimmed(text_of(record, "question")),
        (Solution(Format(named), parse_segments(text_of(record, "solution"), Format(named))),),
        answer=answer,
        independent=answer is not None,
        language=language_of(record, "language") or source.language,
        topic=optional_text(record, "topic"),
        difficulty=own if own is not None else _level(rate),
        score=rate,
        system=optional_text(record, "system"),
        author=_author(optional_text(record, "author")),
    )


def _author(text: str | None) -> str | None:
    if text is not None and _AUTHOR.fullmatch(text) is None:
        raise Unreadable(Reason.UNSUPPORTED, f"author is human, unknown or model:NAME, not {text[:40]!r}")
    return text


def _level(rate: float | None) -> int | None:
    if rate is None or not 0 <= rate <= 1:
        return None
    return min(_LEVELS, 1 + int((1 - rate) * _LEVELS))

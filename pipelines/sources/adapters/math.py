r"""MATH (Hendrycks): problem, solution whose last \boxed{} is the answer, level, type."""

from typing import Any

from pipelines.sources.adapters.fields import level_of, optional_text, text_of
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Solution
from validation.answers.boxes import grouped_boxes, listed_boxes


def read_math(record: dict[str, Any], source: Source) -> Problem:
    """Reads a row of MATH. An `answer` field of its own, where there is one, is an independent reference."""
    question = trimmed(text_of(record, "problem"))
    solution = text_of(record, "solution")
    given = optional_text(record, "answer")
    return Problem(
        question,
        (Solution(Format.COT, parse_segments(solution, Format.COT)),),
        answer=given if given is not None else listed_boxes(solution, question) or _last_box(solution),
        independent=given is not None,
        language=source.language,
        topic=optional_text(record, "type") or optional_text(record, "subject"),
        difficulty=level_of(optional_text(record, "level")),
    )


def _last_box(solution: str) -> str | None:
    contents = [content for content, _, _ in grouped_boxes(solution)]
    return contents[-1] if contents else None

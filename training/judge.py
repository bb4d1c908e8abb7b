"""Is the model's answer right? Asked of the same judge that curated the data."""

from dataclasses import dataclass
from typing import Literal

from schemas.config import ProgramLimits
from schemas.problem import Format, SegmentKind
from schemas.transcript import parse_response
from training.shards import Example


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer, judged.

    Attributes:
        answer: what counted as the final answer; None when there was none.
        outcome: equal | not_equal | unknown, or no_answer, no_program, or how a program ended.
        detail: one line.
    """

    answer: str | None
    outcome: str
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Only what was shown to be equal passes."""
        return self.outcome == "equal"


def reference_of(example: Example) -> str | None:
    """The reference answer: the row's own, else the final answer of its human solution."""
    from validation.answers import extract

    if example.answer is not None:
        return example.answer
    text = "\n".join(segment.text for segment in example.segments if segment.kind is SegmentKind.TEXT)
    return extract(text, example.language).answer if text else None


def judge(
    example: Example,
    reference: str,
    response: str,
    limits: ProgramLimits,
    *,
    rounding: Literal["places", "never"] = "places",
) -> Judgement:
    """Judges one response.

    Args:
        example: the problem.
        reference: its reference answer.
        response: what the model wrote, tool outputs included.
        limits: for the program of a PoT response.
        rounding: whether a rounded answer counts, as in the curation of the data.
    """
    from validation.answers import compare, extract

    if example.format is Format.POT:
        answer, ended = _value(response, limits)
        if answer is None:
            return Judgement(None, ended)
    else:
        answer = extract(response, example.language).answer
        if answer is None:
            return Judgement(None, "no_answer")
    verdict = compare(reference, answer, example.question, example.language, rounding=rounding)
    return Judgement(answer, str(verdict.outcome), verdict.detail)


def _value(response: str, limits: ProgramLimits) -> tuple[str | None, str]:
    """The value of the response's program, or how it ended."""
    from validation.programs import run

    program = "\n".join(segment.text for segment in parse_response(response) if segment.kind is SegmentKind.CODE)
    if not program:
        return None, "no_program"
    execution = run(program, limits)
    return execution.value, execution.error or str(execution.ending)

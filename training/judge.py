"""Is the model's answer right? Asked of the same judge that curated the data."""

from dataclasses import dataclass
from typing import Literal

from schemas.config import ProgramLimits
from schemas.problem import Format, SegmentKind
from schemas.transcript import parse_response
from schemas.work import OverBudgetError, budget_of
from training.asking import Item
from training.backend import Response
from training.shards import Example


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer, judged.

    Attributes:
        answer: what counted as the final answer; None when there was none.
        outcome: equal | not_equal | unknown, or why there was nothing to compare: no_answer, no_program, no_value,
            forged_output, program_ENDING (how its program ended), never_stopped, refused.
        detail: one line.
    """

    answer: str | None
    outcome: str
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Only what was shown to be equal passes."""
        return self.outcome == "equal"


def judge_response(
    item: Item, response: Response, limits: ProgramLimits, *, rounding: Literal["places", "never"] = "places"
) -> Judgement:
    """Judges what a model wrote; how it came about may say more than its words.

    Args:
        item: what was asked.
        response: what came back.
        limits: for the program of a PoT response.
        rounding: whether a rounded answer counts.
    """
    if response.refusal is not None:
        return Judgement(None, "refused", response.refusal)
    if item.example.format is Format.TIR:
        outputs = sum(segment.kind is SegmentKind.OUTPUT for segment in parse_response(response.text))
        if outputs > response.tool_calls:
            return Judgement(None, "forged_output", f"{outputs} outputs, {response.tool_calls} programs were run")
    judged = judge(item.example, item.reference, response.text, limits, rounding=rounding)
    if judged.answer is None and not response.ended:
        return Judgement(None, "never_stopped", f"{response.tokens} tokens; {judged.outcome}")
    return judged


def judge(
    example: Example,
    reference: str,
    response: str,
    limits: ProgramLimits,
    *,
    rounding: Literal["places", "never"] = "places",
) -> Judgement:
    """Judges the words of a response.

    Args:
        example: the problem.
        reference: its reference answer.
        response: what the model wrote, tool outputs included.
        limits: for the program of a PoT response.
        rounding: whether a rounded answer counts, as in the curation of the data.
    """
    try:
        with budget_of(len(example.question) + len(reference) + len(response)):
            return _judged(example, reference, response, limits, rounding=rounding)
    except OverBudgetError as error:
        return Judgement(None, "unknown", str(error))


def _judged(
    example: Example, reference: str, response: str, limits: ProgramLimits, *, rounding: Literal["places", "never"]
) -> Judgement:
    from validation.answers import compare, extract

    if example.format is Format.POT:
        found = _value(response, limits)
        if found.answer is None:
            return found
        answer = found.answer
    else:
        extracted = extract(response, example.language).answer
        if extracted is None:
            return Judgement(None, "no_answer")
        answer = extracted
    verdict = compare(reference, answer, example.question, example.language, rounding=rounding)
    return Judgement(answer, str(verdict.outcome), verdict.detail)


def _value(response: str, limits: ProgramLimits) -> Judgement:
    """The value of the response's program, or how it ended."""
    from validation.programs import Ending, run

    program = "\n".join(segment.text for segment in parse_response(response) if segment.kind is SegmentKind.CODE)
    if not program:
        return Judgement(None, "no_program")
    execution = run(program, limits)
    if execution.value is not None:
        return Judgement(execution.value, "value")
    ended = "no_value" if execution.ending is Ending.OK else f"program_{execution.ending}"
    return Judgement(None, ended, execution.error or "")

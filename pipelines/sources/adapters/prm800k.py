"""PRM800K: solutions step by step, each step chosen or written by a human who rated what the model proposed.

The labels are the human selection: a solution is accepted when the labeler followed it to its end and no step that
was taken is rated wrong. Screening and quality-control items measure labelers, by the answer that the solution ends
in; nobody trains on them.
"""

import re
from typing import Any

from pipelines.sources.adapters.decisions import decision_by_value
from pipelines.sources.adapters.derive import answer_sentence
from pipelines.sources.adapters.fields import Unreadable, find, is_marked, moment_of, optional_text, text_of
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Decision, Format, Problem, Segment, SegmentKind, Selection, Solution
from schemas.reason import Reason

_MARKS = ("is_quality_control_question", "is_initial_screening_question")
_ANSWER = re.compile(r"^# Answer[ \t]*+\n\s*+(?P<answer>\S(?:[^\n]*\S)?)", re.MULTILINE)


def read_prm800k(record: dict[str, Any], source: Source) -> Problem:
    """Reads a labelled solution: question, label.steps, labeler and marks."""
    question = trimmed(text_of(record, "question.problem"))
    steps = find(record, "label.steps")
    if not isinstance(steps, list) or not steps:
        raise Unreadable(Reason.MISSING_FIELD, "no label.steps")
    taken = [step for step in map(_taken, steps) if step is not None]
    if not taken:
        raise Unreadable(Reason.MISSING_FIELD, "no step was taken")
    words = "\n".join(text for text, _ in taken)
    ended = find(record, "label.finish_reason")
    good = ended == "solution" and all(rating != -1 for _, rating in taken)
    if end := _ANSWER.search(words):
        words = f"{words[: end.start()].rstrip()}\n{answer_sentence(end['answer'])}"
    answer = optional_text(record, "question.ground_truth_answer")
    control = any(is_marked(record, mark) for mark in _MARKS)
    return Problem(
        question,
        (Solution(Format.COT, (Segment(SegmentKind.TEXT, trimmed(words)),)),),
        answer,
        answer is not None,
        source.language,
        selection=Selection(
            decision=Decision.ACCEPTED if good else Decision.REJECTED,
            annotator=optional_text(record, "labeler"),
            time=moment_of(record, "timestamp"),
            control=control,
            expected=_expected(record, answer) if control else None,
        ),
    )


def _expected(record: dict[str, Any], answer: str | None) -> Decision | None:
    """What is right about a solution that was given whole (phase 2): the labeler need not have followed it."""
    given = optional_text(record, "question.pre_generated_answer")
    return None if given is None or answer is None else decision_by_value(answer, given)


def _taken(step: object) -> tuple[str, int | None] | None:
    """The text of the step that the solution went on with, and its rating; None where the labeler stopped."""
    if not isinstance(step, dict):
        raise Unreadable(Reason.UNSUPPORTED, "a step is an object")
    human, chosen, proposed = step.get("human_completion"), step.get("chosen_completion"), step.get("completions") or []
    if not isinstance(proposed, list):
        raise Unreadable(Reason.UNSUPPORTED, "the completions of a step are a list")
    taken = proposed[chosen] if isinstance(chosen, int) and 0 <= chosen < len(proposed) else None
    completion = human or taken
    if completion is None:
        return None
    text = completion.get("text") if isinstance(completion, dict) else completion
    if not isinstance(text, str):
        raise Unreadable(Reason.UNSUPPORTED, "a step has no text")
    return text, completion.get("rating") if isinstance(completion, dict) else None

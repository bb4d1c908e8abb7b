"""GSM8K: steps a line each with calculator annotations `<<48/2=24>>`, then `#### 42`.

The annotations are instructions to a calculator, not words: they leave the text, and may become a program
(`source.derive`). The answer is the text's own last line, so it is no independent reference.
"""

from typing import Any

from pipelines.sources.adapters.derive import answer_sentence, derive
from pipelines.sources.adapters.fields import Unreadable, text_of
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from schemas.reason import Reason
from validation.answers.arithmetic import annotations_in, strip_annotations


def read_gsm8k(record: dict[str, Any], source: Source) -> Problem:
    """Reads a row of openai/grade-school-math: question, answer."""
    question = trimmed(text_of(record, "question"))
    steps, marker, final = text_of(record, "answer").rpartition("####")
    answer = trimmed(final)
    if not marker or not answer:
        raise Unreadable(Reason.MISSING_FIELD, "answer has no line `#### 42`")
    if "####" in steps:
        raise Unreadable(Reason.UNSUPPORTED, "answer has more than one `####`")
    steps = trimmed(steps)
    words = trimmed(f"{strip_annotations(steps)}\n{answer_sentence(answer)}")
    solutions = [Solution(Format.COT, (Segment(SegmentKind.TEXT, words),), annotations=annotations_in(steps))]
    if source.derive:
        solutions += derive(question, steps, answer, source.derive)
    return Problem(question, tuple(solutions), answer, independent=False, language=source.language)

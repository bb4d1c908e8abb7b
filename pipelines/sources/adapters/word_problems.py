"""Word problems with an equation, options or just an answer: SVAMP, Math23K, AQuA, CMATH, MGSM."""

import re
from typing import Any

from pipelines.sources.adapters.derive import answer_sentence
from pipelines.sources.adapters.expressions import NotPythonError, write_program
from pipelines.sources.adapters.fields import Unreadable, ending_of, level_of, optional_text, text_of
from pipelines.sources.adapters.options import with_options
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from schemas.reason import Reason

_STATED_LETTER = re.compile(
    r"(?:\b(?:so|hence|thus|therefore),?\s+)?(?:\bthe\s+)?(?:\bcorrect\s+)?\b(?:answer|ans|option)"
    r"(?:\s++(?:option|choice|is|will be))*+\s*+[:\-–=]*+\s*+(?:option\s*+)?\(?(?P<letter>(?-i:[A-E]))\b\)?[.\s]*$",
    re.IGNORECASE,
)


def read_svamp(record: dict[str, Any], source: Source) -> Problem:
    """Reads SVAMP: Body, Question, Equation, Answer. The equation is the program."""
    body = trimmed(text_of(record, "Body"))
    question = f"{body if body[-1] in '.?!' else f'{body}.'} {trimmed(text_of(record, 'Question'))}"
    answer = optional_text(record, "Answer")
    topic = optional_text(record, "Type")
    return Problem(question, (_equation(record, "Equation"),), answer, answer is not None, source.language, topic)


def read_math23k(record: dict[str, Any], _source: Source) -> Problem:
    """Reads Math23K: original_text, equation, ans. Chinese, whatever the config says."""
    question, answer = trimmed(text_of(record, "original_text")), optional_text(record, "ans")
    return Problem(question, (_equation(record, "equation"),), answer, answer is not None, "zh")


def _equation(record: dict[str, Any], name: str) -> Solution:
    equation = text_of(record, name)
    try:
        program = write_program(equation)
    except NotPythonError:
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is no arithmetic: {equation[:60]!r}") from None
    return Solution(Format.POT, (Segment(SegmentKind.CODE, program),))


def read_aqua(record: dict[str, Any], source: Source) -> Problem:
    """Reads AQuA: question, options, rationale, correct. The answer is the letter of an option.

    The crowd wrote its last line in dozens of ways (`ANS:D`, `Correct option is C`, `answer - A`); it becomes one. A
    rationale that names no letter stays as it is.
    """
    question = with_options(trimmed(text_of(record, "question")), record)
    answer = optional_text(record, "correct")
    rationale = trimmed(text_of(record, "rationale"))
    if stated := ending_of(rationale, _STATED_LETTER):
        rationale = trimmed(f"{rationale[: stated.start()].rstrip()}\n{answer_sentence(stated['letter'])}")
    solution = Solution(Format.COT, parse_segments(rationale, Format.COT))
    return Problem(question, (solution,), answer, answer is not None, source.language)


def read_cmath(record: dict[str, Any], _source: Source) -> Problem:
    """Reads CMATH: question, golden, grade. There are no solutions: it is a benchmark, or an answer to compare with."""
    grade = level_of(optional_text(record, "grade"))
    return Problem(trimmed(text_of(record, "question")), (), optional_text(record, "golden"), True, "zh", None, grade)


def read_mgsm(record: dict[str, Any], source: Source) -> Problem:
    """Reads MGSM's files without header: question, answer. There are no solutions.

    Its answers are English in every language: 114,200 of the German file is no 114.2.
    """
    answer = optional_text(record, "1")
    return Problem(trimmed(text_of(record, "0")), (), answer and answer.replace(",", ""), True, source.language)

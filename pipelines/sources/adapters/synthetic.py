r"""Collections of model-written solutions: MetaMathQA, MathInstruct, OpenMathInstruct 1 and 2, NuminaMath, OpenR1.

Their answers are mostly read off the solutions themselves; an answer counts as independent only where it came from
the problem's own source.
"""

import re
from typing import Any

from pipelines.sources.adapters.derive import answer_sentence
from pipelines.sources.adapters.dialogues import segments_of
from pipelines.sources.adapters.fields import Unreadable, ending_of, optional_text, text_of, without_ending
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from schemas.reason import Reason

_METAMATH_END = re.compile(r"(?:\n?####(?P<hashes>[^\n]*))?\n?The answer is:?\s*(?P<answer>[^\n]+?)\s*$")
_ASKS_FOR_PROGRAM = re.compile(
    r"\s*(?:Let's write a (?:Python )?program[^.\n]*|Please write a (?:Python )?program[^.\n]*)\.?\s*$"
)
_ASKS_FOR_STEPS = re.compile(r"\s*Let's think step by step\.?\s*$")


def read_metamath(record: dict[str, Any], source: Source) -> Problem:
    """Reads MetaMathQA: query, response that ends `#### 5` and `The answer is: 5`, type; both stay if they differ."""
    response = text_of(record, "response")
    end = ending_of(response, _METAMATH_END)
    if end is None:
        raise Unreadable(Reason.MISSING_FIELD, "response has no line `The answer is: 5`")
    answer, words = end["answer"], trimmed(response[: end.start()])
    if end["hashes"] is not None and end["hashes"].strip() != answer:
        words = trimmed(response)
    elif "\\boxed" not in words:
        words = trimmed(f"{words}\n{answer_sentence(answer)}")
    solution = Solution(Format.COT, (Segment(SegmentKind.TEXT, words),))
    topic = optional_text(record, "type")
    return Problem(trimmed(text_of(record, "query")), (solution,), answer, False, source.language, topic)


def read_mathinstruct(record: dict[str, Any], source: Source) -> Problem:
    """Reads MathInstruct: instruction, output, source (`data/PoT/...`). Programs print; the asking for one goes."""
    question = text_of(record, "instruction")
    output = text_of(record, "output")
    asked = ending_of(question, _ASKS_FOR_PROGRAM)
    origin = optional_text(record, "source") or ""
    format = Format.POT if "PoT" in origin or asked else Format.COT
    question = trimmed(without_ending(without_ending(question, _ASKS_FOR_PROGRAM), _ASKS_FOR_STEPS))
    return Problem(question, (Solution(format, parse_segments(output, format)),), None, False, source.language)


def read_openmathinstruct(record: dict[str, Any], source: Source) -> Problem:
    """Reads OpenMathInstruct 1 (question, <llm-code>) and 2 (problem, words).

    The expected answer of an augmented problem was voted by the model that wrote the solutions: not independent.
    """
    name = "problem" if "problem" in record else "question"
    question = trimmed(text_of(record, name))
    format, segments = segments_of(text_of(record, "generated_solution"))
    origin = optional_text(record, "problem_source") or optional_text(record, "dataset") or ""
    answer = optional_text(record, "expected_answer")
    independent = answer is not None and "augmented" not in origin
    return Problem(question, (Solution(format, segments),), answer, independent, source.language)


def read_numina(record: dict[str, Any], source: Source) -> Problem:
    """Reads NuminaMath CoT, TIR and 1.5. `notfound` is no answer, `proof` says that there is none to find."""
    question = trimmed(text_of(record, "problem"))
    format, segments = segments_of(text_of(record, "solution"))
    topic = optional_text(record, "problem_type")
    answer = _numina_answer(record)
    return Problem(question, (Solution(format, segments),), answer, False, source.language, topic)


def _numina_answer(record: dict[str, Any]) -> str | None:
    answer = optional_text(record, "answer")
    return None if answer is not None and answer.lower() in ("notfound", "not found", "none") else answer


def read_openr1(record: dict[str, Any], source: Source) -> Problem:
    """Reads OpenR1-Math: problem, answer, several generations with thoughts; those cut off by length are left out."""
    question = trimmed(text_of(record, "problem"))
    generations = record.get("generations")
    if not isinstance(generations, list) or not all(isinstance(text, str) for text in generations):
        raise Unreadable(Reason.MISSING_FIELD, "generations is a list of solutions")
    whole = record.get("is_reasoning_complete")
    flags = whole if isinstance(whole, list) and len(whole) == len(generations) else [True] * len(generations)
    kept = [text for text, complete in zip(generations, flags, strict=True) if complete is not False]
    if not kept:
        raise Unreadable(Reason.MISSING_FIELD, "no generation that ends")
    solutions = tuple(Solution(*segments_of(text)) for text in kept)
    answer, topic = _numina_answer(record), optional_text(record, "problem_type")
    return Problem(question, solutions, answer, answer is not None, source.language, topic)

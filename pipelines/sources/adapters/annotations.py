r"""Calculator annotations in words of any source: they leave the words, and programs follow from them.

    A pen costs 3*4 = <<3*4=12>>12 cents. The answer is 12.   ->   A pen costs 3*4 = 12 cents. The answer is 12.

The words keep the ending that their author gave them: `#### 12`, a box, a sentence. What is derived ends in the number
of the answer. GSM8K's own files, whose endings are all of a kind, have an adapter of their own.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from pipelines.sources.adapters.derive import derive
from pipelines.sources.adapters.segments import join_segments
from schemas.problem import Format, Problem, SegmentKind, Solution
from validation.answers import Extraction, extract, strip_annotations
from validation.answers.arithmetic import annotations_in
from validation.answers.boxes import boxes

_SENTENCE_END = re.compile(r"\n|(?<=[.!?])\s|(?<=[。！？])")
_QUANTITY = re.compile(r"([-+]?)\s*+[$€£]?\s*+(\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s+[^\W\d_]+)*")


def with_derived(problem: Problem, formats: Sequence[Format]) -> Problem:
    """Takes the annotations out of a chain of thought, and adds the formats that can be derived from them.

    Nobody who asks for no format gets another text: annotations stay in the words then, as any other signs.

    Args:
        problem: a row as it was read; several solutions, or one of another format than cot, stay as they are.
        formats: pot, tir.

    Returns:
        The problem. Its answer is the row's own, else what the solution ends in.
    """
    if not formats or len(problem.solutions) != 1:
        return problem
    (solution,) = problem.solutions
    if solution.format is not Format.COT:
        return problem
    text = "\n".join(segment.text for segment in solution.segments if segment.kind is SegmentKind.TEXT)
    segments = join_segments([(segment.kind, strip_annotations(segment.text)) for segment in solution.segments])
    final = extract(strip_annotations(text), problem.language)
    answer = problem.answer or final.answer
    derived = derive(problem.question, _steps(text, final), _number(answer), formats) if answer else []
    words = Solution(Format.COT, segments, annotations=annotations_in(text))
    return replace(problem, solutions=(words, *derived), answer=answer)


def _steps(text: str, final: Extraction) -> str:
    """The annotated text before the sentence of the final answer; all of it where that sentence still calculates."""
    if final.answer is not None:
        words = strip_annotations(text)
        starts = [end.end() for end in _SENTENCE_END.finditer(words, 0, final.start)]
        text = text.removesuffix(words[starts[-1] if starts else 0 :])
    for content, start, end in reversed(list(boxes(text))):
        text = f"{text[:start]}{content}{text[end:]}"
    return text.strip()


def _number(answer: str) -> str:
    """The answer without money and units: `$1,200` -> `1,200`, `72 clips` -> `72`."""
    quantity = _QUANTITY.fullmatch(answer)
    return f"{quantity[1]}{quantity[2]}" if quantity else answer

"""Programs that models wrote: Program-of-Thoughts (the value of `ans`) and PAL (what `solution()` returns).

A program says its answer by printing it, so the line that its own harness added is added here.
"""

import re
from typing import Any

from pipelines.sources.adapters.fields import Unreadable, optional_text, text_of
from pipelines.sources.adapters.options import with_options
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.normalise import trimmed
from schemas.config import Source
from schemas.problem import Format, Problem, Segment, SegmentKind, Solution
from schemas.reason import Reason

_PRINTS = re.compile(r"^[^#\n]*\bprint\(", re.MULTILINE)
_ANSWER = re.compile(r"^ans\s*=", re.MULTILINE)
_FUNCTION = re.compile(r"^def (solution|solver)\(\s*\)", re.MULTILINE)


def read_pot(record: dict[str, Any], source: Source) -> Problem:
    """Reads Program-of-Thoughts' outputs: question (with passage or options), generated program or programs, answer."""
    question = trimmed(text_of(record, "question"))
    if passage := optional_text(record, "passage"):
        question = f"{passage if passage[-1] in '.?!' else f'{passage}.'} {question}"
    programs = record.get("generated", record.get("program"))
    programs = [programs] if isinstance(programs, str) else programs
    if not isinstance(programs, list) or not programs or not all(isinstance(text, str) for text in programs):
        raise Unreadable(Reason.MISSING_FIELD, "generated is a program, or a list of programs")
    answer = optional_text(record, "answer")
    solutions = tuple(Solution(Format.POT, _printing(text)) for text in programs)
    return Problem(with_options(question, record), solutions, answer, answer is not None, source.language)


def read_pal(record: dict[str, Any], source: Source) -> Problem:
    """Reads PAL's rows: input, code, target. The target was computed by the program, so it is no independent answer."""
    question = trimmed(text_of(record, "input"))
    solution = Solution(Format.POT, _printing(text_of(record, "code")))
    return Problem(question, (solution,), optional_text(record, "target"), False, source.language)


def _printing(text: str) -> tuple[Segment, ...]:
    """Parses a program and lets it print what its harness took for the answer."""
    segments = parse_segments(text, Format.POT)
    if len(segments) != 1 or segments[0].kind is not SegmentKind.CODE or _PRINTS.search(segments[0].text):
        return segments
    code = segments[0].text
    if _ANSWER.search(code):
        code += "\nprint(ans)"
    elif function := _FUNCTION.search(code):
        code += f"\n\n\nprint({function[1]}())"
    return (Segment(SegmentKind.CODE, code),)

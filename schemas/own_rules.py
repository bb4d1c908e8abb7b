"""Rules of the user's own (`curate.rules`): how a config names them, what they are given, what they may say.

    def no_tables(candidate: Candidate) -> str | tuple[str, str] | None:
        return ("table", "the question holds a table") if "|---" in candidate.question else None

A rule says nothing, a code of its own, or a code and a detail for the ledger; a code becomes the reason `rule:CODE`.
The same candidate must get the same verdict every time: what a rule says is kept until its source changes.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator

from schemas.problem import Format, Segment, Selection


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row in one format, as it would be written: what a rule of the user's own looks at.

    Attributes:
        row_id: hash of source and raw record.
        source: its name in the config.
        row: 0-based position in the source.
        segments: the solution: text, thoughts, code and outputs, in order.
        system: what the model is told before the question.
        answer: the reference as the source states it; None when the row has none of its own.
        language: ISO 639-1 code.
        derived: built from the row's own solution, not written by its author.
        selection: what people decided about the row in its source.
    """

    row_id: str
    source: str
    row: int
    format: Format
    question: str
    segments: tuple[Segment, ...]
    system: str | None = None
    answer: str | None = None
    language: str = "en"
    author: str | None = None
    licence: str | None = None
    topic: str | None = None
    difficulty: int | None = None
    effort: str | None = None
    score: float | None = None
    derived: bool = False
    selection: Selection = field(default_factory=Selection)

    @property
    def solution(self) -> str:
        """The whole solution, a line end between two segments."""
        return "\n".join(segment.text for segment in self.segments)


_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*")


def _function_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a rule is named module:function, such as my_rules:no_tables")
    return name


OwnRuleName = Annotated[str, AfterValidator(_function_name)]

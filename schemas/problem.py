"""What a source row means before it becomes examples: question, solutions as typed segments, human selection."""

from dataclasses import dataclass, field
from enum import StrEnum


class Format(StrEnum):
    """The three solution formats that DeepSeekMath (A.1.1) trains on."""

    COT = "cot"
    POT = "pot"
    TIR = "tir"


class SegmentKind(StrEnum):
    """What a stretch of a solution is. `output` is what a tool said, never the author."""

    TEXT = "text"
    THINK = "think"
    CODE = "code"
    OUTPUT = "output"


class Decision(StrEnum):
    """What the humans who reviewed a row decided; a row nobody reviewed has none."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a solution, without fences or tags."""

    kind: SegmentKind
    text: str


@dataclass(frozen=True, slots=True)
class Solution:
    """One way to solve the problem, in one format.

    `derived` solutions were built from the row's own one (calculator annotations): they fall with it.
    `annotations` are the calculations (`48/2=24`) that left the text; None where the source has no calculator.
    """

    format: Format
    segments: tuple[Segment, ...]
    derived: bool = False
    annotations: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The human signal that came with a row. All of it is optional in a source.

    Attributes:
        time: of the decision, seconds since 1970.
        control: a screening or control item: it measures its annotator, and nobody trains on it.
        expected: what is right about a control item, where the source tells.
    """

    decision: Decision | None = None
    annotator: str | None = None
    reviewer: str | None = None
    confidence: float | None = None
    votes: int | None = None
    agreement: float | None = None
    time: float | None = None
    control: bool = False
    expected: Decision | None = None

    @property
    def adjudicated(self) -> bool:
        """Whether a reviewer's decision stands over votes."""
        return self.reviewer is not None and self.votes is not None


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of a source, understood by its adapter.

    Attributes:
        answer: the reference answer as the source states it, or None when the row has none of its own. Then the final
            answer of the solution is taken and recorded as `reference: self`.
        independent: the answer was given apart from the solution's text (a column of its own), so equality is evidence.
        language: ISO 639-1 code.
        difficulty: the source's own scale, 1 (easiest) upwards.
        effort: reasoning effort or mode, where the source names one.
        score: how good the source takes it to be, the higher the better.
        system: what a chat says to the model before the question.
        author: who wrote the solutions, where the row tells: human | model:NAME.
        dropped: what of the row the adapter leaves out, by kind: names that a person reads, the same for all rows.
    """

    question: str
    solutions: tuple[Solution, ...]
    answer: str | None = None
    independent: bool = False
    language: str = "en"
    topic: str | None = None
    difficulty: int | None = None
    effort: str | None = None
    score: float | None = None
    selection: Selection = field(default_factory=Selection)
    system: str | None = None
    author: str | None = None
    dropped: tuple[str, ...] = ()

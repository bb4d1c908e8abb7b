"""`columns` of a source in CONFIG.yaml: which field of a record holds what."""

from typing import Annotated

from pydantic import Field

from schemas.table import Table

FieldNames = str | Annotated[list[str], Field(min_length=1)]


class Columns(Table):
    """Which field of a record holds what, for `adapter: columns`.

    A dotted name reaches into an object (`meta.level`), an array (`votes.0`), the objects of an array (`steps.text`),
    and into those that a table holds as text.

    `adapter: messages` reads all but question, options and solution by these names too; the other adapters know their
    fields, and a name that has no effect is refused.
    """

    question: FieldNames = "question"
    """the problem: a field, several (`[passage, question]`: a line each, the last must be there), or a template
    (`"{passage} {question}"`)"""
    options: FieldNames | None = None
    """the options of a multiple choice, written under the question: a field with a list, an object or a text of them,
    or a field for each (`[A, B, C, D]`)"""
    solution: FieldNames | None = "solution"
    """the solution in the source's `format`, named as the question, thoughts with their marks
    (`"<think>{thoughts}</think>{response}"`); each text of a list is a solution, and `[steps]` makes one of a list of
    steps; null when the source has only answers"""
    system: str | None = None
    """what the model is told before the question; `adapter: messages` takes the system turn, else a field `system`"""
    messages: FieldNames | None = None
    """the turns, for `adapter: messages`: a field, or that of the question and that of the solution
    (`[input, output]`), texts or turns; null: messages, conversations or conversation, else prompt and completion"""
    answer: str | None = None
    """the reference answer, given apart from the solution"""
    language: str | None = None
    """ISO 639-1 code, where rows differ"""
    topic: str | None = None
    """the topic as the source names it"""
    difficulty: str | None = None
    """a number, or text that ends in one (`Level 5`), to the nearest whole one"""
    annotator: str | None = None
    """who wrote or labelled the row"""
    reviewer: str | None = None
    """who reviewed it"""
    decision: str | None = None
    """accepted | rejected | empty: not reviewed"""
    confidence: str | None = None
    """the reviewer's confidence, 0 to 1"""
    votes: str | None = None
    """how many people voted"""
    agreement: str | None = None
    """share of the votes that agree, 0 to 1"""
    time: str | None = None
    """when it was decided: ISO 8601, or seconds"""
    control: str | None = None
    """true: a screening or control item, never trained on. A source that names this field is a campaign: its decisions
    are votes, weighed by how often each annotator was right on these items"""
    expected: str | None = None
    """the right decision on a control item; null: whether its solution ends in its answer"""
    effort: str | None = None
    """reasoning effort or mode, as the source names it"""
    score: str | None = None
    """a number, the higher the better, for quotas with `select: score`"""

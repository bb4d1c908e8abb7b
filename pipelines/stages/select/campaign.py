"""Votes that stand in the sources themselves: a source that marks control items is a campaign of annotators.

Each of its rows is one decision of one person about that row, and counts like a line of a file of reviews: its control
items weigh the people who rated them, and the weights hold wherever these people voted.
"""

from collections.abc import Iterator, Sequence

from pipelines.engine.transforms import ReadSplit
from pipelines.sources.adapters.decisions import decision_by_value
from pipelines.sources.adapters.registry import ADAPTERS, Unreadable
from pipelines.sources.files.scan import FileSplit, read_records, row_id
from pipelines.sources.inputs import Reading
from pipelines.stages.select.ballots import Record
from schemas.config import Source
from schemas.place import public_name
from schemas.problem import Decision, Problem, SegmentKind
from validation.answers import extract


def source_votes(splits: Sequence[ReadSplit]) -> Iterator[Record]:
    """The decisions that stand in campaigns, as rows of `REVIEW_SCHEMA`; rows that cannot be read have none."""
    for split in splits:
        assert isinstance(split.split, FileSplit), split
        assert isinstance(split.source, Reading), split
        source = split.source.source
        if ADAPTERS[source.adapter].campaign or source.columns.control is not None:
            yield from map(split.source.people.renamed, _votes_of(source, split.split))


def _votes_of(source: Source, split: FileSplit) -> Iterator[Record]:
    for record in read_records(split):
        if record.value is None:
            continue
        try:
            problem = ADAPTERS[source.adapter].read(record.value, source)
        except Unreadable:
            continue
        human = problem.selection
        if human.decision is None or human.votes is not None:
            continue
        yield {
            "file": public_name(source.path),
            "key": None,
            "row": row_id(source.name, record.raw),
            "annotator": human.annotator,
            "reviewer": human.reviewer,
            "decision": human.decision,
            "answer": None,
            "confidence": human.confidence,
            "time": human.time,
            "control": human.control,
            "expected": (human.expected or _by_answer(problem)) if human.control else None,
            "reason": None,
            "comment": None,
            "corrected": None,
            "seen": None,
            "source": source.name,
            "position": record.row,
        }


def _by_answer(problem: Problem) -> Decision | None:
    """What is right about a solution: to accept it exactly if it ends in the answer. None where that is unknown."""
    if problem.answer is None or not problem.independent or not problem.solutions:
        return None
    texts = (segment.text for segment in problem.solutions[0].segments if segment.kind is SegmentKind.TEXT)
    final = extract("\n".join(texts), problem.language).answer
    return None if final is None else decision_by_value(problem.answer, final, problem.question, problem.language)

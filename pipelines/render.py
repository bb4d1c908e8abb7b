"""Rows -> candidates: each record is read by its source's adapter, normalised, and laid out, one candidate per format.

The columns of a part are filled row by row here, once; nothing later turns a part back into Python rows without need.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from pipelines.candidate import CANDIDATE_SCHEMA, Rejection
from pipelines.normalise import control_characters, normalise
from pipelines.sources.adapters import ADAPTERS, Unreadable
from pipelines.sources.records import Record, row_id
from schemas.config import Source
from schemas.example import SELECTION
from schemas.problem import Problem, Segment, SegmentKind, Selection
from schemas.reason import RULES, Reason

PART_BYTES = 4 << 20  # one Beam element's worth: by bytes, because 8,192 rows of 50 KB are one 410 MB element


def render_parts(records: Iterable[Record], source: Source) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Turns the records of a split into parts of about `PART_BYTES` of text, and says how many bytes each holds.

    A row's candidates never straddle two parts. The last part may be empty when there are no records at all.
    """
    rows: list[tuple[object, ...]] = []
    size = 0
    for record in records:
        candidates = render_record(record, source)
        rows.extend(candidates)
        size += len(record.raw) * (1 + len(candidates))
        if size >= PART_BYTES:
            yield _batch(rows), size
            rows, size = [], 0
    if rows:
        yield _batch(rows), size


def _batch(rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, CANDIDATE_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=CANDIDATE_SCHEMA)


def render_record(record: Record, source: Source) -> list[tuple[object, ...]]:
    """Returns a record's candidates as rows of `CANDIDATE_SCHEMA`; at least one, rejected when nothing can be read."""
    identity = row_id(source.name, record.raw)
    problem = _understand(record, source)
    if isinstance(problem, Rejection):
        return [_unread_row(record, source, identity, problem)]
    question = normalise(problem.question)
    answer = None if problem.answer is None else normalise(problem.answer)
    about = (problem.independent, problem.language, source.author, source.licence, problem.topic, problem.difficulty)
    human = _selection_column(problem.selection)
    rows: list[tuple[object, ...]] = []
    for solution in problem.solutions:
        segments = [_segment_column(segment) for segment in solution.segments]
        reasons = _reason_columns(_spoiled(question, segments))
        content = (solution.format.value, question, segments, answer)
        rest = (solution.derived, human, source.weight, *reasons, None if rows else record.raw)
        rows.append((identity, source.name, record.row, *content, *about, *rest))
    return rows


def _understand(record: Record, source: Source) -> Problem | Rejection:
    if record.reason is not None:
        return Rejection(record.reason, record.detail)
    assert record.value is not None, record
    try:
        problem = ADAPTERS[source.adapter](record.value, source)
    except Unreadable as error:
        return Rejection(error.reason, error.detail)
    if not problem.solutions:
        return Rejection(Reason.MISSING_FIELD, "the record has no solution")
    return problem


_CODE = (SegmentKind.CODE, SegmentKind.OUTPUT)
_NOTHING_SAID = Selection()


def _segment_column(segment: Segment) -> dict[str, str]:
    return {"kind": segment.kind.value, "text": normalise(segment.text, code=segment.kind in _CODE)}


def _selection_column(human: Selection) -> dict[str, object] | None:
    if human == _NOTHING_SAID:
        return None
    return {field.name: getattr(human, field.name) for field in SELECTION}


def _spoiled(question: str, segments: list[dict[str, str]]) -> Rejection | None:
    texts = [("question", question), *((segment["kind"], segment["text"]) for segment in segments)]
    if control_characters("\n".join(text for _, text in texts)) is None:
        return None
    for where, text in texts:
        if found := control_characters(text):
            return Rejection(Reason.CONTROL_CHARACTERS, f"{where}: {found}")
    return None


def _unread_row(record: Record, source: Source, identity: str, rejection: Rejection) -> tuple[object, ...]:
    nothing = (None,) * (CANDIDATE_SCHEMA.get_field_index("stage") - 4)
    return (identity, source.name, record.row, None, *nothing, *_reason_columns(rejection), record.raw)


def _reason_columns(rejection: Rejection | None) -> tuple[str | None, str | None, str | None]:
    if rejection is None:
        return None, None, None
    return RULES[rejection.reason].stage.value, rejection.reason.value, rejection.detail

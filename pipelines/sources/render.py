"""Rows -> candidates: each record is read by its source's adapter, normalised, and laid out, one candidate per format.

The columns of a part are filled row by row here, once; nothing later turns a part back into Python rows without need.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.candidates import CANDIDATE_SCHEMA, selection_row
from pipelines.engine.rejection import Rejection
from pipelines.sources.adapters.registry import ADAPTERS, Unreadable
from pipelines.sources.files.records import Record, row_id
from pipelines.sources.normalise import control_characters, normalised, suspects
from schemas.config import Source
from schemas.example import SEGMENTS
from schemas.problem import Problem, SegmentKind, Selection
from schemas.reason import RULES, Reason

PART_BYTES = 16 << 20
"""One Beam element's worth, records included: by bytes, because 8,192 rows of 50 KB are one 410 MB element."""


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


def render_record(record: Record, source: Source) -> list[tuple[object, ...]]:
    """Returns a record's candidates as rows of `CANDIDATE_SCHEMA`; at least one, rejected when nothing can be read.

    Texts are as the adapter read them, segments still `Segment`s: a part is normalised as a whole.
    """
    identity = row_id(source.name, record.raw)
    problem = _understand(record, source)
    if isinstance(problem, Rejection):
        return [_unread_row(record, source, identity, problem)]
    about = (problem.independent, problem.language, source.author, source.licence)
    labels = (problem.topic, problem.difficulty, problem.effort, problem.score)
    human = None if problem.selection == _UNREVIEWED else selection_row(problem.selection)
    rows: list[tuple[object, ...]] = []
    for solution in problem.solutions:
        content = (solution.format, problem.question, solution.segments, problem.answer)
        rest = (human, source.weight, None, None, None, None if rows else record.raw)
        made = (solution.derived, solution.annotations)
        rows.append((identity, source.name, record.row, *content, *about, *labels, *made, *rest))
    return rows


def _batch(rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    columns = {name: list(values) for name, values in zip(CANDIDATE_SCHEMA.names, zip(*rows, strict=True), strict=True)}
    solutions = columns.pop("segments")
    arrays = {name: pa.array(values, CANDIDATE_SCHEMA.field(name).type) for name, values in columns.items()}
    arrays["question"], arrays["answer"] = normalised(arrays["question"]), normalised(arrays["answer"])
    segments = [segment for solution in solutions for segment in solution or ()]
    kinds = pa.array([segment.kind for segment in segments], pa.string())
    texts = _normalised(pa.array([segment.text for segment in segments], pa.string()), kinds)
    sizes = np.array([len(solution or ()) for solution in solutions])
    ends = np.concatenate(([0], np.cumsum(sizes)))
    arrays["segments"] = pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()),
        pa.StructArray.from_arrays([kinds, texts], fields=list(SEGMENTS.value_type)),
        type=SEGMENTS,
        mask=pa.array([solution is None for solution in solutions]),
    )
    odd = set(np.flatnonzero(suspects(arrays["question"])).tolist())
    odd |= set(np.flatnonzero(suspects(arrays["answer"])).tolist())
    odd |= set(np.repeat(np.arange(len(rows)), sizes)[suspects(texts)].tolist())
    spoiled = {row: rejection for row in sorted(odd) if (rejection := _spoiled(arrays, row)) is not None}
    if spoiled:
        for position, name in enumerate(("stage", "reason", "detail")):
            values = columns[name]
            for row, rejection in spoiled.items():
                values[row] = _reason_columns(rejection)[position]
            arrays[name] = pa.array(values, pa.string())
    return pa.RecordBatch.from_arrays([arrays[field.name] for field in CANDIDATE_SCHEMA], schema=CANDIDATE_SCHEMA)


def _normalised(texts: pa.Array, kinds: pa.Array) -> pa.Array:
    """Normalises segments: programs and outputs as such."""
    code = pc.is_in(kinds, _CODE)
    if not pc.any(code).as_py():
        return normalised(texts)
    words = pc.invert(code)
    texts = pc.replace_with_mask(texts, code, normalised(texts.filter(code), code=True))
    return pc.replace_with_mask(texts, words, normalised(texts.filter(words)))


def _understand(record: Record, source: Source) -> Problem | Rejection:
    if record.reason is not None:
        return Rejection(record.reason, record.detail)
    assert record.value is not None, record
    try:
        problem = ADAPTERS[source.adapter].read(record.value, source)
    except Unreadable as error:
        return Rejection(error.reason, error.detail)
    if not problem.solutions:
        return Rejection(Reason.MISSING_FIELD, "the record has no solution")
    if problem.selection.control:
        return Rejection(Reason.NOT_SELECTED, "a control item: it measures annotators")
    return problem


_CODE = pa.array([SegmentKind.CODE, SegmentKind.OUTPUT], pa.string())
_UNREVIEWED = Selection()


def _spoiled(arrays: dict[str, pa.Array], row: int) -> Rejection | None:
    segments = arrays["segments"][row].as_py() or ()
    texts = [
        ("question", arrays["question"][row].as_py()),
        ("answer", arrays["answer"][row].as_py()),
        *((segment["kind"], segment["text"]) for segment in segments),
    ]
    for where, text in texts:
        if text is not None and (found := control_characters(text)):
            return Rejection(Reason.CONTROL_CHARACTERS, f"{where}: {found}")
    return None


def _unread_row(record: Record, source: Source, identity: str, rejection: Rejection) -> tuple[object, ...]:
    nothing = (None,) * (CANDIDATE_SCHEMA.get_field_index("stage") - 4)
    return (identity, source.name, record.row, None, *nothing, *_reason_columns(rejection), record.raw)


def _reason_columns(rejection: Rejection | None) -> tuple[str | None, str | None, str | None]:
    if rejection is None:
        return None, None, None
    return RULES[rejection.reason].stage.value, rejection.reason.value, rejection.detail

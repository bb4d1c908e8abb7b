"""Rows -> candidates: each record is read by its source's adapter, normalised, and laid out, one candidate per format.

The columns of a part are filled row by row here, once; nothing later turns a part back into Python rows without need.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.candidates import CANDIDATE_SCHEMA, selection_row
from pipelines.engine.rejection import Rejection
from pipelines.sources.adapters.registry import ADAPTERS, Unreadable
from pipelines.sources.contacts import without_contacts
from pipelines.sources.files.records import Record, row_id
from pipelines.sources.mending import mended
from pipelines.sources.normalise import control_characters, normalised, suspects
from schemas.attempts import Crash, attempted, rows_that_raise
from schemas.config import Normalise, Source
from schemas.example import SEGMENTS
from schemas.exits import RunFailedError
from schemas.problem import Problem, Segment, SegmentKind, Selection
from schemas.pseudonyms import People
from schemas.reason import RULES, Reason, Stage

_KEEP = Normalise()
_NAMED = People(names="keep")

PART_BYTES = 16 << 20
"""One Beam element's worth, records included: by bytes, because 8,192 rows of 50 KB are one 410 MB element."""

LONGEST = 1 << 20
"""Characters of a candidate, whatever `screen.max_chars` allows: what stages do to a text, they do to no longer one."""

LONGEST_ROW = 32 << 20
"""Characters of all candidates of a row, twice what a line may have: each of a thousand solutions has its question."""

LONGEST_LABEL = 1000
"""Characters of a topic or a name: reports list them, and count by them."""


def render_parts(
    records: Iterable[Record],
    source: Source,
    normalise: Normalise = _KEEP,
    people: People = _NAMED,
    *,
    strict: bool = False,
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Turns the records of a split into parts of about `PART_BYTES` of text, and says how many bytes each holds.

    A row's candidates never straddle two parts. The last part may be empty when there are no records at all.

    Raises:
        RunFailedError: it is strict, and a row makes its adapter or this stage raise.
    """
    rows: list[tuple[object, ...]] = []
    size = 0
    for record in records:
        candidates = render_record(record, source, normalise, people)
        if strict:
            _refuse_crash(candidates)
        rows.extend(candidates)
        size += len(record.raw) * (1 + len(candidates))
        if size >= PART_BYTES:
            yield _batch(rows, strict=strict), size
            rows, size = [], 0
    if rows:
        yield _batch(rows, strict=strict), size


def render_record(
    record: Record, source: Source, normalise: Normalise = _KEEP, people: People = _NAMED
) -> list[tuple[object, ...]]:
    """Returns a record's candidates as rows of `CANDIDATE_SCHEMA`; at least one, rejected when nothing can be read.

    Texts are as the adapter read them, segments still `Segment`s: a part is normalised as a whole.
    """
    identity = (row_id(source.name, record.raw), source.name, record.row)
    found = attempted(partial(_candidates, identity, record, source, normalise, people))
    problem = Rejection(Reason.STAGE_CRASH, f"{Stage.READ}: {found.words}") if isinstance(found, Crash) else found
    return [_unread_row(identity, problem, record.raw)] if isinstance(problem, Rejection) else problem


def _candidates(
    identity: tuple[object, ...], record: Record, source: Source, normalise: Normalise, people: People
) -> list[tuple[object, ...]] | Rejection:
    problem = _understand(record, source)
    if isinstance(problem, Rejection):
        return problem
    author = source.author or problem.author or ADAPTERS[source.adapter].author
    about = (problem.independent, problem.language, author, source.licence)
    labels = (problem.topic, problem.difficulty, problem.effort, problem.score)
    human = None if problem.selection == _UNREVIEWED else people.renamed(selection_row(problem.selection))
    rows: list[tuple[object, ...]] = []
    for solution in problem.solutions:
        segments = _without_contacts(solution.segments) if normalise.contacts == "cut" else solution.segments
        content = (solution.format, problem.question, problem.system, segments, problem.answer)
        first = not rows
        rest = (
            human,
            source.weight,
            problem.dropped if first else None,
            None,
            None,
            None,
            record.raw if first else None,
        )
        made = (solution.derived, solution.annotations)
        rows.append((*identity, *content, *about, *labels, *made, *rest))
    return rows


def _without_contacts(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    if not segments or segments[-1].kind is not SegmentKind.TEXT:
        return segments
    return (*segments[:-1], Segment(SegmentKind.TEXT, without_contacts(segments[-1].text)))


def _refuse_crash(candidates: Sequence[tuple[object, ...]]) -> None:
    """Stops a strict run at a row that something of ours raised for."""
    for candidate in candidates:
        named = dict(zip(CANDIDATE_SCHEMA.names, candidate, strict=True))
        if named["reason"] == Reason.STAGE_CRASH:
            where = f"row {named['row']} of {named['source']}"
            raise RunFailedError(f"{named['detail']}: {where}; without --strict it is quarantined and the others live")


def _batch(rows: list[tuple[object, ...]], *, strict: bool) -> pa.RecordBatch:
    """Lays out candidates as a part; one that cannot be laid out counts as a row that could not be read."""
    found = attempted(partial(_laid_out, rows))
    if not isinstance(found, Crash):
        return found
    rows = list(rows)
    for place, crash in rows_that_raise(range(len(rows)), lambda places: _laid_out([rows[at] for at in places])):
        rejection = Rejection(Reason.STAGE_CRASH, f"{Stage.RENDER}: {crash}")
        rows[place] = _unread_row(rows[place][:3], rejection, rows[place][-1])
        if strict:
            _refuse_crash([rows[place]])
    return _laid_out(rows)


def _laid_out(rows: Sequence[tuple[object, ...]]) -> pa.RecordBatch:
    columns = {name: list(values) for name, values in zip(CANDIDATE_SCHEMA.names, zip(*rows, strict=True), strict=True)}
    solutions = columns.pop("segments")
    arrays = {name: pa.array(values, CANDIDATE_SCHEMA.field(name).type) for name, values in columns.items()}
    for name in _TEXTS:
        arrays[name] = normalised(mended(arrays[name]))
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
    odd = {row for name in _TEXTS for row in np.flatnonzero(suspects(arrays[name])).tolist()}
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
        return normalised(mended(texts))
    words = pc.invert(code)
    texts = pc.replace_with_mask(texts, code, normalised(texts.filter(code), code=True))
    return pc.replace_with_mask(texts, words, normalised(mended(texts.filter(words))))


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
    return _oversized(problem) or problem


def _oversized(problem: Problem) -> Rejection | None:
    """Refuses what is longer than a candidate may be, or than what all candidates of a row may repeat."""
    about = len(problem.system or "") + len(problem.question) + len(problem.answer or "")
    sizes = [sum(len(segment.text) for segment in solution.segments) for solution in problem.solutions]
    if (size := about + max(sizes)) > LONGEST:
        detail = f"question, answer and solution have {size} characters; at most {LONGEST} are read"
        return Rejection(Reason.TOO_LONG, detail)
    if (size := about * len(sizes) + sum(sizes)) > LONGEST_ROW:
        detail = (
            f"{len(sizes)} solutions, each with its question, have {size} characters; at most {LONGEST_ROW} are read"
        )
        return Rejection(Reason.TOO_LONG, detail)
    people = problem.selection
    labels = {"topic": problem.topic, "effort": problem.effort}
    labels |= {"annotator": people.annotator, "reviewer": people.reviewer}
    for name, label in labels.items():
        if label is not None and len(label) > LONGEST_LABEL:
            return Rejection(
                Reason.UNSUPPORTED, f"{name} has {len(label)} characters; at most {LONGEST_LABEL} are read"
            )
    return None


_TEXTS = ("question", "system", "answer")
_CODE = pa.array([SegmentKind.CODE, SegmentKind.OUTPUT], pa.string())
_UNREVIEWED = Selection()


def _spoiled(arrays: dict[str, pa.Array], row: int) -> Rejection | None:
    segments = arrays["segments"][row].as_py() or ()
    texts = [
        *((name, arrays[name][row].as_py()) for name in _TEXTS),
        *((segment["kind"], segment["text"]) for segment in segments),
    ]
    for where, text in texts:
        if text is not None and (found := control_characters(text)):
            return Rejection(Reason.CONTROL_CHARACTERS, f"{where}: {found}")
    return None


def _unread_row(identity: tuple[object, ...], rejection: Rejection, record: object) -> tuple[object, ...]:
    """A candidate of which only row_id, source and row are known."""
    nothing = (None,) * (CANDIDATE_SCHEMA.get_field_index("stage") - len(identity))
    return (*identity, *nothing, *_reason_columns(rejection), record)


def _reason_columns(rejection: Rejection | None) -> tuple[str | None, str | None, str | None]:
    if rejection is None:
        return None, None, None
    reason = Reason(rejection.reason)
    return RULES[reason].stage.value, reason.value, rejection.detail

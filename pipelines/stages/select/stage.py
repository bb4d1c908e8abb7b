"""The select stage with files of reviews: each row meets what people said about it, and select judges the outcome.

Reviews stand beside the parts as tags, never in them: a new decision re-reads no source and re-runs no program.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.candidates import UNDERSTOOD, selection_row
from pipelines.engine.line import Line, Step, folder_named, row_by_row
from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store, digest, read_batch, write_batch
from pipelines.engine.tags import TAG_SCHEMA
from pipelines.engine.transforms import TagParts
from pipelines.engine.workfiles import File
from pipelines.sources.adapters.fields import Unreadable, optional_text
from pipelines.stages.select.criteria import judge_selection, select
from pipelines.stages.select.decided import REVIEW_SCHEMA, Settled, settle
from schemas.config import Curate, Select
from schemas.example import SELECTION
from schemas.ledger import LedgerRule
from schemas.policy import Policy
from schemas.problem import Decision, SegmentKind
from schemas.reason import Reason, Stage
from schemas.reviews import REVIEWS
from validation.answers import extract

_DECISION = pa.struct(
    [pa.field("review", pa.int64()), pa.field("decision", pa.string()), pa.field("changed", pa.bool_())]
)
SELECT_SCHEMA = pa.schema(
    [
        *TAG_SCHEMA,
        pa.field("selection", SELECTION, metadata={"doc": "what the reviews come to; null: the source's own"}),
        pa.field("overruled", pa.list_(pa.string()), metadata={"doc": "reasons of quarantine that people accepted"}),
        pa.field("corrected", pa.string(), metadata={"doc": "the reference that a reviewer gives instead"}),
        pa.field("said", pa.list_(_DECISION), metadata={"doc": "on the row's first candidate: its reviews, by place"}),
    ]
)
MATCHED_SCHEMA = pa.schema(
    [
        *REVIEW_SCHEMA,
        pa.field("known", pa.bool_(), nullable=False, metadata={"doc": "whether any row is the one that it names"}),
        pa.field("decided", pa.string(), metadata={"doc": "accepted | rejected, also of answers given as votes"}),
        pa.field("row_id", pa.string(), metadata={"doc": "of the row that it was joined to"}),
        pa.field("changed", pa.bool_(), metadata={"doc": "its row is there with other bytes, so it is not applied"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Files of reviews, joined to the rows that they name.

    Attributes:
        path: the reviews, where workers load them.
        folder: of the tags that say what they come to (`SELECT_SCHEMA`).
        policy: the run's, which says what an acceptance settles.
    """

    path: File
    folder: str
    policy: Mapping[str, Policy]


def store_reviews(reviews: pa.Table, work: File, settings: Curate, code: str) -> Reviewed | None:
    """Leaves the reviews where workers load them, named by their content; None when there are none."""
    if not len(reviews):
        return None
    path = work / f"reviews-{digest(reviews.to_pylist())}.arrow"
    write_batch(path, reviews.combine_chunks().to_batches()[0])
    policy = sorted(settings.policy.items())
    folder = folder_named("reviewed", code, settings.select, policy, path.name)
    return Reviewed(path, folder, settings.policy)


def steps(line: Line, reviewed: Reviewed | None) -> Iterator[Step]:
    """Applies what people decided: in the sources, and in files of reviews where there are any."""
    settings = line.settings.select
    if reviewed is not None:
        tag = partial(select_reviewed, store=line.store, reviewed=reviewed, settings=settings)
        yield Step(Stage.SELECT, reviewed.folder, lambda done: TagParts(line.store, reviewed.folder, tag))
    elif not line.skips(Stage.SELECT):
        yield row_by_row(line, Stage.SELECT, partial(select, settings=settings), settings)


def select_reviewed(part: PartRef, *, store: Store, reviewed: Reviewed, settings: Select) -> pa.RecordBatch:
    """Tags what human selection stops, and what reviews say about each row that they name (`SELECT_SCHEMA`)."""
    batch = store.read_part(part, UNDERSTOOD)
    verdicts = dict(enumerate(select(batch, settings=settings)))
    tags = {index: _tag(index, rejection) for index, rejection in verdicts.items() if rejection is not None}
    records = store.read_part(part, ["record"]).column(0)
    for start, end, places, rows in _reviewed_rows(batch, records, reviewed.path):
        identity = batch["row_id"][start].as_py()
        changed = [row["seen"] not in (None, identity) for row in rows]
        about = [row for row, other in zip(rows, changed, strict=True) if not other]
        question, language = batch["question"][start].as_py() or "", _language(batch, start)
        settled = settle(about, _reference(batch, start), question, language, reviewed.policy)
        decided = _decided(places, changed, settled)
        for index in range(start, end):
            tags[index] = (_tag_of(index, settled, settings) if about else tags.get(index, _tag(index, None))) | decided
            decided = {}
        if settled.remark and tags[start].get("reason") is None:
            for index in range(start, end):
                tags[index] |= {"detail": settled.remark, "rule": LedgerRule.ADJUDICATED}
    return pa.RecordBatch.from_pylist([tags[index] for index in sorted(tags)], schema=SELECT_SCHEMA)


def _decided(places: Sequence[int], changed: Sequence[bool], settled: Settled) -> dict[str, object]:
    """What each review of a row comes to, for the first of its candidates."""
    decisions = iter(settled.decisions)
    outcomes = [None if other else next(decisions) for other in changed]
    rows = zip(places, outcomes, changed, strict=True)
    return {"said": [{"review": place, "decision": decision, "changed": other} for place, decision, other in rows]}


def _tag_of(index: int, settled: Settled, settings: Select) -> dict[str, object]:
    outcome = {"selection": selection_row(settled.selection), "overruled": list(settled.overruled)}
    return _tag(index, _judged(settled, settings)) | outcome | {"corrected": settled.corrected}


def _tag(index: int, rejection: Rejection | None) -> dict[str, object]:
    return {"index": index} if rejection is None else {"index": index, **asdict(rejection)}


def _judged(settled: Settled, settings: Select) -> Rejection | None:
    if settled.control:
        return Rejection(Reason.NOT_SELECTED, "a control item: it measures annotators")
    rejection = judge_selection(selection_row(settled.selection), settings, voted=settled.voted)
    if rejection is None and settled.tied:
        detail = f"{settled.selection.votes} votes stand equal and nobody adjudicated"
        score, rule = settled.selection.agreement, LedgerRule.VOTES_TIED
        rejection = Rejection(Reason.LOW_AGREEMENT, detail, score=score, rule=rule)
    return rejection


def _reviewed_rows(
    batch: pa.RecordBatch, records: pa.Array, reviews: File
) -> Iterator[tuple[int, int, list[int], list[dict[str, object]]]]:
    """The rows of a part that reviews name: first candidate, one behind the last, the reviews and their places."""
    table, index = _load(reviews)
    keys = sorted({key for key, _ in index if key is not None})
    starts = [*pc.indices_nonzero(records.is_valid()).to_pylist(), len(batch)]
    row_ids = batch.column("row_id").to_pylist()
    for start, end in pairwise(starts):
        places = list(index.get((None, row_ids[start]), ()))
        for key in keys:
            places += index.get((key, _value(records[start].as_py(), key)), ())
        if places:
            yield start, end, places, table.take(pa.array(places)).to_pylist()


def _value(record: str, key: str) -> str | None:
    """A field of a record as text; None when there is none."""
    try:
        value = orjson.loads(record)
        return optional_text(value, key) if isinstance(value, dict) else None
    except (orjson.JSONDecodeError, Unreadable):
        return None


@lru_cache(maxsize=1)
def _load(path: File) -> tuple[pa.RecordBatch, dict[tuple[str | None, str | None], list[int]]]:
    table = read_batch(path)
    index: defaultdict[tuple[str | None, str | None], list[int]] = defaultdict(list)
    for place, target in enumerate(zip(table["key"].to_pylist(), table["row"].to_pylist(), strict=True)):
        index[target].append(place)
    return table, dict(index)


def _reference(batch: pa.RecordBatch, index: int) -> str | None:
    """The answer that votes are compared with: the row's own, else what its first solution ends in."""
    answer: str | None = batch["answer"][index].as_py()
    if answer is not None:
        return answer
    segments = batch["segments"][index].as_py() or ()
    text = "\n".join(segment["text"] for segment in segments if segment["kind"] == SegmentKind.TEXT)
    return extract(text, language=_language(batch, index)).answer


def _language(batch: pa.RecordBatch, index: int) -> str:
    return batch["language"][index].as_py() or "en"


def matched(reviews: pa.Table, reviewed: Reviewed, parts: Sequence[PartRef], store: Store) -> pa.Table:
    """The reviews with what became of each (`MATCHED_SCHEMA`): whether its row is there, and what it decided."""
    known, changed = np.zeros(len(reviews), bool), np.zeros(len(reviews), bool)
    decided: list[str | None] = reviews.column("decision").to_pylist()
    rows: list[str | None] = [None] * len(reviews)
    for part in parts:
        tags = read_batch(store.tags_path(reviewed.folder, part), ["index", "said"])
        tags = tags.filter(pc.greater(pc.fill_null(pc.list_value_length(tags["said"]), 0), 0))
        ids = store.read_part(part, ["row_id"]).column(0).take(tags["index"]) if len(tags) else ()
        for identity, entries in zip(ids, tags["said"].to_pylist(), strict=True):
            for entry in entries:
                at = entry["review"]
                known[at], changed[at] = not entry["changed"], entry["changed"]
                decided[at] = None if entry["decision"] is None else Decision(entry["decision"]).value
                rows[at] = identity.as_py()
    changed |= ~known & _stand_elsewhere(reviews, ~known, parts, store)
    columns = [pa.array(known), pa.array(decided, pa.string()), pa.array(rows, pa.string()), pa.array(changed)]
    return pa.Table.from_arrays([*reviews.columns, *columns], schema=MATCHED_SCHEMA)


def _stand_elsewhere(reviews: pa.Table, unknown: np.ndarray, parts: Sequence[PartRef], store: Store) -> np.ndarray:
    """Which reviews of unknown rows name a place where a row stands: that row has changed. bool[reviews]."""
    named = [*zip(reviews["source"].to_pylist(), reviews["position"].to_pylist(), strict=True)]
    wanted = {place for place, lost in zip(named, unknown, strict=True) if lost and None not in place}
    found: set[tuple[str, int]] = set()
    for part in parts if wanted else ():
        batch = store.read_part(part, ["source", "row"])
        found |= wanted.intersection(zip(batch["source"].to_pylist(), batch["row"].to_pylist(), strict=True))
    return np.array([place in found for place in named], bool)


def review_notes(folder: Path) -> list[str]:
    """What became of the reviews of a finished data set, in sentences; none when it has none."""
    path = folder / REVIEWS
    if not path.is_file():
        return []
    with pa.OSFile(str(path), "rb") as source:
        table = pa.ipc.open_stream(source).read_all()
    decisions = table.filter(pc.or_(table["decision"].is_valid(), table["answer"].is_valid()))
    notes = [f"{len(decisions):,} decisions of reviews were joined"]
    if undecided := len(table) - len(decisions):
        notes.append(f"{undecided:,} more say that nothing was decided: unsure, skipped or undone")
    notes += _lost(decisions)
    if superseded := pc.sum(decisions.column("superseded")).as_py():
        notes.append(f"{superseded:,} of them the same person took again, later")
    return notes


def _lost(reviews: pa.Table) -> list[str]:
    """Reviews that were not applied: their rows changed since, or were never there."""
    changed = reviews.filter(reviews["changed"])
    unknown = reviews.filter(pc.invert(pc.or_(reviews["known"], reviews["changed"])))
    notes = []
    if len(changed):
        places = zip(changed["source"].to_pylist(), changed["position"].to_pylist(), changed["row"], strict=True)
        names = [f"{source}:{at}" if source and at is not None else row.as_py() for source, at, row in places][:3]
        notes.append(
            f"{len(changed):,} of them are about rows that have changed since, and are not applied: {', '.join(names)}"
        )
    if len(unknown):
        first = ", ".join(unknown.column("row").to_pylist()[:3])
        notes.append(f"{len(unknown):,} of them name rows that are not in the sources: {first}")
    return notes

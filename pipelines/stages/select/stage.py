"""The select stage with files of reviews: each row meets what people said about it, and select judges the outcome.

Reviews stand beside the parts as tags, never in them: a new decision re-reads no source and re-runs no program.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

from pipelines.engine.candidates import UNDERSTOOD, selection_row
from pipelines.engine.line import Line, Step, folder_named, row_by_row
from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store, digest, read_batch, write_batch
from pipelines.engine.tags import TAG_SCHEMA
from pipelines.engine.transforms import TagParts
from pipelines.engine.workfiles import File
from pipelines.sources.adapters.fields import Unreadable, optional_text
from pipelines.stages.select.ballots import REVIEW_SCHEMA
from pipelines.stages.select.criteria import judge_selection, select
from pipelines.stages.select.decided import Settled, settle
from pipelines.text.postings import Postings
from pipelines.text.words import Hashes
from schemas.config import Curate, Select
from schemas.example import SELECTION
from schemas.ledger import LedgerRule
from schemas.policy import Policy
from schemas.problem import SegmentKind
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


_ENTRY_SCHEMA = pa.schema([*_DECISION, pa.field("row_id", pa.string())])
_AT_A_TIME = 10_000


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
    named = digest(*(digest(batch.to_pylist()) for batch in reviews.to_batches(max_chunksize=_AT_A_TIME)))
    path = work / f"reviews-{named}.arrow"
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
    index = _load(reviews)
    firsts = pc.indices_nonzero(records.is_valid())
    found: defaultdict[int, list[int]] = defaultdict(list)
    for key in index.keys:
        names = batch.column("row_id") if key is None else _values(records, key)
        for place, review in index.find(key, names.take(firsts)):
            found[place].append(review)
    bounds = [*firsts.to_pylist(), len(batch)]
    for place in sorted(found):
        rows = index.table.take(pa.array(found[place])).to_pylist()
        yield bounds[place], bounds[place + 1], found[place], rows


def _values(records: pa.Array, key: str) -> pa.Array:
    """A field of each record as text."""
    return pa.array([None if record is None else _value(record, key) for record in records.to_pylist()], pa.string())


def _value(record: str, key: str) -> str | None:
    """A field of a record as text; None when there is none."""
    try:
        value = orjson.loads(record)
        return optional_text(value, key) if isinstance(value, dict) else None
    except (orjson.JSONDecodeError, Unreadable):
        return None


@dataclass(frozen=True, slots=True)
class _Targets:
    """Reviews by what they name, in 16 bytes a review.

    Attributes:
        table: the reviews.
        keys: the fields of records that they name rows by, null first: a row's id.
        places: of the reviews, by hash of key and row.
    """

    table: pa.RecordBatch
    keys: tuple[str | None, ...]
    places: Postings

    @classmethod
    def of(cls, table: pa.RecordBatch) -> "_Targets":
        keys = sorted(set(table["key"].unique().to_pylist()), key=lambda key: (key is not None, key))
        hashes = _hashes(table["key"], table["row"])
        return cls(table, tuple(keys), Postings.of(hashes, np.arange(len(table))))

    def find(self, key: str | None, names: pa.Array) -> Iterator[tuple[int, int]]:
        """(place among the names, place of a review) for each review that names a row so, in the order of both."""
        keys = pa.array([key], pa.string()).take(pa.array(np.zeros(len(names), np.int64)))
        for place, review in zip(*map(np.ndarray.tolist, self.places.hits(_hashes(keys, names))), strict=True):
            if self.table["row"][review] == names[place] and self.table["key"][review].as_py() == key:
                yield place, review


def _hashes(keys: pa.Array, names: pa.Array) -> Hashes:
    targets = pc.binary_join_element_wise(pc.fill_null(keys, "\0"), pc.fill_null(names, ""), "\n").cast(pa.binary())
    return np.fromiter((xxh3_64_intdigest(target.as_buffer()) for target in targets), np.uint64, len(targets))


@lru_cache(maxsize=1)
def _load(path: File) -> _Targets:
    return _Targets.of(read_batch(path))


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
    entries = pa.Table.from_batches([_entries(reviewed, part, store) for part in parts], _ENTRY_SCHEMA)
    entry = np.full(len(reviews), -1)
    entry[np.asarray(entries["review"])] = np.arange(len(entries))
    joined = entries.take(pa.array(entry, mask=entry < 0))
    changed = pc.fill_null(joined["changed"], False)
    known = pc.fill_null(pc.invert(joined["changed"]), False)
    decided = pc.if_else(pa.array(entry < 0), reviews["decision"], joined["decision"])
    unknown = pc.invert(known)
    changed = pc.or_(changed, pc.and_(unknown, _stand_elsewhere(reviews, unknown, parts, store)))
    return pa.Table.from_arrays([*reviews.columns, known, decided, joined["row_id"], changed], schema=MATCHED_SCHEMA)


def _entries(reviewed: Reviewed, part: PartRef, store: Store) -> pa.RecordBatch:
    """What the rows of a part say about their reviews (`_ENTRY_SCHEMA`)."""
    tags = read_batch(store.tags_path(reviewed.folder, part), ["index", "said"])
    rows = tags["index"].take(pc.list_parent_indices(tags["said"]))
    row_ids = store.read_part(part, ["row_id"]).column(0).take(rows)
    return pa.RecordBatch.from_arrays([*tags["said"].flatten().flatten(), row_ids], schema=_ENTRY_SCHEMA)


def _stand_elsewhere(
    reviews: pa.Table, unknown: pa.ChunkedArray, parts: Sequence[PartRef], store: Store
) -> pa.ChunkedArray:
    """Which reviews of unknown rows name a place where a row stands: that row has changed."""
    lost = pc.and_(unknown, pc.and_(reviews["source"].is_valid(), reviews["position"].is_valid()))
    places = pc.indices_nonzero(lost)
    named = list(_places(reviews.take(places), "source", "position"))
    wanted, found = set(named), set[tuple[str, int]]()
    for part in parts if wanted else ():
        found |= wanted.intersection(_places(store.read_part(part, ["source", "row"]), "source", "row"))
    stands = np.zeros(len(reviews), np.bool_)
    stands[np.asarray(places)] = [place in found for place in named]
    return pa.array(stands)


def _places(rows: pa.Table | pa.RecordBatch, *columns: str) -> Iterator[tuple[str, int]]:
    return zip(*(rows[column].to_pylist() for column in columns), strict=True)


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
        notes.append(f"{len(changed):,} of them for rows that have changed since, and not applied: {', '.join(names)}")
    if len(unknown):
        first = ", ".join(unknown.column("row").to_pylist()[:3])
        notes.append(f"{len(unknown):,} of them for rows that are not in the sources: {first}")
    return notes

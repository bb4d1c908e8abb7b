"""The collapse stage over parts: exact duplicates fall, and identical rows are numbered, which ids need.

Three index spaces meet here.

    alive[n], lost[n], fallen[n]   by place in a part of n candidates
    indices[k]                     the places of the k candidates whose problem another one shares: only they are read
    rows                           of a partition: candidates of any parts with one of its contents; (part, index) leads
                                   home

A part of three whose first and last candidate share their problem with others:

    place  problem  shared   indices  contents   alive           rows sent (content, part, index, alive)
        0        a     yes         0        x1    True           x1  0  0  True
        1        b      no                       False     ->
        2        a     yes         2        x2    True           x2  0  2  True
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.engine.overlays import read_keys
from pipelines.engine.store import PartRef, Store, read_batch
from pipelines.engine.tags import (
    NOBODY,
    TAG_SCHEMA,
    alive_after,
    candidate_ids,
    kept_keys,
    parents_of,
    places_in_rows,
    read_tags,
    rejected,
    repeated,
    sharing,
    whereabouts,
)
from pipelines.stages.duplicates.earlier import Earlier, key_column
from pipelines.stages.duplicates.identity import content_keys, identity_keys
from pipelines.stages.duplicates.near import asked_keys
from pipelines.stages.duplicates.survivors import exact_duplicates, survival
from schemas.reason import Reason
from validation.answers import Relation, compare, compare_exactly

SHARED_PROBLEMS = "shared_problems"  # tag folder
_KEY = pa.binary(16)
_INPUT_ORDER = ("source_rank", "source_row")
_ANSWER_CHARS = 200  # most that a reference may weigh in a shuffle
_MOST_REFERENCES = 16  # of one content that every other one is compared with
_FEW_REFERENCES = 3  # up to which the symbolic child is asked: each pair may cost it seconds
COLLAPSE_SCHEMA = TAG_SCHEMA.append(
    pa.field("occurrence", pa.int32(), nullable=False, metadata={"doc": "which of several identical rows, 0 first"})
)


def keys_of(batch: pa.RecordBatch, *, templates: bool = True) -> pa.RecordBatch:
    """The keys file of a part: problem and template, and what decides which of two equals stays.

    A row that could not be read has keys of its own, so it equals nothing but its identical twin.

    Args:
        batch: the candidates of the part.
        templates: as `identity_keys` has it; without, no near-duplicates are sought and there is no column `asked`.
    """
    read = batch.column("format").is_valid()
    alone = _alone(batch)
    identities = identity_keys(batch.filter(read), templates=templates)
    columns = {name: _scattered(identities.column(name), read, alone) for name in identities.schema.names}
    ranks = dict.fromkeys(pc.unique(batch.column("source")).to_pylist(), 0)
    lives = survival(batch, ranks)
    columns |= {name: lives.column(name) for name in ("accepted", "completeness")}
    columns |= {name: batch.column(name) for name in ("row_id", "format")} | {"source_row": batch.column("row")}
    if templates:
        columns["asked"] = asked_keys(batch)
    columns["answer"] = pa.array(map(_short, batch.column("answer").to_pylist()), pa.string())
    return pa.RecordBatch.from_pydict(columns)


def _alone(batch: pa.RecordBatch) -> pa.Array:
    return pa.array([bytes.fromhex(row_id) for row_id in batch.column("row_id").to_pylist()], _KEY)


def _short(answer: str | None) -> str | None:
    """A reference as keys hold it: an answer as it is, a whole solution by its hash."""
    if answer is None or len(answer) <= _ANSWER_CHARS:
        return answer
    return xxhash.xxh3_128_hexdigest(answer.encode("utf-8", "surrogatepass"))


def _scattered(values: pa.Array, mask: pa.Array, others: pa.Array) -> pa.Array:
    """Puts `values` where `mask` is true and keeps `others` elsewhere."""
    place = np.cumsum(np.asarray(mask)) - 1
    indices = np.where(np.asarray(mask), place, len(values) + np.arange(len(mask)))
    return pa.concat_arrays([values, others]).take(pa.array(indices))


@dataclass(frozen=True, slots=True)
class ShareProblems:
    """Finds the candidates whose problem another one shares: nobody else can have a duplicate."""

    store: Store
    earlier: Earlier

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The problem of every candidate of a part, or of earlier data."""
        problems = key_column(self.store, self.earlier, part, "problem")
        return pa.RecordBatch.from_pydict({"key": problems, **whereabouts(part)})

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags what shares its problem."""
        return sharing(rows)


def contents_of(store: Store, folder: str, part: PartRef) -> tuple[pa.Array, pa.Array]:
    """The candidates of a part whose problem another one shares, by place, and their content keys.

    Args:
        store: the work folder.
        folder: of the contents, kept beside the parts like tags; its name holds the hash of the code.
        part: the part.
    """

    def make(indices: pa.Array) -> pa.Array:
        batch = store.read_part(part, ["row_id", "format", "question", "system", "segments"]).take(indices)
        read = batch.column("format").is_valid()
        return _scattered(content_keys(batch.filter(read)), read, _alone(batch))

    indices = read_batch(store.tags_path(SHARED_PROBLEMS, part), ["index"]).column(0)
    return indices, kept_keys(store, folder, part, indices, make)


@dataclass(frozen=True, slots=True)
class Collapse:
    """Exact duplicates. With `skipped` it only numbers identical rows, which ids need.

    Attributes:
        contents: folder of the contents (`contents_of`).
    """

    store: Store
    before: tuple[str, ...]
    skipped: bool
    contents: str

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The candidates of a part whose problem another one shares, by content."""
        indices, contents = contents_of(self.store, self.contents, part)
        if not len(indices):
            return NOBODY
        keys = read_keys(self.store, part)
        unused = ("problem", "template", "asked")
        columns = {name: keys.column(name) for name in keys.schema.names if name not in unused} | whereabouts(part)
        columns["alive"] = pa.array(alive_after(self.store, part, self.before))
        columns["nth"], columns["of"] = map(pa.array, places_in_rows(keys.column("source_row"), keys.column("format")))
        columns = {name: column.take(indices) for name, column in columns.items()}
        return pa.RecordBatch.from_pydict(columns | {"key": contents, "content": contents})

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags the candidates whose content others have: with a reason those that lose to an equal one."""
        rows = rows.filter(repeated(rows.column("content")))  # identical rows have one content
        rows = rows.append_column("occurrence", pa.array(_occurrences(rows)))
        return _tagged(rows, rows.slice(0, 0) if self.skipped else _apart_by_answer(rows.filter(rows.column("alive"))))


@dataclass(frozen=True, slots=True)
class Revise:
    """Exact duplicates again, once it is known who of them falls for another reason: verification, or its parent.

    An equal one of such a candidate must not be missing for its sake. The first time its equals are recalled, so that
    verification judges them too; then the best of those that stay outlives the others. If none stays, the best falls
    for its own reason and the others as its duplicates: copies of one wrong solution are one witness, not several.
    What identify and balance remove later recalls nobody: they keep a near equal or choose by number.

    What an earlier run judged does not count unless this one asked: the result depends on the rows only.

    Attributes:
        before: tag folders of the stages before collapse.
        previous: tag folder of the round before, `Collapse` or the first of these.
        recall: whether this is the first time.
        contents: folder of the contents (`contents_of`).
    """

    store: Store
    before: tuple[str, ...]
    previous: str
    recall: bool
    contents: str

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The candidates of a part whose content others have, with what became of them."""
        tags = read_batch(self.store.tags_path(self.previous, part), ["index", "reason", "occurrence"])
        if not len(tags):
            return NOBODY
        rows = Collapse(self.store, self.before, skipped=False, contents=self.contents).index(part)
        rows = rows.filter(pc.is_in(rows.column("index"), tags.column("index")))
        lost = rejected(tags, part.rows)
        for name, flags in (("lost", lost), ("fallen", self._fallen(part, lost))):
            rows = rows.append_column(name, pa.array(flags).take(tags.column("index")))
        return rows.append_column("occurrence", tags.column("occurrence"))

    def _fallen(self, part: PartRef, lost: np.ndarray) -> np.ndarray:
        """Who does not stay whatever its equals do: bool[part.rows]."""
        fallen = np.zeros(part.rows, bool)
        if self.store.verified is not None:
            fallen = rejected(read_tags(self.store, self.store.verified, part, ["index", "reason"]), part.rows)
            fallen &= alive_after(self.store, part, (*self.before, self.previous))
        parents = parents_of(self.store.read_part(part, ["derived"]).column(0))
        return fallen | ((fallen | lost)[parents] & (parents != np.arange(part.rows)))

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags the same candidates as `Collapse`, anew."""
        living = _apart_by_answer(rows.filter(rows.column("alive")))
        if self.recall:
            failed = living.filter(pc.and_not(living.column("fallen"), living.column("lost")))
            living = living.filter(pc.invert(pc.is_in(living.column("content"), failed.column("content"))))
        return _tagged(rows, living)


def _tagged(rows: pa.Table, competing: pa.Table) -> pa.Table:
    """Tags for rows with their occurrence, and a reason for those that lose to another of `competing`."""
    nth, of, occurrence = (np.asarray(competing.column(name)) for name in ("nth", "of", "occurrence"))
    ids = candidate_ids(competing.column("row_id"), competing.column("format"), nth + of * occurrence)
    losses = pa.Table.from_batches([exact_duplicates(competing.append_column("id", ids))])
    losses = losses.append_column("reason", _constant(Reason.EXACT_DUPLICATE, len(losses)))
    joined = rows.select(["part", "index", "occurrence"]).join(losses, ["part", "index"], join_type="left outer")
    same = "same question and solution, formatting aside"
    details = pc.if_else(joined.column("reason").is_valid(), pa.scalar(same), pa.scalar(None, pa.string()))
    joined = joined.append_column("detail", details)
    return _as_tags(joined, COLLAPSE_SCHEMA)


def _apart_by_answer(rows: pa.Table) -> pa.Table:
    """Gives candidates of one content whose references differ by value a content of their own: they are no duplicates.

    Each is judged by its own reference then, and the conflict shows. A candidate without reference joins the first.
    """
    answers = rows.select(["content", "answer"]).group_by("content").aggregate([("answer", "count_distinct")])
    torn = set(answers.filter(pc.greater(answers.column("answer_count_distinct"), 1)).column("content").to_pylist())
    if not torn:
        return rows
    contents = rows.column("content").to_pylist()
    first: dict[bytes, dict[str, int]] = {}
    for place in np.asarray(pc.sort_indices(rows, [(name, "ascending") for name in _INPUT_ORDER])).tolist():
        content, answer = contents[place], rows.column("answer")[place].as_py()
        if content in torn and answer is not None:
            known = first.setdefault(content, {})
            position = known.setdefault(answer, _position(known, answer))
            contents[place] = content if position == 0 else xxhash.xxh3_128_digest(content + position.to_bytes(8))
    return rows.set_column(rows.schema.get_field_index("content"), "content", pa.array(contents, _KEY))


def _position(known: Mapping[str, int], answer: str) -> int:
    """The number of an answer among those of its content: that of the first that nothing tells from it, else a new one.

    Args:
        known: the numbers of the answers before it, in their order.
        answer: the answer.
    """
    if answer in known:
        return known[answer]
    judge = compare if len(known) < _FEW_REFERENCES else compare_exactly
    first = islice(known.items(), _MOST_REFERENCES)
    alike = (number for gold, number in first if judge(gold, answer).outcome is not Relation.NOT_EQUAL)
    return next(alike, len(known))


def _occurrences(rows: pa.Table) -> np.ndarray:
    """Numbers the same candidate of identical rows in input order: int32[len(rows)], 0 for the first."""
    same_candidate = ["row_id", "format", "nth"]
    names = [*same_candidate, *_INPUT_ORDER]
    order = np.asarray(pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in names]))
    same = np.ones(len(rows), bool)
    same[:1] = False
    for name in same_candidate:
        values = pc.fill_null(rows.column(name).combine_chunks().cast(pa.string()), "").take(pa.array(order))
        same[1:] &= np.asarray(pc.equal(values[1:], values[:-1]))
    starts = np.maximum.accumulate(np.where(same, 0, np.arange(len(rows))))
    occurrence = np.empty(len(rows), np.int32)
    occurrence[order] = np.arange(len(rows)) - starts
    return occurrence


def _constant(reason: Reason, rows: int) -> pa.Array:
    return pa.array([reason.value] * rows, pa.string())


def _as_tags(table: pa.Table, schema: pa.Schema = TAG_SCHEMA) -> pa.Table:
    wanted = pa.schema([pa.field("part", pa.int64()), *schema])
    nothing = {field.name: pa.nulls(len(table), field.type) for field in wanted}
    columns = nothing | dict(zip(table.column_names, table.columns, strict=True))
    return pa.table([columns[field.name].cast(field.type) for field in wanted], schema=wanted)

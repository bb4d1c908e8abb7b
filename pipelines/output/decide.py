"""How each candidate ended: the tags of all stages joined, the first reason winning, beside the ids and the split.

This is the one place where outcomes are made. What it writes per part is what the ledger, the shards and the counts of
the manifest are all read from, so they cannot disagree.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine import progress
from pipelines.engine.store import PartRef, Store, digest, noted, read_batch, read_note, seal_of, write_batch
from pipelines.engine.tags import COLLAPSED, TAG_SCHEMA, candidate_ids, parents_of, places_in_rows, places_of, read_tags
from pipelines.text.arrays import texts_of
from schemas.ledger import LEDGER_SCHEMA
from schemas.policy import Policy, outcome_under
from schemas.reason import Outcome, Reason, Stage
from schemas.split import splits_of

DECISION_SCHEMA = pa.schema(
    [
        *LEDGER_SCHEMA,
        pa.field("problem_id", pa.string()),
        pa.field("template_id", pa.string()),
        pa.field("split", pa.string(), metadata={"doc": "null unless kept"}),
    ]
)


@dataclass(frozen=True, slots=True)
class DecideSettings:
    """What deciding needs to know: where each stage's tags are, and how to split.

    Attributes:
        tagged: (stage, tag folder), in order.
        identified: whether problems and templates were identified; else each row is a problem of its own.
        removing: benchmarks whose variants are removed (policy `variants`) and not quarantined.
        policy: what reasons do, where their own outcome is not wanted.
    """

    tagged: tuple[tuple[Stage, str], ...]
    identified: bool
    removing: frozenset[str]
    policy: Mapping[str, Policy]
    heldout: float
    seed: int


@dataclass(frozen=True, slots=True)
class PartSummary:
    """What the planner of shards and the manifest need of one part.

    Attributes:
        rows: source rows that begin in it.
        ended: candidates by (source, format, outcome, stage, reason).
        kept: examples by split.
        dropped: rows by source and what their adapter left out.
    """

    part: PartRef
    rows: int
    ended: Counter[tuple[str, str | None, str, str | None, str | None]]
    kept: Counter[str]
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "part": self.part.as_json(),
            "rows": self.rows,
            "ended": [[*key, number] for key, number in self.ended.items()],
            "kept": dict(self.kept),
            "dropped": [[*key, number] for key, number in self.dropped.items()],
        }

    @classmethod
    def from_json(cls, left: Mapping[str, Any]) -> "PartSummary":
        """What `as_json` made."""
        ended = {(source, form, outcome, stage, reason): n for source, form, outcome, stage, reason, n in left["ended"]}
        dropped = Counter({(source, kind): number for source, kind, number in left["dropped"]})
        return cls(PartRef(**left["part"]), left["rows"], Counter(ended), Counter(left["kept"]), dropped)


def decide(part: PartRef, *, store: Store, settings: DecideSettings) -> PartSummary:
    """Writes how each candidate of a part ended and returns the counts.

    Where an earlier run decided on the same tags, they stand as they are; in a store, whose every look is a request,
    they are made anew.
    """
    path, grounds = store.decisions_path(part), _grounds(part, store, settings)
    known = read_note(path) if isinstance(path, Path) and store.holds(path) else None
    if known is not None and known["grounds"] == grounds:
        summary = replace(PartSummary.from_json(known["summary"]), part=part)
    else:
        decisions, dropped = _decided(part, store, settings)
        summary = _summary(part, decisions, dropped)
        write_batch(path, noted(decisions, {"grounds": grounds, "summary": summary.as_json()}))
    progress.report(store.root, "decide", part.rows)
    return summary


def _grounds(part: PartRef, store: Store, settings: DecideSettings) -> str:
    """A hash of all that the decisions of a part depend on; its key covers its rows and the code."""
    folders = (COLLAPSED, *(folder for _, folder in settings.tagged), *([store.reviewed] if store.reviewed else ()))
    paths = {folder: store.tags_path(folder, part) for folder in folders}
    seals = {folder: seal_of(path) for folder, path in paths.items() if isinstance(path, Path)}
    how = {field.name: getattr(settings, field.name) for field in fields(settings)}
    how |= {"removing": sorted(settings.removing), "policy": dict(settings.policy)}
    return digest(part.key, seals, how)


def _decided(part: PartRef, store: Store, settings: DecideSettings) -> tuple[pa.RecordBatch, Counter[tuple[str, str]]]:
    """How each candidate of a part ended (`DECISION_SCHEMA`), and what the adapter left out of its rows."""
    batch = store.read_part(
        part, ["row_id", "source", "row", "format", "derived", "dropped", "stage", "reason", "detail"]
    )
    keys = read_batch(store.keys_path(part), ["problem", "template"])
    tags = _tags(part, batch, store, settings)
    rejecting = tags.column("reason").is_valid()
    ended = _fallen_with_parents(batch, _first_of_each(tags.filter(rejecting)))
    ended = _with_notes(ended, _first_of_each(tags.filter(pc.invert(rejecting))))
    nth, of = places_in_rows(batch.column("row"), batch.column("format"))
    ids = candidate_ids(batch.column("row_id"), batch.column("format"), nth + of * _occurrences(part, store))
    return _decisions(batch, keys, ids, ended, settings), _dropped(batch)


_EVIDENCE = ("detail", "partner", "partner_row", "score", "rule", "benchmark", "item")
_ENDED_SCHEMA = pa.schema([TAG_SCHEMA.field("index"), LEDGER_SCHEMA.field("stage"), *list(TAG_SCHEMA)[1:]])


def _tags(part: PartRef, batch: pa.RecordBatch, store: Store, settings: DecideSettings) -> pa.Table:
    """All reasons and notes about the candidates of a part, in the order of the stages (`_ENDED_SCHEMA`)."""
    made = pa.table({name: batch.column(name) for name in ("stage", "reason", "detail")})
    made = made.append_column("index", pa.array(np.arange(len(batch), dtype=np.int32)))
    tables = [made]
    for stage, folder in settings.tagged:
        tags = pa.Table.from_batches([read_tags(store, folder, part, TAG_SCHEMA.names)])
        tables.append(tags.append_column("stage", pa.repeat(stage.value, len(tags))))
    telling = [
        table.filter(pc.or_(table.column("reason").is_valid(), table.column("detail").is_valid())) for table in tables
    ]
    return pa.concat_tables(telling, promote_options="default").select(_ENDED_SCHEMA.names).cast(_ENDED_SCHEMA)


def _first_of_each(tags: pa.Table) -> pa.Table:
    _, first = np.unique(np.asarray(tags.column("index")), return_index=True)
    return tags.take(pa.array(first))


def _fallen_with_parents(batch: pa.RecordBatch, ended: pa.Table) -> pa.Table:
    """Adds derived candidates: one is no better than the solution that it was built from and falls with it."""
    parents = parents_of(batch.column("derived"))
    place = places_of(ended.column("index"), len(batch))
    fallen = np.flatnonzero((place < 0) & (place[parents] >= 0))
    if not len(fallen):
        return ended
    children = ended.take(pa.array(place[parents[fallen]]))
    details = pc.binary_join_element_wise(
        "derived from a rejected solution", pc.fill_null(children.column("detail"), ""), ": "
    )
    children = children.set_column(0, _ENDED_SCHEMA.field("index"), pa.array(fallen, pa.int32()))
    position = _ENDED_SCHEMA.get_field_index("detail")
    return pa.concat_tables([ended, children.set_column(position, _ENDED_SCHEMA.field(position), details)])


def _with_notes(ended: pa.Table, notes: pa.Table) -> pa.Table:
    """Adds what is to know of candidates that nothing rejects, of no stage."""
    kept = pc.invert(pc.is_in(notes.column("index"), ended.column("index")))
    position = _ENDED_SCHEMA.get_field_index("stage")
    notes = notes.set_column(position, _ENDED_SCHEMA.field(position), pa.nulls(len(notes), pa.string()))
    return pa.concat_tables([ended, notes.filter(kept)])


def _occurrences(part: PartRef, store: Store) -> np.ndarray:
    occurrences = np.zeros(part.rows, np.int32)
    tags = read_batch(store.tags_path(COLLAPSED, part), ["index", "occurrence"])
    occurrences[np.asarray(tags.column("index"))] = np.asarray(tags.column("occurrence"))
    return occurrences


def _decisions(
    batch: pa.RecordBatch, keys: pa.RecordBatch, ids: pa.Array, ended: pa.Table, settings: DecideSettings
) -> pa.RecordBatch:
    places = places_of(ended.column("index"), len(batch))
    endings = ended.combine_chunks().take(pa.array(places, mask=places < 0))
    kept = np.asarray(endings.column("reason").is_null())
    columns = {name: batch.column(name) for name in ("row_id", "source", "row", "format")}
    columns |= {name: endings.column(name).combine_chunks() for name in ("stage", "reason", *_EVIDENCE)}
    outcomes = _outcomes(columns["reason"], columns["benchmark"], settings)
    columns |= {"id": ids, "outcome": pc.if_else(pa.array(kept), Outcome.KEPT.value, outcomes)}
    for name in ("problem", "template"):
        columns[f"{name}_id"] = hex_of(keys.column(name)) if settings.identified else columns["row_id"]
    templates = columns["template_id"].filter(pa.array(kept)).to_pylist()
    splits = pa.array(splits_of(templates, heldout=settings.heldout, seed=settings.seed), pa.string())
    columns["split"] = splits.take(pa.array(np.cumsum(kept) - 1, mask=~kept))
    arrays = [columns[field.name].cast(field.type) for field in DECISION_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=DECISION_SCHEMA)


def _outcomes(reasons: pa.Array, benchmarks: pa.Array, settings: DecideSettings) -> pa.Array:
    """What each reason does under the run's policy, but for variants of a benchmark that removes them."""
    encoded = reasons.dictionary_encode()
    endings = [outcome_under(settings.policy, reason) for reason in encoded.dictionary.to_pylist()]
    outcomes = pa.array(endings, pa.string()).take(encoded.indices)
    variants = pc.equal(reasons, Reason.BENCHMARK_VARIANT.value)
    asked = pc.and_(variants, pc.is_in(benchmarks, value_set=pa.array(sorted(settings.removing), pa.string())))
    return pc.if_else(pc.fill_null(asked, False), Outcome.REMOVED.value, outcomes)


def hex_of(keys: pa.FixedSizeBinaryArray) -> pa.Array:
    """Keys of 16 bytes as 32 hex digits each."""
    data = np.frombuffer(keys.buffers()[1], np.uint8) if len(keys) else np.zeros(0, np.uint8)
    digits = data[keys.offset * 16 : (keys.offset + len(keys)) * 16].tobytes().hex().encode()
    return texts_of(np.frombuffer(digits, np.uint8), np.arange(len(keys) + 1) * 32).cast(pa.string())


def _dropped(batch: pa.RecordBatch) -> Counter[tuple[str, str]]:
    """Rows by source and what their adapter left out."""
    kinds = batch.column("dropped")
    if kinds.null_count == len(kinds):
        return Counter()
    sources = batch.column("source").take(pc.list_parent_indices(kinds))
    return Counter(zip(sources.to_pylist(), pc.list_flatten(kinds).to_pylist(), strict=True))


def _summary(part: PartRef, decisions: pa.RecordBatch, dropped: Counter[tuple[str, str]]) -> PartSummary:
    rows = pc.count_distinct(decisions.column("row")).as_py()
    ended = _counted(decisions, "source", "format", "outcome", "stage", "reason")
    kept = Counter({split: count for (split,), count in _counted(decisions, "split").items() if split is not None})
    return PartSummary(part, rows, ended, kept, dropped)


def _counted(decisions: pa.RecordBatch, *names: str) -> Counter[Any]:
    """How many candidates there are of each combination of values."""
    counts = pa.Table.from_batches([decisions]).group_by(list(names)).aggregate([([], "count_all")])
    rows = zip(*(counts.column(name).to_pylist() for name in (*names, "count_all")), strict=True)
    return Counter({tuple(values): count for *values, count in rows})

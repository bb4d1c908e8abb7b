"""How each candidate ended: the tags of all stages joined, the first reason winning, beside the ids and the split.

This is the one place where outcomes are made. What it writes per part is what the ledger, the shards and the counts of
the manifest are all read from, so they cannot disagree.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines import progress
from pipelines.store import PartRef, Store, read_batch, write_batch
from schemas.ledger import LEDGER_SCHEMA
from schemas.reason import RULES, Outcome, Reason, Stage
from schemas.split import split_of

DECISION_SCHEMA = pa.schema(
    [
        *LEDGER_SCHEMA,
        pa.field("problem_id", pa.string()),
        pa.field("template_id", pa.string()),
        pa.field("split", pa.string(), metadata={"doc": "null unless kept"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What deciding needs to know: where each stage's tags are, and how to split.

    Attributes:
        stages: (stage, tag folder), in order.
        identified: whether problems and templates were identified; else each row is a problem of its own.
    """

    stages: tuple[tuple[Stage, str], ...]
    identified: bool
    heldout: float
    seed: int


@dataclass(frozen=True, slots=True)
class PartSummary:
    """What the planner of shards and the manifest need of one part.

    Attributes:
        rows: source rows that begin in it.
        ended: candidates by (source, format, outcome, stage, reason).
        kept: examples by split.
    """

    part: PartRef
    rows: int
    ended: Counter[tuple[str, str | None, str, str | None, str | None]]
    kept: Counter[str]


def decide(part: PartRef, *, store: Store, settings: Settings) -> PartSummary:
    """Writes how each candidate of a part ended and returns the counts."""
    columns = ["row_id", "source", "row", "format", "derived", "stage", "reason", "detail", "record"]
    batch = store.read_part(part, columns)
    keys = read_batch(store.keys_path(part))
    rows = _first_reasons(part, batch, store, settings)
    _fell_with_parent(batch, rows)
    ids = candidate_ids(batch, _occurrences(part, store, settings))
    table = _table(batch, keys, ids, rows, settings)
    write_batch(store.decisions_path(part), table)
    summary = _summary(part, batch, table)
    progress.report(store.root, "decide", part.rows)
    return summary


def candidate_ids(batch: pa.RecordBatch, occurrences: np.ndarray) -> list[str]:
    """Returns `row_id-format`, or `row_id` without a format, with `-n` for the n-th identical later row."""
    return [
        row_id + (f"-{form}" if form else "") + (f"-{n}" if n else "")
        for row_id, form, n in zip(
            batch.column("row_id").to_pylist(), batch.column("format").to_pylist(), occurrences.tolist(), strict=True
        )
    ]


Ended = tuple[Stage, str, str | None, str | None, int | None, float | None]  # stage and a tag's columns


def _first_reasons(part: PartRef, batch: pa.RecordBatch, store: Store, settings: Settings) -> dict[int, Ended]:
    ended: dict[int, Ended] = {}
    made = zip(*(batch.column(name).to_pylist() for name in ("stage", "reason", "detail")), strict=True)
    for index, (stage, reason, detail) in enumerate(made):
        if reason is not None:
            ended[index] = (Stage(stage), reason, detail, None, None, None)
    for stage, folder in settings.stages:
        tags = read_batch(
            store.tags_path(folder, part), ["index", "reason", "detail", "partner", "partner_row", "score"]
        )
        for index, reason, *evidence in zip(*(column.to_pylist() for column in tags.columns), strict=True):
            if reason is not None and index not in ended:
                ended[index] = (stage, reason, *evidence)
    return ended


def _fell_with_parent(batch: pa.RecordBatch, ended: dict[int, Ended]) -> None:
    """A derived candidate is no better than the solution it was built from: it falls with it, for the same reason."""
    derived, row_ids = batch.column("derived").to_pylist(), batch.column("row").to_pylist()
    parent = None
    for index, (is_derived, row) in enumerate(zip(derived, row_ids, strict=True)):
        if not is_derived:
            parent = (row, ended.get(index))
        elif parent and parent[0] == row and parent[1] is not None and index not in ended:
            stage, reason, detail, *evidence = parent[1]
            ended[index] = (stage, reason, f"derived from a rejected solution: {detail or ''}", *evidence)  # type: ignore[assignment]


def _occurrences(part: PartRef, store: Store, settings: Settings) -> np.ndarray:
    occurrences = np.zeros(part.rows, np.int64)
    tags = read_batch(store.tags_path(dict(settings.stages)[Stage.COLLAPSE], part), ["index", "occurrence"])
    occurrences[np.asarray(tags.column("index"))] = np.asarray(tags.column("occurrence"))
    return occurrences


def _table(
    batch: pa.RecordBatch,
    keys: pa.RecordBatch,
    ids: Sequence[str],
    ended: dict[int, Ended],
    settings: Settings,
) -> pa.RecordBatch:
    columns: dict[str, list[object]] = {name: [None] * len(ids) for name in DECISION_SCHEMA.names}
    row_ids = batch.column("row_id").to_pylist()
    columns["outcome"] = [Outcome.KEPT.value] * len(ids)
    for index, (stage, reason, detail, partner, partner_row, score) in ended.items():
        columns["outcome"][index] = RULES[Reason(reason)].outcome.value
        columns["stage"][index], columns["reason"][index] = stage.value, reason
        columns["detail"][index], columns["partner"][index] = detail, partner
        columns["partner_row"][index], columns["score"][index] = partner_row, score
    problems = _hex(keys.column("problem")) if settings.identified else row_ids
    templates = _hex(keys.column("template")) if settings.identified else row_ids
    for index in range(len(ids)):
        if index not in ended:
            split = split_of(templates[index], heldout=settings.heldout, seed=settings.seed)
            columns["split"][index] = split.value
    columns |= {"id": list(ids), "row_id": row_ids, "problem_id": list(problems), "template_id": list(templates)}
    for name in ("source", "row", "format"):
        columns[name] = batch.column(name).to_pylist()
    arrays = [pa.array(columns[field.name], field.type) for field in DECISION_SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=DECISION_SCHEMA)


def _hex(hashes: pa.Array) -> list[str]:
    return [value.hex() if value is not None else "" for value in hashes.to_pylist()]


def _summary(part: PartRef, batch: pa.RecordBatch, table: pa.RecordBatch) -> PartSummary:
    names = ("source", "format", "outcome", "stage", "reason")
    ended = Counter(zip(*(table.column(name).to_pylist() for name in names), strict=True))
    kept = Counter(split for split in table.column("split").to_pylist() if split is not None)
    rows = len(batch) - pc.sum(pc.is_null(batch.column("record"))).as_py()
    return PartSummary(part, rows, ended, kept)

"""Exact duplicates: candidates with one content key lose to the best of them.

The survivor's order, here and for near-duplicates: held by earlier data, then not fallen already, then accepted by a
human, then the earlier source, then the more complete record, then the earlier row. It is total, as the lowest row_id
and the earlier position end it: the result depends on no order of the parts and no partition by hash of the key.

Legend: R rows of one partition, sorted by content and, within one, best survivor first (`survivor_order`). Then
`first[R]` marks the best of each content and `best[R]` is its place:

    place  content  accepted        first   best        loser   lost to
        0        x      True         True      0
        1        x     False        False      0   ->       1         0
        2        y     False         True      2
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.tags import key_items, repeated
from schemas.problem import Decision

SURVIVAL_SCHEMA = pa.schema(
    [
        pa.field("accepted", pa.bool_(), nullable=False),
        pa.field("source_rank", pa.int32(), nullable=False),
        pa.field("completeness", pa.int32(), nullable=False),
    ]
)
LOSS_SCHEMA = pa.schema(
    [
        pa.field("part", pa.int64(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),
        pa.field("partner", pa.string(), nullable=False),
        pa.field("partner_row", pa.int64(), nullable=False),
    ]
)

_ORDER = (
    ("earlier", "descending"),
    ("fallen", "ascending"),
    ("accepted", "descending"),
    ("source_rank", "ascending"),
    ("completeness", "descending"),
    ("source_row", "ascending"),
    ("row_id", "ascending"),
    ("part", "ascending"),
    ("index", "ascending"),
)
_ANSWER_WEIGHT = 8  # an answer of its own outweighs every other field together


def survival(batch: pa.RecordBatch, source_ranks: Mapping[str, int]) -> pa.RecordBatch:
    """The columns that decide which of two equal candidates stays (`SURVIVAL_SCHEMA`), from candidates."""
    decision, annotator, reviewer = (
        pc.struct_field(batch.column("selection"), name) for name in ("decision", "annotator", "reviewer")
    )
    names = pc.dictionary_encode(batch.column("source"))
    ranks = pa.array([source_ranks[name] for name in names.dictionary.to_pylist()], pa.int32()).take(names.indices)
    completeness = np.full(len(batch), 0, np.int32)
    completeness += _ANSWER_WEIGHT * _present(batch.column("answer"))
    for column in (batch.column("topic"), batch.column("difficulty"), annotator, reviewer):
        completeness += _present(column)
    accepted = pc.fill_null(pc.equal(decision, Decision.ACCEPTED), False)
    return pa.RecordBatch.from_arrays([accepted, ranks, pa.array(completeness)], schema=SURVIVAL_SCHEMA)


def _present(column: pa.Array) -> npt.NDArray[np.int32]:
    return column.is_valid().to_numpy(zero_copy_only=False).astype(np.int32)


def exact_duplicates(candidates: pa.Table | pa.RecordBatch) -> pa.RecordBatch:
    """Every candidate but the best of its content key, with the one that it lost to (`LOSS_SCHEMA`).

    Args:
        candidates: the columns content, accepted, source_rank, completeness, row_id, source_row, part, index, id, and
            optionally fallen (whether it will not stay in any case); all candidates of a key together.

    Returns:
        The losers in the order of (part, index).
    """
    table = pa.table(candidates) if isinstance(candidates, pa.RecordBatch) else candidates
    table = table.filter(repeated(table.column("content")))
    table = table.take(survivor_order(table, "content"))
    keys = key_items(table.column("content"))
    first = np.concatenate((np.ones(min(1, len(keys)), np.bool_), keys[1:] != keys[:-1]))
    best = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
    losers = np.flatnonzero(~first)
    winners = table.select(["id", "source_row"]).take(pa.array(best[losers]))
    lost = table.select(["part", "index"]).take(pa.array(losers))
    order = np.lexsort((lost.column("index").to_numpy(), lost.column("part").to_numpy()))
    columns = [*lost.columns, *winners.columns]
    arrays = [column.take(pa.array(order)).combine_chunks() for column in columns]
    return pa.RecordBatch.from_arrays(
        [a.cast(f.type) for a, f in zip(arrays, LOSS_SCHEMA, strict=True)], schema=LOSS_SCHEMA
    )


def survivor_order(table: pa.Table, *groups: str) -> pa.Array:
    """Indices that sort a table by the given columns and, within them, best survivor first."""
    keys = [(name, "ascending") for name in groups]
    keys.extend((name, direction) for name, direction in _ORDER if name in table.column_names)
    return pc.sort_indices(table, sort_keys=keys)

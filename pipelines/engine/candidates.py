"""Candidates on their way: the columns of the store's parts.

A row yields one candidate per format. A row that yields none is one candidate whose format is null and whose reason is
set. Text stands here and nowhere else: later stages emit tags beside it.
"""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.example import SEGMENTS, SELECTION
from schemas.problem import Selection
from schemas.reason import Reason

CANDIDATE_SCHEMA = pa.schema(
    [
        pa.field("row_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("format", pa.string()),
        pa.field("question", pa.string()),
        pa.field("system", pa.string()),
        pa.field("segments", SEGMENTS),
        pa.field(
            "answer", pa.string(), metadata={"doc": "the reference as the source states it; null: none of its own"}
        ),
        pa.field("independent", pa.bool_(), metadata={"doc": "the answer was given apart from the solution"}),
        pa.field("language", pa.string()),
        pa.field("author", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("topic", pa.string()),
        pa.field("difficulty", pa.int32()),
        pa.field("effort", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("derived", pa.bool_()),
        pa.field("annotations", pa.list_(pa.string()), metadata={"doc": "calculator annotations that left the text"}),
        pa.field("selection", SELECTION),
        pa.field("weight", pa.float64()),
        pa.field(
            "dropped", pa.list_(pa.string()), metadata={"doc": "what the adapter left out, on the first candidate"}
        ),
        pa.field("stage", pa.string(), metadata={"doc": "stage that rejected it while it was made"}),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("record", pa.string(), metadata={"doc": "the original record, on the row's first candidate"}),
    ]
)

UNDERSTOOD = tuple(name for name in CANDIDATE_SCHEMA.names if name != "record")  # what stages look at


def selection_row(human: Selection) -> dict[str, object]:
    """What humans decided about a row as shards hold it (`SELECTION`)."""
    return {field.name: getattr(human, field.name) for field in SELECTION}


_IDENTITY = frozenset({"row_id", "source", "row"})


def blanked(batch: pa.RecordBatch, places: Collection[int]) -> pa.RecordBatch:
    """Takes the content out of some candidates: like a row that yielded none, each has its identity and a reason.

    A blank row still has a record, an empty one: where rows begin stays as it is.
    """
    if not places:
        return batch
    blank = np.zeros(len(batch), bool)
    blank[list(places)] = True
    mask, kept = pa.array(blank), pa.array(np.arange(len(batch)), mask=blank)
    columns = []
    for field in batch.schema:
        column = batch.column(field.name)
        if field.name == "record":
            column = pc.if_else(pc.and_(mask, column.is_valid()), "", column)
        elif field.name == "reason":
            column = pc.if_else(mask, Reason.STAGE_CRASH.value, column)
        elif field.nullable and field.name not in _IDENTITY:
            column = column.take(kept)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)

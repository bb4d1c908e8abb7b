"""Candidates on their way: the columns of the store's parts.

A row yields one candidate per format. A row that yields none is one candidate whose format is null and whose reason is
set. Text stands here and nowhere else: later stages emit tags beside it.
"""

import pyarrow as pa

from schemas.example import SEGMENTS, SELECTION
from schemas.problem import Selection

CANDIDATE_SCHEMA = pa.schema(
    [
        pa.field("row_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("format", pa.string()),
        pa.field("question", pa.string()),
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

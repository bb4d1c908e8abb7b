"""A candidate on its way: the columns of the store's parts, and what a stage says when it rejects one.

A row yields one candidate per format. A row that yields none is one candidate whose format is null and whose reason is
set. Text stands here and nowhere else: later stages emit tags beside it.
"""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from schemas.example import SEGMENTS, SELECTION
from schemas.reason import Reason

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


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate goes no further, with the evidence.

    Attributes:
        detail: the evidence in words, for the ledger.
        partner: id of the candidate or benchmark item (`name/position`) that it lost to.
        partner_row: the partner's 0-based position in its source.
        score: similarity or share, where the rule has one.
    """

    reason: Reason
    detail: str = ""
    partner: str | None = None
    partner_row: int | None = None
    score: float | None = None


class Remark(StrEnum):
    """What there may be to know of a candidate that goes on, as the ledger's detail says it."""

    VARIANT = "a benchmark item with other numbers, whose benchmark has `variants: report`"
    CROWDED = "among more look-alikes than GROUP_CAP: it was compared with the best of them only"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of a candidate, no reason to stop it; `partner` is the benchmark item that it is about."""

    remark: Remark
    partner: str

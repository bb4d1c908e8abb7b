"""The ledger: one row per candidate that says how it ended and why. Nothing is lost silently."""

import pyarrow as pa

RECORD_MARK = "_mathmill"
"""The field of a record in `rejected/` that says which candidates it was and how they ended, in the ledger's words."""

LEDGER_SCHEMA = pa.schema(
    [
        pa.field(
            "id",
            pa.string(),
            nullable=False,
            metadata={"doc": "row_id-format; row_id alone without a format"},
        ),
        pa.field("row_id", pa.string(), nullable=False, metadata={"doc": "hash of (source, raw record)"}),
        pa.field("source", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False, metadata={"doc": "0-based position in its source"}),
        pa.field("format", pa.string(), metadata={"doc": "null for a row that yielded no candidate"}),
        pa.field("outcome", pa.string(), nullable=False, metadata={"doc": "kept | removed | quarantined"}),
        pa.field("stage", pa.string(), metadata={"doc": "the stage whose reason won; null when kept"}),
        pa.field("reason", pa.string(), metadata={"doc": "a code of schemas/reason.py; null when kept"}),
        pa.field("detail", pa.string(), metadata={"doc": "the evidence in words"}),
        pa.field(
            "partner",
            pa.string(),
            metadata={"doc": "id of the candidate or benchmark item that it lost to"},
        ),
        pa.field("partner_row", pa.int64(), metadata={"doc": "the partner's position in its source"}),
        pa.field("score", pa.float64(), metadata={"doc": "similarity or share, where the rule has one"}),
    ],
    metadata={"name": "mathmill.ledger", "version": "1.0.0"},
)

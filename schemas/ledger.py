"""The ledger: one row per candidate that says how it ended and why. Nothing is lost silently.

What readers decide on stands in fields; `detail` says it to people and may be reworded.
"""

from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc


class LedgerRule(StrEnum):
    """What exactly was found, finer than the reason: how an item leaked, or what is to know of a kept candidate.

    Codes are added, never renamed. Data of a later version may hold others.
    """

    QUESTION_IS_ITEM = "question_is_item"
    QUESTION_HOLDS_ITEM = "question_holds_item"
    QUESTION_SHARES_WORDS = "question_shares_words"
    QUESTION_REWORDED = "question_reworded"
    QUESTION_TRANSLATED = "question_translated"
    QUESTION_VARIED = "question_varied"
    SOLUTION_HOLDS_ITEM = "solution_holds_item"
    SOLUTION_SHARES_WORDS = "solution_shares_words"
    SYSTEM_HOLDS_ITEM = "system_holds_item"
    SYSTEM_SHARES_WORDS = "system_shares_words"
    SYSTEM_REWORDED = "system_reworded"
    OWN_SOLUTION = "own_solution"
    VARIANT_REPORTED = "variant_reported"
    CROWDED = "crowded"
    ADJUDICATED = "adjudicated"
    PREDICTED = "predicted"
    TRIMMED = "trimmed"
    VOTES_FEW = "votes_few"
    VOTES_DIFFER = "votes_differ"
    VOTES_TIED = "votes_tied"
    APPENDED = "appended"


ABOUT_QUESTION = frozenset(
    {
        LedgerRule.QUESTION_IS_ITEM,
        LedgerRule.QUESTION_HOLDS_ITEM,
        LedgerRule.QUESTION_SHARES_WORDS,
        LedgerRule.QUESTION_REWORDED,
        LedgerRule.QUESTION_TRANSLATED,
        LedgerRule.QUESTION_VARIED,
        LedgerRule.VARIANT_REPORTED,
    }
)
"""Rules by which a candidate's question met that of a benchmark item."""
ABOUT_SOLUTION = frozenset({LedgerRule.SOLUTION_HOLDS_ITEM, LedgerRule.SOLUTION_SHARES_WORDS})
"""Rules by which a candidate's solution met the question of a benchmark item."""
ABOUT_SYSTEM = frozenset({LedgerRule.SYSTEM_HOLDS_ITEM, LedgerRule.SYSTEM_SHARES_WORDS, LedgerRule.SYSTEM_REWORDED})
"""Rules by which what a candidate says before its question met that of a benchmark item."""

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
        pa.field(
            "rule", pa.string(), metadata={"doc": "what exactly was found: a code of `LedgerRule`, where it has one"}
        ),
        pa.field("benchmark", pa.string(), metadata={"doc": "of the benchmark item that it is about"}),
        pa.field("item", pa.int64(), metadata={"doc": "position of that item in its benchmark"}),
    ],
    metadata={"name": "mathmill.ledger", "version": "1.1.0"},
)


def with_items(rows: pa.Table) -> pa.Table:
    """Fills benchmark and item of rows of version 1.0.0, which has both in the partner's id alone: `name/position`."""
    if rows["benchmark"].null_count < len(rows):
        return rows
    named = pc.extract_regex(rows["partner"], r"^(?P<benchmark>.+)/(?P<item>[0-9]+)$")
    for name in ("benchmark", "item"):
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pc.struct_field(named, name).cast(rows.schema.field(at).type))
    return rows

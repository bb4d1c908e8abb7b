"""The columns of a shard: one row is one example, a question with one solution in one format.

This pyarrow schema is the source of truth. Arrow does not enforce `nullable=False` (measured), so the gate checks
nulls itself. A change of a column needs a change of `SCHEMA_VERSION`: `schemas/evolution.py` says which, and a test
insists on it.
"""

import pyarrow as pa

SCHEMA_NAME = "mathmill.example"
SCHEMA_VERSION = "1.0.0"


def _required(name: str, kind: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, kind, nullable=False, metadata={"doc": doc})


def _optional(name: str, kind: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, kind, nullable=True, metadata={"doc": doc})


SEGMENTS = pa.list_(pa.struct([pa.field("kind", pa.string()), pa.field("text", pa.string())]))

SELECTION = pa.struct(
    [
        pa.field("decision", pa.string()),
        pa.field("annotator", pa.string()),
        pa.field("reviewer", pa.string()),
        pa.field("confidence", pa.float64()),
        pa.field("votes", pa.int32()),
        pa.field("agreement", pa.float64()),
    ]
)

VERIFICATION = pa.struct(
    [
        pa.field("verdict", pa.string()),
        pa.field("path", pa.string()),
        pa.field("reference", pa.string()),
        pa.field("programs", pa.int32()),
    ]
)

QUALITY = pa.struct(
    [
        pa.field("question_chars", pa.int32()),
        pa.field("solution_chars", pa.int32()),
        pa.field("steps", pa.int32()),
        pa.field("equations", pa.int32()),
        pa.field("code_lines", pa.int32()),
    ]
)

EXAMPLE_SCHEMA = pa.schema(
    [
        _required("id", pa.string(), "row_id-format, with -n for an identical later row"),
        _required("problem_id", pa.string(), "examples that ask the same thing share it"),
        _required("template_id", pa.string(), "problems that differ in their numbers only share it"),
        _required("split", pa.string(), "train | heldout, assigned by template"),
        _required("question", pa.string(), "the problem, normalised"),
        _required("format", pa.string(), "cot | pot | tir"),
        _required("segments", SEGMENTS, "the solution: kind (text | think | code | output) and text"),
        _optional("answer", pa.string(), "the reference answer as the source states it"),
        _required("language", pa.string(), "ISO 639-1 code"),
        _required("source", pa.string(), "name of the source in the config"),
        _required("source_row", pa.int64(), "0-based position in its source"),
        _required("author", pa.string(), "human | model:NAME"),
        _required("licence", pa.string(), "licence of the source, as the config names it"),
        _optional("topic", pa.string(), "given or predicted topic"),
        _optional("difficulty", pa.int32(), "the source's scale, 1 upwards"),
        _required("derived", pa.bool_(), "built from another solution of the same row"),
        _optional("selection", SELECTION, "what humans decided about the row"),
        _required("verification", VERIFICATION, "how the answer was verified"),
        _required("quality", QUALITY, "facts about the text, not judgements"),
        _required("weight", pa.float64(), "expected appearances per epoch, > 0; never a loss weight"),
    ],
    metadata={"name": SCHEMA_NAME, "version": SCHEMA_VERSION},
)

"""Where each batch of each shard lies, and the few columns that a plan is made of: files in `quality/`, by the verdict.

    quality/blocks.arrow    a row per block: shard, batch, rows, offset, bytes, sha256
    quality/rows.arrow      a batch per block with rows, in the same order: what is planned by, and how long texts are

A block is a message of a shard's Arrow stream. The first of a shard, its schema, is batch -1. The verdict holds the
hashes of both files, so whoever trusts it can fetch and check any block alone, and plan without fetching one.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from schemas.example import EXAMPLE_SCHEMA

BLOCKS, ROWS = "quality/blocks.arrow", "quality/rows.arrow"
HEADER = -1
"""the number of the block that holds a shard's schema"""


@dataclass(frozen=True, slots=True)
class Block:
    """The bytes [offset, offset + bytes) of a shard, which hold one batch of `rows` rows."""

    shard: str
    batch: int
    rows: int
    offset: int
    bytes: int
    sha256: str


BLOCK_SCHEMA = pa.schema(
    [
        pa.field("shard", pa.string(), nullable=False),
        pa.field("batch", pa.int32(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)
TEXT_BYTES, SEGMENTS = "text_bytes", "segment_count"
ROW_COLUMNS = (SEGMENTS, TEXT_BYTES, "id", "format", "source", "topic", "weight")  # what is cheap to read is first
_COUNTS = {SEGMENTS: "segments of the solution", TEXT_BYTES: "of question, instruction, system and segments, in UTF-8"}
ROW_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.int64(), nullable=False, metadata={"doc": doc}) for name, doc in _COUNTS.items()),
        *(EXAMPLE_SCHEMA.field(name) for name in ROW_COLUMNS if name not in _COUNTS),
    ],
    metadata=EXAMPLE_SCHEMA.metadata,
)


def read_blocks(path: Path) -> list[Block]:
    """Reads a table of blocks; columns that a later version added are passed over.

    Raises:
        ValueError: it is none.
    """
    try:
        with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
            rows = reader.read_all().select(BLOCK_SCHEMA.names).cast(BLOCK_SCHEMA).to_pylist()
    except (pa.ArrowException, KeyError) as error:
        raise ValueError(f"{path}: not a table of blocks ({error})") from error
    return [Block(**row) for row in rows]

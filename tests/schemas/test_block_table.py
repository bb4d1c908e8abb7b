"""A table of blocks is read back; what is none is said to be none."""

import pyarrow as pa
import pytest

from schemas.block_table import BLOCK_SCHEMA, Block, read_blocks

BLOCK = Block("shards/train-00000-of-00001.arrow", 0, 3, 6552, 4560, "ab")


def write(path, table):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return path


def one_row():
    values = {name: [getattr(BLOCK, name)] for name in BLOCK_SCHEMA.names}
    return pa.table(values, schema=BLOCK_SCHEMA).append_column("later", pa.array([1]))


def test_columns_of_a_later_version_are_passed_over(tmp_path):
    assert read_blocks(write(tmp_path / "blocks.arrow", one_row())) == [BLOCK]


def test_what_is_no_table_of_blocks_is_one_error(tmp_path):
    (tmp_path / "text").write_text("no Arrow stream")
    other = write(tmp_path / "other.arrow", one_row().drop_columns(["sha256"]))
    for path in (tmp_path / "text", other):
        with pytest.raises(ValueError, match="not a table of blocks"):
            read_blocks(path)

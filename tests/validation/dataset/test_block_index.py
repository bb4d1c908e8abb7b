"""Blocks as a reader of ranges needs them: their bytes, alone, are the rows of the shard."""

from hashlib import sha256

import pyarrow as pa
import pytest

from schemas.block_table import BLOCKS, HEADER, ROWS, SEGMENTS, TEXT_BYTES, read_blocks
from schemas.exits import RunFailedError
from schemas.manifest import read_manifest, sha256_of
from tests.tiny import read_streams
from tests.validation.dataset.handmade import write_data
from validation.dataset.block_index import write_block_tables


def test_every_block_is_found_checked_and_read_alone(tmp_path):
    data = write_data(tmp_path / "DATA", shards=2)
    hashes = write_block_tables(data, read_manifest(data), tmp_path / "quality")
    assert hashes == {name: sha256_of(tmp_path / name) for name in (BLOCKS, ROWS)}
    read, schema, ends = {}, None, {}
    for block in read_blocks(tmp_path / BLOCKS):
        shard = (data / block.shard).read_bytes()
        content = shard[block.offset : block.offset + block.bytes]
        assert sha256(content).hexdigest() == block.sha256
        assert block.offset == ends.get(block.shard, 0)
        ends[block.shard] = block.offset + block.bytes
        if block.batch == HEADER:
            schema = pa.ipc.read_schema(pa.py_buffer(content))
            continue
        batch = pa.ipc.read_record_batch(pa.py_buffer(content), schema)
        assert len(batch) == block.rows
        read.setdefault(block.shard, []).extend(batch.to_pylist())
    assert list(read) == [record.path for record in read_manifest(data).shards]
    for shard, rows in read.items():
        assert rows == read_streams(data, shard)


def test_the_columns_of_a_plan_stand_in_the_order_of_the_blocks(tmp_path):
    data = write_data(tmp_path / "DATA", shards=2)
    write_block_tables(data, read_manifest(data), tmp_path / "quality")
    expected = [row for record in read_manifest(data).shards for row in read_streams(data, record.path)]
    with pa.OSFile(str(tmp_path / ROWS), "rb") as source:
        batches = list(pa.ipc.open_stream(source))
    rows = [block.rows for block in read_blocks(tmp_path / BLOCKS) if block.batch != HEADER]
    assert [len(batch) for batch in batches] == rows
    read = pa.Table.from_batches(batches).to_pylist()
    assert [
        {name: row[name] for name in row if name in ("id", "format", "source", "topic", "weight")} for row in read
    ] == [{name: row[name] for name in ("id", "format", "source", "topic", "weight")} for row in expected]
    for found, row in zip(read, expected, strict=True):
        texts = [
            row["question"],
            row["instruction"] or "",
            row["system"] or "",
            *(segment["text"] for segment in row["segments"]),
        ]
        assert found[TEXT_BYTES] == sum(len(text.encode()) for text in texts)
        assert found[SEGMENTS] == len(row["segments"])


def test_a_shard_that_changes_while_it_is_judged_has_no_tables(tmp_path):
    data = write_data(tmp_path / "DATA")
    manifest = read_manifest(data)
    shard = data / manifest.shards[0].path
    shard.write_bytes(shard.read_bytes().replace(b"day", b"dau"))
    with pytest.raises(RunFailedError, match=f"^{shard}: its bytes changed while they were judged"):
        write_block_tables(data, manifest, tmp_path / "quality")
    assert not (tmp_path / BLOCKS).exists()

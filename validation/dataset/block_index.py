"""The tables by which readers find, check and weigh single blocks of a data set (schemas/block_table)."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow_files import replacing_stream
from schemas.block_table import BLOCK_SCHEMA, BLOCKS, HEADER, ROW_SCHEMA, ROWS, SEGMENTS, TEXT_BYTES, Block
from schemas.exits import RunFailedError
from schemas.manifest import Manifest, ShardRecord, sha256_of

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")  # zstd: half the bytes, six times the time to read


def write_block_tables(folder: Path, manifest: Manifest, quality: Path) -> dict[str, str]:
    """Writes both tables.

    Args:
        folder: a data set whose shards are readable.
        manifest: what it holds; blocks stand in the order of its shards.
        quality: where to.

    Returns:
        Their hashes by name.

    Raises:
        RunFailedError: a shard is not the one that was judged.
    """
    paths = {name: quality / Path(name).name for name in (BLOCKS, ROWS)}
    quality.mkdir(parents=True, exist_ok=True)
    blocks = []
    with replacing_stream(paths[ROWS], ROW_SCHEMA, _COMPRESSED) as writer:
        for shard in manifest.shards:
            for block, rows in _blocks(folder, shard):
                blocks.append(block)
                if rows is not None:
                    writer.write_batch(rows)
    with replacing_stream(paths[BLOCKS], BLOCK_SCHEMA) as writer:
        columns = {name: [getattr(block, name) for block in blocks] for name in BLOCK_SCHEMA.names}
        writer.write_table(pa.table(columns, schema=BLOCK_SCHEMA))
    return {name: sha256_of(path) for name, path in paths.items()}


def _blocks(folder: Path, record: ShardRecord) -> Iterator[tuple[Block, pa.RecordBatch | None]]:
    """The messages of a shard in order; batches with the columns that a plan needs, the schema with none."""
    path, whole = str(folder / record.path), sha256()
    with pa.OSFile(path, "rb") as messages, pa.OSFile(path, "rb") as content:
        reader, schema, begun = pa.ipc.MessageReader.open_stream(messages), None, 0
        for number in count(HEADER):
            try:
                message = reader.read_next_message()
            except StopIteration:
                break
            size = messages.tell() - begun
            message_bytes = content.read(size)
            whole.update(message_bytes)
            rows = None if schema is None else _row_columns(pa.ipc.read_record_batch(message, schema))
            schema = schema or pa.ipc.read_schema(message)
            found = 0 if rows is None else len(rows)
            yield Block(record.path, number, found, begun, size, sha256(message_bytes).hexdigest()), rows
            begun += size
        whole.update(content.read())
    if whole.hexdigest() != record.sha256:
        raise RunFailedError(f"{path}: its bytes changed while they were judged; run the same command again")


def _row_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    segments = batch.column("segments")
    lengths = pc.binary_length(pc.struct_field(pc.list_flatten(segments), "text")).to_numpy(zero_copy_only=False)
    texts = np.bincount(pc.list_parent_indices(segments).to_numpy(), lengths, minlength=len(batch)).astype(np.int64)
    for name in ("question", "instruction", "system"):
        if name in batch.schema.names:
            texts += pc.fill_null(pc.binary_length(batch.column(name)), 0).to_numpy(zero_copy_only=False)
    counts = pc.cast(pc.list_value_length(segments), pa.int64())
    made = {TEXT_BYTES: pa.array(texts), SEGMENTS: counts}
    columns = [made[name] if name in made else batch.column(name) for name in ROW_SCHEMA.names]
    return pa.RecordBatch.from_arrays(columns, schema=ROW_SCHEMA)

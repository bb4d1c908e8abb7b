"""Reading a finished data set back, batch by batch, in the order of its manifest."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from schemas.manifest import Manifest


def read_examples(folder: Path, manifest: Manifest, split: str) -> Iterator[pa.RecordBatch]:
    """Yields the examples of a split; memory stays at one batch."""
    for shard in manifest.shards:
        if shard.split == split:
            with pa.OSFile(str(folder / shard.path), "rb") as source:
                yield from pa.ipc.open_stream(source)


def find_example(folder: Path, manifest: Manifest, identity: str) -> dict[str, object] | None:
    """Returns one example by id, or None."""
    for split in manifest.splits:
        for batch in read_examples(folder, manifest, split):
            found = batch.filter(pc.equal(batch.column("id"), identity))
            if len(found):
                row: dict[str, object] = found.to_pylist()[0]
                return row
    return None

"""Reading a finished data set back, batch by batch, in the order of its manifest."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from schemas.evolution import open_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.ledger import LEDGER_SCHEMA, RECORD_MARK, with_items
from schemas.manifest import Manifest
from schemas.reviews import REVIEWS


def read_examples(folder: Path, manifest: Manifest, split: str) -> Iterator[pa.RecordBatch]:
    """Yields the examples of a split; memory stays at one batch."""
    for shard in manifest.shards:
        if shard.split == split:
            with open_as(folder / shard.path, EXAMPLE_SCHEMA) as reader:
                yield from reader


def find_example(folder: Path, manifest: Manifest, identity: str) -> dict[str, object] | None:
    """Returns one example by id, or None."""
    for split in manifest.splits:
        for batch in read_examples(folder, manifest, split):
            found = batch.filter(pc.equal(batch.column("id"), identity))
            if len(found):
                row: dict[str, object] = found.to_pylist()[0]
                return row
    return None


def read_ledger(folder: Path, manifest: Manifest, columns: Sequence[str] | None = None) -> pa.Table:
    """Reads the ledger of a data set, all of it or some columns."""
    return pa.concat_tables(_ledger_tables(folder, manifest, columns))


def joined_reviews(folder: Path) -> pa.Table | None:
    """Reads what people said about rows, as it was joined to them; None where no reviews were."""
    path = folder / REVIEWS
    if not path.is_file():
        return None
    with pa.OSFile(str(path), "rb") as source:
        table = pa.ipc.open_stream(source).read_all()
    # A table of a version before 0.4 names rows by their id alone.
    return table if "row_id" in table.schema.names else table.append_column("row_id", table["row"])


def read_rejected(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yields each row of which something was rejected: why (its `_mathmill`), and the record as the source has it."""
    for path in sorted((folder / "rejected").glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                record = orjson.loads(line)
                yield record.pop(RECORD_MARK), record


def _ledger_tables(folder: Path, manifest: Manifest, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    for file in manifest.ledger:
        with open_as(folder / file.path, LEDGER_SCHEMA) as reader:
            table = with_items(reader.read_all())
        yield table if columns is None else table.select(list(columns))

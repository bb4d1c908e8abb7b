"""Reading a finished data set back, batch by batch, in the order of its manifest."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow_files import read_stream
from schemas.evolution import open_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import UserError
from schemas.ledger import LEDGER_SCHEMA, RECORD_MARK, with_items
from schemas.manifest import Manifest
from schemas.reviews import REVIEWS

ALIKE = ("source", "format", "outcome", "reason", "rule", "benchmark")
"""columns of the ledger that tell how a candidate ended"""
FEW = 3
"""candidates of each group that keep their ids in `read_alike`"""


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


def read_alike(folder: Path, manifest: Manifest) -> pa.Table:
    """Reads a ledger as groups of candidates that ended alike, in its order: memory does not grow with the rows.

    Returns:
        The columns id, row, `ALIKE` and `number`: the first `FEW` of a group stand for themselves, the next for the
        rest of it.
    """
    known = _folded(pa.schema([LEDGER_SCHEMA.field(name) for name in ("id", "row", *ALIKE)]).empty_table(), [])
    for table in _ledger_tables(folder, manifest, ("id", "row", *ALIKE)):
        numbers = np.concatenate((known["number"].to_numpy(), np.ones(len(table), np.int64)))
        known = _folded(pa.concat_tables([known.drop_columns(["number"]), table]), numbers)
    return known


def _folded(rows: pa.Table, numbers: npt.ArrayLike) -> pa.Table:
    """Keeps the first `FEW` rows of each group, and one for the rest of it."""
    codes = np.zeros(len(rows), np.int64)
    for name in ALIKE:
        column = rows[name].combine_chunks().dictionary_encode(null_encoding="encode")
        codes = codes * len(column.dictionary) + column.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    rank = np.arange(len(order)) - np.repeat(starts, sizes)
    totals = np.add.reduceat(np.asarray(numbers, np.int64)[order], starts) if len(starts) else starts
    number = np.where(rank == FEW, np.repeat(totals, sizes) - FEW, 1)[rank <= FEW]
    places = order[rank <= FEW]
    back = np.argsort(places)
    return rows.take(pa.array(places[back])).append_column("number", pa.array(number[back]))


def counted(ledger: pa.Table, name: str) -> Counter[str | None]:
    """How many candidates have each value of a column, in a ledger or in its groups (`read_alike`)."""
    numbers = ledger["number"].to_pylist() if "number" in ledger.column_names else [1] * len(ledger)
    counts: Counter[str | None] = Counter()
    for value, number in zip(ledger[name].to_pylist(), numbers, strict=True):
        counts[value] += number
    return counts


def read_rows(folder: Path, manifest: Manifest, row_ids: Collection[str], columns: Sequence[str]) -> pa.Table:
    """Reads what became of some rows; a ledger file is in memory at a time."""
    wanted = pa.array(sorted(row_ids), pa.string())
    tables = _ledger_tables(folder, manifest, ("row_id", *columns))
    return pa.concat_tables(table.filter(pc.is_in(table["row_id"], value_set=wanted)) for table in tables)


def joined_reviews(folder: Path) -> pa.Table | None:
    """Reads what people said about rows, as it was joined to them; None where no reviews were."""
    path = folder / REVIEWS
    if not path.is_file():
        return None
    table = read_stream(path)
    # A table of a version before 0.4 names rows by their id alone.
    return table if "row_id" in table.schema.names else table.append_column("row_id", table["row"])


def read_rejected(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yields each row of which something was rejected: why (its `_mathmill`), and the record as the source has it."""
    for path in sorted((folder / "rejected").glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                yield rejected_record(line, path)


def rejected_record(line: bytes, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A line of a file of rejected records: why it was rejected, and the record as the source has it.

    Raises:
        UserError: the file is damaged.
    """
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        record = None
    why = record.pop(RECORD_MARK, None) if isinstance(record, dict) else None
    if not isinstance(why, dict) or "id" not in why:
        raise UserError(f"{path}: damaged: a line is no rejected record; make the data again with `mathmill curate`")
    return why, record


def _ledger_tables(folder: Path, manifest: Manifest, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    for file in manifest.ledger:
        with open_as(folder / file.path, LEDGER_SCHEMA) as reader:
            table = with_items(reader.read_all())
        yield table if columns is None else table.select(list(columns))

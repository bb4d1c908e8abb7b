"""Rows by what they call themselves: the value of a field `id`, `uid`, `problem_id` and their like.

A data set holds the records of what it rejected; those of what it kept stand in the work folder, where that is still
beside it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.store import WORK, DamagedError, read_batch
from pipelines.output.reader import read_rejected

_NAMES = frozenset({"index", "idx", "key", "uuid", "name", "hash"})


def rows_with_id(data: Path, identity: str) -> set[tuple[str, int]]:
    """The rows, as (source, position), whose record has this value in a field that names it."""
    found = {
        (str(why["source"]), int(why["row"])) for why, record in read_rejected(data) if _is_called(record, identity)
    }
    return found | {place for place, record in _candidates(data, identity) if _is_called(record, identity)}


def _candidates(data: Path, identity: str) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
    """The records in the work folder that hold the text of an id anywhere."""
    for path in sorted((data / WORK / "parts").glob("*.arrow")):
        try:
            batch = read_batch(path, ["source", "row", "record"])
        except (DamagedError, OSError, pa.ArrowInvalid):
            continue
        holding = batch.filter(pc.fill_null(pc.match_substring(batch.column("record"), identity), False))
        for row in holding.to_pylist():
            try:
                record = orjson.loads(row["record"])
            except orjson.JSONDecodeError:
                continue
            if isinstance(record, dict):
                yield (row["source"], row["row"]), record


def _is_called(record: dict[str, Any], identity: str) -> bool:
    return any(
        str(value) == identity
        for name, value in record.items()
        if (name.lower().endswith("id") or name.lower() in _NAMES)
        and isinstance(value, str | int)
        and not isinstance(value, bool)
    )

"""A row that makes a stage raise is kept from that stage and quarantined; the others live.

A part is tried whole, which costs nothing. Only when that raises is it found which rows do it (`schemas.attempts`):
those read as blank (`PartRef.hidden`), and the stage runs once more over the others. What raises on blank rows only is
no row's failure, and stops the run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.store import PartRef, Store, read_batch
from pipelines.engine.tags import key_items
from pipelines.engine.workfiles import File
from schemas.attempts import Crash, attempted, rows_that_clash, rows_that_raise
from schemas.exits import RunFailedError
from schemas.reason import Reason

Found = TypeVar("Found")

_CRASH = Reason.STAGE_CRASH.value


def without_crashing(
    part: PartRef, function: Callable[[PartRef], Found], *, stage: str, store: Store
) -> tuple[Found, dict[int, str]]:
    """Returns what a function says of a part, and the rows that it raises for: those it does not see.

    Raises:
        RunFailedError: the store is strict and a row makes it raise.
        Exception: it raises whatever rows it sees.
    """
    found = attempted(partial(function, part))
    if not isinstance(found, Crash):
        return found, {}
    everywhere = frozenset(range(part.rows))
    function(replace(part, hidden=everywhere))

    def attempt(places: Sequence[int]) -> object:
        return function(replace(part, hidden=everywhere.difference(places)))

    crashes = {}
    for place, crash in rows_that_raise(range(part.rows), attempt):
        crashes[place] = f"{stage}: {crash}"
        if store.strict:
            refuse_crash(part, place, crashes[place], store)
    return function(replace(part, hidden=frozenset(crashes))), crashes


def refuse_crash(part: PartRef, place: int, crash: str, store: Store) -> None:
    """Stops a strict run at a row.

    Raises:
        RunFailedError: naming stage, exception and row.
    """
    (row,) = store.read_part(part, ["source", "row"]).slice(place, 1).to_pylist()
    where = f"row {row['row']} of {row['source']}"
    raise RunFailedError(f"{crash}: {where}; without --strict it is quarantined and the others live")


def without_clashing(
    rows: pa.Table, resolve: Callable[[pa.Table], pa.Table], *, stage: str, store: Store
) -> tuple[pa.Table, dict[int, dict[int, str]]]:
    """Returns what a function says of rows of many parts, and those that it raises for: it does not see them.

    Args:
        rows: of one partition, with the columns key, part and index; only rows of one key are compared.
        resolve: the function.
        stage: that it belongs to.
        store: the work folder.

    Returns:
        The tags, and how it raised by part and place.

    Raises:
        RunFailedError: the store is strict and a row makes it raise.
        Exception: it raises whatever rows it sees.
    """
    found = attempted(partial(resolve, rows))
    if not isinstance(found, Crash):
        return found, {}
    resolve(rows.slice(0, 0))
    rows = rows.sort_by([(name, "ascending") for name in ("key", "part", "index")])
    crashes: dict[int, dict[int, str]] = {}
    clashing = dict(_clashing(rows, resolve))
    where = rows.select(["part", "index"]).take(pa.array(list(clashing), pa.int64())).to_pylist()
    for place, crash in zip(where, clashing.values(), strict=True):
        if store.strict:
            raise RunFailedError(f"{stage}: {crash}; without --strict the row is quarantined and the others live")
        crashes.setdefault(place["part"], {})[place["index"]] = f"{stage}: {crash}"
    left = np.setdiff1d(np.arange(len(rows)), list(clashing))
    return resolve(rows.take(pa.array(left))), crashes


def _clashing(rows: pa.Table, resolve: Callable[[pa.Table], pa.Table]) -> Iterator[tuple[int, str]]:
    """Places of rows, sorted by key, that make a function raise: first their keys are found, then they among equals."""
    _, starts = np.unique(key_items(rows.column("key")), return_index=True)
    equals = np.split(np.arange(len(rows)), starts[1:])

    def attempt(places: Sequence[int]) -> object:
        return resolve(rows.take(pa.array(places, pa.int64())))

    def attempt_keys(keys: Sequence[int]) -> object:
        return attempt(np.concatenate([equals[key] for key in keys]).tolist())

    for key, _ in rows_that_raise(range(len(equals)), attempt_keys):
        yield from rows_that_clash(equals[key].tolist(), attempt)


def marked(batch: pa.RecordBatch, crashes: Mapping[int, str], *, stage: str) -> pa.RecordBatch:
    """Gives the reason to candidates that made a stage raise and have none yet."""
    columns = {name: batch.column(name).to_pylist() for name in ("stage", "reason", "detail")}
    for place, crash in crashes.items():
        if columns["reason"][place] is None:
            for values, value in zip(columns.values(), (stage, _CRASH, crash), strict=True):
                values[place] = value
    for name, values in columns.items():
        batch = batch.set_column(batch.schema.get_field_index(name), name, pa.array(values, pa.string()))
    return batch


def crashed_before(file: File) -> bool:
    """Whether the candidates or tags of a file have rows that made a stage raise."""
    return bool(pc.any(pc.equal(read_batch(file, ["reason"]).column(0), _CRASH)).as_py())


def with_crashes(tags: pa.RecordBatch, crashes: Mapping[int, str]) -> pa.RecordBatch:
    """Gives the reason to rows that made a stage raise; of what it said of them stay numbers that must be there."""
    if not crashes:
        return tags
    needed = [field.name for field in tags.schema if not field.nullable]
    rows = {row["index"]: row for row in sorted(tags.to_pylist(), key=lambda row: row["reason"] != _CRASH)}
    for row in crash_tags(crashes, tags.schema).to_pylist():
        known = rows.get(row["index"], row)
        rows[row["index"]] = row | {name: known[name] for name in needed}
    return pa.RecordBatch.from_pylist([rows[index] for index in sorted(rows)], schema=tags.schema)


def crash_tags(crashes: Mapping[int, str], schema: pa.Schema) -> pa.RecordBatch:
    """Tags of a schema for rows that made a stage raise; a number that must be there is 0."""
    known = {"index": list(crashes), "reason": [_CRASH] * len(crashes), "detail": list(crashes.values())}
    columns = [
        pa.array(known.get(field.name, [None if field.nullable else 0] * len(crashes)), field.type) for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)

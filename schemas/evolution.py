"""How a schema may change, and how every reader takes data of another version with the same major number.

What a reader of the old version must still be able to read decides the version bump. A snapshot of each version stands
in `schemas/snapshots`; a test refuses a change without the bump that it needs, and `read_as` a file.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.exits import UserError


class Bump(IntEnum):
    """The part of a version that a change needs: major breaks readers, minor adds, patch explains."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


_WIDENINGS = {
    ("int8", "int16"),
    ("int8", "int32"),
    ("int16", "int32"),
    ("int32", "int64"),
    ("float", "double"),
    ("string", "large_string"),
}


def snapshot(schema: pa.Schema) -> dict[str, Any]:
    """Describes a schema in plain JSON: name, version, and each field's name, type, nullability and doc."""
    metadata = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    fields = [
        {
            "name": field.name,
            "type": str(field.type),
            "nullable": field.nullable,
            "doc": (field.metadata or {}).get(b"doc", b"").decode(),
        }
        for field in schema
    ]
    return {"name": metadata.get("name"), "version": metadata.get("version"), "fields": fields}


def bump_needed(old: dict[str, Any], new: dict[str, Any]) -> tuple[Bump, list[str]]:
    """Returns the bump that leads from one snapshot to another, and why."""
    changes = list(_changes(old, new))
    return max((bump for bump, _, _ in changes), default=Bump.NONE), [why for _, _, why in changes]


def bump_between(old: str, new: str) -> Bump:
    """The greatest part of a version that was raised."""
    before, after = _numbers(old), _numbers(new)
    assert after >= before, (old, new)
    for place, bump in enumerate((Bump.MAJOR, Bump.MINOR, Bump.PATCH)):
        if after[place] > before[place]:
            return bump
    return Bump.NONE


def is_later(version: str, than: str) -> bool:
    """Whether a version is a later one; what is no version is not."""
    return _numbers(version) > _numbers(than)


def _numbers(version: object) -> tuple[int, ...]:
    """Major, minor and patch; nothing where a version is none."""
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", str(version))
    return tuple(map(int, found.groups())) if found else ()


def _changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[Bump, str, str]]:
    """(bump, column, why) of each change; a new order is of no column."""
    before = {field["name"]: field for field in old["fields"]}
    after = {field["name"]: field for field in new["fields"]}
    for name in before:
        if name not in after:
            yield Bump.MAJOR, name, f"removed {name}"
    for name, field in after.items():
        if name not in before:
            needed = Bump.MINOR if field["nullable"] else Bump.MAJOR
            yield needed, name, f"added {'nullable' if field['nullable'] else 'required'} {name}"
        else:
            for bump, why in _field_changes(name, before[name], field):
                yield bump, name, why
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Bump.MAJOR, "", "reordered"


def _field_changes(name: str, old: dict[str, Any], new: dict[str, Any]) -> list[tuple[Bump, str]]:
    changes = []
    if old["type"] != new["type"]:
        widened = (old["type"], new["type"]) in _WIDENINGS or _grew(old["type"], new["type"])
        changes.append((Bump.MINOR if widened else Bump.MAJOR, f"{name}: {old['type']} -> {new['type']}"))
    if old["nullable"] != new["nullable"]:
        changes.append((Bump.MAJOR if new["nullable"] else Bump.MINOR, f"{name}: nullable {new['nullable']}"))
    if old["doc"] != new["doc"]:
        changes.append((Bump.PATCH, f"{name}: doc"))
    return changes


def _grew(old: str, new: str) -> bool:
    """Says whether a struct has all its fields where they were, and further ones behind them: those may be null."""
    return old.startswith("struct<") and new.startswith(f"{old.removesuffix('>')}, ")


def difference(theirs: pa.Schema, ours: pa.Schema) -> str:
    """Why rows of a schema cannot be read as those of ours; empty when they can.

    They can when both have one name and one major version, and differ no further than their versions say.
    """
    found, known = snapshot(theirs), snapshot(ours)
    if found["name"] != known["name"]:
        return f"it is called {found['name']!r}, expected {known['name']!r}"
    version, reads = _numbers(found["version"]), _numbers(known["version"])
    if version[:1] != reads[:1]:
        return f"version {found['version']} cannot be read; this mathmill reads {reads[0]}.x"
    old, new = (known, found) if version > reads else (found, known)
    allowed = max(Bump.PATCH, bump_between(old["version"], new["version"]))
    columns = dict.fromkeys(column for bump, column, _ in _changes(old, new) if bump > allowed)
    return "; ".join(_unlike(column, found, known) for column in columns)


def _unlike(column: str, found: dict[str, Any], known: dict[str, Any]) -> str:
    """What is wrong with a column that was found, or with the order where it has no name."""
    (theirs, ours) = ({field["name"]: field for field in schema["fields"]}.get(column) for schema in (found, known))
    if not column:
        return "its columns stand in another order"
    if theirs is None:
        return f"without column {column}"
    if ours is None:
        return f"unknown column {column}"
    if theirs["type"] != ours["type"]:
        return f"{column} is {theirs['type']}, expected {ours['type']}"
    return f"{column} is {'nullable' if theirs['nullable'] else 'required'}, unlike the contract"


def read_as(reader: pa.RecordBatchReader, schema: pa.Schema) -> pa.RecordBatchReader:
    """Reads a stream of any version with the major number of `schema` as `schema`.

    Optional columns and fields of structs that it lacks are null, those that a newer version added are passed over.
    Where the columns are the same it is the reader itself, and nothing is copied.

    Raises:
        ValueError: why it cannot be read so.
    """
    if why := difference(reader.schema, schema):
        raise ValueError(why)
    if reader.schema.equals(schema):
        return reader
    return pa.RecordBatchReader.from_batches(schema, (_conformed(batch, schema) for batch in reader))


@contextmanager
def open_as(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatchReader]:
    """Opens a file of a data set as `read_as` reads it.

    Raises:
        UserError: it is no Arrow stream, or of columns that this version cannot read.
    """
    with pa.OSFile(str(path), "rb") as source:
        try:
            reader = read_as(pa.ipc.open_stream(source), schema)
        except ValueError as error:
            raise UserError(f"{path}: {error}") from error
        yield reader


def _conformed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    arrays = [_column(columns.get(field.name), field.type, len(batch)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(array: pa.Array | None, kind: pa.DataType, rows: int) -> pa.Array:
    """An array as another type: a struct field by field, a number as a wider or narrower one that holds its values."""
    if array is None:
        return pa.nulls(rows, kind)
    if array.type.equals(kind):
        return array
    if not pa.types.is_struct(kind):
        return array.cast(kind)
    fields = {field.name: array.field(place) for place, field in enumerate(array.type)}
    children = [_column(fields.get(field.name), field.type, rows) for field in kind]
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(children, fields=list(kind), mask=mask)

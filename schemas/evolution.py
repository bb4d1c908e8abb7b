"""How a schema may change: what a reader of the old version must still be able to read decides the version bump.

A snapshot of each version stands in `schemas/snapshots`; a test refuses a change without the bump that it needs.
"""

from enum import IntEnum
from typing import Any

import pyarrow as pa


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
    before = {field["name"]: field for field in old["fields"]}
    after = {field["name"]: field for field in new["fields"]}
    changes = [(Bump.MAJOR, f"removed {name}") for name in before if name not in after]
    for name, field in after.items():
        if name not in before:
            needed = Bump.MINOR if field["nullable"] else Bump.MAJOR
            changes.append((needed, f"added {'nullable' if field['nullable'] else 'required'} {name}"))
        else:
            changes.extend(_field_changes(name, before[name], field))
    if [name for name in before if name in after] != [name for name in after if name in before]:
        changes.append((Bump.MAJOR, "reordered"))
    return max((bump for bump, _ in changes), default=Bump.NONE), [why for _, why in changes]


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

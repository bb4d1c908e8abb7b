import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas import evolution
from schemas.evolution import Bump, bump_between, bump_needed, snapshot
from schemas.example import EXAMPLE_SCHEMA, SCHEMA_NAME, SCHEMA_VERSION
from schemas.ledger import LEDGER_SCHEMA

SNAPSHOTS = Path(evolution.__file__).parent / "snapshots"
SCHEMAS = {"example": EXAMPLE_SCHEMA, "ledger": LEDGER_SCHEMA}


def version(text: str) -> tuple[int, int, int]:
    major, minor, patch = text.split(".")
    return int(major), int(minor), int(patch)


def latest(name: str) -> dict[str, Any]:
    paths = sorted(SNAPSHOTS.glob(f"{name}-*.json"), key=lambda path: version(path.stem.rpartition("-")[2]))
    found: dict[str, Any] = json.loads(paths[-1].read_text(encoding="utf-8"))
    return found


def refused(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a change lacks the bump that it needs."""
    return bump_between(old["version"], new["version"]) < bump_needed(old, new)[0]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_has_the_version_that_its_changes_need_and_a_snapshot_of_it(name: str) -> None:
    now, before = snapshot(SCHEMAS[name]), latest(name)
    needed, why = bump_needed(before, now)
    assert not refused(before, now), f"{name} needs a {needed.name} bump: {why}"
    assert before == now, f"the snapshot schemas/snapshots/{name}-{now['version']}.json is missing or stale: {why}"


def test_the_columns_of_a_shard_name_their_version() -> None:
    assert EXAMPLE_SCHEMA.metadata == {b"name": SCHEMA_NAME.encode(), b"version": SCHEMA_VERSION.encode()}
    assert (SNAPSHOTS / f"example-{SCHEMA_VERSION}.json").is_file()


def test_every_column_of_a_shard_says_what_it_holds() -> None:
    nested = [inner for field in EXAMPLE_SCHEMA if pa.types.is_struct(field.type) for inner in field.type]
    assert [field.name for field in [*EXAMPLE_SCHEMA, *nested] if not (field.metadata or {}).get(b"doc")] == []
    assert len(nested) > 20


Fields = list[pa.Field]
FIELDS: Fields = [pa.field("id", pa.string(), nullable=False), pa.field("n", pa.int32()), pa.field("text", pa.string())]


def _schema(fields: Fields) -> dict[str, Any]:
    return snapshot(pa.schema(fields, metadata={"name": "x", "version": "1.2.3"}))


@pytest.mark.parametrize(
    ("change", "bump"),
    [
        (lambda f: f, Bump.NONE),
        (lambda f: [f[0].with_metadata({"doc": "new words"}), *f[1:]], Bump.PATCH),
        (lambda f: [*f, pa.field("more", pa.string())], Bump.MINOR),
        (lambda f: [f[0], f[1].with_type(pa.int64()), f[2]], Bump.MINOR),
        (lambda f: [*f[:2], f[2].with_nullable(False)], Bump.MINOR),
        (lambda f: [*f, pa.field("more", pa.string(), nullable=False)], Bump.MAJOR),
        (lambda f: [f[0], f[1].with_type(pa.int16()), f[2]], Bump.MAJOR),
        (lambda f: [f[0].with_nullable(True), *f[1:]], Bump.MAJOR),
        (lambda f: f[:2], Bump.MAJOR),
        (lambda f: [*f[:2], f[2].with_name("words")], Bump.MAJOR),
        (lambda f: [f[0], f[2], f[1]], Bump.MAJOR),
    ],
    ids=["nothing", "doc", "add", "widen", "tighten", "require", "narrow", "loosen", "remove", "rename", "reorder"],
)
def test_a_change_without_the_bump_that_it_needs_is_refused(change: Callable[[Fields], Fields], bump: Bump) -> None:
    old, new = _schema(FIELDS), _schema(change(FIELDS))
    assert bump_needed(old, new)[0] is bump
    assert refused(old, new) is (bump is not Bump.NONE)
    sufficient = {Bump.NONE: "1.2.3", Bump.PATCH: "1.2.4", Bump.MINOR: "1.3.0", Bump.MAJOR: "2.0.0"}
    for given, number in sufficient.items():
        assert refused(old, {**new, "version": number}) is (given < bump)


@pytest.mark.parametrize(
    ("after", "bump"),
    [
        (["name", "town"], Bump.NONE),
        (["name", "town", "street"], Bump.MINOR),
        (["town", "name", "street"], Bump.MAJOR),
        (["name"], Bump.MAJOR),
        (["name", "towns", "street"], Bump.MAJOR),
    ],
)
def test_a_struct_may_grow_behind_its_fields_and_nowhere_else(after: list[str], bump: Bump) -> None:
    old, new = (
        _schema([pa.field("who", pa.struct(dict.fromkeys(names, pa.string())))]) for names in (["name", "town"], after)
    )
    assert bump_needed(old, new)[0] is bump

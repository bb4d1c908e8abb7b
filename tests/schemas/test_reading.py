"""Data of another version read as ours: what may differ within a major version, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas.evolution import difference, open_as, read_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import UserError
from schemas.ledger import LEDGER_SCHEMA

OURS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("n", pa.int32()),
        pa.field("who", pa.struct([pa.field("name", pa.string()), pa.field("town", pa.string())])),
        pa.field("note", pa.string(), metadata={"doc": "came with 1.2.0"}),
    ],
    metadata={"name": "x", "version": "1.2.3"},
)
Fields = list[pa.Field]


def of_version(version: str, fields: Fields) -> pa.Schema:
    return pa.schema(fields, metadata={"name": "x", "version": version})


def stream_of(*batches: pa.RecordBatch) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(batches[0].schema, batches)


def rows_of(schema: pa.Schema, *rows: dict[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=schema)


def test_what_an_older_version_lacks_is_null_inside_structs_too() -> None:
    older = of_version("1.0.0", [OURS.field("id"), OURS.field("n"), pa.field("who", pa.struct({"name": pa.string()}))])
    table = read_as(
        stream_of(
            rows_of(older, {"id": "a", "n": 1, "who": {"name": "Ada"}}, {"id": "b", "n": None, "who": None}),
            rows_of(older, {"id": "c", "n": 3, "who": {"name": None}}),
        ),
        OURS,
    ).read_all()
    assert table.schema.equals(OURS, check_metadata=True)
    assert table.to_pylist() == [
        {"id": "a", "n": 1, "who": {"name": "Ada", "town": None}, "note": None},
        {"id": "b", "n": None, "who": None, "note": None},
        {"id": "c", "n": 3, "who": {"name": None, "town": None}, "note": None},
    ]


def test_a_slice_of_an_older_batch_keeps_its_rows_together() -> None:
    older = of_version("1.0.0", [OURS.field("id"), OURS.field("n"), pa.field("who", pa.struct({"name": pa.string()}))])
    whole = rows_of(older, *({"id": str(n), "n": n, "who": {"name": f"p{n}"} if n % 2 else None} for n in range(6)))
    table = read_as(stream_of(whole.slice(2, 3)), OURS).read_all()
    assert [row["who"] and row["who"]["name"] for row in table.to_pylist()] == [None, "p3", None]
    assert table["n"].to_pylist() == [2, 3, 4]


def test_what_a_newer_version_adds_is_passed_over() -> None:
    who = pa.struct([*OURS.field("who").type, pa.field("street", pa.string())])
    newer = of_version(
        "1.3.0",
        [OURS.field("id"), pa.field("more", pa.int8()), OURS.field("n"), pa.field("who", who), OURS.field("note")],
    )
    row = {"id": "a", "n": 1, "who": {"name": "Ada", "town": "Turin"}, "note": "x"}
    stream = stream_of(rows_of(newer, row | {"more": 7, "who": {**row["who"], "street": "Via Po"}}))
    assert read_as(stream, OURS).read_all().to_pylist() == [row]


def test_numbers_that_a_newer_version_widened_are_read_while_they_fit() -> None:
    newer = of_version("1.3.0", [OURS.field("id"), pa.field("n", pa.int64()), *list(OURS)[2:]])
    assert read_as(stream_of(rows_of(newer, {"id": "a", "n": 5})), OURS).read_all()["n"].to_pylist() == [5]
    with pytest.raises(pa.ArrowInvalid, match="not in range"):
        read_as(stream_of(rows_of(newer, {"id": "a", "n": 1 << 40})), OURS).read_all()


def test_equal_columns_are_not_copied() -> None:
    other_words = of_version("1.2.9", [*list(OURS)[:3], OURS.field("note").with_metadata({"doc": "in other words"})])
    stream = stream_of(rows_of(other_words, {"id": "a"}))
    assert read_as(stream, OURS) is stream


def test_columns_that_are_the_same_keep_their_memory_beside_others_that_are_laid_out() -> None:
    batch = rows_of(of_version("1.0.0", list(OURS)[:3]), {"id": "a", "n": 4})
    read = read_as(stream_of(batch), OURS).read_next_batch()
    assert read.column("n").buffers()[1].address == batch.column("n").buffers()[1].address


@pytest.mark.parametrize(
    ("version", "change", "why"),
    [
        ("2.0.0", lambda f: f, "version 2.0.0 cannot be read; this mathmill reads 1.x"),
        ("0.9.0", lambda f: f, "version 0.9.0 cannot be read; this mathmill reads 1.x"),
        ("soon", lambda f: f, "version soon cannot be read; this mathmill reads 1.x"),
        ("1.0.0", lambda f: f[1:], "without column id"),
        ("1.3.0", lambda f: f[:3], "without column note"),
        ("1.2.3", lambda f: f[:3], "without column note"),
        ("1.2.3", lambda f: [*f, pa.field("more", pa.string())], "unknown column more"),
        ("1.0.0", lambda f: [*f, pa.field("more", pa.string())], "unknown column more"),
        ("1.3.0", lambda f: [*f, pa.field("more", pa.string(), nullable=False)], "unknown column more"),
        ("1.2.3", lambda f: [f[0], f[1].with_type(pa.int64()), *f[2:]], "n is int64, expected int32"),
        ("1.3.0", lambda f: [f[0], f[1].with_type(pa.string()), *f[2:]], "n is string, expected int32"),
        ("1.0.0", lambda f: [f[0], f[1].with_nullable(False), *f[2:]], "n is required, unlike the contract"),
        ("1.3.0", lambda f: [f[1], f[0], *f[2:]], "its columns stand in another order"),
    ],
)  # fmt: skip
def test_what_no_minor_version_may_do_is_refused(version: str, change: Callable[[Fields], Fields], why: str) -> None:
    theirs = of_version(version, change(list(OURS)))
    assert difference(theirs, OURS) == why
    with pytest.raises(ValueError, match=why):
        read_as(stream_of(rows_of(theirs)), OURS)


def test_a_file_of_another_kind_is_refused_in_one_line_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, EXAMPLE_SCHEMA) as writer:
        writer.write_table(EXAMPLE_SCHEMA.empty_table())
    with (
        pytest.raises(UserError, match=r"a\.arrow: it is called 'mathmill.example', expected 'mathmill.ledger'"),
        open_as(path, LEDGER_SCHEMA),
    ):
        pass
    path.write_bytes(b"no stream at all")
    with pytest.raises(UserError, match=r"a\.arrow: "), open_as(path, LEDGER_SCHEMA):
        pass

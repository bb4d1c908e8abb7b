"""Rows that make a stage raise: kept from it and quarantined, while the others live."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.crashes import (
    crash_tags,
    crashed_before,
    marked,
    with_crashes,
    without_clashing,
    without_crashing,
)
from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store, write_batch
from pipelines.engine.tags import PLACED_SCHEMA, TAG_SCHEMA, tag_batch
from pipelines.stages.duplicates.collapse import COLLAPSE_SCHEMA
from schemas.exits import RunFailedError
from schemas.reason import Reason

ROWS = [{"row_id": f"{place:032x}", "source": "s", "row": place, "format": "cot", "record": "{}"} for place in range(5)]


@pytest.fixture
def part(tmp_path: Path) -> PartRef:
    questions = ["1", "0", "2", "x", "4"]
    rows = [
        dict.fromkeys(CANDIDATE_SCHEMA.names) | row | {"question": q} for row, q in zip(ROWS, questions, strict=True)
    ]
    part = PartRef(3, "p", len(rows), 0)
    write_batch(Store(tmp_path).part_path(part), pa.RecordBatch.from_pylist(rows, schema=CANDIDATE_SCHEMA))
    return part


def halves(store: Store) -> Any:
    """Tags questions that 8 is a multiple of; raises for those that are no number but nought."""

    def tag(part: PartRef) -> pa.RecordBatch:
        questions = store.read_part(part, ["question"]).column(0).to_pylist()
        numbers = [8 // int(question) if question else None for question in questions]
        return tag_batch((at, Rejection(Reason.TOO_LONG, str(it))) for at, it in enumerate(numbers) if it == 4)

    return tag


def test_the_others_live_and_are_tagged_as_without_the_rows_that_raise(tmp_path: Path, part: PartRef) -> None:
    store = Store(tmp_path)
    tags, crashes = without_crashing(part, halves(store), stage="screen", store=store)
    assert tags.column("detail").to_pylist() == ["4"]
    assert list(crashes) == [1, 3]
    assert crashes[1].startswith("screen: ZeroDivisionError: ")
    assert crashes[3].startswith("screen: ValueError: ")
    said = with_crashes(tags, crashes)
    assert said.schema == TAG_SCHEMA
    assert said.column("index").to_pylist() == [1, 2, 3]
    assert said.column("reason").to_pylist() == ["stage_crash", "too_long", "stage_crash"]


def test_what_raises_without_rows_stops_the_run(tmp_path: Path, part: PartRef) -> None:
    def broken(part: PartRef) -> None:
        raise ValueError("whatever it sees")

    with pytest.raises(ValueError, match="whatever it sees"):
        without_crashing(part, broken, stage="screen", store=Store(tmp_path))


def test_a_strict_run_stops_at_the_first_row_and_names_it(tmp_path: Path, part: PartRef) -> None:
    store = replace(Store(tmp_path), strict=True)
    with pytest.raises(RunFailedError, match=r"^screen: ZeroDivisionError: .*: row 1 of s; without --strict"):
        without_crashing(part, halves(store), stage="screen", store=store)


def keyed(parts: list[int], keys: list[bytes], texts: list[str]) -> pa.Table:
    index = [parts[:at].count(part) for at, part in enumerate(parts)]
    columns = {"key": pa.array([key * 16 for key in keys], pa.binary(16)), "part": pa.array(parts, pa.int64())}
    return pa.table(columns | {"index": pa.array(index, pa.int32()), "text": texts})


def agreeing(rows: pa.Table) -> pa.Table:
    """Tags nothing; raises where texts of one key differ in length."""
    lengths: dict[bytes, int] = {}
    for row in rows.to_pylist():
        if lengths.setdefault(row["key"], len(row["text"])) != len(row["text"]):
            raise ValueError(row["text"])
    return rows.select(["part", "index", "text"])


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_clash_with_an_equal_fall_in_the_order_of_the_input(tmp_path: Path, seed: int) -> None:
    rows = keyed([0, 0, 0, 1, 1, 1], [b"a", b"a", b"b", b"b", b"c", b"b"], ["x", "xx", "y", "y", "zzz", "yy"])
    order = random.Random(seed).sample(range(6), 6)
    said, crashes = without_clashing(rows.take(order), agreeing, stage="agree", store=Store(tmp_path))
    assert {part: list(places) for part, places in crashes.items()} == {0: [1], 1: [2]}
    assert sorted(said.column("text").to_pylist()) == ["x", "y", "y", "zzz"]
    with pytest.raises(RunFailedError, match=r"^agree: ValueError: "):
        without_clashing(rows, agreeing, stage="agree", store=Store(tmp_path, strict=True))


def test_what_a_stage_says_of_a_row_that_crashed_goes_but_for_its_occurrence() -> None:
    row = dict.fromkeys(COLLAPSE_SCHEMA.names) | {"index": 2, "reason": "exact_duplicate", "partner": "p"}
    tags = pa.RecordBatch.from_pylist([row | {"occurrence": 3}], schema=COLLAPSE_SCHEMA)
    found = with_crashes(tags, {2: "collapse: E", 0: "collapse: F"}).to_pylist()
    assert [(said["index"], said["reason"], said["partner"], said["occurrence"]) for said in found] == [
        (0, "stage_crash", None, 0),
        (2, "stage_crash", None, 3),
    ]
    assert crash_tags({1: "x"}, PLACED_SCHEMA).column("part").to_pylist() == [0]


def test_a_candidate_keeps_the_reason_that_it_had(tmp_path: Path) -> None:
    rows = [dict.fromkeys(CANDIDATE_SCHEMA.names) | row for row in ROWS[:2]]
    rows[1] |= {"stage": "read", "reason": "parse_error", "detail": "d"}
    found = marked(pa.RecordBatch.from_pylist(rows, schema=CANDIDATE_SCHEMA), {0: "c", 1: "c"}, stage="read")
    assert found.column("reason").to_pylist() == ["stage_crash", "parse_error"]
    assert found.column("detail").to_pylist() == ["c", "d"]
    for name, expected in (("a", True), ("b", False)):
        write_batch(tmp_path / name, found if expected else found.slice(1))
        assert crashed_before(tmp_path / name) is expected

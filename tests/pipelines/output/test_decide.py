from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.engine.tags import TAG_SCHEMA
from pipelines.output.decide import DecideSettings, PartSummary, decide, hex_of
from pipelines.stages.duplicates.collapse import COLLAPSE_SCHEMA
from schemas.reason import Stage

PART = PartRef(0, "part", 4, 100)
TAGGED = ((Stage.SCREEN, "screen-1"), (Stage.COLLAPSE, "collapse"), (Stage.IDENTIFY, "agree"))
CANDIDATES: list[dict[str, Any]] = [
    {"row_id": "a" * 32, "source": "s", "row": 0, "format": "cot", "derived": False},
    {"row_id": "a" * 32, "source": "s", "row": 0, "format": "pot", "derived": True},
    {"row_id": "b" * 32, "source": "s", "row": 1, "format": "cot", "derived": False},
    {"row_id": "c" * 32, "source": "s", "row": 2, "stage": "read", "reason": "parse_error", "detail": "no JSON"},
]


def decided(folder: Path, tags: dict[str, list[dict[str, Any]]], **settings: Any) -> tuple[list[Any], PartSummary]:
    """How the candidates end, by (outcome, stage, reason, detail), when stages say `tags`."""
    store = Store(folder)
    write_batch(store.part_path(PART), pa.RecordBatch.from_pylist(CANDIDATES, schema=CANDIDATE_SCHEMA))
    keys = pa.array([bytes([at] * 16) for at in range(4)], pa.binary(16))
    write_batch(store.keys_path(PART), pa.RecordBatch.from_arrays([keys, keys], ["problem", "template"]))
    for _, name in TAGGED:
        schema = COLLAPSE_SCHEMA if name == "collapse" else TAG_SCHEMA
        write_batch(store.tags_path(name, PART), pa.RecordBatch.from_pylist(tags.get(name, []), schema=schema))
    whole = {"identified": True, "removing": frozenset(), "heldout": 0.0, "seed": 0} | settings
    summary = decide(PART, store=store, settings=DecideSettings(TAGGED, **whole))
    rows = read_batch(store.decisions_path(PART)).to_pylist()
    return rows, summary


def ends(rows: list[Any]) -> list[tuple[Any, ...]]:
    return [(row["outcome"], row["stage"], row["reason"]) for row in rows]


def test_what_nobody_stops_is_kept_and_what_could_not_be_read_is_not(tmp_path: Path) -> None:
    rows, summary = decided(tmp_path, {})
    assert ends(rows) == [("kept", None, None)] * 3 + [("removed", "read", "parse_error")]
    assert [row["id"] for row in rows] == ["a" * 32 + "-cot", "a" * 32 + "-pot", "b" * 32 + "-cot", "c" * 32]
    assert [row["split"] for row in rows] == ["train"] * 3 + [None]
    assert (summary.rows, summary.kept) == (3, {"train": 3})
    assert summary.ended["s", "cot", "kept", None, None] == 2


def test_the_first_stage_wins(tmp_path: Path) -> None:
    late = {"index": 2, "reason": "answer_conflict", "detail": "late"}
    rows, _ = decided(tmp_path, {"screen-1": [{"index": 2, "reason": "truncated", "detail": "early"}], "agree": [late]})
    assert ends(rows)[2] == ("removed", "screen", "truncated")
    assert rows[2]["detail"] == "early"
    rows, _ = decided(tmp_path, {"agree": [late]})
    assert ends(rows)[2] == ("quarantined", "identify", "answer_conflict")


def test_what_is_derived_falls_with_its_parent_and_not_the_other_way_round(tmp_path: Path) -> None:
    rows, _ = decided(tmp_path, {"screen-1": [{"index": 0, "reason": "truncated", "detail": "ends in +"}]})
    assert ends(rows)[:2] == [("removed", "screen", "truncated")] * 2
    assert rows[1]["detail"] == "derived from a rejected solution: ends in +"
    rows, _ = decided(tmp_path, {"screen-1": [{"index": 1, "reason": "truncated", "detail": "ends in +"}]})
    assert ends(rows)[:2] == [("kept", None, None), ("removed", "screen", "truncated")]


def test_a_note_stays_with_what_is_kept_and_rejects_nothing(tmp_path: Path) -> None:
    rows, _ = decided(tmp_path, {"agree": [{"index": 2, "detail": "worth knowing"}]})
    assert (rows[2]["outcome"], rows[2]["stage"], rows[2]["detail"]) == ("kept", None, "worth knowing")


def test_an_identical_later_row_has_its_number_in_its_id(tmp_path: Path) -> None:
    rows, _ = decided(tmp_path, {"collapse": [{"index": 2, "occurrence": 1}]})
    assert rows[2]["id"] == "b" * 32 + "-cot-1"


@pytest.mark.parametrize(("removing", "outcome"), [(frozenset(), "quarantined"), (frozenset({"bench"}), "removed")])
def test_a_variant_ends_as_its_benchmark_wants(tmp_path: Path, removing: frozenset[str], outcome: str) -> None:
    variant = {"index": 2, "reason": "benchmark_variant", "partner": "bench/7", "benchmark": "bench", "item": 7}
    rows, _ = decided(tmp_path, {"screen-1": [variant]}, removing=removing)
    assert rows[2]["outcome"] == outcome


def test_without_identification_each_row_is_a_problem_of_its_own(tmp_path: Path) -> None:
    rows, _ = decided(tmp_path, {}, identified=False)
    assert [row["problem_id"] for row in rows] == [row["row_id"] for row in rows]
    rows, _ = decided(tmp_path, {})
    assert rows[1]["problem_id"] == "01" * 16


def test_keys_become_hex_also_in_a_slice() -> None:
    keys = pa.array([bytes([at] * 16) for at in range(3)], pa.binary(16))
    assert hex_of(keys[1:]).to_pylist() == ["01" * 16, "02" * 16]
    assert hex_of(keys[:0]).to_pylist() == []

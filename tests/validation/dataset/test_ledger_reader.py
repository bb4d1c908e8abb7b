"""The ledger read once: sums, distinct rows, leaks, drawn examples, and rows that contradict themselves."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas.ledger import LEDGER_SCHEMA
from tests.validation.dataset.handmade import examples, ledger_of, removals, write_stream
from validation.dataset.hashes import hash_texts
from validation.dataset.ledger_reader import EXAMPLES, Ledger, read_ledger

PATH = "ledger/ledger-00000-of-00001.arrow"


def read(folder: Path, rows: list[dict[str, Any]], seed: int = 0) -> Ledger:
    write_stream(folder / PATH, rows, LEDGER_SCHEMA)
    return read_ledger(folder, [PATH], seed=seed)


def test_candidates_are_counted_by_how_they_ended(tmp_path: Path) -> None:
    ledger = read(tmp_path, ledger_of(examples(), removals()))
    assert (ledger.count(), ledger.count(outcome="kept"), ledger.count(reason="benchmark_exact")) == (76, 72, 1)
    assert ledger.by("outcome") == {"kept": 72, "removed": 3, "quarantined": 1}
    assert ledger.by("format", outcome="kept", source="shop") == {"cot": 8, "pot": 8, "tir": 8}
    assert ledger.by("format", reason="parse_error") == {"": 1}


def test_rows_of_a_source_are_counted_once_however_many_candidates_they_became(tmp_path: Path) -> None:
    ledger = read(tmp_path, ledger_of(examples(4), []))
    assert ledger.rows == {"shop": 2, "stories": 2}


def test_a_row_that_goes_on_in_the_next_file_is_one_row(tmp_path: Path) -> None:
    rows = ledger_of(examples(1), [])
    for at, part in enumerate((rows[:1], rows[1:])):
        write_stream(tmp_path / f"{at}.arrow", part, LEDGER_SCHEMA)
    ledger = read_ledger(tmp_path, ["0.arrow", "1.arrow"], seed=0)
    assert (ledger.rows["shop"], ledger.count()) == (1, 3)


def test_leaks_are_counted_by_benchmark_and_reason_and_other_partners_are_none(tmp_path: Path) -> None:
    twin = {**removals()[0], "reason": "near_duplicate", "stage": "collapse", "partner": "farm/1"}
    ledger = read(tmp_path, ledger_of([], [*removals(), twin]))
    assert ledger.leaks == {("farm", "benchmark_exact"): 1}


def test_hashes_of_ids_tell_kept_from_all(tmp_path: Path) -> None:
    ledger = read(tmp_path, ledger_of(examples(1), removals()))
    kept = hash_texts(pa.array(["r0000-cot", "r0000-pot", "r0000-tir"]))
    assert ledger.hashes("kept").tolist() == kept.tolist()
    assert len(ledger.hashes("candidates")) == 7
    assert len(Ledger().hashes("kept")) == 0


def test_a_few_examples_of_a_reason_are_drawn_by_seed_and_whatever_the_order(tmp_path: Path) -> None:
    lost = [{**removals()[0], "id": f"x{at:04d}-cot", "row": at} for at in range(40)]
    drawn = read(tmp_path / "one", lost).examples["answer_mismatch"]
    assert len(drawn) == EXAMPLES
    assert read(tmp_path / "two", lost[::-1]).examples["answer_mismatch"] == drawn
    assert read(tmp_path / "three", lost, seed=1).examples["answer_mismatch"] != drawn


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "kept"},
        {"reason": None},
        {"stage": None},
        {"reason": "no_such_reason"},
        {"reason": "rule:No Such"},
        {"outcome": "lost"},
    ],
)
def test_outcome_stage_and_reason_that_do_not_go_together_are_named(tmp_path: Path, change: dict[str, Any]) -> None:
    honest, *others = removals()
    assert read(tmp_path / "honest", [honest, *others]).contradictions == []
    assert read(tmp_path / "lie", [honest | change, *others]).contradictions == [honest["id"]]


def test_a_reason_of_a_rule_of_the_runs_own_is_no_contradiction(tmp_path: Path) -> None:
    honest, *others = removals()
    own = honest | {"stage": "rules", "reason": "rule:too_easy"}
    assert read(tmp_path, [own, *others]).contradictions == []


def test_a_reason_that_only_a_later_version_knows_is_no_contradiction_in_its_data(tmp_path: Path) -> None:
    honest, *others = removals()
    for reason, contradicts in (("no_such_reason", False), (None, True)):
        write_stream(tmp_path / PATH, [honest | {"reason": reason}, *others], LEDGER_SCHEMA)
        ledger = read_ledger(tmp_path, [PATH], seed=0, later=True)
        assert ledger.contradictions == [honest["id"]] * contradicts


def test_a_file_that_cannot_be_read_is_named_with_its_cause_and_the_others_count(tmp_path: Path) -> None:
    write_stream(tmp_path / "whole.arrow", removals(), LEDGER_SCHEMA)
    write_stream(
        tmp_path / "short.arrow", [{"id": "a"}], pa.schema([LEDGER_SCHEMA.field("id")], LEDGER_SCHEMA.metadata)
    )
    ledger = read_ledger(tmp_path, ["gone.arrow", "short.arrow", "whole.arrow"], seed=0)
    assert ledger.count() == 4
    assert set(ledger.unreadable) == {"gone.arrow", "short.arrow"}
    assert ledger.unreadable["gone.arrow"].startswith("FileNotFoundError: ")
    assert ledger.unreadable["short.arrow"].startswith("ValueError: without column row_id")

"""How candidates end, on parts that stand on disk."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine.rejection import Note, Rejection
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.output.decide import DECISION_SCHEMA, PartSummary, decide, hex_of
from schemas.ledger import LedgerRule
from schemas.policy import Policy
from schemas.reason import Outcome, Reason, Stage
from schemas.split import Split, split_of
from tests.pipelines.output.parts import COLLAPSE, SCREEN, TAGGED, Said, candidate, key_of, settings, write_part

LONG = Rejection(Reason.TOO_LONG, "9 > 8")
EQUAL = Rejection(Reason.EXACT_DUPLICATE, "", partner="id0-cot", partner_row=7, score=1.0)
VARIANT = Rejection(
    Reason.BENCHMARK_VARIANT, "", partner="bench/3", rule=LedgerRule.QUESTION_VARIED, benchmark="bench", item=3
)
CROWDED = Note(LedgerRule.CROWDED, "bench/3", "bench", 3)


def decided(
    folder: Path, rows: list[dict[str, Any]], said: Said | None = None, repeats: tuple[int, ...] = (), **given: Any
) -> tuple[list[dict[str, Any]], PartSummary]:
    store = Store(folder)
    part = write_part(store, 0, rows, said, repeats)
    summary = decide(part, store=store, settings=settings(**given))
    batch = read_batch(store.decisions_path(part))
    assert batch.schema.equals(DECISION_SCHEMA)
    return batch.to_pylist(), summary


def told(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_the_reason_of_the_first_stage_wins_whatever_the_folders_are_called(tmp_path: Path) -> None:
    said = {SCREEN: [(0, LONG), (2, LONG)], COLLAPSE: [(0, EQUAL), (1, EQUAL)]}
    rows = [candidate(row) for row in range(4)]
    rows[2] |= {"stage": "read", "reason": "parse_error", "detail": "line 1"}
    found, _ = decided(tmp_path, rows, said)
    assert told(found, "outcome", "stage", "reason", "detail") == [
        ("removed", "screen", "too_long", "9 > 8"),
        ("removed", "collapse", "exact_duplicate", ""),
        ("removed", "read", "parse_error", "line 1"),
        ("kept", None, None, None),
    ]
    turned, _ = decided(tmp_path, rows, said, tagged=TAGGED[::-1])
    assert turned[0]["reason"] == "exact_duplicate"


def test_a_part_is_decided_anew_only_when_its_tags_or_the_settings_are_other(tmp_path: Path) -> None:
    store = Store(tmp_path)
    part = write_part(store, 0, [candidate(row) for row in range(4)], {SCREEN: [(0, LONG)]})
    path, first = store.decisions_path(part), decide(part, store=store, settings=settings())
    made = path.stat().st_ino
    moved = replace(part, number=7)
    assert decide(moved, store=store, settings=settings()) == replace(first, part=moved)
    assert path.stat().st_ino == made
    set_aside = decide(part, store=store, settings=settings(policy={"too_long": Policy.QUARANTINE}))
    assert set_aside.ended["school", "cot", "quarantined", "screen", "too_long"] == 1
    assert decide(part, store=store, settings=settings()) == first
    write_part(store, 0, [candidate(row) for row in range(4)], {SCREEN: [(1, LONG), (2, LONG)]})
    assert decide(part, store=store, settings=settings()).kept.total() == 2
    path.write_bytes(path.read_bytes()[:-1])
    assert decide(part, store=store, settings=settings()).kept.total() == 2
    assert len(read_batch(path)) == 4


def test_evidence_stands_beside_the_reason(tmp_path: Path) -> None:
    found, _ = decided(tmp_path, [candidate(0), candidate(1)], {COLLAPSE: [(1, EQUAL)], SCREEN: [(0, VARIANT)]})
    evidence = ("partner", "partner_row", "score", "rule", "benchmark", "item")
    assert told(found, *evidence) == [
        ("bench/3", None, None, "question_varied", "bench", 3),
        ("id0-cot", 7, 1.0, None, None, None),
    ]


@pytest.mark.parametrize(
    ("removing", "outcome"), [((), "quarantined"), (("bench",), "removed"), (("benc", "bench/3"), "quarantined")]
)
def test_a_variant_goes_for_good_only_where_its_benchmark_asks_for_it(
    tmp_path: Path, removing: tuple[str, ...], outcome: str
) -> None:
    leak = replace(VARIANT, reason=Reason.BENCHMARK_PARAPHRASE)
    said = {SCREEN: [(0, VARIANT), (1, leak)]}
    found, _ = decided(tmp_path, [candidate(0), candidate(1)], said, removing=frozenset(removing))
    assert told(found, "outcome") == [(outcome,), ("quarantined",)]


def test_what_is_derived_falls_with_its_parent_and_not_the_other_way_round(tmp_path: Path) -> None:
    rows = [candidate(0), candidate(0, "pot", derived=True), candidate(0, "tir", derived=True)]
    rows += [candidate(1), candidate(1, "pot", derived=True), candidate(2)]
    found, _ = decided(tmp_path, rows, {SCREEN: [(0, LONG), (4, LONG)], COLLAPSE: [(2, EQUAL)]})
    assert told(found, "stage", "reason", "detail") == [
        ("screen", "too_long", "9 > 8"),
        ("screen", "too_long", "derived from a rejected solution: 9 > 8"),
        ("collapse", "exact_duplicate", ""),
        (None, None, None),
        ("screen", "too_long", "9 > 8"),
        (None, None, None),
    ]
    assert {row["split"] for row in found[:3]} == {None}


def test_a_note_is_shown_of_what_is_kept_and_gives_way_to_a_reason(tmp_path: Path) -> None:
    rows = [candidate(0), candidate(1), candidate(2), candidate(2, "pot", derived=True)]
    said = {SCREEN: [(0, CROWDED), (1, CROWDED), (2, LONG), (3, CROWDED)], COLLAPSE: [(1, EQUAL)]}
    found, _ = decided(tmp_path, rows, said)
    assert told(found, "outcome", "stage", "reason", "rule", "item") == [
        ("kept", None, None, "crowded", 3),
        ("removed", "collapse", "exact_duplicate", None, None),
        ("removed", "screen", "too_long", None, None),
        ("removed", "screen", "too_long", None, None),
    ]
    assert found[0]["detail"].startswith("among more look-alikes")


def test_a_reason_that_a_person_overruled_does_not_stop_a_candidate(tmp_path: Path) -> None:
    store = Store(tmp_path, reviewed="reviews-1")
    part = write_part(store, 0, [candidate(0), candidate(1)], {SCREEN: [(0, LONG), (1, LONG)]})
    columns = {"index": pa.array([0], pa.int32()), "overruled": [["too_long"]]}
    write_batch(store.tags_path("reviews-1", part), pa.RecordBatch.from_pydict(columns))
    decide(part, store=store, settings=settings())
    found = read_batch(store.decisions_path(part)).to_pylist()
    assert told(found, "outcome", "detail") == [
        ("kept", "too_long, overruled by a person: 9 > 8"),
        ("removed", "9 > 8"),
    ]


def test_identical_rows_are_numbered_in_their_ids(tmp_path: Path) -> None:
    rows = [candidate(0), candidate(0, place=5), candidate(1, None), candidate(1, None, place=6)]
    found, _ = decided(tmp_path, rows, repeats=(0, 1, 0, 2))
    assert told(found, "id", "row_id") == [
        ("id0-cot", "id0"),
        ("id0-cot-1", "id0"),
        ("id1", "id1"),
        ("id1-2", "id1"),
    ]


def test_solutions_of_one_row_are_numbered_before_those_of_an_identical_row(tmp_path: Path) -> None:
    solutions = [candidate(0), candidate(0)]
    twins = [candidate(0, place=5), candidate(0, place=5)]
    found, _ = decided(tmp_path, [*solutions, candidate(0, "pot"), *twins], repeats=(0, 0, 0, 1, 1))
    assert [row["id"] for row in found] == ["id0-cot", "id0-cot-1", "id0-pot", "id0-cot-2", "id0-cot-3"]


def test_without_identification_every_row_is_a_problem_of_its_own(tmp_path: Path) -> None:
    rows = [candidate(0), candidate(1)]
    named, _ = decided(tmp_path, rows)
    assert told(named, "problem_id", "template_id")[1] == (
        key_of("pWhat is 1 + 1?").hex(),
        key_of("tWhat is 1 + 1?").hex(),
    )
    plain, _ = decided(tmp_path, rows, identified=False)
    assert told(plain, "problem_id", "template_id") == [("id0", "id0"), ("id1", "id1")]


def test_only_what_is_kept_has_a_split_and_its_template_tells_which(tmp_path: Path) -> None:
    rows = [candidate(row) for row in range(40)]
    found, summary = decided(tmp_path, rows, {SCREEN: [(3, LONG), (4, LONG)]}, heldout=0.5, seed=7)
    assert [row["split"] for row in found] == [
        None if place in (3, 4) else split_of(row["template_id"], heldout=0.5, seed=7)
        for place, row in enumerate(found)
    ]
    assert {Split.TRAIN, Split.HELDOUT} == {row["split"] for row in found} - {None}
    assert summary.kept == Counter(row["split"] for row in found if row["split"])


def test_a_summary_counts_rows_and_every_candidate_once(tmp_path: Path) -> None:
    rows = [
        candidate(0, dropped=["tools", "echoes"]),
        candidate(0, "pot", derived=True),
        candidate(1, None, stage="read", reason="parse_error"),
    ]
    _, summary = decided(tmp_path, rows, {SCREEN: [(1, LONG)]})
    assert summary == PartSummary(
        part=PartRef(0, "part0", 3, 300),
        rows=2,
        ended=Counter(
            {
                ("school", "cot", Outcome.KEPT.value, None, None): 1,
                ("school", "pot", "removed", Stage.SCREEN.value, "too_long"): 1,
                ("school", None, "removed", "read", "parse_error"): 1,
            }
        ),
        kept=Counter({"train": 1}),
        dropped=Counter({("school", "tools"): 1, ("school", "echoes"): 1}),
    )


def test_where_parts_are_cut_does_not_show(tmp_path: Path) -> None:
    rows = [candidate(row) for row in range(8)]
    said = {SCREEN: [(1, LONG), (6, VARIANT)], COLLAPSE: [(4, EQUAL), (6, EQUAL)]}
    whole, _ = decided(tmp_path / "whole", rows, said, heldout=0.4)
    for cut in (0, 3, 5):
        store = Store(tmp_path / str(cut))
        pieces: list[dict[str, Any]] = []
        for number, (begin, end) in enumerate([(0, cut), (cut, 8)]):
            own = {name: [(at - begin, one) for at, one in tags if begin <= at < end] for name, tags in said.items()}
            part = write_part(store, number, rows[begin:end], own)
            decide(part, store=store, settings=settings(heldout=0.4))
            pieces += read_batch(store.decisions_path(part)).to_pylist()
        assert pieces == whole


def test_keys_are_written_in_hex_wherever_their_slice_begins() -> None:
    keys = pa.array([b"0123456789abcdef", bytes(16), b"\xff" * 16], pa.binary(16))
    assert hex_of(keys).to_pylist() == [b"0123456789abcdef".hex(), "0" * 32, "f" * 32]
    assert hex_of(keys.slice(1, 1)).to_pylist() == ["0" * 32]
    assert hex_of(keys.slice(3)).to_pylist() == []

"""Planned and written files, on decided parts."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine.rejection import Rejection
from pipelines.engine.store import PartRef, Store, read_batch, write_batch
from pipelines.output import write
from pipelines.output.decide import PartSummary, decide
from pipelines.output.growing import STAGED
from pipelines.output.write import FilePlan, WriteSettings, Written, plan_files, write_file
from pipelines.stages.verify.ruling import RULING_SCHEMA
from schemas.example import EXAMPLE_SCHEMA, SELECTION
from schemas.ledger import LEDGER_SCHEMA, LedgerRule
from schemas.problem import Format
from schemas.reason import Reason
from schemas.split import Split
from tests.pipelines.output.parts import SCREEN, Said, candidate, settings, write_part

LONG = Rejection(Reason.TOO_LONG, "9 > 8", partner="id7", rule=LedgerRule.QUESTION_VARIED, benchmark="exam", item=7)
PLAIN = WriteSettings(prompts={}, regenerate=False, trim=False)


def summary(number: int, rows: int, size: int, train: int = 0, heldout: int = 0) -> PartSummary:
    part = PartRef(number, f"k-{number}", rows, size)
    return PartSummary(part, rows, Counter(), Counter({Split.TRAIN: train, Split.HELDOUT: heldout}))


def shards_of(summaries: Sequence[PartSummary], shard_bytes: int) -> dict[str, list[int]]:
    plans = plan_files(summaries, shard_bytes=shard_bytes)
    return {plan.path: [part.number for part in plan.parts] for plan in plans if plan.split is not None}


def test_shards_hold_parts_in_order_until_their_kept_bytes_are_enough() -> None:
    summaries = [summary(2, 10, 100, train=10), summary(0, 10, 100, train=5), summary(1, 10, 100, train=5)]
    assert shards_of(summaries, 100) == {
        "shards/train-00000-of-00002.arrow": [0, 1],
        "shards/train-00001-of-00002.arrow": [2],
    }
    assert shards_of(summaries, 99) == {f"shards/train-0000{n}-of-00003.arrow": [n] for n in range(3)}
    assert shards_of(summaries, 200) == {"shards/train-00000-of-00001.arrow": [0, 1, 2]}


def test_a_part_larger_than_a_shard_is_one_and_a_part_without_examples_is_in_none() -> None:
    summaries = [summary(0, 10, 1000, train=10), summary(1, 10, 10), summary(2, 10, 10, heldout=1)]
    assert shards_of(summaries, 1) == {
        "shards/train-00000-of-00001.arrow": [0],
        "shards/heldout-00000-of-00001.arrow": [2],
    }


def test_ledger_files_hold_every_part_and_so_many_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "LEDGER_ROWS", 20)
    plans = plan_files([summary(number, 10, 1) for number in range(3)], shard_bytes=1)
    assert [(plan.path, plan.split, [part.number for part in plan.parts]) for plan in plans] == [
        ("ledger/ledger-00000-of-00002.arrow", None, [0, 1]),
        ("ledger/ledger-00001-of-00002.arrow", None, [2]),
    ]


def test_the_plan_does_not_depend_on_the_order_in_which_parts_ended() -> None:
    summaries = [summary(number, 10, 30, train=number % 3, heldout=number % 2) for number in range(9)]
    assert plan_files(summaries[::-1], shard_bytes=10) == plan_files(summaries, shard_bytes=10)


def decided(
    store: Store, parts: Sequence[list[dict[str, Any]]], said: Said | None = None, **given: Any
) -> list[PartRef]:
    refs = [write_part(store, number, rows, said) for number, rows in enumerate(parts)]
    for part in refs:
        decide(part, store=store, settings=settings(**given))
    return refs


def written(
    store: Store, parts: Sequence[PartRef], split: Split | None, given: WriteSettings = PLAIN
) -> tuple[list[Written], list[dict[str, Any]]]:
    """Writes a shard or a ledger file of those parts and reads it back."""
    schema = EXAMPLE_SCHEMA if split else LEDGER_SCHEMA
    plan = FilePlan("ledger/ledger.arrow" if split is None else "shards/x.arrow", split, tuple(parts))
    files = write_file(plan, store=store, settings=given)
    for file in files:
        content = (store.root / STAGED / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with pa.OSFile(str(store.root / STAGED / plan.path), "rb") as source:
        table = pa.ipc.open_stream(source).read_all()
    assert table.schema.equals(schema, check_metadata=True)
    assert (files[0].path, files[0].split, files[0].rows) == (plan.path, split, len(table))
    return files, table.to_pylist()


def test_a_shard_holds_what_is_kept_of_its_split_in_the_order_of_the_input(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = [candidate(row) for row in range(30)]
    parts = decided(store, [rows[:11], rows[11:]], {SCREEN: [(3, LONG)]}, heldout=0.5)
    by_split = {split: [row["source_row"] for row in written(store, parts, split)[1]] for split in Split}
    assert sorted(by_split["train"] + by_split["heldout"]) == [row for row in range(30) if row not in (3, 14)]
    assert all(rows == sorted(rows) and rows for rows in by_split.values())


def test_an_example_has_the_columns_of_its_candidate_and_of_its_decision(tmp_path: Path) -> None:
    store = Store(tmp_path)
    row = candidate(5, "pot", topic="algebra", difficulty=3, answer="10", score=1.5, annotations=["5+5=10"])
    row["segments"] = [{"kind": "code", "text": "print(10)"}]
    _, (found,) = written(store, decided(store, [[row]]), Split.TRAIN)
    kept = {name: row[name] for name in ("format", "question", "segments", "answer", "source", "weight", "difficulty")}
    assert found | kept == found
    assert (found["id"], found["source_row"], found["split"]) == ("id5-pot", 5, "train")
    assert (found["topic_method"], found["difficulty_method"], found["instruction"]) == ("given", "given", None)
    assert found["verification"] == {"verdict": "unverified", "path": None, "reference": "self", "programs": 0}
    assert (found["quality"]["code_lines"], found["quality"]["equations_checked"]) == (1, None)


@pytest.mark.parametrize("split", [Split.TRAIN, None])
def test_the_bytes_of_a_batch_do_not_tell_how_parts_were_cut(tmp_path: Path, split: Split | None) -> None:
    rows = [candidate(row) for row in range(10)]
    contents = set()
    for cuts in ([rows], [rows[:1], rows[1:]], [rows[:3], [], rows[3:8], rows[8:]]):
        store = Store(tmp_path / f"{len(cuts)}")
        files, _ = written(store, decided(store, cuts), split)
        contents.add((files[0].sha256, files[0].rows))
    assert len(contents) == 1


@pytest.mark.parametrize("split", [Split.TRAIN, None])
def test_rows_of_many_batches_do_not_tell_how_parts_were_cut(
    tmp_path: Path, split: Split | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "BATCH_ROWS", 3)
    rows = [candidate(row, topic="algebra" if row % 3 else None, score=row / 7) for row in range(10)]
    hashes = set()
    for cuts in ([rows], [rows[:1], rows[1:]], [rows[:3], [], rows[3:8], rows[8:]]):
        store = Store(tmp_path / f"{len(cuts)}")
        files, found = written(store, decided(store, cuts), split)
        assert [row.get("source_row", row.get("row")) for row in found] == list(range(10))
        hashes.add(files[0].sha256)
    assert len(hashes) == 1


def test_batches_of_a_file_are_of_one_size_but_for_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "BATCH_ROWS", 4)
    store = Store(tmp_path)
    rows = [candidate(row) for row in range(10)]
    written(store, decided(store, [rows[:3], rows[3:]]), Split.TRAIN)
    with pa.OSFile(str(tmp_path / STAGED / "shards/x.arrow"), "rb") as source:
        assert [len(batch) for batch in pa.ipc.open_stream(source)] == [4, 4, 2]


def test_rejected_records_can_be_mended_and_fed_in_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = [
        candidate(0),
        candidate(1),
        candidate(1, "pot", derived=True),
        candidate(2),
        candidate(2, "pot", derived=True),
        candidate(3, None, record="{broken", stage="read", reason="parse_error", detail="line 1"),
        candidate(4, None, record="[1]", stage="read", reason="unsupported"),
    ]
    (part,) = decided(store, [rows], {SCREEN: [(1, LONG), (4, LONG)]})
    files, ledger = written(store, [part], None)
    assert [(row["row"], row["outcome"]) for row in ledger] == [
        (0, "kept"), (1, "removed"), (1, "removed"), (2, "kept"), (2, "removed"), (3, "removed"), (4, "removed"),
    ]  # fmt: skip
    assert [(file.path, file.split, file.rows) for file in files[1:]] == [("rejected/rejected.jsonl", None, 4)]
    lines = (store.root / STAGED / "rejected/rejected.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    about = [record.pop("_mathmill") for record in records]
    assert records == [{"q": 1}, {"q": 2}, {"_raw": "{broken"}, {"_raw": "[1]"}]
    also = about[0].pop("also")
    assert about[0] == {
        "id": "id1-cot", "source": "school", "row": 1, "format": "cot", "outcome": "removed", "stage": "screen",
        "reason": "too_long", "detail": "9 > 8", "partner": "id7",
        "rule": "question_varied", "benchmark": "exam", "item": 7,
    }  # fmt: skip
    assert [one["id"] for one in also] == ["id1-pot"]
    assert [one.get("id") for one in about[1:]] == ["id2-pot", "id3", "id4"]
    assert not any("also" in one for one in about[1:])


def test_where_nothing_was_rejected_the_file_of_rejected_records_is_empty(tmp_path: Path) -> None:
    store = Store(tmp_path)
    files, _ = written(store, decided(store, [[candidate(0)], []]), None)
    assert (files[1].rows, files[1].bytes) == (0, 0)


def test_the_configs_own_wording_stands_with_its_format_and_language(tmp_path: Path) -> None:
    store = Store(tmp_path)
    parts = decided(store, [[candidate(0), candidate(1, "pot"), candidate(2, language="de")]])
    wording = WriteSettings({Format.COT: {"en": "Think first."}}, regenerate=False, trim=False)
    assert [row["instruction"] for row in written(store, parts, Split.TRAIN, wording)[1]] == [
        "Think first.",
        None,
        None,
    ]


DIALOGUE = [
    {"kind": "text", "text": "We add."},
    {"kind": "code", "text": "print(2)"},
    {"kind": "output", "text": "3"},
    {"kind": "code", "text": "print(4)"},
    {"kind": "output", "text": "5"},
    {"kind": "text", "text": "It is 4.\nI hope it helps!"},
]


def verified(store: Store, *rulings: dict[str, Any]) -> Store:
    """The judge's findings about the only part."""
    base = dict.fromkeys(RULING_SCHEMA.names) | {
        "verdict": "equal",
        "path": "number",
        "reference": "self",
        "programs": 0,
    }
    batch = pa.RecordBatch.from_pylist([base | ruling for ruling in rulings], schema=RULING_SCHEMA)
    write_batch(store.tags_path("verify-1", PartRef(0, "part0", 0, 0)), batch)
    return Store(store.root, reviewed=store.reviewed, verified="verify-1")


def test_an_example_holds_what_the_judge_found_of_its_own_candidate(tmp_path: Path) -> None:
    store = Store(tmp_path)
    parts = decided(store, [[candidate(row) for row in range(3)]], {SCREEN: [(0, LONG)]})
    judged = verified(
        store,
        {"index": 2, "answer": "4", "path": "text", "programs": 1, "trailing_chars": 5},
        {"index": 1, "answer": "2", "reference": "independent", "equations_checked": 3},
    )
    one, two = written(judged, parts, Split.TRAIN)[1]
    assert (one["answer"], two["answer"]) == ("2", "4")
    assert one["verification"] == {"verdict": "equal", "path": "number", "reference": "independent", "programs": 0}
    assert two["verification"] == {"verdict": "equal", "path": "text", "reference": "self", "programs": 1}
    assert [(row["quality"]["equations_checked"], row["quality"]["trailing_chars"]) for row in (one, two)] == [
        (3, None),
        (None, 5),
    ]


def test_a_kept_candidate_that_nobody_verified_is_a_broken_promise(tmp_path: Path) -> None:
    store = Store(tmp_path)
    parts = decided(store, [[candidate(0), candidate(1)]])
    with pytest.raises(AssertionError, match="nobody verified"):
        written(verified(store, {"index": 0}), parts, Split.TRAIN)


@pytest.mark.parametrize(
    ("regenerate", "trim", "texts"),
    [
        (False, False, ["We add.", "print(2)", "3", "print(4)", "5", "It is 4.\nI hope it helps!"]),
        (True, False, ["We add.", "print(2)", "2", "print(4)", "4", "It is 4.\nI hope it helps!"]),
        (False, True, ["We add.", "print(2)", "3", "print(4)", "5", "It is 4."]),
        (True, True, ["We add.", "print(2)", "2", "print(4)", "4", "It is 4."]),
    ],
)
def test_outputs_and_ends_are_changed_as_asked_and_facts_are_of_what_is_written(
    tmp_path: Path, regenerate: bool, trim: bool, texts: list[str]
) -> None:
    store = Store(tmp_path)
    parts = decided(store, [[candidate(0), candidate(1, "tir", segments=DIALOGUE)]])
    found = {"outputs": ["2\n", "4\n"], "cut": "\nI hope it helps!"}
    judged = verified(store, {"index": 0}, {"index": 1, **found})
    changing = WriteSettings(prompts={}, regenerate=regenerate, trim=trim)
    plain, dialogue = written(judged, parts, Split.TRAIN, changing)[1]
    assert [segment["text"] for segment in dialogue["segments"]] == texts
    assert dialogue["quality"]["solution_chars"] == sum(map(len, texts))
    assert plain["segments"] == candidate(0)["segments"]


def test_what_the_judge_stopped_and_a_person_accepted_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path, reviewed="reviews-1")
    accepted = {"decision": "accepted", "reviewer": "cleo", "adjudicated": False}
    reviews = {
        "index": pa.array([0, 1], pa.int32()),
        "overruled": [["answer_mismatch"], []],
        "corrected": [None, None],
        "selection": pa.array([accepted, None], SELECTION),
    }
    write_batch(store.tags_path("reviews-1", PartRef(0, "part0", 0, 0)), pa.RecordBatch.from_pydict(reviews))
    parts = decided(store, [[candidate(0, independent=True), candidate(1)]])
    stopped = {"index": 0, "reason": "answer_mismatch", "verdict": "not_equal", "programs": 2}
    one, other = written(verified(store, stopped, {"index": 1}), parts, Split.TRAIN)[1]
    assert one["verification"] == {"verdict": "equal", "path": "human", "reference": "independent", "programs": 2}
    assert (one["selection"]["reviewer"], other["selection"]) == ("cleo", None)
    assert other["verification"]["path"] == "number"


def test_measures_that_an_earlier_run_kept_are_not_taken_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = [candidate(row) for row in range(4)]
    parts = decided(store, [rows], {SCREEN: [(3, LONG)]})
    _, before = written(store, parts, Split.TRAIN)
    path = store.tags_path("quality-train", parts[0])
    kept = read_batch(path)
    assert kept.column("index").to_pylist() == [0, 1, 2]
    told = [{**measures, "steps": 77} for measures in kept.column("key").to_pylist()]
    columns = {"index": kept.column("index"), "key": pa.array(told, kept.column("key").type)}
    write_batch(path, pa.RecordBatch.from_pydict(columns))
    _, after = written(store, decided(store, [rows]), Split.TRAIN)
    assert [row["quality"]["steps"] for row in after] == [77, 77, 77, before[0]["quality"]["steps"]]

"""Equal inputs give equal bytes: whatever the workers, the cuts, and the order in which bundles happen to end."""

import random
from pathlib import Path
from typing import Any

import pytest

from pipelines.curate import curate
from pipelines.sources import inputs, render
from tests.tiny import config_of, data_bytes, gsm8k_row, marbles, read_streams, source, write_rows


def rows_with_everything() -> list[dict[str, Any]]:
    """Rows in shuffled order: duplicates, conflicts, problems of one template, unreadable ones."""
    rows = [*marbles(120), *marbles(20), *marbles(5)]
    rows += [gsm8k_row(row["question"], "So 1+1=<<1+1=2>>2.", 2) for row in marbles(6, start=50)]
    rows += [gsm8k_row(row["question"], "Guess.", "") for row in marbles(4)]
    random.Random(7).shuffle(rows)
    return rows


def settings(path: Path | str, **curate_table: Any) -> Any:
    caps = {"caps": {"template": 30}, "quotas": [{"where": {"format": "pot"}, "share": 0.2}]}
    table = {"heldout": 0.3, "balance": caps, "skip": ["verify"], "shard_mb": 1000, **curate_table}
    return config_of(source(Path(path), derive=["pot"]), **table)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", rows_with_everything())


@pytest.fixture(scope="module")
def straight(rows: Path) -> dict[str, bytes]:
    curate(settings(rows), rows.parent / "data")
    outcomes = {one["reason"] for one in read_streams(rows.parent / "data", "ledger/*.arrow")}
    assert {None, "exact_duplicate", "answer_conflict", "missing_field", "template_cap", "over_quota"} <= outcomes
    return data_bytes(rows.parent / "data")


def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 4 KB and stretches of 10 KB, where a run has 4 MB and 8 MB."""
    monkeypatch.setattr(render, "PART_BYTES", 4 << 10)
    whole = inputs.scan
    monkeypatch.setattr(inputs, "scan", lambda path, **given: whole(path, **{**given, "split_bytes": 10 << 10}))


def test_a_repeated_run_gives_the_same_bytes(rows: Path, straight: dict[str, bytes], tmp_path: Path) -> None:
    curate(settings(rows), tmp_path / "data")
    assert data_bytes(tmp_path / "data") == straight


def test_the_cuts_into_parts_and_stretches_do_not_show(
    rows: Path, straight: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_small(monkeypatch)
    curate(settings(rows), tmp_path / "data")
    assert len(list((tmp_path / "data/.work/keys").iterdir())) > 10
    assert data_bytes(tmp_path / "data") == straight


def test_two_files_hold_what_one_held(rows: Path, straight: dict[str, bytes], tmp_path: Path) -> None:
    lines = rows.read_text(encoding="utf-8").splitlines(keepends=True)
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "a.jsonl").write_text("".join(lines[:70]), encoding="utf-8")
    (folder / "b.jsonl").write_text("".join(lines[70:]), encoding="utf-8")
    curate(settings(folder), tmp_path / "data")
    two = data_bytes(tmp_path / "data")
    about_inputs = {"manifest.json", "README.md"}
    assert {name for name in straight if two.get(name) != straight[name]} == about_inputs
    assert set(two) == set(straight)


def test_another_seed_gives_another_split(rows: Path, straight: dict[str, bytes], tmp_path: Path) -> None:
    curate(settings(rows, seed=1), tmp_path / "data")
    assert data_bytes(tmp_path / "data") != straight


@pytest.mark.slow
def test_the_number_of_workers_does_not_show(
    rows: Path, straight: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_small(monkeypatch)
    for workers in (2, 3):
        curate(settings(rows), tmp_path / f"data{workers}", workers=workers)
        assert data_bytes(tmp_path / f"data{workers}") == straight


@pytest.mark.slow
def test_bundles_that_end_in_another_order_do_not_show(
    rows: Path, straight: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_small(monkeypatch)
    for seed in range(3):
        scattered = inputs.plan_inputs

        def plan(given: Any, code: str, seed: int = seed, scattered: Any = scattered) -> inputs.Inputs:
            planned = scattered(given, code)
            splits = list(planned.splits)
            random.Random(seed).shuffle(splits)
            return inputs.Inputs(tuple(splits), planned.files, planned.rows)

        monkeypatch.setattr("pipelines.curate.plan_inputs", plan)
        curate(settings(rows), tmp_path / f"data{seed}")
        assert data_bytes(tmp_path / f"data{seed}") == straight
        monkeypatch.setattr("pipelines.curate.plan_inputs", scattered)

"""Who stays within a quota, and what the manifest says that it came to."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.curate import curate
from pipelines.stages.balance import stage as balance
from schemas.manifest import Manifest
from schemas.requirements import Quota
from tests.tiny import config_of, read_streams, write_rows

SKIP = ["screen", "verify", "identify"]


def rows_of(
    folder: Path, rows: list[dict[str, Any]], quota: dict[str, Any], **columns: str
) -> tuple[list[int], Manifest]:
    """The rows that stay under a quota."""
    path = write_rows(folder / "rows.jsonl", rows)
    names = {"question": "q", "solution": "s", **columns}
    source = {
        "name": "mine",
        "path": str(path),
        "adapter": "columns",
        "format": "cot",
        "licence": "MIT",
        "columns": names,
    }
    quotas = {"quotas": [{"where": {"format": "cot"}, **quota}, {"where": {"language": "xx"}, "max": 5}]}
    manifest = curate(config_of(source, balance=quotas, skip=SKIP, wipeout={"limit": 1}), folder / "data")
    return sorted(one["source_row"] for one in read_streams(folder / "data", "shards/*.arrow")), manifest


def themes(number: int) -> list[dict[str, Any]]:
    """Many questions about apples, one each about other things: a random choice mostly sees apples."""
    common = [f"How many apples are in {n} red boxes of apples?" for n in range(number)]
    rare = ["What is the area of a circle?", "Which day follows Monday?", "Name a prime below ten!"]
    return [{"q": q, "s": f"It is {at}.", "good": at % 7, "said": ""} for at, q in enumerate([*common, *rare])]


def test_coverage_keeps_what_nothing_else_stands_for(tmp_path: Path) -> None:
    rows = themes(30)
    kept, manifest = rows_of(tmp_path, rows, {"max": 4, "select": "coverage"})
    assert len(kept) == 4
    assert {30, 31, 32} < set(kept)
    by_hash, _ = rows_of(tmp_path, rows, {"max": 4})
    assert not {30, 31, 32} <= set(by_hash)
    assert manifest.quotas[0] | {"where": {}} == {
        "where": {}, "max": 4, "share": None, "select": "coverage", "kept": 4, "kept_share": 1.0,
    }  # fmt: skip
    assert manifest.quotas[1]["kept"] == 0


def test_what_people_accepted_stays_before_what_covers(tmp_path: Path) -> None:
    rows = [{**row, "said": "accepted" if at in (3, 4) else ""} for at, row in enumerate(themes(30))]
    kept, _ = rows_of(tmp_path, rows, {"max": 3, "select": "coverage"}, decision="said")
    assert {3, 4} < set(kept)
    assert rows_of(tmp_path, rows, {"max": 1, "select": "coverage"}, decision="said")[0][0] in (3, 4)


def test_the_highest_scores_stay_and_rows_without_one_go_first(tmp_path: Path) -> None:
    rows = [{**row, "good": at if at < 31 else None} for at, row in enumerate(themes(30))]
    assert rows_of(tmp_path, rows, {"max": 3, "select": "score"}, score="good")[0] == [28, 29, 30]


def test_a_share_is_taken_of_all(tmp_path: Path) -> None:
    kept, manifest = rows_of(tmp_path, themes(37), {"share": 0.25, "select": "coverage"})
    assert len(kept) == manifest.quotas[0]["kept"] == 10


def test_beyond_the_sample_the_hash_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "SAMPLE", 10)
    monkeypatch.setattr(balance, "MOST", 5)
    assert len(rows_of(tmp_path, themes(30), {"max": 20, "select": "coverage"})[0]) == 20


def test_an_unknown_way_to_select_is_refused() -> None:
    with pytest.raises(ValueError, match="'hash', 'score' or 'coverage'"):
        Quota.model_validate({"where": {}, "max": 1, "select": "best"})

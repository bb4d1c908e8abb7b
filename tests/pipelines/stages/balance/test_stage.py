"""Who stays within a quota, and what the manifest says that it came to."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.curate import curate
from pipelines.engine.store import Store
from pipelines.stages.balance import stage as balance
from schemas.manifest import Manifest
from schemas.reason import Reason
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


def drawn_rows(chance: random.Random) -> pa.Table:
    """Rows of a few groups and problems, as a bound shuffles them."""
    rows = [
        {
            "key": bytes([chance.randrange(3)] * 16),
            "unit": bytes([chance.randrange(6)] * 16),
            "queue": chance.randrange(5),
            "accepted": chance.random() < 0.2,
            "matches": chance.random() < 0.8,
            "score": chance.choice([None, 1.0, 2.0]),
            "part": place % 3,
            "index": place,
        }
        for place in range(chance.randrange(1, 60))
    ]
    types = [pa.binary(16), pa.binary(16), pa.uint64(), pa.bool_(), pa.bool_(), pa.float64(), pa.int64(), pa.int32()]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(zip(rows[0], types, strict=True))))


def behind_one_by_one(rows: pa.Table, *, unit: str, limit: int) -> set[int]:
    """Who stands behind a limit, counted row by row."""

    def place(row: dict[str, Any]) -> tuple[object, ...]:
        score = float("inf") if row["score"] is None else -row["score"]
        return row["key"], not row["accepted"], score, row["queue"], row["part"], row["index"]

    taken: dict[bytes, list[object]] = {}
    behind = set()
    for row in sorted(rows.to_pylist(), key=place):
        units, own = taken.setdefault(row["key"], []), row["unit"] if unit == "problem" else row["index"]
        if row["matches"] and own not in units:
            units.append(own)
        if row["matches"] and units.index(own) >= limit:
            behind.add(row["index"])
    return behind


@pytest.mark.parametrize("unit", ["candidate", "problem"])
def test_who_stands_behind_a_bound_is_who_does_when_counted_one_by_one(unit: str) -> None:
    chance = random.Random(7)
    for _ in range(60):
        rows, limit = drawn_rows(chance), chance.randrange(4)
        bound = balance.Bound("cap-template", Reason.TEMPLATE_CAP, ("template",), unit=unit, limit=limit)
        tags = balance.ApplyBound(Store(Path("nowhere")), (), bound, 0).resolve(rows)
        assert set(tags.column("index").to_pylist()) == behind_one_by_one(rows, unit=unit, limit=limit)
        assert set(tags.column("detail").to_pylist()) <= {f"cap template: {limit} are kept"}

"""New data held against earlier data: what that has already is removed, and the manifest names its lineage."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.curate import curate
from schemas.exits import RunFailedError, UserError
from schemas.manifest import Manifest, read_manifest
from tests.tiny import config_of, gsm8k_row, marbles, read_streams, source, write_rows

STORY = "Every morning the old baker puts 12 warm rolls into each of 5 large baskets and carries all of them {} a shop."
LONG = gsm8k_row(STORY.format("to") + " How many rolls does he carry in total?", "12*5=<<12*5=60>>60 rolls.", 60)
NEAR = gsm8k_row(STORY.format("into") + " How many rolls does he carry in total?", "12*5=<<12*5=60>>60 rolls.", 60)
OTHER_NUMBERS = gsm8k_row(LONG["question"].replace("12", "14"), "14*5=<<14*5=70>>70 rolls.", 70)
EARLIER = [*marbles(4), LONG]


def made(folder: Path, rows: list[dict[str, Any]], *against: Path, **tables: Any) -> Manifest:
    school = source(write_rows(folder / "rows.jsonl", rows))
    settings = {"skip": ["verify"], "wipeout": {"limit": 1}, **tables}
    return curate(config_of(school, **settings), folder / "data", against=against)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("earlier")
    made(folder, EARLIER, heldout=0.4)
    return folder / "data"


def test_what_earlier_data_holds_is_removed_and_all_else_is_kept(earlier: Path, tmp_path: Path) -> None:
    rows = [marbles(1)[0], *marbles(1, start=4), NEAR, OTHER_NUMBERS, {**LONG, "question": LONG["question"].upper()}]
    manifest = made(tmp_path, rows, earlier)
    ids = {one["source_row"]: one["id"] for one in read_streams(earlier, "shards/*.arrow")}
    ended = {one["row"]: one for one in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert {row: (one["reason"], one["partner"]) for row, one in ended.items()} == {
        0: ("duplicate_of_earlier", ids[0]),
        1: (None, None),
        2: ("duplicate_of_earlier", ids[4]),
        3: (None, None),
        4: ("duplicate_of_earlier", ids[4]),
    }
    assert {one["stage"] for one in ended.values() if one["reason"]} == {"identify"}
    fingerprint = read_manifest(earlier).fingerprint
    assert manifest.lineage == [fingerprint]
    assert ended[2]["score"] > 0.7
    assert all(fingerprint[:12] in ended[row]["detail"] for row in (0, 2, 4))
    assert made(tmp_path / "alone", rows).counts.removed == 1  # of the copy in capitals and NEAR one stays


def test_earlier_data_outlives_what_a_human_accepted_but_not_another_answer(earlier: Path, tmp_path: Path) -> None:
    (held,) = [one for one in read_streams(earlier, "shards/*.arrow") if one["question"] == LONG["question"]]
    near = {"q": NEAR["question"], "s": held["segments"][0]["text"], "d": "accepted"}
    rows = [{**near, "a": answer} for answer in ("60", "61")]
    columns = {"question": "q", "solution": "s", "answer": "a", "decision": "d"}
    panel = source(write_rows(tmp_path / "p.jsonl", rows), adapter="columns", format="cot", columns=columns)
    curate(config_of(panel, skip=["verify"], wipeout={"limit": 1}), tmp_path / "data", against=[earlier])
    ended = {rows[one["row"]]["a"]: one["reason"] for one in read_streams(tmp_path / "data", "ledger/*.arrow")}
    assert ended["60"] == "duplicate_of_earlier"
    assert ended["61"] != "duplicate_of_earlier"


def test_several_earlier_data_sets_are_named_in_their_order(earlier: Path, tmp_path: Path) -> None:
    made(tmp_path / "more", [marbles(1)[0], *marbles(1, start=9)])
    more = tmp_path / "more" / "data"
    rows = [marbles(1)[0], *marbles(1, start=9), *marbles(1, start=30)]
    manifest = made(tmp_path, rows, more, earlier)
    assert manifest.lineage == [read_manifest(more).fingerprint, read_manifest(earlier).fingerprint]
    first = read_manifest(more).fingerprint[:12]
    ended = [one["detail"] for one in read_streams(tmp_path / "data", "ledger/*.arrow")]
    assert [first in str(detail) for detail in ended] == [True, True, False]


def test_folders_that_cannot_be_held_against_are_refused(earlier: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a data set"):
        made(tmp_path, EARLIER, tmp_path)
    with pytest.raises(UserError, match="the output itself"):
        made(tmp_path, EARLIER, tmp_path / "data")
    with pytest.raises(UserError, match="the stage `identify`"):
        made(tmp_path, EARLIER, earlier, skip=["identify"])
    assert not (tmp_path / "data").exists()


def test_a_shard_whose_bytes_have_changed_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = made(tmp_path / "old", EARLIER)
    shard = tmp_path / "old" / "data" / manifest.shards[0].path
    shard.write_bytes(shard.read_bytes()[:-8] + b"\x01" * 8)
    with pytest.raises(UserError, match="bytes changed since the manifest was written"):
        made(tmp_path, EARLIER, tmp_path / "old" / "data")
    monkeypatch.setattr("pipelines.stages.duplicates.earlier.require_whole", lambda *_: None)  # changed behind that
    with pytest.raises(RunFailedError, match="not those that the manifest names"):
        made(tmp_path, EARLIER, tmp_path / "old" / "data")


def test_a_manifest_that_was_edited_stops_the_run(tmp_path: Path) -> None:
    """Without its list of shards nothing would stand in earlier data, and everything would be kept again."""
    made(tmp_path / "old", EARLIER)
    path = tmp_path / "old" / "data" / "manifest.json"
    written = json.loads(path.read_text())
    path.write_text(json.dumps(written | {"shards": []}))
    with pytest.raises(UserError, match="its fingerprint is not that of its contents"):
        made(tmp_path, EARLIER, tmp_path / "old" / "data")
    path.write_text(json.dumps(written))
    assert made(tmp_path, EARLIER, tmp_path / "old" / "data").counts.kept == 0

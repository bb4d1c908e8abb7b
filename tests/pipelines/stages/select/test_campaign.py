"""Control items that stand in the sources: they weigh the people who rated them, and nobody trains on them."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.curate import curate
from schemas.exits import UserError
from tests.tiny import config_of, marbles, read_streams, write_rows
from validation.dataset.annotators import annotators

QUICK = ["screen", "verify", "identify"]
NAMES = {"question": "question", "solution": "answer", "annotator": "who", "decision": "said", "control": "test"}
RIGHT, WRONG = "2 + 3 = 5. The answer is \\boxed{5}.", "2 + 3 = 6. The answer is \\boxed{6}."


def vote(who: str, said: str, number: int, **fields: Any) -> dict[str, Any]:
    return {**marbles(number + 1)[number], "gold": None, "who": who, "said": said, "test": False, **fields}


def control(who: str, said: str, number: int, *, right: bool) -> dict[str, Any]:
    asked = {"question": f"What is 2 + 3 in round {number}?", "answer": RIGHT if right else WRONG, "gold": "5"}
    return {**asked, "who": who, "said": said, "test": True}


def ends(folder: Path, rows: list[dict[str, Any]], **settings: Any) -> dict[int, dict[str, Any]]:
    path = write_rows(folder / "rows.jsonl", rows)
    names = {**NAMES, "answer": "gold", **settings.pop("columns", {})}
    source = {"name": "mine", "path": str(path), "adapter": "columns", "format": "cot", "licence": "MIT"}
    settings |= {"wipeout": {"limit": 1}, "heldout": 0.0, "skip": QUICK, "people": {"names": "keep"}}
    made = config_of(source | {"columns": names}, **settings)
    curate(made, folder / "data")
    return {one["row"]: one for one in read_streams(folder / "data", "ledger/*.arrow")}


CONTROLS = [control("careful", "yes" if n % 2 else "no", n, right=n % 2 == 1) for n in range(8)]
CONTROLS += [control("hasty", "yes", n, right=n % 2 == 1) for n in range(8)]


def test_control_items_are_refused_and_weigh_who_rated_them(tmp_path: Path) -> None:
    found = ends(tmp_path, [*CONTROLS, vote("careful", "yes", 0), vote("hasty", "yes", 1)])
    assert {(found[row]["outcome"], found[row]["reason"]) for row in range(16)} == {("removed", "not_selected")}
    assert {found[row]["outcome"] for row in (16, 17)} == {"kept"}
    measured = annotators(tmp_path / "data")
    assert measured is not None
    weights = {name: one["weight"] for name, one in measured["annotators"].items()}
    assert weights == {"careful": 0.9, "hasty": 0.5}
    examples = {one["source_row"]: one["selection"] for one in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert (examples[16]["annotator"], examples[16]["votes"], examples[16]["adjudicated"]) == ("careful", 1, False)


def test_effort_and_time_of_a_source_reach_the_shard(tmp_path: Path) -> None:
    rows = [vote("ada", "yes", n, mode=("high", None)[n], at=n + 10) for n in range(2)]
    ends(tmp_path, rows, columns={"effort": "mode", "time": "at"})
    found = {one["source_row"]: one for one in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert [found[row]["effort"] for row in (0, 1)] == ["high", None]
    assert [found[row]["selection"]["time"] for row in (0, 1)] == [10.0, 11.0]


def test_weights_of_a_source_hold_in_files_of_reviews(tmp_path: Path) -> None:
    rows = [*CONTROLS, vote("careful", "no", 0, nr=7)]
    second = [{"nr": 7, "annotator": "hasty", "decision": "accepted"}]
    reviews = {"path": str(write_rows(tmp_path / "second.jsonl", second)), "key": "nr", "columns": {"row": "nr"}}
    assert ends(tmp_path, rows, reviews=[reviews])[16]["detail"] == "rejected by careful; accepted by hasty"
    swapped = [{**row, "who": {"careful": "hasty", "hasty": "careful"}[row["who"]]} for row in CONTROLS]
    assert ends(tmp_path, [*swapped, rows[-1]], reviews=[reviews])[16]["outcome"] == "kept"


def test_what_is_right_may_be_stated(tmp_path: Path) -> None:
    stated = [{**control("ada", "yes", n, right=True), "truth": "rejected"} for n in range(8)]
    ends(tmp_path, [*stated, vote("ada", "yes", 0)], columns={"expected": "truth"})
    measured = annotators(tmp_path / "data")
    assert measured is not None
    assert measured["annotators"]["ada"]["weight"] == pytest.approx(0.1)


def test_control_items_are_refused_where_selection_is_skipped(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [*CONTROLS, vote("careful", "yes", 0)])
    source = {"name": "mine", "path": str(path), "adapter": "columns", "format": "cot", "licence": "MIT"}
    skip = [*QUICK, "select"]
    settings = {"wipeout": {"limit": 1}, "skip": skip, "people": {"names": "keep"}}
    curate(config_of(source | {"columns": NAMES}, **settings), tmp_path / "data")
    assert [one["source_row"] for one in read_streams(tmp_path / "data", "shards/*.arrow")] == [16]
    assert annotators(tmp_path / "data") is None


def test_a_source_that_marks_nothing_votes_on_nothing(tmp_path: Path) -> None:
    ends(tmp_path, [vote("ada", "yes", n) for n in range(3)], columns={"control": None})
    assert annotators(tmp_path / "data") is None
    shards = read_streams(tmp_path / "data", "shards/*.arrow")
    assert {(one["selection"]["annotator"], one["selection"]["votes"]) for one in shards} == {("ada", None)}


def test_a_mark_that_no_record_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no field 'tset'"):
        ends(tmp_path, [vote("ada", "yes", 0)], columns={"control": "tset"})

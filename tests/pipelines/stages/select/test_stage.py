"""Reviews and the data set: what people decide changes what is kept, and nothing else is done again."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.cli.review_queue import write_queue
from pipelines.curate import curate
from pipelines.stages.select.stage import review_notes
from pipelines.validate import validate
from schemas.config import Config
from schemas.manifest import Manifest
from schemas.pseudonyms import People
from tests.tiny import config_of, data_bytes, gsm8k_row, marbles, read_lines, read_streams, source, write_rows

WRONG_END = gsm8k_row("Mia has 3 boxes of 7 pens. How many pens?", "3*7=<<3*7=21>>21 pens.", 24)
CONFLICT = gsm8k_row(marbles(1)[0]["question"], "2+5+1=<<2+5+1=8>>8.", 8)
ROWS = [*marbles(6), WRONG_END, CONFLICT]


QUICK = ["screen", "verify", "identify"]


def run(folder: Path, *reviews: Any, name: str = "data", **settings: Any) -> Manifest:
    rows = write_rows(folder / "rows.jsonl", [{**row, "nr": i} for i, row in enumerate(ROWS)])
    settings = {"wipeout": {"limit": 1}, "heldout": 0.0, "people": {"names": "keep"}} | settings
    config = config_of(source(rows, derive=["pot"]), reviews=list(reviews), **settings)
    return curate(config, folder / name)


def ends(folder: Path, name: str = "data") -> dict[int, dict[str, Any]]:
    ledger = read_streams(folder / name, "ledger/*.arrow")
    return {one["row"]: one for one in ledger if one["format"] == "cot"}


def fill_in(queue: Path, decision: str) -> None:
    write_rows(queue, [{**row, "decision": decision} for row in read_lines(queue)])


def by_nr(path: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"path": str(write_rows(path, rows)), "key": "nr", "columns": {"row": "nr"}}


def test_accepted_rows_of_the_queue_come_back_and_stay(tmp_path: Path) -> None:
    run(tmp_path)
    assert ends(tmp_path)[6]["reason"] == "rationale_mismatch"
    assert ends(tmp_path)[7]["reason"] == "answer_conflict"
    queue = tmp_path / "queue.jsonl"
    write_queue(tmp_path / "data", queue)
    fill_in(queue, "accepted")
    run(tmp_path, str(queue))
    after = ends(tmp_path)
    assert [after[row]["outcome"] for row in range(8)] == ["kept"] * 8
    assert after[6]["detail"].startswith("rationale_mismatch, overruled by a person: ")
    examples = {(one["source_row"], one["format"]): one for one in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert {examples[6, one]["verification"]["path"] for one in ("cot",)} == {"human"}
    assert examples[6, "cot"]["selection"]["decision"] == "accepted"
    assert examples[2, "cot"]["verification"]["path"] != "human"
    before = data_bytes(tmp_path / "data")
    run(tmp_path, str(queue))
    assert data_bytes(tmp_path / "data") == before
    assert write_queue(tmp_path / "data", tmp_path / "second.jsonl").total() == 0


def test_an_unfinished_queue_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    before = ends(tmp_path)
    write_queue(tmp_path / "data", tmp_path / "queue.jsonl")
    run(tmp_path, str(tmp_path / "queue.jsonl"))
    assert ends(tmp_path) == before


def test_rejected_rows_go_and_the_conflict_goes_with_them(tmp_path: Path) -> None:
    run(tmp_path, by_nr(tmp_path / "said.jsonl", {"nr": 7, "decision": "no", "reviewer": "cleo"}))
    after = ends(tmp_path)
    assert (after[7]["reason"], after[7]["detail"]) == ("not_selected", "rejected by cleo")
    assert after[0]["outcome"] == "kept"


def test_a_review_of_an_unknown_row_is_told_and_stops_nothing(tmp_path: Path) -> None:
    known, unknown = {"row_id": "x" * 32, "decision": "accepted"}, {"nr": 99, "decision": "rejected"}
    path = write_rows(tmp_path / "ids.jsonl", [known])
    manifest = run(
        tmp_path, str(path), by_nr(tmp_path / "said.jsonl", unknown, {"nr": 2, "decision": "accepted"}), skip=QUICK
    )
    said = read_streams(tmp_path / "data", "reviews.arrow")
    assert [(one["row"], one["known"]) for one in said] == [("x" * 32, False), ("99", False), ("2", True)]
    assert review_notes(tmp_path / "data") == [
        "3 decisions of reviews were joined",
        f"2 of them for rows that are not in the sources: {'x' * 32}, 99",
    ]
    assert {str(path), str(tmp_path / "said.jsonl")} < {file.path for file in manifest.inputs}


def test_a_decision_about_a_row_that_has_changed_since_is_told_and_not_applied(tmp_path: Path) -> None:
    run(tmp_path, skip=QUICK)
    ids = {row["row"]: row["row_id"] for row in read_streams(tmp_path / "data", "ledger/*.arrow")}
    by_id = [{"row_id": "e" * 32, "source": "school", "row": 3, "decision": "rejected", "annotator": "ada"}]
    by_key = [
        {"nr": at, "row_id": "f" * 32 if at == 1 else ids[at], "decision": "rejected", "annotator": "ada"}
        for at in (1, 2)
    ]
    path = write_rows(tmp_path / "ids.jsonl", by_id)
    run(tmp_path, str(path), by_nr(tmp_path / "said.jsonl", *by_key), skip=QUICK)
    said = read_streams(tmp_path / "data", "reviews.arrow")
    assert [(review["known"], review["changed"]) for review in said] == [(False, True), (False, True), (True, False)]
    assert [review["row_id"] for review in said] == [None, ids[1], ids[2]]
    assert review_notes(tmp_path / "data") == [
        "3 decisions of reviews were joined",
        "2 of them for rows that have changed since, and not applied: school:3, 1",
    ]
    assert [row for row, end in ends(tmp_path).items() if end["reason"] == "not_selected"] == [2]


def test_a_corrected_answer_stands_in_the_shard_as_a_persons(tmp_path: Path) -> None:
    run(tmp_path)
    wrong = {row: end for row, end in ends(tmp_path).items() if end["reason"] == "answer_conflict"}
    assert set(wrong) == {0, 7}
    line = {"nr": 0, "reviewer": "ada", "reason": "answer_conflict", "corrected": {"answer": "7.0"}}
    run(tmp_path, by_nr(tmp_path / "said.jsonl", line, {**line, "nr": 7, "corrected": None, "decision": "rejected"}))
    kept = {
        row["source_row"]: row for row in read_streams(tmp_path / "data", "shards/*.arrow") if row["format"] == "cot"
    }
    assert (kept[0]["answer"], kept[1]["answer"]) == ("7.0", "9")
    assert kept[0]["verification"] == {"verdict": "equal", "path": "human", "reference": "independent", "programs": 0}
    assert kept[1]["verification"]["path"] != "human"
    assert (kept[0]["selection"]["reviewer"], kept[0]["selection"]["decision"]) == ("ada", "accepted")


def test_undecided_reviews_are_counted_apart(tmp_path: Path) -> None:
    said = by_nr(tmp_path / "said.jsonl", {"nr": 1, "decision": "unsure", "comment": "which year?"})
    run(tmp_path, said, skip=QUICK)
    assert review_notes(tmp_path / "data") == [
        "0 decisions of reviews were joined",
        "1 more say that nothing was decided: unsure, skipped or undone",
    ]
    (review,) = read_streams(tmp_path / "data", "reviews.arrow")
    assert (review["comment"], review["decided"], review["known"]) == ("which year?", None, True)
    assert ends(tmp_path)[1]["outcome"] == "kept"


def test_control_items_are_never_trained_on(tmp_path: Path) -> None:
    said = {"nr": 3, "annotator": "ada", "decision": "accepted", "expected": "accepted"}
    run(tmp_path, by_nr(tmp_path / "said.jsonl", said), skip=QUICK)
    assert ends(tmp_path)[3]["reason"] == "not_selected"
    assert "control item" in ends(tmp_path)[3]["detail"]


@pytest.mark.parametrize(
    ("settings", "row", "reason", "rule"),
    [
        ({"min_votes": 3}, 2, "low_agreement", "votes_few"),
        ({"min_votes": 2}, 2, None, None),
        ({"min_agreement": 0.9}, 3, "low_agreement", "votes_differ"),
        ({}, 4, "low_agreement", "votes_tied"),
        ({"require_review": True}, 5, "not_selected", None),
        ({"require_review": True}, 2, None, None),
    ],
)
def test_votes_agreement_and_review_are_asked_for(
    tmp_path: Path, settings: dict[str, Any], row: int, reason: str | None, rule: str | None
) -> None:
    votes = [{"nr": 2, "annotator": name, "decision": "accepted"} for name in ("ada", "bo")]
    votes += [
        {"nr": 3, "annotator": name, "answer": answer} for name, answer in zip("abc", ("12", "13", "13.0"), strict=True)
    ]
    votes += [{"nr": 4, "annotator": name, "decision": said} for name, said in (("ada", "yes"), ("bo", "no"))]
    run(tmp_path, by_nr(tmp_path / "said.jsonl", *votes), select=settings, skip=QUICK)
    assert (ends(tmp_path)[row]["reason"], ends(tmp_path)[row]["rule"]) == (reason, rule)


def test_what_people_accepted_outlives_its_equal(tmp_path: Path) -> None:
    twin = {**ROWS[1], "answer": ROWS[1]["answer"] + " "}
    rows = write_rows(tmp_path / "twins.jsonl", [{**ROWS[1], "nr": 0}, {**twin, "nr": 1}])
    said = by_nr(tmp_path / "said.jsonl", {"nr": 1, "annotator": "ada", "decision": "accepted"})
    for reviews, survivor in (([], 0), ([said], 1)):
        curate(config_of(source(rows), reviews=reviews, wipeout={"limit": 1}, skip=QUICK), tmp_path / "twins")
        assert [row for row, one in ends(tmp_path, "twins").items() if one["outcome"] == "kept"] == [survivor]


def test_adjudicated_rows_are_marked_in_ledger_and_shards(tmp_path: Path) -> None:
    votes = [{"nr": 2, "annotator": name, "decision": "rejected"} for name in ("ada", "bo")]
    run(
        tmp_path,
        by_nr(tmp_path / "said.jsonl", *votes, {"nr": 2, "reviewer": "cleo", "decision": "accepted"}),
        skip=QUICK,
    )
    kept = ends(tmp_path)[2]
    assert (kept["outcome"], kept["detail"]) == ("kept", "adjudicated by cleo over 2 votes")
    assert {row: one["rule"] for row, one in ends(tmp_path).items() if one["rule"]} == {2: "adjudicated"}
    said = {one["source_row"]: one["selection"] for one in read_streams(tmp_path / "data", "shards/*.arrow")}
    assert {row: one and one["adjudicated"] for row, one in said.items()} == {row: row == 2 or None for row in said}


def published(folder: Path) -> bytes:
    """Every byte of a data set but the rejected rows, which stand as they came."""
    paths = (path for path in sorted(folder.rglob("*")) if not {".work", "rejected"} & {*path.parts})
    files = [path for path in paths if path.is_file()]
    streams = (pa.ipc.open_stream(path).read_all() for path in files if path.suffix == ".arrow")
    return b"".join(path.read_bytes() for path in files) + b"".join(str(rows.to_pylist()).encode() for rows in streams)


def test_people_are_published_by_pseudonyms_that_stay_and_by_name_only_where_that_is_asked(tmp_path: Path) -> None:
    votes = [{"nr": 2, "annotator": name, "decision": "rejected"} for name in ("zebedee", "yolanda")]
    said = by_nr(tmp_path / "said.jsonl", *votes, {"nr": 2, "reviewer": "xanthippe", "decision": "accepted"})
    names = ("zebedee", "yolanda", "xanthippe")
    for name, people in (("data", {}), ("again", {}), ("named", {"names": "keep"})):
        run(tmp_path, said, name=name, people=people)
        validate(tmp_path / name, Config())
        content = published(tmp_path / name)
        assert [person.encode() in content for person in names] == [name == "named"] * 3
        assert (str(People().called("xanthippe")).encode() in content) == (name != "named")
    assert ends(tmp_path) == ends(tmp_path, "again")
    assert ends(tmp_path)[2]["detail"] == f"adjudicated by {People().called('xanthippe')} over 2 votes"


def test_a_key_of_pseudonyms_stands_in_no_file(tmp_path: Path) -> None:
    said = by_nr(tmp_path / "said.jsonl", {"nr": 2, "annotator": "zebedee", "decision": "accepted"})
    run(tmp_path, said, people={"key": "between us"})
    files = [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert not any(b"between us" in content for content in files)
    assert str(People(key="between us").called("zebedee")).encode() in published(tmp_path / "data")

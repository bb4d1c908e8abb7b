from collections import Counter
from pathlib import Path

import pytest

from pipelines.cli.review_queue import print_queue, write_queue
from pipelines.review.applying import applying
from pipelines.review.causes import Group
from schemas.exits import UserError
from schemas.reason import RULES, Outcome, Reason
from tests.tiny import SCHOOL, read_lines, read_streams, write_rows


def test_quarantined_rows_stand_grouped_by_cause_with_their_records(tiny_data: Path, tmp_path: Path) -> None:
    causes = write_queue(tiny_data, tmp_path / "queue.jsonl")
    queue = read_lines(tmp_path / "queue.jsonl")
    assert {group.name: number for group, number in causes.items()} == Counter(row["group"] for row in queue)
    assert all(RULES[Reason(row["reason"])].outcome is Outcome.QUARANTINED for row in queue)
    quarantined = {
        row["row_id"] for row in read_streams(tiny_data, "ledger/*.arrow") if row["outcome"] == "quarantined"
    }
    assert {row["row_id"] for row in queue} == quarantined
    conflict = {row["row"]: row for row in queue if row["reason"] == "answer_conflict" and row["source"] == "school"}
    assert conflict[1]["record"] == SCHOOL[1]
    assert conflict[11]["record"] == SCHOOL[11]
    assert {row["decision"] for row in queue} == {None}


def test_the_largest_cause_comes_first_and_causes_stay_together(tiny_data: Path, tmp_path: Path) -> None:
    write_queue(tiny_data, tmp_path / "queue.jsonl")
    order = [row["reason"] for row in read_lines(tmp_path / "queue.jsonl")]
    causes = Counter(order)
    assert order == sorted(order, key=lambda reason: (-causes[reason], reason))


def test_a_row_of_which_only_a_later_solution_is_doubtful_is_asked_about_too(tiny_data: Path, tmp_path: Path) -> None:
    why = {"id": "ab-cot", "source": "s", "row": 0, "format": "cot", "outcome": "removed", "reason": "no_answer"}
    also = {"id": "ab-pot", "source": "s", "row": 0, "format": "pot", "outcome": "quarantined"}
    also["reason"] = "answer_unknown"
    (tmp_path / "data/rejected").mkdir(parents=True)
    (tmp_path / "data/manifest.json").write_bytes((tiny_data / "manifest.json").read_bytes())
    write_rows(tmp_path / "data/rejected/rejected.jsonl", [{"q": "?", "_mathmill": {**why, "also": [also]}}])
    assert write_queue(tmp_path / "data", tmp_path / "queue.jsonl") == {Group("answer_unknown"): 1}
    (asked,) = read_lines(tmp_path / "queue.jsonl")
    assert (asked["row_id"], asked["id"], asked["record"]) == ("ab", "ab-pot", {"q": "?"})


def test_one_answer_settles_a_group(tiny_data: Path, tmp_path: Path) -> None:
    queue = tmp_path / "queue.jsonl"
    (group, *_) = write_queue(tiny_data, queue)
    write_queue(tiny_data, queue, accept=[group.name], by="ada")
    rows = read_lines(queue)
    said = {(row["group"] == group.name, row["decision"], row["reviewer"]) for row in rows}
    assert said <= {(True, "accepted", "ada"), (False, None, None)}
    assert (True, "accepted", "ada") in said


def test_a_group_that_is_not_there_is_refused(tiny_data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no group answer_unknown-beef; the groups are"):
        write_queue(tiny_data, tmp_path / "queue.jsonl", accept=["answer_unknown-beef"])
    assert not (tmp_path / "queue.jsonl").exists()
    (group, *_) = write_queue(tiny_data, tmp_path / "queue.jsonl")
    with pytest.raises(UserError, match="stands in both"):
        write_queue(tiny_data, tmp_path / "queue.jsonl", accept=[group.name], reject=[group.name])


def test_the_screen_says_how_many_of_a_cause_one_answer_settles(
    tiny_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = Group("low_agreement", "votes_few", example="1 votes")
    other = Group("low_agreement", "votes_tied", example="[2] votes stand equal")
    print_queue(Counter({unit: 38_112, other: 1_888}), Path("queue.jsonl"), tiny_data)
    shown = capsys.readouterr().out
    assert "38,112 of 40,000" in shown
    assert f"--accept {unit.name}" in shown
    assert "votes tied · [2] votes stand equal" in shown
    assert shown.rstrip().endswith(f"  {applying(tiny_data, Path('queue.jsonl'))}")

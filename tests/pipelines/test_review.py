from collections import Counter
from pathlib import Path

from pipelines.review import write_queue
from schemas.reason import RULES, Outcome, Reason
from tests.tiny import SCHOOL, read_lines, read_streams, write_rows


def test_quarantined_rows_stand_grouped_by_cause_with_their_records(tiny_data: Path, tmp_path: Path) -> None:
    causes = write_queue(tiny_data, tmp_path / "queue.jsonl")
    queue = read_lines(tmp_path / "queue.jsonl")
    assert causes == Counter(row["reason"] for row in queue)
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
    causes = write_queue(tiny_data, tmp_path / "queue.jsonl")
    order = [row["reason"] for row in read_lines(tmp_path / "queue.jsonl")]
    assert order == sorted(order, key=lambda reason: (-causes[reason], reason))


def test_a_row_of_which_only_a_later_solution_is_doubtful_is_asked_about_too(tiny_data: Path, tmp_path: Path) -> None:
    why = {"id": "ab-cot", "source": "s", "row": 0, "format": "cot", "outcome": "removed", "reason": "no_answer"}
    also = {"id": "ab-pot", "source": "s", "row": 0, "format": "pot", "outcome": "quarantined"}
    also["reason"] = "answer_unknown"
    (tmp_path / "data/rejected").mkdir(parents=True)
    (tmp_path / "data/manifest.json").write_bytes((tiny_data / "manifest.json").read_bytes())
    write_rows(tmp_path / "data/rejected/rejected.jsonl", [{"q": "?", "_mathmill": {**why, "also": [also]}}])
    assert write_queue(tmp_path / "data", tmp_path / "queue.jsonl") == {"answer_unknown": 1}
    (asked,) = read_lines(tmp_path / "queue.jsonl")
    assert (asked["row_id"], asked["id"], asked["record"]) == ("ab", "ab-pot", {"q": "?"})

import json
from collections import Counter
from pathlib import Path

import pytest

from pipelines.review.opened import OpenedData, opened_data
from pipelines.review.queues import KEPT, audit, doubtful, quarantined, read_controls, read_listed
from schemas.exits import UserError
from schemas.problem import Decision


def reasons(data: OpenedData, places: list[int]) -> list[str | None]:
    return [data.row(int(place))["reason"] for place in places]


def test_the_quarantined_rows_are_asked_about_once_each(opened: OpenedData) -> None:
    queue = quarantined(opened)
    rows = [opened.row(int(place)) for place in queue.places]
    assert len({row["row_id"] for row in rows}) == len(rows) == queue.asked == 24
    assert {row["outcome"] for row in rows} == {"quarantined"}


def test_one_row_of_several_formats_is_one_question(tiny_data: Path) -> None:
    with opened_data(tiny_data) as data:
        queue = quarantined(data)
        ids = [data.row(int(place))["row_id"] for place in queue.places]
        assert len(ids) == len(set(ids)) == 2
        several = [row for row in data.ledger.to_pylist() if row["row_id"] == ids[0]]
        assert len(several) > 1


def test_an_audit_draws_as_many_of_each_reason_and_of_what_was_kept(opened: OpenedData, tiny_data: Path) -> None:
    queue = audit(opened, 5)
    drawn = Counter(queue.groups[group].reason for group in queue.group_of)
    assert drawn == {"arithmetic_error": 5, KEPT: 5}
    assert queue.places.tolist() == audit(opened, 5).places.tolist()
    assert queue.places.tolist() != audit(opened, 5, seed=1).places.tolist()
    with opened_data(tiny_data) as data:
        queue = audit(data, 1)
        named = [queue.groups[group].reason for group in queue.group_of]
        assert [reason or KEPT for reason in reasons(data, list(queue.places))] == named
        assert len(set(named)) == len(named) > 5


def test_what_a_run_found_hard_comes_first_among_the_doubtful(opened: OpenedData) -> None:
    kept = [row["id"] for row in opened.ledger.to_pylist() if row["outcome"] == "kept"]
    queue = doubtful(opened, [kept[4], "nobody", kept[2]])
    assert [opened.row(int(place))["id"] for place in queue.places][:2] == [kept[4], kept[2]]


def test_control_items_stand_behind_the_others_and_are_not_asked_twice(opened: OpenedData) -> None:
    row_id = opened.row(int(quarantined(opened).places[7]))["row_id"]
    queue = quarantined(opened, {row_id: Decision.REJECTED, "nobody": Decision.ACCEPTED})
    assert queue.asked == 23
    assert queue.controls == {23: Decision.REJECTED}
    assert opened.row(int(queue.places[23]))["row_id"] == row_id


def test_lists_are_read_line_by_line_and_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    path.write_text('{"id": "a-cot", "below": 2.5}\n\n{"id": "b-cot"}\n')
    assert read_listed(path) == ["a-cot", "b-cot"]
    path.write_text('{"id": "a-cot"}\n{"other": 1}\n')
    with pytest.raises(UserError, match="line 2: no id"):
        read_listed(path)
    path.write_text(json.dumps({"row_id": "a", "expected": "rejected"}) + "\n")
    assert read_controls(path) == {"a": Decision.REJECTED}
    path.write_text(json.dumps({"row_id": "a", "expected": "maybe"}) + "\n")
    with pytest.raises(UserError, match="line 1: expected is accepted or rejected, not 'maybe'"):
        read_controls(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_controls(tmp_path / "nowhere.jsonl")

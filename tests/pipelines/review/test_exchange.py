import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.review.desk import FACTS
from pipelines.review.exchange import LABELS, imported, read_decisions, rows_to_ask, write_table, write_tasks
from pipelines.review.journal import Journal
from pipelines.review.opened import OpenedData
from pipelines.review.queues import quarantined
from pipelines.stages.select.decided import read_reviews
from schemas.exits import UserError
from schemas.reviews import Reviews
from tests.tiny import read_lines, write_rows


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "decisions.jsonl") as opened:
        yield opened


def annotation(decision: str | None, who: object = 7, **more: Any) -> dict[str, Any]:
    """An annotation as Label Studio exports it."""
    result = [{"from_name": "decision", "type": "choices", "value": {"choices": [decision]}}] if decision else []
    result += [{"from_name": name, "type": "textarea", "value": {"text": [text]}} for name, text in more.items()]
    facts = {"completed_by": who, "created_at": "2026-11-29T10:00:00.123456Z", "lead_time": 4.5, "was_cancelled": False}
    return {"id": 1, "result": result, **facts}


def test_tasks_go_to_label_studio_and_its_export_comes_back(
    opened: OpenedData, journal: Journal, tmp_path: Path
) -> None:
    path = tmp_path / "tasks.json"
    assert write_tasks(path, rows_to_ask(opened, quarantined(opened))) == 24
    tasks = json.loads(path.read_text())
    first = tasks[0]["data"]
    assert (first["group"], first["reference"]) == ("arithmetic_error", "19")
    assert first["question"].startswith("Depot 0 holds 12 pallets")
    tasks[0]["annotations"] = [annotation("accepted", {"id": 3, "email": "ana@mill.example"}, comment="fine")]
    tasks[1]["annotations"] = [annotation("rejected"), annotation(None, 8), annotation(None, 9, corrected="24")]
    tasks[2]["annotations"] = [{**annotation("rejected"), "was_cancelled": True}]
    path.write_text(json.dumps(tasks))
    assert imported(opened, journal, read_decisions(path).decisions) == (4, 0)
    assert imported(opened, journal, read_decisions(path).decisions) == (0, 4)
    lines = read_lines(journal.path)
    assert [(line.get("annotator"), line.get("reviewer"), line["decision"]) for line in lines] == [
        ("ana@mill.example", None, "accepted"),
        ("user 7", None, "rejected"),
        ("user 8", None, "unsure"),
        (None, "user 9", "accepted"),
    ]
    assert (lines[0]["comment"], lines[0]["seconds"], lines[0]["reason"]) == ("fine", 4.5, "arithmetic_error")
    assert lines[3]["corrected"] == {"answer": "24"}
    table, _ = read_reviews([str(journal.path)])
    assert table["decision"].to_pylist() == ["accepted", "rejected", None, "accepted"]
    for name in ("question", "decision", "comment", "corrected"):
        assert f'name="{name}"' in LABELS


def test_a_table_is_filled_in_and_comes_back(opened: OpenedData, journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    assert write_table(path, rows_to_ask(opened, quarantined(opened))) == 24
    with path.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    rows[0] |= {"decision": "yes", "annotator": "ana", "comment": "'=sum"}
    rows[1] |= {"corrected": "'-3", "annotator": "ben"}
    rows[2] |= {"decision": "skip"}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    assert imported(opened, journal, read_decisions(path).decisions) == (3, 0)
    first, second, third = read_lines(journal.path)
    assert (first["decision"], first["annotator"], first["comment"]) == ("accepted", "ana", "=sum")
    assert (second["decision"], second["reviewer"], second["corrected"]) == ("accepted", "ben", {"answer": "-3"})
    assert (third["decision"], third["annotator"]) == ("skip", "somebody")
    found, _ = read_reviews([Reviews(path=str(path))])
    assert found["decision"].to_pylist() == ["accepted", None]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_no_cell_is_a_formula_to_a_spreadsheet(tmp_path: Path, start: str) -> None:
    path = tmp_path / "queue.csv"
    write_table(path, iter([{"row_id": "a", "question": f"{start}cmd|' /C calc'!A0", "reference": "2"}]))
    with path.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["question"] == f"'{start}cmd|' /C calc'!A0"
    assert row["reference"] == "2"


def test_a_journal_that_a_kill_cut_comes_in_up_to_its_last_whole_act(tmp_path: Path) -> None:
    lines = [{"row_id": "a", "decision": "accepted", "comment": "π"}]
    lines += [{"row_id": name, "decision": "rejected", "act": "2", "together": 2} for name in "bc"]
    path = write_rows(tmp_path / "decisions.jsonl", lines)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        incoming = read_decisions(path)
        ended = cut == len(whole) - 1
        assert [row["row_id"] for _, row in incoming.decisions] == (["a", "b", "c"] if ended else ["a"])
        assert incoming.torn == (0 if ended else cut - first)
    path.write_text(json.dumps(lines[:1], indent=1))  # a document without its last line end is whole
    assert [row["row_id"] for _, row in read_decisions(path).decisions] == ["a"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.json", "{", "cannot be read: line 1: not JSON"),
        ("x.json", "[1]", "entry 1: an object is expected, not int"),
        ("x.csv", "decision\nyes\n", "neither JSON nor a table with a column row_id"),
        ("x.jsonl", '{"row_id": "a", "decision": "perhaps"}\n', "entry 1: decision is accepted, rejected or unsure"),
        ("x.jsonl", "{not json\n", "cannot be read: line 1: not JSON"),
        ("x.jsonl", None, "cannot be read: No such file"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path, name: str, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=told):
        read_decisions(tmp_path / name)


def test_a_decision_that_names_its_row_alone_is_about_what_is_in_question_there(
    opened: OpenedData, journal: Journal, tmp_path: Path
) -> None:
    row = opened.row(int(quarantined(opened).places[0]))
    path = write_rows(tmp_path / "x.jsonl", [{"meta": {"row_id": row["row_id"]}, "answer": "accept"}])
    assert imported(opened, journal, read_decisions(path).decisions) == (1, 0)
    (line,) = read_lines(journal.path)
    assert {name: line[name] for name in FACTS} == {name: row[name] for name in FACTS}


def test_what_a_page_without_a_server_settled_at_once_comes_back_whole(
    opened: OpenedData, journal: Journal, tmp_path: Path
) -> None:
    rows = [opened.row(int(place)) for place in quarantined(opened).places[:3]]
    settled = {"decision": "rejected", "annotator": "ana", "act": "0f", "together": 3}
    path = write_rows(tmp_path / "x.jsonl", [settled | {"row_id": row["row_id"]} for row in rows])
    incoming = read_decisions(path).decisions
    assert imported(opened, journal, incoming[:2]) == (2, 0)
    assert imported(opened, journal, incoming) == (1, 2)
    with Journal(journal.path) as again:
        assert len([*again.lines()]) == 3


def test_a_journal_of_another_server_comes_without_what_was_taken_back(tmp_path: Path) -> None:
    lines = [
        {"row_id": "a" * 32, "decision": "accepted", "annotator": "ana", "act": "1"},
        {"row_id": "a" * 32, "decision": "undone", "annotator": "ana", "act": "2", "undoes": "1"},
        {"row_id": "b" * 32, "decision": "rejected", "annotator": "ana", "act": "3"},
    ]
    found = read_decisions(write_rows(tmp_path / "decisions.jsonl", lines)).decisions
    assert [(where, entry["act"]) for where, entry in found] == [("line 3", "3")]


def test_decisions_of_another_data_set_are_refused_and_of_changed_rows_left_out(
    opened: OpenedData, journal: Journal, tmp_path: Path
) -> None:
    other = {"row_id": "f" * 32, "decision": "accepted", "annotator": "ana"}
    path = write_rows(tmp_path / "x.jsonl", [other])
    with pytest.raises(UserError, match="none of these 1 decisions is about a row of"):
        imported(opened, journal, read_decisions(path).decisions)
    here = {**other, "row_id": opened.row(0)["row_id"]}
    path = write_rows(tmp_path / "x.jsonl", [other, here])
    assert imported(opened, journal, read_decisions(path).decisions) == (1, 0)

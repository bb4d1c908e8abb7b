"""Exports as each tool writes them, in small; what is said in them about one row."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.review.exchange import read_decisions
from schemas.exits import UserError
from tests.tiny import write_rows

ROW = "0123456789abcdef0123456789abcdef"
HEAD = "row_id;id;decision;annotator;comment"
CELLS = f"{ROW};{ROW}-cot;Accepted;José;schön, wirklich"


def read(path: Path, content: object) -> list[dict[str, Any]]:
    """The decisions of a file: of bytes, or of a value as JSON."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return [entry for _, entry in read_decisions(path).decisions]


def said(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(entry["row_id"], entry.get("annotator"), entry.get("reviewer"), entry["decision"]) for entry in entries]


def annotated(choice: str, who: object, **more: Any) -> dict[str, Any]:
    choices = {"from_name": "decision", "to_name": "question", "type": "choices", "value": {"choices": [choice]}}
    return {"id": 1, "completed_by": who, "result": [choices], "was_cancelled": False, "ground_truth": False, **more}


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEAD}\r\n{CELLS}\r\n;;;;\r\n".encode(),
        f"{HEAD}\r\n{CELLS}\r\n".encode("cp1252"),
        f"sep=;\r\n{HEAD}\r\n{CELLS}\r\n".encode(),
        f"{HEAD}\n{CELLS}\n".replace(";", "\t").encode("utf-16"),
        f"{HEAD}\r{CELLS}\r".encode(),
        f'ROW_ID, Id ,Decision,Annotator,Comment\r\n{ROW},{ROW}-cot,accept,José,"schön, wirklich"\r\n'.encode(),
    ],
    ids=["excel", "excel-ansi", "sep", "excel-unicode", "old-mac", "commas"],
)
def test_a_table_is_read_however_a_spreadsheet_saved_it(tmp_path: Path, content: bytes) -> None:
    (entry,) = read(tmp_path / "filled in.CSV", content)
    assert said([entry]) == [(ROW, "José", None, "accepted")]
    assert entry["comment"] == "schön, wirklich"


def test_an_id_that_a_spreadsheet_took_for_a_number_is_read_from_the_candidates(tmp_path: Path) -> None:
    content = f"row_id,id,decision\n1.23E+31,{ROW}-cot,TRUE\n".encode()
    assert said(read(tmp_path / "x.csv", content)) == [(ROW, "somebody", None, "accepted")]


def test_label_studio_annotations_are_votes_and_its_ground_truth_is_a_ruling(tmp_path: Path) -> None:
    late, early = ({"updated_at": f"2026-11-29T1{hour}:00:00Z"} for hour in (2, 1))
    task = {
        "id": 17,
        "data": {"row_id": ROW, "id": f"{ROW}-cot", "reason": "arithmetic_error"},
        "annotations": [
            annotated("rejected", 3, lead_time=None, **late),
            annotated("accepted", 3, lead_time=12.345, draft_created_at=None, **early),
            annotated("accepted", {"id": 4, "email": "ben@mill.example", "first_name": "Ben"}, lead_time=-2),
            annotated("rejected", {"id": 5, "email": ""}, was_cancelled=True),
            annotated("unsure", {"id": 6}, ground_truth=True),
        ],
        "drafts": [annotated("rejected", 9)],
        "predictions": [annotated("rejected", None)],
        "meta": {},
    }
    found = read(tmp_path / "project-7-at-2026-11-29-10-00-1a2b3c4d.json", [task, {**task, "annotations": []}])
    assert said(found) == [
        (ROW, "ben@mill.example", None, "accepted"),
        (ROW, None, "user 6", "unsure"),
        (ROW, "user 3", None, "accepted"),
        (ROW, "user 3", None, "rejected"),
    ]
    assert [entry.get("seconds") for entry in found] == [None, None, 12.35, None]
    assert found[2]["time"] == "2026-11-29T11:00:00.000+00:00"


def test_label_studio_fields_of_another_interface_are_read_and_contrary_choices_decide_nothing(tmp_path: Path) -> None:
    texts = {"from_name": "why", "type": "textarea", "value": {"text": ["one", "two"]}}
    other = annotated("Reject", 1)
    other["result"][0]["from_name"] = "verdict of the reader"
    both = annotated("accepted", 2)
    both["result"][0]["value"]["choices"].append("rejected")
    other["result"].append(texts)
    first, second = read(tmp_path / "x.json", {"data": {"row_id": ROW}, "annotations": [other, both]})
    assert (first["decision"], first["comment"]) == ("rejected", "one\ntwo")
    assert second["decision"] == "unsure"


@pytest.mark.parametrize("name", ["min.json", "min.csv"])
def test_label_studio_writes_a_row_an_annotation_too(tmp_path: Path, name: str) -> None:
    row = {"row_id": ROW, "question": "?", "id": 17, "annotator": 3, "annotation_id": 9, "decision": "accepted"}
    row |= {"comment": "fine", "created_at": "2026-11-29T10:00:00.5Z", "lead_time": 4.5}
    content: object = [row]
    if name.endswith("csv"):
        content = f"{','.join(row)}\n{','.join(map(str, row.values()))}\n".encode()
    (entry,) = read(tmp_path / name, content)
    assert said([entry]) == [(ROW, "user 3", None, "accepted")]
    assert (entry["comment"], entry["seconds"], entry["time"][:10]) == ("fine", 4.5, "2026-11-29")
    assert "id" not in entry


def test_prodigy_answers_are_votes_and_what_is_ignored_is_skipped(tmp_path: Path) -> None:
    task = {"text": "?\u2028?", "meta": {"row_id": ROW}, "_input_hash": -1, "_task_hash": 2, "_view_id": "text"}
    task |= {"_annotator_id": "mill-ana", "_session_id": "mill-ana", "_timestamp": 1795946400}
    options = {"options": [{"id": "accepted"}, {"id": "rejected"}], "accept": ["rejected"], "answer": "accept"}
    rows = [{**task, "answer": answer} for answer in ("accept", "reject", "ignore")] + [{**task, **options}]
    lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\r\n" for row in rows)
    found = read(tmp_path / "annotations.jsonl", lines.encode())
    assert [entry["decision"] for entry in found] == ["accepted", "rejected", "skip", "rejected"]
    assert (found[0]["annotator"], found[0]["time"]) == ("mill-ana", "2026-11-29T10:00:00.000+00:00")
    assert "text" not in found[0]


ARGILLA: dict[str, Any] = {
    "records": {
        "id": "7b1c",
        "status": "completed",
        "fields": {"question": "?"},
        "metadata": {"row_id": ROW},
        "suggestions": {"decision": {"value": "rejected", "agent": "a model"}},
        "responses": {
            "decision": [{"value": "accepted", "user_id": "u-1"}, {"value": "rejected", "user_id": "u-2"}],
            "comment": [{"value": "fine", "user_id": "u-1"}],
        },
    },
    "flat": {
        "id": "7b1c",
        "row_id": ROW,
        "decision.responses": ["accepted", "rejected", "rejected"],
        "decision.responses.users": ["u-1", "u-2", "u-3"],
        "decision.responses.status": ["submitted", "submitted", "draft"],
        "comment.responses": ["fine"],
        "comment.responses.users": ["u-1"],
        "decision.suggestion": "rejected",
    },
    "api": {
        "metadata": {"row_id": ROW},
        "responses": [
            {
                "user_id": "u-1",
                "status": "submitted",
                "values": {"decision": {"value": "accepted"}, "comment": {"value": "fine"}},
            },
            {"user_id": "u-2", "status": "submitted", "values": {"decision": {"value": "rejected"}}},
            {"user_id": "u-3", "status": "discarded", "values": None},
        ],
    },
    "first version": {
        "metadata": json.dumps({"row_id": ROW}),
        "question": "?",
        "decision": [
            {"user_id": "u-1", "value": "accepted", "status": "submitted"},
            {"user_id": "u-2", "value": "rejected", "status": "submitted"},
        ],
        "comment": [{"user_id": "u-1", "value": "fine", "status": "submitted"}],
    },
}


@pytest.mark.parametrize("shape", [*ARGILLA])
def test_argilla_responses_are_votes_in_each_of_its_shapes(tmp_path: Path, shape: str) -> None:
    found = read(tmp_path / "records.json", [ARGILLA[shape]])
    assert said(found) == [(ROW, "u-1", None, "accepted"), (ROW, "u-2", None, "rejected")]
    assert (found[0]["comment"], "comment" in found[1]) == ("fine", False)


@pytest.mark.parametrize(
    "written", ["['accepted', 'rejected']", "['accepted' 'rejected']", '[""accepted"", ""rejected""]']
)
def test_argilla_lists_in_a_table_are_lists(tmp_path: Path, written: str) -> None:
    content = f"row_id,decision.responses,decision.responses.users\n{ROW},\"{written}\",\"['u-1', 'u-2']\"\n".encode()
    assert said(read(tmp_path / "x.csv", content)) == [(ROW, "u-1", None, "accepted"), (ROW, "u-2", None, "rejected")]


def test_an_unfinished_queue_says_nothing_and_is_counted(tmp_path: Path) -> None:
    rows = [{"row_id": ROW, "decision": word} for word in (None, "", "accepted")]
    incoming = read_decisions(write_rows(tmp_path / "queue.jsonl", [*rows, {"row_id": ROW, "decision": float("nan")}]))
    assert (len(incoming.decisions), incoming.undecided) == (1, 3)


def test_rows_that_are_no_queue_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no entry has a row_id"):
        read_decisions(write_rows(tmp_path / "rows.jsonl", [{"question": "?"}, {"question": "!"}]))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"decision": "accepted"}, "line 1: no row_id: which row is it about"),
        ({"row_id": ROW, "decision": "maybe"}, "line 1: decision is accepted, rejected or unsure, not 'maybe'"),
        ({"row_id": ROW, "decision": "accepted", "time": "yesterday"}, "line 1: time is ISO 8601 or seconds"),
        ({"row_id": ROW, "corrected": {"solution": "x"}}, "a corrected text needs all of question, solution, answer"),
        ({"row_id": ROW, "corrected": {"reply": "x"}}, "corrected has answer, question and solution, not reply"),
        ({"row_id": ROW, "verdict": "right"}, "line 1: a verdict of an audit"),
    ],
)
def test_what_is_no_decision_is_told_with_its_place(tmp_path: Path, entry: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_decisions(write_rows(tmp_path / "x.jsonl", [entry, {"row_id": ROW, "decision": "yes"}]))


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff{}", b'{"row_id": "\xe9"}', b'[{"data": {}, "annotations": 5}]', b"[" * 100_000, b"a,b\n1,2\n", b"[1]"],
)
def test_a_broken_file_is_one_line(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.json").write_bytes(raw)
    with pytest.raises(UserError) as error:
        read_decisions(tmp_path / "x.json")
    assert str(error.value).startswith(f"--import {tmp_path}/x.json: cannot be read: ")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("field", ["comment", "reviewer", "id", "act"])
def test_half_a_surrogate_pair_becomes_the_sign_for_what_is_no_text(tmp_path: Path, field: str) -> None:
    entry = {"row_id": "a" * 32, "decision": "accepted", "reviewer": "bo", field: "half \ud800 and whole \U0001f642"}
    path = tmp_path / "queue.jsonl"
    path.write_text(json.dumps(entry) + "\n" + json.dumps(entry | {"row_id": "b" * 32}))
    told = [decision[field] for _, decision in read_decisions(path).decisions]
    assert told == ["half \ufffd and whole \U0001f642"] * 2


@pytest.mark.parametrize(("value", "kept"), [({"of": "x"}, False), ([["x"]], False), ("page-7", True)])
@pytest.mark.parametrize("field", ["act", "undoes", "queue", "data", "suite", "expected"])
def test_a_field_of_another_tool_by_a_name_of_ours_says_nothing(
    tmp_path: Path, field: str, value: object, kept: bool
) -> None:
    path = tmp_path / "export.jsonl"
    entries = [{"row_id": "a" * 32, "decision": "accepted", "reviewer": "bo", field: value}]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    decisions = read_decisions(path).decisions
    if field == "undoes" and kept:
        assert decisions == []
    else:
        assert [decision.get(field) for _, decision in decisions] == [value if kept else None]

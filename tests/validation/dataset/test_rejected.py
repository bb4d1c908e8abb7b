import json
from pathlib import Path

import pytest

from validation.dataset.rejected import read_rejected, rejected_lines


def test_a_record_comes_with_the_marks_of_all_its_candidates_and_without_them() -> None:
    mark = {"id": "a-cot", "also": [{"id": "a-pot"}, "no mark"]}
    marks, record = read_rejected(json.dumps({"question": "Why?", "_mathmill": mark}).encode())
    assert [each["id"] for each in marks] == ["a-cot", "a-pot"]
    assert record == {"question": "Why?"}


@pytest.mark.parametrize(
    "line",
    [
        b"no JSON",
        b"\xff",
        b"[1]",
        b"7",
        b'{"question": "Why?"}',
        b'{"question": "Why?", "_mathmill": "a-cot"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_marked_record_holds_nothing(line: bytes) -> None:
    assert read_rejected(line) == ([], {})


@pytest.mark.parametrize("also", [None, 7, "a-pot", {"id": "a-pot"}])
def test_other_candidates_that_are_no_list_are_passed_over(also: object) -> None:
    marks, _ = read_rejected(json.dumps({"_mathmill": {"id": "a-cot", "also": also}}).encode())
    assert [mark["id"] for mark in marks] == ["a-cot"]


def test_lines_of_all_files_come_in_order_and_no_folder_has_none(tmp_path: Path) -> None:
    assert list(rejected_lines(tmp_path)) == []
    (tmp_path / "rejected").mkdir()
    for name, text in (("b.jsonl", "3\n"), ("a.jsonl", "1\n2\n"), ("c.txt", "4\n")):
        (tmp_path / "rejected" / name).write_text(text)
    assert list(rejected_lines(tmp_path)) == [b"1\n", b"2\n", b"3\n"]

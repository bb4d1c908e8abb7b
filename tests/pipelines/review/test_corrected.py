from pathlib import Path

from pipelines.review.corrected import correction, is_new_row, texts_of_row, write_corrected
from tests.tiny import read_lines

TEXTS = {"question": "What is 2 + 2?", "solution": "It is 5.", "answer": "5"}
LINE = {"row_id": "ab", "format": "cot", "reviewer": "ana", "time": "2026-11-29T12:00:00+00:00"}


def test_a_row_without_a_candidate_has_no_text_to_correct() -> None:
    assert texts_of_row(None) is None
    candidate = {"question": "q", "answer": "1", "segments": [{"kind": "text", "text": "s" * 100_000}]}
    assert texts_of_row(candidate) is not None
    candidate["segments"] = [{"kind": "text", "text": "s" * 100_001}]
    assert texts_of_row(candidate) is None


def test_a_changed_reference_is_no_new_row_and_a_changed_text_is_a_whole_one() -> None:
    assert correction(TEXTS, TEXTS) == {}
    assert correction(TEXTS, {"answer": "4"}) == {"answer": "4"}
    assert not is_new_row({"answer": "4"})
    changed = correction(TEXTS, {**TEXTS, "solution": "It is 4."})
    assert changed == {**TEXTS, "solution": "It is 4."}
    assert is_new_row(changed)


def test_corrected_rows_say_what_they_correct_and_go_when_nothing_is_left(tmp_path: Path) -> None:
    new = {**LINE, "corrected": {"question": "q", "solution": "s", "answer": "4"}}
    write_corrected(tmp_path, [new, {**LINE, "corrected": {"answer": "4"}}, {**new, "format": "tir", "row_id": "cd"}])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corrected-cot.jsonl", "corrected-tir.jsonl"]
    (row,) = read_lines(tmp_path / "corrected-cot.jsonl")
    assert row == {
        "question": "q",
        "solution": "s",
        "answer": "4",
        "format": "cot",
        "corrected_from": "ab",
        "reviewer": "ana",
        "time": LINE["time"],
    }
    write_corrected(tmp_path, [])
    assert [*tmp_path.iterdir()] == []

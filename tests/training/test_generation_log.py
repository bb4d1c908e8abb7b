import json

import pytest

from schemas.exits import UserError
from training.backend import Key
from training.generation_log import JOURNAL, open_journal

ASKED = {"model": "m", "evaluate": {"samples": 1, "limit": None}}
KEY, OTHER = Key("gsm8k", "cot", "gsm8k-0", 0), Key("gsm8k", "cot", "gsm8k-1", 0)


def test_what_was_written_is_there_again(tmp_path):
    with open_journal(tmp_path, ASKED) as journal:
        journal.add([(KEY, {"answer": "3"})])
    with open_journal(tmp_path, ASKED) as journal:
        assert journal.rows == {KEY: {"answer": "3"}}


def test_a_line_that_was_cut_short_is_forgotten_and_written_over(tmp_path):
    with open_journal(tmp_path, ASKED) as journal:
        journal.add([(KEY, {"answer": "3"}), (OTHER, {"answer": "4"})])
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes()[:-5])
    with open_journal(tmp_path, ASKED) as journal:
        assert list(journal.rows) == [KEY]
        journal.add([(OTHER, {"answer": "5"})])
    assert [json.loads(line)[-1]["answer"] for line in path.read_text().splitlines()] == ["3", "5"]


@pytest.mark.parametrize("damage", ["digit", "checksum", "null", "[]", "{}", "[1, 2]", "[" * 100_000, "\xff", ""])
def test_a_damaged_line_costs_its_own_answer_and_is_said(tmp_path, damage, caplog):
    with open_journal(tmp_path, ASKED) as journal:
        journal.add([(KEY, {"answer": "3"}), (OTHER, {"answer": "4"})])
    path = tmp_path / JOURNAL
    first, second = path.read_text().splitlines()
    damaged = {"digit": first.replace('"3"', '"8"'), "checksum": first.replace('["', '["z', 1)}.get(damage, damage)
    path.write_text(f"{damaged}\n{second}\n", "latin-1")
    with open_journal(tmp_path, ASKED) as journal:
        assert journal.rows == {OTHER: {"answer": "4"}}
        journal.add([(KEY, {"answer": "3"})])
    (said,) = [record.getMessage() for record in caplog.records]
    assert "damaged in 1 of 2 lines; those answers are written again" in said
    with open_journal(tmp_path, ASKED) as journal:
        assert journal.rows == {OTHER: {"answer": "4"}, KEY: {"answer": "3"}}
    assert len(caplog.records) == 1


def test_lines_of_earlier_versions_are_read(tmp_path):
    (tmp_path / JOURNAL).write_text(json.dumps([*KEY, {"answer": "3"}]) + "\n")
    with open_journal(tmp_path, ASKED) as journal:
        assert journal.rows == {KEY: {"answer": "3"}}


@pytest.mark.parametrize("damage", ["", "{", "[1]", "null", "[" * 100_000, "\xff"])
def test_where_nobody_can_tell_what_was_asked_the_folder_is_refused(tmp_path, damage):
    with open_journal(tmp_path, ASKED):
        pass
    (tmp_path / "asked.json").write_text(damage, "latin-1")
    with pytest.raises(UserError, match="damaged, so nobody can tell whose answers"), open_journal(tmp_path, ASKED):
        pass


def test_another_evaluation_is_refused_by_the_key_that_differs(tmp_path):
    with open_journal(tmp_path, ASKED):
        pass
    with (
        pytest.raises(UserError, match=r"holds another evaluation \(evaluate.samples was 1 and is 4 now\)"),
        open_journal(tmp_path, {**ASKED, "evaluate": {"samples": 4, "limit": None}}),
    ):
        pass


def test_a_lone_surrogate_does_not_stop_the_journal(tmp_path):
    with open_journal(tmp_path, ASKED) as journal:
        journal.add([(KEY, {"answer": "\ud83d"})])
    with open_journal(tmp_path, ASKED) as journal:
        assert list(journal.rows) == [KEY]

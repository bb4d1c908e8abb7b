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

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipelines.review.journal import Journal, journals
from schemas.exits import UserError
from tests.conftest import REPOSITORY
from tests.small_disk import small_disk
from tests.tiny import read_lines


def test_lines_come_back_in_their_order(tmp_path: Path) -> None:
    with Journal(tmp_path / "decisions.jsonl") as journal:
        journal.append([{"row_id": "a"}])
        journal.append([{"row_id": "b"}, {"row_id": "c", "comment": "π\n"}])
        assert [*journal.lines()] == [{"row_id": "a"}, {"row_id": "b"}, {"row_id": "c", "comment": "π\n"}]


@pytest.mark.parametrize("torn", ['{"row_id": "b", "deci', "x" * 200_000])
def test_a_line_without_its_end_is_cut_off(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text('{"row_id":"a"}\n' + torn)
    with Journal(path) as journal:
        journal.append([{"row_id": "c"}])
    assert read_lines(path) == [{"row_id": "a"}, {"row_id": "c"}]
    path.write_text(torn)
    with Journal(path):
        assert path.read_text() == ""


@pytest.mark.parametrize("torn", ["", '{"act":"2","together":3,"ro'])
def test_a_group_that_was_begun_and_not_ended_is_cut_off_whole(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "decisions.jsonl"
    first = [{"row_id": "a", "act": "1", "together": 2}, {"row_id": "b", "act": "1", "together": 2}]
    with Journal(path) as journal:
        journal.append(first)
        journal.append([{"row_id": "c", "act": "2", "together": 3}, {"row_id": "d", "act": "2", "together": 3}])
    path.write_text(path.read_text() + torn)
    with Journal(path) as journal:
        assert [*journal.lines()] == first
        journal.append([{"row_id": "e", "act": "3"}])
    with Journal(path) as journal:
        assert [line["row_id"] for line in journal.lines()] == ["a", "b", "e"]


def test_a_last_line_that_lacks_only_its_end_stays_and_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text('{"row_id":"a"}\n{"row_id":"b"}')
    with Journal(path) as journal:
        journal.append([{"row_id": "c"}])
    assert read_lines(path) == [{"row_id": "a"}, {"row_id": "b"}, {"row_id": "c"}]


def test_a_full_disk_takes_no_half_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    with Journal(path) as journal:
        journal.append([{"row_id": "a"}])
        with small_disk(40), pytest.raises(OSError, match="File too large"):
            journal.append([{"row_id": "b"}, {"row_id": "c" * 100}])
        assert read_lines(path) == [{"row_id": "a"}]
        journal.append([{"row_id": "d"}])
    assert read_lines(path) == [{"row_id": "a"}, {"row_id": "d"}]


def test_what_was_appended_is_there_after_a_kill(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from pathlib import Path
        from pipelines.review.journal import Journal
        journal = Journal(Path(sys.argv[1]))
        for at in range(50):
            journal.append([{"at": at}])
        os.kill(os.getpid(), signal.SIGKILL)
    """
    path = tmp_path / "decisions.jsonl"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program), path], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert read_lines(path) == [{"at": at} for at in range(50)]


def test_another_process_has_its_decisions_alone(tmp_path: Path) -> None:
    program = f"""
        from pathlib import Path
        from pipelines.review.journal import journals
        from schemas.exits import UserError
        try:
            with journals(Path({str(tmp_path)!r})):
                print("open")
        except UserError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with journals(tmp_path):
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        assert "another `mathmill review` has these decisions open" in told
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "open\n"


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text('{"row_id":"a"}\nnot json\n')
    with Journal(path) as journal, pytest.raises(UserError, match="line 2: not JSON"):
        [*journal.lines()]
    path.write_text("[1]\n")
    with Journal(path) as journal, pytest.raises(UserError, match="line 1: not a JSON object"):
        [*journal.lines()]

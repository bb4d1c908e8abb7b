"""Ctrl-C: one line and exit code 130, never the 0 of a run that passed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from schemas.exits import run_command_line
from tests.tiny import marbles, write_rows

REPOSITORY = Path(__file__).resolve().parent.parent
CONFIG = """
curate:
  sources: [{name: school, path: rows.jsonl, adapter: columns, format: pot, licence: MIT,
             columns: {question: question, solution: program, answer: answer}}]
"""
ROWS = 500
# Each takes its whole CPU limit of 5 s, so that programs run for a while on a machine of any size.
ENDLESS = "count = {}\nwhile count:\n    pass\nprint(count)\n"


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "mathmill", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def interrupted(run: subprocess.Popen[str]) -> tuple[int, str]:
    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    return run.returncode, errors


def wait_for(run: subprocess.Popen[str], path: Path, pattern: str) -> None:
    for _ in range(1200):
        if any(path.glob(pattern)):
            return
        if run.poll() is not None:
            raise AssertionError(f"it ended before it could be stopped: {run.communicate()[1]}")
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} after a minute")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    rows = marbles(ROWS)
    programs = [{**row, "program": ENDLESS.format(number), "answer": f"{number}"} for number, row in enumerate(rows, 1)]
    write_rows(tmp_path / "rows.jsonl", programs)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def test_curate_stops_in_one_line_and_the_same_command_continues(desk: Path) -> None:
    run = started(desk, "curate", "config.yaml", "--output", "data")
    wait_for(run, desk / "data" / ".work" / "tags", "collapse/*.arrow")
    time.sleep(2)  # programs are running now
    assert interrupted(run) == (130, "mathmill: stopped; the same command continues\n")
    assert not (desk / "data" / "manifest.json").exists()

    whole = started(desk, "curate", "config.yaml", "--output", "data", "--set", "curate.skip=[verify]")
    assert whole.communicate(timeout=120) == (None, "")
    assert whole.returncode == 0
    assert json.loads((desk / "data" / "manifest.json").read_text())["counts"]["rows"] == ROWS


def test_a_verb_that_is_stopped_anywhere_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()

    @app.callback()
    def verbs() -> None:
        pass

    @app.command()
    def judge() -> None:
        raise KeyboardInterrupt

    assert run_command_line(app, ["judge"]) == 130
    assert capsys.readouterr().err == "mathmill: stopped\n"

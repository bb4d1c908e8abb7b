"""Ctrl-C and its like: one line and the signal's exit code, never the 0 of a run that passed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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


def children(process: int) -> list[str]:
    """The commands of all processes below one."""
    found = [
        number for listed in Path(f"/proc/{process}/task").glob("*/children") for number in listed.read_text().split()
    ]
    commands = [Path("/proc", number, "cmdline") for number in found]
    return [path.read_bytes().decode() for path in commands if path.exists()] + [
        command for number in found for command in children(int(number))
    ]


def wait_for(run: subprocess.Popen[str], came: Callable[[], bool]) -> None:
    for _ in range(6000):
        if came():
            return
        if run.poll() is not None:
            raise AssertionError(f"it ended before it could be stopped: {run.communicate()[1]}")
        time.sleep(0.01)
    raise AssertionError("not yet after a minute")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    rows = marbles(ROWS)
    programs = [{**row, "program": ENDLESS.format(number), "answer": f"{number}"} for number, row in enumerate(rows, 1)]
    write_rows(tmp_path / "rows.jsonl", programs)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def test_curate_stops_in_one_line_and_the_same_command_continues(desk: Path) -> None:
    run = started(desk, "curate", "config.yaml", "--output", "data")
    wait_for(run, lambda: any((desk / "data" / ".work" / "tags").glob("collapse/*.arrow")))
    time.sleep(2)  # programs are running now
    assert interrupted(run) == (130, "mathmill: stopped; the same command continues\n")
    assert not (desk / "data" / "manifest.json").exists()

    whole = started(desk, "curate", "config.yaml", "--output", "data", "--set", "curate.skip=[verify]")
    assert whole.communicate(timeout=120) == (None, "")
    assert whole.returncode == 0
    assert json.loads((desk / "data" / "manifest.json").read_text())["counts"]["rows"] == ROWS


def importing(run: subprocess.Popen[str], _data: Path) -> bool:
    return "pydantic" in Path(f"/proc/{run.pid}/maps").read_text()


def planning(run: subprocess.Popen[str], data: Path) -> bool:
    return (data / ".work").exists()


def starting(run: subprocess.Popen[str], _data: Path) -> bool:
    return any("sdk_worker_main" in command for command in children(run.pid))


def reading(run: subprocess.Popen[str], data: Path) -> bool:
    return any((data / ".work" / "parts").glob("*.arrow"))


def judging(run: subprocess.Popen[str], data: Path) -> bool:
    return any((data / ".work" / "tags").glob("collapse/*.arrow"))


MOMENTS = [
    pytest.param(importing, 1, signal.SIGTERM),
    pytest.param(starting, 2, signal.SIGINT),
    *(
        pytest.param(moment, workers, number, marks=pytest.mark.slow)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
        for workers in (1, 2)
        for moment in (importing, planning, reading, judging, *([starting] if workers == 2 else []))
    ),
]


@pytest.mark.parametrize(("moment", "workers", "number"), MOMENTS)
def test_a_signal_ends_a_run_at_any_moment_and_the_same_command_continues(
    moment: Callable[[subprocess.Popen[str], Path], bool], workers: int, number: signal.Signals, tmp_path: Path
) -> None:
    write_rows(tmp_path / "rows.jsonl", marbles(200))
    (tmp_path / "config.yaml").write_text(
        "curate: {sources: [{name: school, path: rows.jsonl, adapter: gsm8k, licence: MIT}]}\n"
    )
    command = ("curate", "config.yaml", "--output", "data", "--workers", str(workers))
    run = started(tmp_path, *command)
    wait_for(run, lambda: moment(run, tmp_path / "data"))
    began = time.monotonic()
    run.send_signal(number)  # to it alone: not to its workers, as a terminal does
    _, errors = run.communicate(timeout=60)
    by = "" if number == signal.SIGINT else f" by {number.name}"
    assert (run.returncode, errors) == (128 + number, f"mathmill: stopped{by}; the same command continues\n")
    assert time.monotonic() - began < 9, "it was not interrupted but ended"
    assert not (tmp_path / "data" / "manifest.json").exists()
    again = started(tmp_path, *command)
    assert (again.communicate(timeout=120), again.returncode) == ((None, ""), 0)
    assert json.loads((tmp_path / "data" / "manifest.json").read_text())["counts"]["rows"] == 200


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

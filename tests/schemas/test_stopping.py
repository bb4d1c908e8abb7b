"""Signals to a verb in a process of its own: one line, the signal's exit code, and an end also where nobody listens."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from schemas.stopping import ENDING, signals_as_interrupt

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, time
import typer
from schemas import stopping
from schemas.exits import run_command_line
app = typer.Typer()
stopping._PATIENCE_S = {patience}

@app.callback()
def verbs() -> None: pass

def told() -> None:
    print("begun", flush=True)
    sys.stdin.readline()

class Dropping:
    def __del__(self) -> None: told()

@app.command()
def curate() -> None:
{work}
    print("worked", file=sys.stderr)

sys.exit(run_command_line(app, ["curate"]))
"""
ENDLESS = "    while True:\n        try: time.sleep(60)\n        except KeyboardInterrupt: pass\n"
STOPPED = "mathmill: stopped{}; the same command continues\n"


def started(work: str, *, patience: float = 10.0, **given) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(work=work, patience=patience)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **given,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_is_one_line_and_its_own_exit_code(number: signal.Signals) -> None:
    with started("    told()") as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    by = "" if number == signal.SIGINT else f" by {number.name}"
    assert (process.returncode, errors) == (128 + number, STOPPED.format(by))


def test_who_was_started_to_outlive_its_terminal_does() -> None:
    with started("    told()", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        process.send_signal(signal.SIGHUP)
        _, errors = process.communicate("go\n", timeout=60)
    assert (process.returncode, errors) == (0, "worked\n")


def test_what_breaks_behind_a_signal_is_the_stop_and_else_an_error() -> None:
    work = "    try: told()\n    except KeyboardInterrupt: pass\n    raise OSError('a pipe to nobody')\n"
    with started(work) as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143, STOPPED.format(" by SIGTERM"))
    with started(work) as process:
        _, errors = process.communicate("go\n", timeout=60)
    assert (process.returncode, errors) == (1, "mathmill: a pipe to nobody\n")


def test_an_interrupt_that_was_dropped_is_said_again() -> None:
    with started("    Dropping()\n    time.sleep(60)", patience=0.3) as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert errors.startswith("Exception ignored in: <function Dropping")
    assert process.returncode == 143
    assert errors.endswith(STOPPED.format(" by SIGTERM"))


def test_a_verb_that_takes_no_interrupt_in_is_ended() -> None:
    with started(f"    print('begun', flush=True)\n{ENDLESS}", patience=0.2) as process:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, STOPPED.format(""))


def test_handlers_are_put_back_and_nobody_is_left_to_insist() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals_as_interrupt(lambda number: pytest.fail(number.name)) as came:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before
    assert not any(thread.name == "stop" for thread in threading.enumerate())

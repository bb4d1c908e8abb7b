"""A data set with much in question, its page served by a process of its own, and a person at the keyboard."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.curate import curate
from tests.conftest import REPOSITORY
from tests.tiny import config_of, gsm8k_row, marbles, source, write_rows
from tests.validation.dataset.report.browser import Page


def doubtful_rows(count: int) -> list[dict[str, Any]]:
    """Rows whose calculation is wrong, so a person has to look at each."""
    rows = []
    for i in range(count):
        a, b = i + 12, 3 * i + 7
        question = f"Depot {i} holds {a} pallets of bricks and {b} pallets of tiles. How many pallets is that in total?"
        rows.append(
            gsm8k_row(question, f"First {a}-2=<<{a}-2={a + 1}>>{a + 1}. {a}+{b}=<<{a}+{b}={a + b}>>{a + b}.", a + b)
        )
    return rows


def questionable_data(folder: Path, count: int = 40, **settings: Any) -> Path:
    """A data set in which `count` rows are quarantined and nine are kept."""
    rows = write_rows(folder / "rows.jsonl", [*doubtful_rows(count), *marbles(9)])
    config = config_of(
        source(rows), balance={"caps": {"template": 100_000}}, wipeout={"limit": 1.0}, skip=["label"], **settings
    )
    curate(config, folder / "data")
    return folder / "data"


@dataclass
class Served:
    """A page that is served."""

    url: str
    folder: Path
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """Ends the server as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def command(data: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "pipelines", "review", str(data), "--serve", "--port", "0", *options]


@contextmanager
def served(data: Path, folder: Path, *options: str) -> Iterator[Served]:
    """Serves a data set's page by `mathmill review`, its decisions in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "400"}
    arguments = command(data, "--decisions", str(folder), *options)
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.match(r"review: (http://\S+)", line)
        assert found, line + process.stdout.read()
        yield Served(found[1], folder, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        process.stdout.close()


_CODES = {"Escape": 27, "Enter": 13, "Tab": 9}


def press(tab: Page, key: str) -> None:
    """Presses a key as a keyboard does."""
    text = (
        {"text": key}
        if len(key) == 1
        else {"windowsVirtualKeyCode": _CODES[key], **({"text": "\r"} if key == "Enter" else {})}
    )
    for kind in ("keyDown", "keyUp"):
        tab.send("Input.dispatchKeyEvent", type=kind, key=key, **(text if kind == "keyDown" else {}))


_CHANGED = """
new Promise((done) => {{
  const began = performance.now();
  const look = () => (document.body.dataset.ticket !== {before!r} || performance.now() - began > {limit}
    ? done(document.body.dataset.ticket) : setTimeout(look, 2));
  look();
}})
"""


def decide(tab: Page, key: str, limit_ms: int = 5000) -> str:
    """Presses a key and waits for the next row; returns its ticket."""
    before = tab.value("document.body.dataset.ticket")
    press(tab, key)
    after = tab.value(_CHANGED.format(before=before, limit=limit_ms))
    assert after != before, (key, tab.value("document.getElementById('told').textContent"), tab.console)
    return str(after)

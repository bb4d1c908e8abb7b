"""One stretch of work: verbs as processes; what is done is not done again, what goes on stops when time is up."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring import REPOSITORY

TIMES = "times.jsonl"
_STOP_S = 600  # for a checkpoint or a batch of answers that is under way


class TimeUpError(Exception):
    """The stretch is over; the same command goes on."""


@dataclass(slots=True)
class Stretch:
    """The time that there is, and the log of what was spent.

    Attributes:
        work: the folder that outlives it.
        minutes: how long it may last; None has no end.
    """

    work: Path
    minutes: float | None
    began: float = field(default_factory=time.monotonic)

    def run(self, label: str, done: Path, command: Sequence[str | Path]) -> None:
        """Runs a command to its end unless `done` is there.

        Raises:
            TimeUpError: it was stopped, in order, before its end.
            RuntimeError: it failed.
        """
        if done.exists():
            return
        print(f"== {label}", flush=True)
        log, started = self.work / f"{label.replace(' ', '-')}.log", time.monotonic()
        with log.open("a", encoding="utf-8") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *map(str, command)], cwd=REPOSITORY, stdout=file, stderr=subprocess.STDOUT
            )
            try:
                code = process.wait(self._left())
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGTERM)
                process.wait(_STOP_S)
                code = None
            except BaseException:
                process.terminate()
                process.wait(_STOP_S)
                self._note(label, started)
                raise
        self._note(label, started)
        if code is None:
            raise TimeUpError
        if code or not done.exists():
            raise RuntimeError(f"{label}: exit code {code}; {log} tells why: {log.read_text()[-500:]}")

    def hours(self) -> dict[str, float]:
        """Hours by label, over all stretches."""
        path = self.work / TIMES
        spent: dict[str, float] = {}
        for line in path.read_text().splitlines() if path.is_file() else []:
            entry = json.loads(line)
            spent[entry["label"]] = spent.get(entry["label"], 0.0) + entry["seconds"] / 3600
        return {label: round(hours, 3) for label, hours in spent.items()}

    def _left(self) -> float | None:
        if self.minutes is None:
            return None
        left = 60 * self.minutes - (time.monotonic() - self.began)
        if left <= 0:
            raise subprocess.TimeoutExpired("", 0)
        return left

    def _note(self, label: str, started: float) -> None:
        with (self.work / TIMES).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"label": label, "seconds": round(time.monotonic() - started, 1)}) + "\n")

"""Runs the arms of a step benchmark, each in a process of its own: what fails there costs its own figures only."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.measuring import REPOSITORY

_LEAST_S = 15.0  # less is not enough to load and take a step
_OUT_OF_MEMORY = "OutOfMemoryError"


class Waiting:
    """An arm in a process of its own, which loads while another one measures."""

    def __init__(self, case: str, arm: str, device: str) -> None:
        self.case, self.arm = case, arm
        self._out, self._err = (tempfile.TemporaryFile("w+") for _ in range(2))  # noqa: SIM115  as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.train_trl", "--arm", arm, "--cases", case, "--device", device],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=self._out,
            stderr=self._err,
            text=True,
        )

    def run(self, settings: dict[str, Any], limit_s: float) -> dict[str, Any]:
        """Its figures, or in one line why there are none."""
        try:
            self._process.communicate(json.dumps(settings) + "\n", timeout=limit_s)
        except subprocess.TimeoutExpired:
            self.end()
            return self._printed({"failed": f"not done after {limit_s:.0f} s"})
        if self._process.returncode:
            lines = _text(self._err).strip().splitlines()[-12:]
            errors = [line for line in lines if "Error" in line] or lines or [f"exit code {self._process.returncode}"]
            cause = next((line for line in errors if _OUT_OF_MEMORY in line), errors[-1])
            return self._printed({"failed": cause[:300]} | settings, *lines)
        return self._printed(json.loads(_text(self._out).strip().splitlines()[-1]))

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()

    def _printed(self, result: dict[str, Any], *more: str) -> dict[str, Any]:
        result = {"arm": self.arm} | result
        print(f"{self.case}: {json.dumps(result)}", *more, sep="\n", flush=True)
        return result


def _text(file: Any) -> str:  # noqa: ANN401
    file.seek(0)
    return str(file.read())


def out_of_memory(result: dict[str, Any]) -> bool:
    """Whether an arm failed for want of a GPU's memory."""
    return _OUT_OF_MEMORY in result.get("failed", "")


def measured(
    order: Iterable[tuple[str, str]], device: str, *, deadline: float, limit_s: float, ahead: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Runs (case, arm) one after the other and yields (case, result) of each.

    Args:
        order: which to run.
        device: cpu | cuda.
        deadline: by the monotonic clock; what would begin later is not run, and says so.
        limit_s: the longest that one may take.
        ahead: load the next one while one measures.
    """
    tight: set[tuple[str, str]] = set()
    queue = list(order)
    waiting: Waiting | None = None
    while queue:
        case, arm = queue.pop(0)
        left = deadline - time.monotonic()
        if left < _LEAST_S:
            yield case, {"arm": arm, "failed": "not run: out of time"}
            continue
        current = waiting or Waiting(case, arm, device)
        waiting = Waiting(*queue[0], device) if ahead and queue and left > 2 * _LEAST_S else None
        result = current.run({"checkpointing": (case, arm) in tight}, min(limit_s, left))
        if out_of_memory(result) and (case, arm) not in tight:
            tight.add((case, arm))
            if waiting:
                waiting.end()
            waiting = None
            queue.insert(0, (case, arm))
        else:
            yield case, result
    if waiting:
        waiting.end()

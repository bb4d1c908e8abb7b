"""Runs a command and says what its whole process tree cost: wall, CPU seconds, peak memory.

Machines are shared and noisy: compare CPU seconds, and compare two commands in one run.
"""

import ctypes
import json
import os
import platform
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_SAMPLE_S = 0.2
_SET_CHILD_SUBREAPER = 36  # of prctl: orphans below become children of this process


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost.

    Attributes:
        peak_mb: largest sum of the tree's proportional set sizes, sampled; MiB.
    """

    label: str
    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(label: str, command: Sequence[str | Path]) -> Cost:
    """Runs a command to its end and returns its cost, that of orphans it leaves included (what ran in isolation).

    Raises:
        RuntimeError: it failed; the message holds what it said.
    """
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak = _Peak(process.pid)
    peak.start()
    output, _ = process.communicate()
    wall = time.monotonic() - started
    peak.stopped.set()
    peak.join()
    _reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise RuntimeError(f"{label}: exit code {process.returncode}\n{output[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(label, round(wall, 1), round(cpu, 1), round(peak.bytes / 2**20, 1))


def _reap() -> None:
    """Waits for orphans, so that their time counts."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


class _Peak(threading.Thread):
    """Samples the memory of a process tree until told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.bytes = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(_SAMPLE_S):
            self.bytes = max(self.bytes, sum(map(pss, process_tree(self._pid))))


def process_tree(pid: int) -> Iterable[int]:
    """A process and all that descend from it, parents first; any of its threads may have started a child."""
    yield pid
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in listed.read_text().split():
                yield from process_tree(int(child))


def pss(pid: int) -> int:
    """Bytes of a process, of what it shares its part; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def mathmill(*arguments: str | Path) -> list[str | Path]:
    """The command line of a verb, for a process that starts in the repository."""
    return [sys.executable, "-m", "mathmill", *arguments]


def machine() -> dict[str, object]:
    """What the numbers were measured on: date, cores, load before, versions."""
    packages = ("apache-beam", "pyarrow", "torch", "transformers")  # a machine that only trains has no Beam
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages if any(distributions(name=name))},
    }


def record(name: str, facts: dict[str, object], costs: Iterable[Cost]) -> None:
    """Prints a result and keeps it under `benchmarks/results`."""
    result = {"benchmark": name, **machine(), **facts, "costs": [asdict(cost) for cost in costs]}
    text = json.dumps(result, indent=1) + "\n"
    print(text)
    folder = REPOSITORY / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(text)

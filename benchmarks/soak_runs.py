"""What the soak runs: a desk with rows and configs, straight runs to compare with, and verbs as processes to kill."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from benchmarks.measuring import REPOSITORY, mathmill
from demo.planting import write_rows

_TICKS = os.sysconf("SC_CLK_TCK")
_LIMIT_S = 600
_EXAM = {"question": "How many legs do seven spiders and three birds in the old barn have together?", "answer": "62"}
CONFIG = """
curate:
  sources: [{name: school, path: rows.jsonl, adapter: gsm8k, licence: MIT, derive: [pot]}]
  benchmarks: [{name: exam, path: exam.jsonl, question: question, answer: answer, licence: MIT}]
  heldout: 0.1
  wipeout: {limit: 1}
train:
  model: {hidden_size: 32, layers: 2, heads: 2, vocabulary: 400}
  examples_per_step: 4
  steps: 40
  context: 4096
  checkpoint_every: 2
  keep_checkpoints: 3
  dtype: float32
  trackers: []
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, and what it and its children cost."""

    code: int
    output: str
    cpu_s: float

    @property
    def last_line(self) -> str:
        """What it said last."""
        return (self.output.strip().splitlines() or [""])[-1][:200]


@dataclass(frozen=True, slots=True)
class Straight:
    """A run that nothing disturbed: its cost, that of a start with nothing to do, and the hashes of what it left."""

    cpu_s: float
    start_cpu_s: float
    sums: dict[str, str]

    @property
    def work_cpu_s(self) -> float:
        """What a start does not cost."""
        return self.cpu_s - self.start_cpu_s


@dataclass(slots=True)
class Desk:
    """A folder with rows, a config and the results of the straight runs: `straight-VERB`.

    A verb's folder is DATA for curate and validate, RUN for train.
    """

    folder: Path
    straight: dict[str, Straight] = field(default_factory=dict)
    made: int = 0

    def fresh(self, verb: str) -> Path:
        """A folder in which the verb has everything before it."""
        self.made += 1
        folder = self.folder / f"{verb}-{self.made}"
        if verb == "validate":
            shutil.copytree(self.folder / "straight-curate", folder, ignore=shutil.ignore_patterns(".work"))
        return folder

    def finished(self, verb: str) -> Path:
        """A copy of what the straight run of the verb left."""
        self.made += 1
        return Path(shutil.copytree(self.folder / f"straight-{verb}", self.folder / f"{verb}-{self.made}"))

    def command(self, verb: str, folder: Path, *options: str) -> list[str]:
        """The command that makes or continues a folder."""
        arguments: dict[str, tuple[str | Path, ...]] = {
            "curate": ("config.yaml", "--output", folder),
            "validate": (folder,),
            "train": ("config.yaml", "--data", self.folder / "straight-validate", "--output", folder, "--resume"),
        }
        return [str(part) for part in mathmill(verb, *arguments[verb], *options)]

    def start(self, verb: str, folder: Path, *options: str) -> "Process":
        """Starts a verb in a session of its own."""
        return Process(self.command(verb, folder, *options), self.folder)

    def run(self, verb: str, folder: Path, *options: str) -> Ended:
        """Runs a verb to its end."""
        return self.start(verb, folder, *options).end()

    def killed(self, verb: str, folder: Path, *, at_cpu_s: float) -> float:
        """Kills a verb and all its processes when they have used so much CPU time; returns what they had used."""
        process = self.start(verb, folder)
        spent = 0.0
        while process.is_running and spent < at_cpu_s:
            spent = process.cpu_s() or spent
            time.sleep(0.02)
        process.kill()
        return spent

    def is_equal(self, verb: str, folder: Path) -> bool:
        """Whether a folder holds what the straight run left."""
        return sums_of(verb, folder) == self.straight[verb].sums


class Process:
    """A verb in a session of its own, so that all its processes are known."""

    def __init__(self, command: list[str], folder: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
        self._said = folder / f"said-{time.monotonic_ns()}"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=said, stderr=said, start_new_session=True
            )

    @property
    def is_running(self) -> bool:
        """Whether the verb has not ended; it is not reaped, so that its time stays readable."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def cpu_s(self) -> float:
        """What the processes of the session, and those that they waited for, have used."""
        return sum(sum(map(int, stat[11:15])) for _, stat in self._members()) / _TICKS

    def children(self, named: str) -> list[int]:
        """The processes of the session whose command line holds a text."""
        found = []
        for member, _ in self._members():
            with suppress(OSError):
                if named.encode() in Path("/proc", str(member), "cmdline").read_bytes():
                    found.append(member)
        return found

    def _members(self) -> Iterator[tuple[int, list[str]]]:
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                stat = path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                if int(stat[3]) == self.process.pid:
                    yield int(path.parent.name), stat

    def wait_for(self, sign: Callable[[], bool]) -> None:
        """Waits until something is so, or the verb has ended."""
        while self.is_running and not sign():
            time.sleep(0.02)

    def kill(self) -> None:
        """Ends all processes of the session at once."""
        for member, _ in self._members():
            with suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        self.process.wait()

    def end(self) -> Ended:
        """Waits for the end."""
        deadline = time.monotonic() + _LIMIT_S
        self.wait_for(lambda: time.monotonic() > deadline)
        cpu = self.cpu_s()
        if self.is_running:
            self.kill()
        code = self.process.wait()
        return Ended(code, self._said.read_text(encoding="utf-8", errors="replace"), cpu)


def sums_of(verb: str, folder: Path) -> dict[str, str]:
    """The hashes of what a verb leaves, but for what tells times and places."""
    patterns = {
        "curate": ("manifest.json", "shards/*", "ledger/*", "rejected/*", "README.md"),
        "validate": ("quality/verdict.json", "manifest.json", "shards/*", "ledger/*"),
        "train": ("model/*.safetensors", "checkpoints/step-00000040/optimizer.safetensors"),
    }
    files = [path for pattern in patterns[verb] for path in folder.glob(pattern)]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


_VERBS = ("curate", "validate", "train")
_FEW = 8  # rows of a run whose cost is that of a start: imports, servers of programs, empty stages


def prepared(folder: Path, *, rows: int) -> Desk:
    """Lays out the desk and runs each verb straight through."""
    _write_rows(folder / "rows.jsonl", rows)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "exam.jsonl").write_text(json.dumps(_EXAM) + "\n", encoding="utf-8")
    desk = Desk(folder)
    for verb in _VERBS:
        if verb == "validate":
            shutil.copytree(folder / "straight-curate", folder / "straight-validate")
        result = folder / f"straight-{verb}"
        ended = _well(desk.run(verb, result), verb)
        desk.straight[verb] = Straight(ended.cpu_s, _start_cpu_s(desk, verb), sums_of(verb, result))
    return desk


def _start_cpu_s(desk: Desk, verb: str) -> float:
    """What a start of a verb costs: curate with a few rows, train where nothing is left to do.

    Validate begins anew each time, so that all of it is work.
    """
    if verb == "curate":
        few = desk.folder / "few"
        few.mkdir()
        for name in ("config.yaml", "exam.jsonl"):
            shutil.copyfile(desk.folder / name, few / name)
        _write_rows(few / "rows.jsonl", _FEW)
        return _well(Desk(few).run(verb, few / "data"), verb).cpu_s
    return _well(desk.run(verb, desk.finished(verb)), verb).cpu_s if verb == "train" else 0.0


def _well(ended: Ended, verb: str) -> Ended:
    if ended.code:
        raise RuntimeError(f"straight {verb}: exit code {ended.code}\n{ended.output[-2000:]}")
    return ended


def _write_rows(path: Path, rows: int) -> None:
    """Writes the first rows of GSM8K, or of the demo's lessons, which look alike."""
    real = Path(os.environ.get("MATHMILL_DATA", "")) / "cot" / "gsm8k_train.jsonl"
    if not real.is_file():
        write_rows(path.parent / "planted", 0, None)
        real = path.parent / "planted" / "lessons.jsonl"
    with real.open("rb") as lines:  # the demo's are not all UTF-8
        path.write_bytes(b"".join(islice(lines, rows)))

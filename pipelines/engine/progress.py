"""What a run is doing right now, told from worker processes to the person who watches.

Beam's in-process runner reports nothing before the end, and engines nothing but their own counts. Workers append lines
to files of their own in the work folder, and the driver reads them along. A store appends nothing: there a worker
writes the sum of what it did so far, every few seconds. It works the same for one process and for many.
"""

import json
import os
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType

from pipelines.engine.workfiles import File, names_below, remove
from schemas.place import Place

_FOLDER = "progress"
_DAMAGED = "damaged"  # in the place of a stage: a file of the work folder
_POLL_S = 0.25
_STORE_POLL_S = 3.0  # each look is a request a worker


@cache
def worker_name() -> str:
    """The name of this process among all workers of a run: containers may share host names and process ids."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def report(work: File, stage: str, rows: int, reasons: dict[str, int] | None = None) -> None:
    """Tells that a worker has taken `rows` more candidates through a stage, rejecting some for `reasons`."""
    if isinstance(work, Place):
        _sum_in(work).add(stage, rows, reasons or {})
        return
    folder = work / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{worker_name()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps([stage, rows, reasons or {}]) + "\n")


def report_damage(work: File, damaged: File) -> None:
    """Tells that a file of the work folder was damaged and is made again."""
    report(work, _DAMAGED, 0, {str(damaged).removeprefix(f"{work}/"): 1})


class _Sum:
    """What this worker did so far in one run, written to the run's store now and then."""

    def __init__(self, work: Place) -> None:
        self._file = work / _FOLDER / f"{worker_name()}.jsonl"
        self._rows: Counter[str] = Counter()
        self._reasons: dict[str, Counter[str]] = {}
        self._written = 0.0
        self._lock = threading.Lock()  # an engine runs several bundles in one process

    def add(self, stage: str, rows: int, reasons: dict[str, int]) -> None:
        with self._lock:
            self._rows[stage] += rows
            self._reasons.setdefault(stage, Counter()).update(reasons)
            if time.monotonic() - self._written < _STORE_POLL_S:
                return
            self._written = time.monotonic()
            sums = [[stage, number, self._reasons[stage]] for stage, number in self._rows.items()]
        self._file.write("".join(json.dumps(line) + "\n" for line in sums).encode())


@cache
def _sum_in(work: Place) -> _Sum:
    return _Sum(work)


def forget_reports(work: File) -> None:
    """Removes what an earlier run told."""
    for name in names_below(work / _FOLDER):
        remove(work / _FOLDER / name)


@dataclass(slots=True)
class Progress:
    """How far a run is.

    Attributes:
        rows: candidates through each stage so far.
        reasons: rejections by reason.
        damaged: files of the work folder that were damaged and are made again.
    """

    rows: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    damaged: list[str] = field(default_factory=list)


class Watch:
    """Follows the reports of a run and shows them, a few times a second, until it ends."""

    def __init__(self, work: File, show: Callable[[Progress], None]) -> None:
        self._folder = work / _FOLDER
        self._show = show
        self._progress = Progress()
        self._offsets: dict[Path, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        pause = _STORE_POLL_S if isinstance(self._folder, Place) else _POLL_S
        while not self._stop.wait(pause):
            self._read()
            self._show(self._progress)
        self._read()
        self._show(self._progress)

    def _read(self) -> None:
        if isinstance(self._folder, Place):
            with suppress(OSError, ValueError, TypeError):  # no answer, or half of one, costs a look and not the run
                self._read_store(self._folder)
            return
        for path in self._folder.glob("*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                whole, _, _ = file.read().rpartition(b"\n")
            self._offsets[path] = self._offsets.get(path, 0) + len(whole) + bool(whole)
            _add(self._progress, whole)

    def _read_store(self, folder: Place) -> None:
        progress = Progress()
        for name in folder.files():
            _add(progress, (folder / name).read())
        self._progress = progress


def _add(progress: Progress, lines: bytes) -> None:
    for line in lines.splitlines():
        stage, rows, reasons = json.loads(line)
        if stage == _DAMAGED:
            progress.damaged.extend(reasons)
            continue
        progress.rows[stage] += rows
        progress.reasons.update(reasons)

"""What a run is doing right now, told from worker processes to the person who watches.

Beam's in-process runner reports nothing before the end. Workers append lines to files of their own in the work folder;
the driver reads them along. It works the same for one process and for many.
"""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

_FOLDER = "progress"
_POLL_S = 0.25


def report(work: Path, stage: str, rows: int, reasons: dict[str, int] | None = None) -> None:
    """Tells that a worker has taken `rows` more candidates through a stage, rejecting some for `reasons`."""
    folder = work / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps([stage, rows, reasons or {}]) + "\n")


@dataclass(slots=True)
class Progress:
    """How far a run is: candidates through each stage, and rejections by reason so far."""

    rows: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Watch:
    """Follows the reports of a run and shows them, a few times a second, until it ends."""

    def __init__(self, work: Path, show: Callable[[Progress], None]) -> None:
        self._folder = work / _FOLDER
        self._show = show
        self._progress = Progress()
        self._offsets: dict[Path, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Watch":
        for old in self._folder.glob("*.jsonl"):
            old.unlink()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(_POLL_S):
            self._read()
            self._show(self._progress)
        self._read()
        self._show(self._progress)

    def _read(self) -> None:
        for path in self._folder.glob("*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                whole, _, _ = file.read().rpartition(b"\n")
            self._offsets[path] = self._offsets.get(path, 0) + len(whole) + bool(whole)
            for line in whole.splitlines():
                stage, rows, reasons = json.loads(line)
                self._progress.rows[stage] += rows
                self._progress.reasons.update(reasons)

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
_DAMAGED = "damaged"  # in the place of a stage: a file of the work folder
_POLL_S = 0.25


def report(work: Path, stage: str, rows: int, reasons: dict[str, int] | None = None) -> None:
    """Tells that a worker has taken `rows` more candidates through a stage, rejecting some for `reasons`."""
    folder = work / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps([stage, rows, reasons or {}]) + "\n")


def report_damage(work: Path, path: Path) -> None:
    """Tells that a file of the work folder was damaged and is made again."""
    report(work, _DAMAGED, 0, {str(path.relative_to(work)): 1})


def forget_reports(work: Path) -> None:
    """Removes what an earlier run told."""
    for old in (work / _FOLDER).glob("*.jsonl"):
        old.unlink()


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

    def __init__(self, work: Path, show: Callable[[Progress], None]) -> None:
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
                if stage == _DAMAGED:
                    self._progress.damaged.extend(reasons)
                    continue
                self._progress.rows[stage] += rows
                self._progress.reasons.update(reasons)

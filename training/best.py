"""The best checkpoint by what was measured, kept beside the last ones where a key asks for it; off by default.

Heldout J is no measure of a reasoner (pass@1 improves while it worsens), and pass@1 on few problems is noise: the best
of many measurements looks better than it is.
"""

import json
from pathlib import Path
from typing import Any

from schemas.files import write_text
from training.checkpoint import Checkpoint, folder_of, read
from training.results import StepMetrics

BEST = "best"
"""of RUN: the exported model of the best checkpoint"""
_NOTE = "best.json"


def note_best(run: Path, by: str | None, metrics: StepMetrics) -> None:
    """Notes a measurement when it is better than every one before; ties stay with the earlier.

    Args:
        run: RUN.
        by: heldout | pass@1; None notes nothing.
        metrics: a measurement, of a step that has a checkpoint.
    """
    value = _value(by, metrics)
    if value is None:
        return
    before = _noted(run)
    if before is None or value > before["value"] or before["by"] != by:
        write_text(run / _NOTE, json.dumps({"step": metrics.step, "by": by, "value": value}) + "\n")


def best_of(run: Path) -> Checkpoint | None:
    """The best checkpoint; None where none is noted or it is no longer whole."""
    noted = _noted(run)
    return read(folder_of(run, noted["step"])) if noted else None


def _value(by: str | None, metrics: StepMetrics) -> float | None:
    """J, or the mean of pass@1 over formats."""
    if by == "heldout":
        return metrics.objective
    shares = metrics.pass_at_1.values()
    return sum(shares) / len(shares) if by == "pass@1" and shares else None


def _noted(run: Path) -> dict[str, Any] | None:
    try:
        noted: dict[str, Any] = json.loads((run / _NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return noted

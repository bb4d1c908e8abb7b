"""The best checkpoint by what was measured, kept beside the last ones where a key asks for it; off by default.

Heldout J is no measure of a reasoner (pass@1 improves while it worsens), and pass@1 on few problems is noise: the best
of many measurements looks better than it is.
"""

import json
import logging
from pathlib import Path
from typing import Any

from schemas.files import write_text
from training.checkpoint import Checkpoint, damaged_file, folder_of, read
from training.results import StepMetrics
from training.sealed import seal_of

logger = logging.getLogger(__name__)

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
        noted = {"step": metrics.step, "by": by, "value": value}
        write_text(run / _NOTE, json.dumps(noted | {"checksum": seal_of(noted)}) + "\n")


def best_of(run: Path, *, whole: bool = False) -> Checkpoint | None:
    """The best checkpoint; None where none is noted or it is no longer whole.

    Args:
        run: RUN.
        whole: read all of it, and say so where it is damaged.
    """
    noted = _noted(run)
    best = read(folder_of(run, noted["step"])) if noted else None
    if whole and best is not None and (damaged := damaged_file(best.folder)) is not None:
        logger.warning("%s: %s is damaged; the best checkpoint is not exported", best.folder, damaged)
        return None
    return best


def _value(by: str | None, metrics: StepMetrics) -> float | None:
    """J, or the mean of pass@1 over formats."""
    if by == "heldout":
        return metrics.objective
    shares = metrics.pass_at_1.values()
    return sum(shares) / len(shares) if by == "pass@1" and shares else None


def _noted(run: Path) -> dict[str, Any] | None:
    """What was noted; None where nothing was, or it is not as it was written."""
    try:
        noted: dict[str, Any] = json.loads((run / _NOTE).read_text(encoding="utf-8"))
        seal = noted.pop("checksum", None)  # runs of before had none
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return noted if noted.keys() == {"step", "by", "value"} and seal in (None, seal_of(noted)) else None

"""Training: one readable loop."""

from collections.abc import Callable, Sequence
from pathlib import Path

from schemas.config import Config
from training.results import RunPlan, RunResult, StepMetrics


def train(
    config: Config,
    data: Sequence[Path],
    output: Path,
    *,
    resume: bool = False,
    draft: bool = False,
    on_start: Callable[[RunPlan], None] | None = None,
    on_step: Callable[[StepMetrics], None] | None = None,
) -> RunResult:
    """Trains; the body follows."""
    raise NotImplementedError

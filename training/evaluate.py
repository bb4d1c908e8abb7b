"""pass@1 by format, with the same judge that curated the data."""

from collections.abc import Callable
from pathlib import Path

from schemas.config import Config
from training.results import EvalResult


def evaluate(
    config: Config,
    model: Path | str,
    output: Path,
    data: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> EvalResult:
    """Evaluates; the body follows. `model` is RUN, RUN/checkpoints/step-*, or a Hugging Face folder or name."""
    raise NotImplementedError

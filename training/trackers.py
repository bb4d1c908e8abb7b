"""Figures for people who watch curves: TensorBoard, wandb, trackio. The truth stays metrics.jsonl.

Each is optional: TensorBoard is written where it is installed, the others where the config asks for them.
"""

import importlib.util
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from schemas.config import Train
from schemas.exits import UserError
from training.results import StepMetrics
from training.runfile import RUN

_PLAIN = (
    "objective",
    "token_loss",
    "token_accuracy",
    "learning_rate",
    "gradient_norm",
    "tokens_per_second",
    "supervised_tokens_per_second",
    "data_seconds",
    "memory_mb",
    "mfu",
)
_HELDOUT = frozenset({"objective", "token_loss", "token_accuracy"})


class Tracker(Protocol):
    """Takes figures of steps."""

    def write(self, figures: dict[str, float], step: int) -> None:
        """Notes the figures of a step."""

    def close(self) -> None:
        """Ends the run."""


def chosen(names: Sequence[str] | None) -> list[str]:
    """The trackers that a run uses.

    Args:
        names: those that the config asks for; None takes TensorBoard where it is installed.

    Raises:
        UserError: one that is asked for is not installed.
    """
    if names is None:
        return ["tensorboard"] if importlib.util.find_spec("tensorboard") else []
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UserError(f"train.trackers: {name} is not installed; pip install {name}, or leave it out")
    return list(names)


def open_trackers(config: Train, run: Path, *, done: int) -> list[Tracker]:
    """Opens the trackers of a run of which `done` steps are done."""
    return [_OPENERS[name](config, run, done) for name in chosen(config.trackers)]


def figures_of(metrics: StepMetrics) -> dict[str, float]:
    """The figures of a step by name, such as train/objective and heldout/format/cot/objective."""
    kind = "heldout" if metrics.heldout else "train"
    names = [name for name in _PLAIN if name in _HELDOUT or not metrics.heldout]
    values = {f"{kind}/{name}": getattr(metrics, name) for name in names}
    for slice_kind, slices in (("format", metrics.formats), ("source", metrics.sources), ("topic", metrics.topics)):
        for name, part in slices.items():
            values[f"{kind}/{slice_kind}/{name}/objective"] = part.objective
            values[f"{kind}/{slice_kind}/{name}/token_accuracy"] = part.token_accuracy
    values |= {f"{kind}/format/{name}/pass_at_1": share for name, share in metrics.pass_at_1.items()}
    return {name: float(value) for name, value in values.items() if value is not None}


class _TensorBoard:
    def __init__(self, _config: Train, run: Path, done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(run / "tensorboard"), purge_step=done + 1)

    def write(self, figures: dict[str, float], step: int) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class _Wandb:
    def __init__(self, config: Train, run: Path, _done: int) -> None:
        import wandb

        self._run = wandb.init(
            project="mathmill",
            id=_identity(run),
            name=run.name,
            dir=str(run),
            resume="allow",
            config=config.model_dump(mode="json"),
        )

    def write(self, figures: dict[str, float], step: int) -> None:
        self._run.log(figures, step=step)

    def close(self) -> None:
        self._run.finish()


class _Trackio:
    def __init__(self, config: Train, run: Path, _done: int) -> None:
        import trackio

        self._module: Any = trackio
        name = f"{run.name}-{_identity(run)[:6]}"
        trackio.init(project="mathmill", name=name, resume="allow", config=config.model_dump(mode="json"))

    def write(self, figures: dict[str, float], step: int) -> None:
        self._module.log(figures, step=step)

    def close(self) -> None:
        self._module.finish()


_OPENERS: dict[str, Callable[[Train, Path, int], Tracker]] = {
    "tensorboard": _TensorBoard,
    "wandb": _Wandb,
    "trackio": _Trackio,
}


def _identity(run: Path) -> str:
    """The same for a run and its continuation, another for any other run."""
    return blake2b(f"{run.resolve()}\n".encode() + (run / RUN).read_bytes(), digest_size=8).hexdigest()

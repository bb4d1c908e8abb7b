"""What a run says about itself: metrics.jsonl (one JSON object a line, the truth), and slices that add up.

Every figure comes from per-example sums, so the slices of J by format, source and topic each add up to J exactly.
"""

import json
import logging
import resource
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.files import write_text
from training.results import SliceMetrics, StepMetrics
from training.shards import Labels
from training.step import Batch

logger = logging.getLogger(__name__)

METRICS = "metrics.jsonl"


def measure(
    batch: Batch, totals: NDArray[np.float64], labels: Labels, *, step: int, steps: int, epoch: int
) -> StepMetrics:
    """Turns per-example sums into figures. J is J_SFT whatever is optimised, so runs can be compared.

    Args:
        batch: the examples, in plan order.
        totals: float64[N, 2] negative log-likelihood and greedy hits of each example.
        labels: of the examples.
        step: steps done.
        steps: length of the run.
        epoch: of the examples.
    """
    tokens = int(batch.supervised.sum())
    objective = -totals[:, 0] / batch.supervised
    return StepMetrics(
        step=step,
        steps=steps,
        epoch=epoch,
        objective=float(objective.mean()),
        token_loss=float(totals[:, 0].sum() / tokens),
        token_accuracy=float(totals[:, 1].sum() / tokens),
        examples=len(batch.indices),
        tokens=int(batch.lengths.sum()),
        supervised_tokens=tokens,
        memory_mb=_memory_mb(),
        formats=_slice(batch, objective, totals[:, 1], labels.formats),
        sources=_slice(batch, objective, totals[:, 1], labels.sources),
        topics=_slice(batch, objective, totals[:, 1], labels.topics),
    )


def _slice(
    batch: Batch, objective: NDArray[np.float64], hits: NDArray[np.float64], labels: Sequence[str]
) -> dict[str, SliceMetrics]:
    names = sorted(set(labels))
    codes = np.searchsorted(np.array(names), np.array(labels))
    examples = np.bincount(codes)
    tokens = np.bincount(codes, batch.supervised)
    total = np.bincount(codes, objective)
    right = np.bincount(codes, hits)
    return {
        name: SliceMetrics(
            examples=int(examples[code]),
            supervised_tokens=int(tokens[code]),
            objective_share=float(total[code] / len(objective)),
            objective=float(total[code] / examples[code]),
            token_accuracy=float(right[code] / tokens[code]),
        )
        for code, name in enumerate(names)
    }


def _memory_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def first_objective(run: Path) -> float | None:
    """J of a run's first step; None when none was taken."""
    if not (run / METRICS).is_file():
        return None
    with (run / METRICS).open(encoding="utf-8") as lines:
        return next((line["objective"] for line in map(json.loads, lines) if not line["heldout"]), None)


def measured_at(run: Path, step: int) -> bool:
    """Whether a run measured on heldout examples after a step."""
    if not (run / METRICS).is_file():
        return False
    with (run / METRICS).open(encoding="utf-8") as lines:
        return any(line["heldout"] and line["step"] == step for line in map(json.loads, lines))


class MetricsFile:
    """Appends to metrics.jsonl. A resumed run first drops the lines of steps that will be done again."""

    def __init__(self, run: Path, *, done: int) -> None:
        self._path = run / METRICS
        if self._path.is_file():
            self._drop_after(done)

    def write(self, metrics: StepMetrics) -> None:
        """Appends one line."""
        rates = {
            "tokens_per_second": round(metrics.tokens_per_second, 1),
            "supervised_tokens_per_second": round(metrics.supervised_tokens_per_second, 1),
        }
        record = asdict(metrics) | rates
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def _drop_after(self, done: int) -> None:
        kept = []
        lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                if json.loads(line)["step"] <= done:
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError):
                if number < len(lines):  # else a kill cut it short
                    logger.warning("%s: damaged in line %d; the lines behind it are dropped", self._path, number)
                break
        write_text(self._path, "".join(kept))

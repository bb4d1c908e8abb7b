"""What a run says about itself: metrics.jsonl (one JSON object a line, the truth), slices that add up, the mixture.

Every figure comes from per-example sums, so the slices of J by format, source and topic each add up to J exactly.
"""

import json
import resource
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.files import write_text
from training.encode import Encoded
from training.results import Mixture, MixtureLine, SliceMetrics, StepMetrics
from training.shards import Examples, Labels
from training.step import Batch

METRICS = "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Slices:
    """The columns by which a run is sliced."""

    formats: Labels
    sources: Labels
    topics: Labels


def slices_of(examples: Examples) -> Slices:
    """Reads the labels of a split."""
    return Slices(examples.labels("format"), examples.labels("source"), examples.labels("topic"))


def measure(
    batch: Batch, totals: NDArray[np.float64], slices: Slices, *, step: int, steps: int, epoch: int
) -> StepMetrics:
    """Turns per-example sums into figures. J is J_SFT whatever is optimised, so runs can be compared.

    Args:
        batch: the examples, in plan order.
        totals: float64[N, 2] negative log-likelihood and greedy hits of each example.
        slices: labels of the split that the batch comes from.
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
        formats=_slice(batch, objective, totals[:, 1], slices.formats),
        sources=_slice(batch, objective, totals[:, 1], slices.sources),
        topics=_slice(batch, objective, totals[:, 1], slices.topics),
    )


def _slice(
    batch: Batch, objective: NDArray[np.float64], hits: NDArray[np.float64], labels: Labels
) -> dict[str, SliceMetrics]:
    codes, width = labels.codes[batch.indices], len(labels.names)
    examples = np.bincount(codes, minlength=width)
    tokens = np.bincount(codes, batch.supervised, minlength=width)
    total = np.bincount(codes, objective, minlength=width)
    right = np.bincount(codes, hits, minlength=width)
    return {
        name: SliceMetrics(
            examples=int(examples[code]),
            supervised_tokens=int(tokens[code]),
            objective_share=float(total[code] / len(objective)),
            objective=float(total[code] / examples[code]),
            token_accuracy=float(right[code] / tokens[code]),
        )
        for code, name in enumerate(labels.names)
        if examples[code]
    }


def _memory_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def mixture(
    encoded: Encoded,
    slices: Slices,
    weights: NDArray[np.float64],
    supervised: NDArray[np.int64],
    *,
    objective: str,
    dropped: dict[str, int],
) -> Mixture:
    """Says what an epoch of the mixture weighs: J counts examples, token_mean counts supervised tokens."""
    used = weights > 0
    pull = weights * supervised if objective == "token_mean" else weights
    lines = [
        MixtureLine(
            kind=kind,
            name=name,
            examples=int(chosen.sum()),
            row_share=float(weights[chosen].sum() / weights.sum()),
            token_share=float((weights * encoded.lengths)[chosen].sum() / (weights * encoded.lengths).sum()),
            objective_share=float(pull[chosen].sum() / pull.sum()),
        )
        for kind, labels in (("format", slices.formats), ("source", slices.sources))
        for code, name in enumerate(labels.names)
        if (chosen := used & (labels.codes == code)).any()
    ]
    return Mixture(tuple(lines), int(supervised[used].min()), int(supervised[used].max()), dropped)


def first_objective(run: Path) -> float | None:
    """J of a run's first step; None when none was taken."""
    if not (run / METRICS).is_file():
        return None
    with (run / METRICS).open(encoding="utf-8") as lines:
        return next((line["objective"] for line in map(json.loads, lines) if not line["heldout"]), None)


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
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                if json.loads(line)["step"] <= done:
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError):
                break  # a kill cut the last line short, or it is damaged
        write_text(self._path, "".join(kept))

"""Which examples an optimizer step takes: a pure function of (seed, epoch, step).

The step is a set of examples, not a number of tokens, so packing, micro-batches, ranks and workers cannot change the
objective, and the state of a run is two integers. Each epoch visits its appearances once, in a keyed global order; the
last step of an epoch takes what is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a run stands: `step` steps of `epoch` are done. This is the whole resume state."""

    epoch: int = 0
    step: int = 0


class Plan:
    """The order of a whole run.

    Args:
        weights: expected appearances per epoch of every example; 0 leaves one out.
        examples_per_step: N, over all ranks.
        seed: another seed gives another order.
        steps: length of the whole run in optimizer steps; or
        epochs: its length in passes over the data, of which the last may be a fraction.
    """

    def __init__(
        self,
        weights: NDArray[np.float64],
        *,
        examples_per_step: int,
        seed: int,
        steps: int | None = None,
        epochs: float | None = None,
    ) -> None:
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise ValueError("the weights of examples must be finite and at least 0")
        if (steps is None) == (epochs is None):
            raise ValueError(f"a run has either steps or epochs, found steps={steps} and epochs={epochs}")
        self.examples_per_step = examples_per_step
        self.seed = seed
        self._steps, self._epochs = steps, epochs
        self._weights = weights
        self._order = lru_cache(maxsize=1)(self._compute_order)

    def order(self, epoch: int) -> Indices:
        """Every appearance of an epoch, in the order in which steps take them."""
        return self._order(epoch)

    def steps_in(self, epoch: int) -> int:
        """How many optimizer steps an epoch has."""
        return -(-len(self.order(epoch)) // self.examples_per_step)

    def examples_at(self, position: Position) -> Indices:
        """The examples of one step: examples_per_step of them, fewer in the last step of an epoch."""
        start = position.step * self.examples_per_step
        return self.order(position.epoch)[start : start + self.examples_per_step]

    def total_steps(self) -> int:
        """Length of the whole run in optimizer steps."""
        return sum(1 for _ in self.positions()) if self._steps is None else self._steps

    def positions(self, start: Position = Position()) -> Iterator[Position]:
        """Yields the positions of the run from `start` on; those before it count towards its length."""
        done, epoch = 0, 0
        while self._epochs is None or epoch < self._epochs:
            for step in range(self.steps_in(epoch)):
                if self._steps is not None and done >= self._steps:
                    return
                done += 1
                if (position := Position(epoch, step)) >= start:
                    yield position
            epoch += 1

    def _compute_order(self, epoch: int) -> Indices:
        """Appearances floor(w) plus one with probability w - floor(w), sorted by a random key.

        Only the raw words of the Philox counter are used: numpy keeps those the same across versions (NEP 19), which it
        does not promise for `Generator.permutation`.
        """
        chance = _words(self.seed, epoch, "appear", len(self._weights)).astype(np.float64) / 2.0**64
        whole = np.floor(self._weights)
        times = (whole + (chance < self._weights - whole)).astype(np.int64)
        appearances = np.repeat(np.arange(len(times), dtype=np.int64), times)
        if not len(appearances):
            raise ValueError(
                f"epoch {epoch} is empty: the weights of {len(times)} examples sum to {self._weights.sum()}"
            )
        order = appearances[np.argsort(_words(self.seed, epoch, "order", len(appearances)), kind="stable")]
        share = 1.0 if self._epochs is None else min(1.0, self._epochs - epoch)
        return order[: max(1, round(len(order) * share))]


def _words(seed: int, epoch: int, purpose: str, count: int) -> NDArray[np.uint64]:
    key = int.from_bytes(blake2b(f"{purpose}:{seed}:{epoch}".encode(), digest_size=16).digest())
    return np.random.Philox(key=key).random_raw(count)

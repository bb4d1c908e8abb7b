"""Which examples an optimizer step takes: a pure function of (seed, epoch, step), made from weights alone.

The step is a set of examples, not a number of tokens, so packing, micro-batches, ranks and workers cannot change the
objective, and the state of a run is two integers. Each epoch visits its appearances once; the last step of an epoch
takes what is left. An order holds 4 bytes a row, 16 until its last part was asked for.

There are two orders of the same appearances. `rows` is global: any step may take any example. `blocks` is for data that
no cache holds: blocks of neighbouring examples are put in a random order, and an example comes within the next `WINDOW`
blocks of its own, so that an epoch reads each block once and holds few at a time.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from math import ceil

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.uint32]
_PART = 2**16  # rows that are looked at together: arrays of more come from the system anew, and touching them is dear
_RANGE = 2**20  # rows that are sorted together
_BEGINNING = 2**16  # of many rows: about those that are sorted first, since step 1 waits for them

WINDOW = 64
"""blocks that the examples of one block are strewn over: with 1,024 rows in each, a step is drawn from 65,000"""


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
        blocks: where blocks of examples begin, and the end of the last: the order is then by blocks.
    """

    def __init__(
        self,
        weights: NDArray[np.float64],
        *,
        examples_per_step: int,
        seed: int,
        steps: int | None = None,
        epochs: float | None = None,
        blocks: NDArray[np.int64] | None = None,
    ) -> None:
        if len(weights) and not 0 <= weights.min() <= weights.max() < np.inf:
            raise ValueError("the weights of examples must be finite and at least 0")
        if (steps is None) == (epochs is None):
            raise ValueError(f"a run has either steps or epochs, found steps={steps} and epochs={epochs}")
        self.examples_per_step = examples_per_step
        self.seed = seed
        self._steps, self._epochs = steps, epochs
        assert len(weights) < 2**32, len(weights)
        self._weights, self._blocks = weights, blocks
        parts = [weights[start : start + _PART] for start in range(0, len(weights), _PART)]
        self._once = all(bool((part == 1).all()) for part in parts)
        self._whole = self._once or all(bool((part == np.floor(part)).all()) for part in parts)
        self._order = lru_cache(maxsize=1)(self._compute_order)
        self._count = lru_cache(maxsize=None)(self._compute_count)
        self._appearing = lru_cache(maxsize=None)(self._compute_appearing)

    def order(self, epoch: int) -> Indices:
        """Every appearance of an epoch, in the order in which steps take them."""
        return self.first(epoch, self._count(epoch))

    def first(self, epoch: int, limit: int) -> Indices:
        """The first appearances of an epoch, as many as `limit` says at most; what comes later is not sorted for it."""
        return self._order(epoch).first(min(limit, self._count(epoch)))

    def examples_in(self, epoch: int) -> int:
        """How many appearances an epoch has, without its order."""
        return self._count(epoch)

    def steps_in(self, epoch: int) -> int:
        """How many optimizer steps an epoch has."""
        return -(-self._count(epoch) // self.examples_per_step)

    def examples_at(self, position: Position) -> NDArray[np.int64]:
        """The examples of one step: examples_per_step of them, fewer in the last step of an epoch."""
        start = position.step * self.examples_per_step
        return self.first(position.epoch, start + self.examples_per_step)[start:].astype(np.int64)

    def total_steps(self) -> int:
        """Length of the whole run in optimizer steps."""
        if self._steps is not None:
            return self._steps
        assert self._epochs is not None
        return sum(self.steps_in(epoch) for epoch in range(ceil(self._epochs)))

    def steps_before(self, position: Position) -> int:
        """Optimizer steps of a run that come before a position."""
        whole = sum(self.steps_in(epoch) for epoch in range(position.epoch))
        return whole + min(position.step, self.steps_in(position.epoch))

    def steps_from(self, start: Position) -> int:
        """Optimizer steps that are left from a position on."""
        return max(0, self.total_steps() - self.steps_before(start))

    def positions(self, start: Position = Position()) -> Iterator[Position]:
        """Yields the positions of the run from `start` on; those before it count towards its length."""
        position = start if start.step < self.steps_in(start.epoch) else Position(start.epoch + 1)
        for _ in range(self.steps_from(start)):
            yield position
            position = self.after(position)

    def after(self, position: Position) -> Position:
        """The position behind another one; behind the last, where a longer run would go on."""
        last = position.step + 1 >= self.steps_in(position.epoch)
        return Position(position.epoch + 1) if last else Position(position.epoch, position.step + 1)

    def _compute_count(self, epoch: int) -> int:
        """How many appearances of an epoch are taken."""
        count = self._appearing(epoch)
        if not count:
            raise ValueError(
                f"epoch {epoch} is empty: the weights of {len(self._weights)} examples sum to {self._weights.sum()}"
            )
        share = 1.0 if self._epochs is None else min(1.0, self._epochs - epoch)
        return max(1, round(count * share))

    def _compute_appearing(self, epoch: int) -> int:
        """How many appearances an epoch would have if it were not the last."""
        return len(self._weights) if self._once else sum(int(times.sum()) for times in self._times(epoch))

    def _compute_order(self, epoch: int) -> "_Order":
        """Appearances by a random key."""
        return _Order(partial(self._keyed, epoch), self._appearing(epoch))

    def _keyed(self, epoch: int) -> Iterator[tuple[NDArray[np.uint64], Indices]]:
        """Appearances part by part, and what they are sorted by: a random word, or their block's turn and a delay.

        Worked example, 3 blocks with turns 2, 0, 1, in units of 2**bits: keys of the second block's rows lie in
        [0, 64), of the third's in [1, 65), of the first's in [2, 66).
        """
        random = _random(self.seed, epoch, "order")
        drawn = ((random.random_raw(len(rows)), rows) for rows in self._appearances(epoch))
        if self._blocks is None:
            yield from drawn
            return
        count = len(self._blocks) - 1
        bits = 64 - (count + WINDOW).bit_length()
        turns = np.empty(count, np.uint64)
        turns[_shuffled(self.seed, epoch, "blocks", count)] = np.arange(count, dtype=np.uint64)
        for words, rows in drawn:
            mine = turns[np.searchsorted(self._blocks, rows, side="right") - 1]
            yield (mine << np.uint64(bits)) + (words >> np.uint64(64 - bits)) * np.uint64(WINDOW), rows

    def _appearances(self, epoch: int) -> Iterator[Indices]:
        if self._once:
            yield from _numbers(len(self._weights))
            return
        for part, times in enumerate(self._times(epoch)):
            yield np.repeat(np.arange(part * _PART, part * _PART + len(times), dtype=np.uint32), times)

    def _times(self, epoch: int) -> Iterator[NDArray[np.int64]]:
        """How often each example appears, part by part: floor(w), and once more with probability w - floor(w)."""
        if self._whole:
            for start in range(0, len(self._weights), _PART):
                yield self._weights[start : start + _PART].astype(np.int64)
            return
        random = _random(self.seed, epoch, "appear")
        for start in range(0, len(self._weights), _PART):
            weights = self._weights[start : start + _PART]
            words, whole = random.random_raw(len(weights)), np.floor(weights)
            yield (whole + (words.astype(np.float64) / 2.0**64 < weights - whole)).astype(np.int64)


def _random(seed: int, epoch: int, purpose: str) -> np.random.Philox:
    """A source of random words.

    Only the raw words of the Philox counter are used: numpy keeps those the same across versions (NEP 19), which it
    does not promise for `Generator.permutation`.
    """
    return np.random.Philox(key=int.from_bytes(blake2b(f"{purpose}:{seed}:{epoch}".encode(), digest_size=16).digest()))


def _numbers(count: int) -> Iterator[Indices]:
    """The numbers below `count`, part by part."""
    for start in range(0, count, _PART):
        yield np.arange(start, min(start + _PART, count), dtype=np.uint32)


class _Order:
    """Values as a stable sort by their keys puts them, one range of keys after another as far as they are asked for.

    Sorting all at once takes thrice the memory, and a step needs the beginning alone: for that keys are made and not
    kept. Threads may share it.

    Args:
        keyed: makes keys and values part by part, each time the same.
        count: of values.
    """

    def __init__(self, keyed: Callable[[], Iterable[tuple[NDArray[np.uint64], Indices]]], count: int) -> None:
        self._keyed, self._count = keyed, count
        self._keys, self._values = np.empty(0, np.uint64), np.empty(0, np.uint32)
        ranges = max(1, count // _RANGE)
        ends = [number * 2**64 // ranges for number in range(1, ranges)]
        if count >= 2 * _BEGINNING:
            ends.insert(0, _BEGINNING * 2**64 // count)
        bounds = [np.uint64(end) for end in ends]
        self._ranges = deque(zip([None, *bounds], [*bounds, None], strict=True))
        self._ordered, self._filled = np.empty(count, np.uint32), 0
        self._lock = threading.Lock()

    def first(self, count: int) -> Indices:
        """The first `count` of them."""
        with self._lock:
            while self._filled < count:
                self._sort_range(*self._ranges.popleft())
            if not self._ranges:
                self._keys, self._values = np.empty(0, np.uint64), np.empty(0, np.uint32)
        return self._ordered[:count]

    def _sort_range(self, low: np.uint64 | None, high: np.uint64 | None) -> None:
        """Sorts the keys of [low, high) behind those below."""
        if low is None:
            parts = [_within(keys, values, low, high) for keys, values in self._keyed()]
            keys, values = (np.concatenate(column) for column in zip(*parts, strict=True))
        else:
            if not len(self._keys):
                self._keep()
            keys, values = _within(self._keys, self._values, low, high)
        end = self._filled + len(keys)
        self._ordered[self._filled : end] = values[_stable_argsort(keys)]
        self._filled = end

    def _keep(self) -> None:
        """Makes all keys and values, and keeps them until the last range is sorted."""
        self._keys, self._values = np.empty(self._count, np.uint64), np.empty(self._count, np.uint32)
        filled = 0
        for keys, values in self._keyed():
            end = filled + len(keys)
            self._keys[filled:end], self._values[filled:end] = keys, values
            filled = end


def _within(
    keys: NDArray[np.uint64], values: Indices, low: np.uint64 | None, high: np.uint64 | None
) -> tuple[NDArray[np.uint64], Indices]:
    """Keys of [low, high), and their values."""
    inside = np.ones(len(keys), np.bool_) if low is None else keys >= low
    if high is not None:
        inside &= keys < high
    return keys[inside], values[inside]


def _shuffled(seed: int, epoch: int, purpose: str, count: int, most: int | None = None) -> Indices:
    """The numbers below `count` in a random order, or the first of them."""

    def keyed() -> Iterator[tuple[NDArray[np.uint64], Indices]]:
        random = _random(seed, epoch, purpose)
        return ((random.random_raw(len(numbers)), numbers) for numbers in _numbers(count))

    return _Order(keyed, count).first(count if most is None else most)


def _stable_argsort(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The fast sort, which is stable where no two keys are the same."""
    places = np.argsort(keys)
    ordered = keys[places]
    return np.argsort(keys, kind="stable") if (ordered[1:] == ordered[:-1]).any() else places


def keyed_sample(count: int, limit: int, purpose: str) -> NDArray[np.int64]:
    """`limit` of `count` rows, the same ones each time, in their order; all of them where there are no more."""
    if count <= limit:
        return np.arange(count)
    return np.sort(_shuffled(0, 0, purpose, count, limit).astype(np.int64))

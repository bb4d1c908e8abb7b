"""Examples by index -> tokens, ahead of the step that needs them: threads encode while the model computes.

Every rank encodes its share of each step, every `world.size`-th example, and the shares are put together again in the
order of the plan. What an example becomes depends on its text alone, so neither threads nor ranks change a step.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.exits import RunFailedError, UserError
from training.chat import ChatLayout
from training.encode import Encoded, EncodedExample, encode, joined
from training.plan import Plan, Position
from training.shards import Examples, Labels
from training.token_cache import TokenCache, Words, encoded_of, words_of
from training.world import World

_AHEAD = 16  # steps whose texts are fetched meanwhile, where they lie elsewhere
_CHUNK = 1024  # examples that are encoded together: their texts are in memory at once


@dataclass(frozen=True, slots=True)
class Rows:
    """Some examples, encoded: example `indices[k]` is `encoded[k]`, and the labels have the same order."""

    indices: NDArray[np.int64]
    encoded: Encoded
    labels: Labels


class Encoder:
    """Encodes examples of one split, from where they lie.

    Args:
        examples: the split.
        layout: of conversations.
        supervise_think: whether thoughts bear loss.
        cache: what was encoded before; None encodes anew each time.
    """

    def __init__(
        self, examples: Examples, layout: ChatLayout, *, supervise_think: bool, cache: TokenCache | None = None
    ) -> None:
        self.examples, self.layout, self.supervise_think = examples, layout, supervise_think
        self._cache = cache

    def __call__(self, indices: NDArray[np.int64]) -> Encoded:
        """Encodes some examples, in the order given.

        Raises:
            UserError: the tokenizer or the layout refuses one, which is named.
            RunFailedError: a shard changed since it was opened.
        """
        rows = self._known(indices)
        missing = _missing(rows)
        for start in range(0, len(missing), _CHUNK):
            places = missing[start : start + _CHUNK]
            fresh = [words_of(example) for example in self._encode(indices[places])]
            if self._cache:
                self._cache.put(indices[places], fresh)
            for place, words in zip(places, fresh, strict=True):
                rows[place] = words
        return encoded_of([words for words in rows if words is not None])

    def expect(self, indices: NDArray[np.int64]) -> None:
        """Is told what will be encoded soon: texts that lie elsewhere are fetched meanwhile."""
        if self.examples.fetched_bytes:
            self.examples.expect(indices[_missing(self._known(indices))])

    def _known(self, indices: NDArray[np.int64]) -> list[Words | None]:
        """What the cache holds of some examples, in the order given."""
        return self._cache.get(indices) if self._cache else [None] * len(indices)

    def _encode(self, indices: NDArray[np.int64]) -> list[EncodedExample]:
        return encode(self.examples.take(indices), self.layout, supervise_think=self.supervise_think)

    def close(self) -> None:
        """Writes what the cache has not written yet."""
        if self._cache:
            self._cache.close()


def _missing(rows: Sequence[Words | None]) -> list[int]:
    return [place for place, words in enumerate(rows) if words is None]


_Share: TypeAlias = tuple[Encoded, Labels] | UserError | RunFailedError


class Workers:
    """The threads that encode one rank's shares.

    Args:
        count: how many; one works on one step.
        world: the ranks that share the work; what one of them cannot encode stops all of them.
    """

    def __init__(self, count: int, world: World) -> None:
        self.count, self._world = count, world
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="encode")

    def begin(self, encoder: Encoder, indices: NDArray[np.int64]) -> "Future[_Share]":
        """Begins to encode this rank's share of some examples."""
        return self._threads.submit(_share, encoder, self._mine(indices))

    def expect(self, encoder: Encoder, indices: NDArray[np.int64]) -> None:
        """Tells the encoder of this rank's share of what is begun later."""
        encoder.expect(self._mine(indices))

    def _mine(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        return indices[self._world.rank :: self._world.size]

    def gather(self, indices: NDArray[np.int64], share: "Future[_Share]") -> Rows:
        """Waits for the shares of all ranks and puts them together; all ranks must call it, in the same order.

        Raises:
            UserError, RunFailedError: as `Encoder` does, on every rank when it did so on one.
        """
        shares = self._world.gather(share.result())
        parts: list[tuple[Encoded, Labels]] = []
        for part in shares:
            if isinstance(part, Exception):
                raise part
            parts.append(part)
        if len(parts) == 1:
            return Rows(indices, *parts[0])
        places = [(place % len(parts), place // len(parts)) for place in range(len(indices))]
        encoded = joined([parts[rank][0][place] for rank, place in places])
        columns = ([getattr(parts[rank][1], name)[place] for rank, place in places] for name in Labels.__slots__)
        return Rows(indices, encoded, Labels(*map(tuple, columns)))

    def encode(self, encoder: Encoder, indices: NDArray[np.int64]) -> Rows:
        """Encodes some examples on all ranks, and waits."""
        return self.gather(indices, self.begin(encoder, indices))

    def close(self) -> None:
        """Ends the threads after what each is encoding."""
        self._threads.shutdown(cancel_futures=True)


def _share(encoder: Encoder, indices: NDArray[np.int64]) -> _Share:
    """What comes of one rank's share: an error is an answer too, which all ranks must hear."""
    try:
        return encoder(indices), encoder.examples.labels_of(indices)
    except (UserError, RunFailedError) as error:
        return error


def encoded_steps(plan: Plan, encoder: Encoder, workers: Workers, start: Position) -> Iterator[tuple[Position, Rows]]:
    """Yields the steps of a run from `start` on; those that follow are being encoded meanwhile, one a worker."""
    positions = plan.positions(start)
    waiting: deque[tuple[Position, NDArray[np.int64], Future[_Share]]] = deque()
    while True:
        while len(waiting) <= workers.count and (position := next(positions, None)) is not None:
            for later in _later(plan, position, begins=not waiting or position.step == 0):
                workers.expect(encoder, plan.examples_at(later))
            indices = plan.examples_at(position)
            waiting.append((position, indices, workers.begin(encoder, indices)))
        if not waiting:
            return
        position, indices, share = waiting.popleft()
        yield position, workers.gather(indices, share)


def _later(plan: Plan, position: Position, *, begins: bool) -> Iterator[Position]:
    """The positions that are expected when one is begun: the step far ahead, and where steps begin all up to it."""
    last = min(position.step + _AHEAD, plan.steps_in(position.epoch) - 1)
    first = position.step if begins else position.step + _AHEAD
    return (Position(position.epoch, step) for step in range(first, last + 1))

"""The steps of a run, laid out before the loop asks for them: while step n computes, step n + 1 is packed and sent."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch

from schemas.exits import RunFailedError, UserError
from training.encoder import Rows
from training.forward import MicroBatch
from training.plan import Position
from training.step import Batch


@dataclass(frozen=True, slots=True)
class Laid:
    """A step as it is computed.

    Attributes:
        rows: its examples.
        batch: how they are weighed and packed.
        micros: this rank's packs, on its device.
    """

    rows: Rows
    batch: Batch
    micros: list[MicroBatch]


class Feed:
    """Gives one step after another.

    Args:
        steps: positions and examples, in order.
        lay_out: packs the examples of a step.
        device: where the micro-batches go.

    Attributes:
        waited: seconds in which the loop had to wait.
    """

    def __init__(
        self, steps: Iterator[tuple[Position, Rows]], lay_out: Callable[[Rows], Laid], device: torch.device
    ) -> None:
        self._steps, self._lay_out = steps, lay_out
        on_device = (lambda: torch.cuda.set_device(device)) if device.type == "cuda" else None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pack", initializer=on_device)
        self._next: tuple[Position, Future[Laid]] | None = None
        self._error: UserError | RunFailedError | None = None
        self.waited = 0.0

    def draw(self) -> None:
        """Takes the following step from all ranks, and begins to lay it out; all ranks must call it, once a step."""
        began = time.perf_counter()
        self._next = None
        try:
            if drawn := next(self._steps, None):
                self._next = drawn[0], self._thread.submit(self._lay_out, drawn[1])
        except (UserError, RunFailedError) as error:
            self._error = error
        self.waited += time.perf_counter() - began

    @property
    def more(self) -> bool:
        """Whether there is a further step."""
        return self._next is not None or self._error is not None

    def take(self) -> tuple[Position, Laid]:
        """The step that was drawn last.

        Raises:
            UserError, RunFailedError: it cannot be encoded or laid out.
        """
        if self._error is not None:
            raise self._error
        assert self._next is not None
        began = time.perf_counter()
        position, laid = self._next[0], self._next[1].result()
        self.waited += time.perf_counter() - began
        return position, laid

    def close(self) -> None:
        """Ends the thread."""
        self._thread.shutdown(cancel_futures=True)

"""SIGTERM as a request: the loop finishes its step, writes a checkpoint and ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class StopRequest:
    """Whether a signal asked the run to end."""

    asked: bool = False


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turns SIGTERM into a request while the context lasts."""
    stop = StopRequest()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.asked = True

    try:
        before = signal.signal(signal.SIGTERM, ask)
    except ValueError:  # not the main thread: signals belong to someone else
        yield stop
        return
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)

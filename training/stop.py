"""SIGTERM and Ctrl-C as a request: the loop finishes its step, writes a checkpoint and ends.

Before step 1 there is nothing to save, and a second Ctrl-C means it: both end at once.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class StopRequest:
    """Whether a signal asked the run to end.

    Attributes:
        waits: signals wait for the end of the step; until steps are taken they raise KeyboardInterrupt.
    """

    asked: bool = False
    waits: bool = False


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turns the signals into a request while the context lasts."""
    stop = StopRequest()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if not stop.waits:
            raise KeyboardInterrupt
        stop.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():  # signals belong to someone else
        yield stop
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

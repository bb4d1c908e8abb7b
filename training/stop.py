"""Ctrl-C and the other signals that end a verb as a request: the loop finishes its step, writes a checkpoint and ends.

Before step 1 there is nothing to save, and a second Ctrl-C means it: both end at once.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from schemas.stopping import ENDING


@dataclass(slots=True)
class StopRequest:
    """The signal that asked the run to end, if any did.

    Attributes:
        asked: it; the first one.
        waits: signals wait for the end of the step; until steps are taken they raise KeyboardInterrupt.
    """

    asked: signal.Signals | None = None
    waits: bool = False


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turns the signals into a request while the context lasts."""
    stop = StopRequest()

    def ask(number: int, frame: FrameType | None) -> None:
        if not stop.waits:
            if callable(earlier := before[signal.Signals(number)]):
                earlier(number, frame)  # the command line's own, which keeps the number for the exit code
            raise KeyboardInterrupt
        stop.asked = stop.asked or signal.Signals(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():  # signals belong to someone else
        yield stop
        return
    before = {number: signal.getsignal(number) for number in ENDING if signal.getsignal(number) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""The signals that ask a verb to end: each is an interrupt, and a verb that does not take it in is ended all the same.

An interrupt is an exception in the main thread. Code that was called back from C drops it, and code that tidies up may
wait for ever for somebody who is gone. So it is said again, and at last the process ends: what a verb publishes or
goes on from is whole on disk at any moment.
"""

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
"""a person's, the system's, and those by which batch systems tell that a job's time is nearly over"""

_PATIENCE_S = 10.0
_TIMES = 3  # that a verb is interrupted before it is ended
_ENDED = b"\0"


@contextmanager
def signals_as_interrupt(give_up: Callable[[signal.Signals], None]) -> Iterator[list[signal.Signals]]:
    """Raises KeyboardInterrupt at the signals that end a verb, and gives those that came.

    A signal that the process was started to ignore (`nohup`) stays ignored.

    Args:
        give_up: ends the process; called from another thread, half a minute after a signal that did not end the verb.
    """
    came: list[signal.Signals] = []
    if threading.current_thread() is not threading.main_thread():  # signals belong to someone else
        yield came
        return
    hears, tells = os.pipe()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        came.append(signal.Signals(number))
        if len(came) == 1:
            os.write(tells, bytes([number]))  # a thread started here could wait for a lock that its caller holds
        raise KeyboardInterrupt

    heard = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    insisting = threading.Thread(target=_insist, args=(hears, give_up), name="stop", daemon=True)
    insisting.start()
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.write(tells, _ENDED)
        insisting.join()
        for end in (hears, tells):
            os.close(end)


def end_at_signals() -> None:
    """Leaves the signals to the system: one that comes while a stopped process closes ends it at once."""
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _insist(hears: int, give_up: Callable[[signal.Signals], None]) -> None:
    """Interrupts the main thread again until the verb has ended, and gives up in the end."""
    told = os.read(hears, 1)
    if told == _ENDED:
        return
    number = signal.Signals(told[0])
    for _ in range(_TIMES):
        if select.select([hears], [], [], _PATIENCE_S)[0]:
            return
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    give_up(number)

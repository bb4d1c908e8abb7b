"""Whether the other ranks are alive. A rank that waits for a dead one in a collective would wait for hours.

Every rank counts up a number of its own in the store that the ranks met at. One that has not counted for half a minute,
or that ended with an error, is lost: this process says so and ends. Checkpoints are whole or absent, so nothing is
damaged.
"""

import os
import sys
import threading
import time
from contextlib import suppress

import torch.distributed as dist
from torch.distributed import Store  # type: ignore[attr-defined]  # public, and missing in __all__

from schemas.exits import ExitCode

_EVERY_S = 3.0
_SILENT_S = 30.0  # the longest that a live rank keeps other threads from running, with room
_ENDED = 1 << 40  # added to the count of a rank that finished
_FAILED = 1 << 50  # and of one that failed


class Heartbeat:
    """Counts for this rank and watches the others, until told to stop.

    Args:
        store: where ranks meet; a connection of its own, since a thread uses it.
        rank: of this process.
        size: how many ranks there are.
    """

    def __init__(self, store: Store, rank: int, size: int) -> None:
        self._store, self._rank = store, rank
        self._others = [other for other in range(size) if other != rank]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops counting; the others would miss this rank after a while."""
        self._stopped.set()
        self._thread.join()

    def leave(self) -> None:
        """Tells the others that this rank is done. Rank 0, which may hold the store, stays until all of them are."""
        if self._rank:
            self.stop()
            self._store.add(_key(self._rank), _ENDED)
        else:
            self._thread.join()

    def fail(self) -> None:
        """Tells those who can still hear it that this rank failed."""
        self.stop()
        with suppress(dist.DistError):
            self._store.add(_key(self._rank), _FAILED)

    def _run(self) -> None:
        heard = dict.fromkeys(self._others, (0, time.monotonic()))
        while not self._stopped.wait(_EVERY_S):
            try:
                self._store.add(_key(self._rank), 1)
                counts = {other: self._store.add(_key(other), 0) for other in self._others}
            except dist.DistError:
                if not self._stopped.is_set():
                    self._end("the process that the ranks meet at is gone")
                return
            for other, count in counts.items():
                if count != heard[other][0]:
                    heard[other] = (count, time.monotonic())
                silent = time.monotonic() - heard[other][1]
                if count >= _FAILED:
                    self._end(f"rank {other} failed")
                elif count < _ENDED and silent > _SILENT_S:
                    self._end(f"rank {other} has not been heard of for {silent:.0f} s")
            if min(counts.values()) >= _ENDED:
                return

    def _end(self, what: str) -> None:
        """Ends the process from this thread: the main one may be waiting where nothing interrupts it."""
        sys.stderr.write(
            f"mathmill: rank {self._rank} stops: {what}; continue from the last checkpoint with --resume\n"
        )
        sys.stderr.flush()
        os._exit(ExitCode.FAILED)


def _key(rank: int) -> str:
    return f"mathmill/heartbeat/{rank}"

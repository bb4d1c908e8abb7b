"""A lock for places behind URLs: a claim among others that its owner renews, and loses when it dies.

Every owner writes an object of its own and then looks at all of them. Stores show what was written to whoever lists
next, so of two owners at least one sees the other, and withdraws; nothing else is asked of a store. How old a claim is
is told by the store's clock alone, against the claim just written: clocks of machines may differ as they like.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from schemas.exits import RunFailedError
from schemas.place import Place

LEASES = ".lease"
LEASE_S = 120.0
"""seconds that a claim holds after it was written; stores tell time in whole seconds"""


class Lease:
    """A claim that is held."""

    def __init__(self, folder: Place, seconds: float) -> None:
        self._folder = folder
        self._claim = folder / LEASES / uuid.uuid4().hex
        self._seconds = seconds
        self._written = time.monotonic()
        self._taken = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def require(self) -> None:
        """Checks that the claim still holds; asked before every step that others must not see half of.

        Raises:
            RunFailedError: it could not be renewed in time, or another run took it for dead.
        """
        if self._taken or time.monotonic() - self._written > self._seconds:
            raise RunFailedError(
                f"{self._folder}: lost to silence: this run could not renew its claim for {self._seconds:.0f} s, so "
                "another may be writing there; nothing more is written; run the same command again"
            )

    def begin(self) -> None:
        """Claims, or withdraws.

        Raises:
            BlockingIOError: another owner's claim is alive.
        """
        self._write()
        now = self._claim.modified()
        for name in (self._folder / LEASES).files():
            if name == self._claim.name:
                continue
            other = self._folder / LEASES / name
            if self._is_alive(other, now):
                self._claim.remove()
                raise BlockingIOError(str(self._folder))
            other.remove()
        self._thread.start()

    def end(self) -> None:
        """Gives the claim back."""
        self._ended.set()
        self._thread.join()
        with suppress(OSError):  # it ages by itself
            self._claim.remove()

    def _is_alive(self, claim: Place, now: datetime) -> bool:
        try:
            return now - claim.modified() <= timedelta(seconds=self._seconds)
        except FileNotFoundError:
            return False  # given back in between

    def _write(self) -> None:
        begun = time.monotonic()
        self._claim.write(b"")
        self._written = begun

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / 4) and not self._taken:
            try:
                if self._claim.exists():
                    self._write()
                else:
                    self._taken = True
            except OSError:
                continue  # the next try may reach it; `require` knows for how long none did


@contextmanager
def leased(folder: Place, *, seconds: float = LEASE_S) -> Iterator[Lease]:
    """Holds a folder behind a URL for this process alone, as long as it lives.

    Raises:
        BlockingIOError: another owner holds it.
        OSError: the store says no.
    """
    lease = Lease(folder, seconds)
    lease.begin()
    try:
        yield lease
    finally:
        lease.end()

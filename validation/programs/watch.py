"""One fork watched: what it prints and reports, its clocks, its end. All that decides an ending is seen from here.

What the server spends on a program is bounded like the program: buffers of a fixed size, as many reports as blocks,
CPU counted against the same limit, and wake-ups that become rare when there are many of them.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from validation.programs.threads import Listener
from validation.programs.wire import Lengths, Order, pack_lengths

_POLL_SECONDS = 0.05
_OFTEN, _PAUSE_SECONDS = 500, 0.002  # after so many wake-ups, a pause before each
_SLACK_BYTES = 64 << 10
_BLOCK_BYTES = 4096  # of one report without a value: 500 characters of an error


class Tape:
    """A buffer that stays in its place, so that wiping it leaves no copy."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.used = 0

    def prepare(self, size: int) -> None:
        """Makes room for `size` bytes."""
        if len(self._data) < size:
            self._data = bytearray(size)

    def read(self, source: int, limit: int) -> int | None:
        """Reads what is there; returns how much was, 0 at the end or when `limit` bytes are held.

        None when somebody else took it: a program can open its own pipes for reading.
        """
        with memoryview(self._data) as whole, whole[self.used : limit] as room:
            try:
                count = os.readv(source, [room]) if len(room) else 0
            except BlockingIOError:
                return None
        self.used += count
        return count

    def find(self, byte: bytes, start: int) -> int:
        """Returns where a byte is, -1 when it is not in what was read."""
        return self._data.find(byte, start, self.used)

    def write(self, target: int, start: int, end: int) -> None:
        """Writes a stretch without copying it."""
        with memoryview(self._data) as whole:
            while start < end:
                with whole[start:end] as rest:
                    start += os.write(target, rest)

    def wipe(self) -> None:
        """Forgets what was read."""
        self._data[: self.used] = bytes(self.used)
        self.used = 0


@dataclass(slots=True)
class Tapes:
    """What programs print, and what the forks report; kept from program to program, empty between them."""

    output: Tape = field(default_factory=Tape)
    reports: Tape = field(default_factory=Tape)


class Run:
    """One fork and what is known about it.

    Args:
        pid: of the fork.
        order: its limits.
        ends: the server's ends of its output, its reports, of what lets it go on, and of what says that it
            began; the program holds the first three alone, and may read from them what it wrote.
        tapes: where to keep what it says.
        listener: of its threads.
    """

    def __init__(
        self, pid: int, order: Order, ends: tuple[int, int, int, int], tapes: Tapes, listener: Listener | None
    ) -> None:
        self._pid, self._order, self._tapes, self._listener = pid, order, tapes, listener
        self._stdout, self._report, self._resume, self._started = ends
        for descriptor in (self._stdout, self._report, self._resume):
            os.set_blocking(descriptor, False)
        self._report_limit = order.output * 6 + _SLACK_BYTES + _BLOCK_BYTES * order.blocks
        tapes.output.prepare(order.output + 1)
        tapes.reports.prepare(self._report_limit)
        self._boundaries: list[int] = []
        self._cause, self._ended, self._status, self._cpu, self._early = "", False, 0, 0.0, 0.0
        self._start, self._own_start = time.monotonic(), time.process_time()
        self._process = os.pidfd_open(pid)
        self._poller = select.poll()
        self._handlers: dict[int, Callable[[int], object]] = {}

    def watch(self) -> None:
        """Watches until the process ends or passes a limit."""
        self._register(self._stdout, self._printed)
        self._register(self._report, self._reported)
        self._register(self._process, self._end)
        self._register(0, self._abandon, select.POLLHUP)
        if self._listener is not None:
            self._register(self._listener.channel.fileno(), self._connect)
        wakes = 0
        while not self._ended and not self._cause:
            for descriptor, event in self._poller.poll(_POLL_SECONDS * 1000):
                if descriptor in self._handlers:
                    self._handlers[descriptor](event)
            wakes += 1
            if wakes > _OFTEN:
                time.sleep(_PAUSE_SECONDS)
            self._check_clocks()
        self._drain()
        while not self._cause and self._report in self._handlers and _is_ready(self._report):
            self._reported(select.POLLIN)

    def _register(self, descriptor: int, handler: Callable[[int], object], events: int = select.POLLIN) -> None:
        self._handlers[descriptor] = handler
        self._poller.register(descriptor, events)

    def _forget(self, descriptor: int) -> None:
        del self._handlers[descriptor]
        self._poller.unregister(descriptor)

    def _printed(self, _: int) -> bool:
        """Takes what was printed; returns whether there was anything."""
        count = self._tapes.output.read(self._stdout, self._order.output + 1)
        if count == 0:
            self._forget(self._stdout)
        elif self._tapes.output.used > self._order.output:
            self._cause = "output"
        return bool(count)

    def _reported(self, _: int) -> None:
        tape = self._tapes.reports
        at = tape.used
        if at >= self._report_limit:
            self._cause = "forged"
        elif tape.read(self._report, self._report_limit) == 0:
            self._forget(self._report)
        while (at := tape.find(b"\n", at) + 1) and not self._cause:
            self._drain()
            self._boundaries.append(self._tapes.output.used)
            if len(self._boundaries) > self._order.blocks:
                self._boundaries.pop()
                self._cause = "forged"
            with contextlib.suppress(OSError):
                os.write(self._resume, b"+")

    def _drain(self) -> None:
        """Takes what the program printed before it reported; it waits for the byte that follows."""
        while not self._cause and self._stdout in self._handlers and _is_ready(self._stdout):
            if not self._printed(select.POLLIN):
                break

    def _end(self, _: int) -> None:
        self._ended = True

    def _abandon(self, _: int) -> None:
        self._cause = "abandoned"

    def _connect(self, _: int) -> None:
        assert self._listener is not None
        self._forget(self._listener.channel.fileno())
        descriptor = self._listener.connect()
        if descriptor is not None:
            self._register(descriptor, self._answer)

    def _answer(self, event: int) -> None:
        assert self._listener is not None
        assert self._listener.descriptor is not None
        if event & select.POLLIN:
            self._listener.answer()
        else:
            self._forget(self._listener.descriptor)

    def _check_clocks(self) -> None:
        elapsed = time.monotonic() - self._start
        if elapsed > self._order.wall:
            self._cause = self._cause or "wall"
        with contextlib.suppress(OSError):
            theirs = time.clock_gettime((~self._pid << 3) | 2)  # another process's CPU clock: clock_getcpuclockid(3)
            if elapsed < self._order.wall / 2:
                self._early = theirs
            if max(theirs, time.process_time() - self._own_start) > self._order.cpu:
                self._cause = self._cause or "cpu"

    def finish(self) -> str:
        """Kills what is left and waits; returns what ended it, empty when it ended itself."""
        if self._cause:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(self._pid, signal.SIGKILL)
        _, status, usage = os.wait4(self._pid, 0)
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGKILL)
        started = os.read(self._started, 1)
        for descriptor in (self._stdout, self._report, self._resume, self._started, self._process):
            os.close(descriptor)
        if self._listener is not None:
            self._listener.close()
        self._handlers.clear()  # they hold this run, which a later fork would find among what nobody collected
        self._status, self._cpu = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        if self._cause != "abandoned" and not started:
            self._cause = "unread"
        return self._cause

    def reply(self) -> None:
        """Sends what was seen, and forgets it."""
        output, reports = self._tapes.output, self._tapes.reports
        shown = min(output.used, self._order.output)
        late = max(0.0, self._cpu - self._early)
        head = Lengths(self._cause, self._status, self._cpu, late, len(self._boundaries), shown, reports.used)
        places = (min(place, shown) for place in self._boundaries)
        with contextlib.suppress(BrokenPipeError):
            _write(pack_lengths(head, places))
            output.write(1, 0, shown)
            reports.write(1, 0, reports.used)
        output.wipe()
        reports.wipe()


def _is_ready(descriptor: int) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(0))


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]

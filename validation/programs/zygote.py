"""The fork server.

Its modules loaded once, one fork per program, the ending decided in `watch` from wait status, clocks and byte counts.

Runs as its own process (started by `server.py`), confined before it reads the first request. Requests come on stdin
and replies go to stdout (`wire`); a program never holds these descriptors. A program can imitate what the trusted code
in its process reports (that it finished, that it raised, the value of `ans`), which gains it nothing that printing
would not; it cannot undo a timeout, a kill, a flood or a crash, since those are not reported but observed.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import struct
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from validation.programs import child, confine, packages
from validation.programs.pages import gather_pages
from validation.programs.seccomp import Filter
from validation.programs.threads import Listener, can_listen, listened
from validation.programs.watch import Run, Tapes
from validation.programs.wire import ORDER_BYTES, Order, unpack_order

_REPORT, _RESUME = 3, 4  # the program's descriptors beside 0, 1, 2
_STARTED = 5  # closed before it begins
_FIRST_DUMMY = 1_000_000  # sympy draws it for each process
_ABOVE = 40  # where a fork keeps them while it moves them there
_NOT_WEAK = ("privileges", "landlock", "seccomp", "processes")  # what level weak does without


@dataclass(slots=True)
class Job:
    """What a fresh fork has to do. It holds nothing of the server, whose frames are gone when it runs."""

    order: Order
    stdout: int
    report: int
    resume: int
    started: int
    memory: int
    without: frozenset[str]
    walls: Filter | None
    listener: Listener | None

    def run(self) -> None:
        """Turns the fork into the program's process; never returns."""
        try:
            os.setsid()
            os.umask(0o022)
            request = json.loads(_exactly(self.order.body))
            threads = "threads" in self.without
            if self.walls is not None and self.listener is not None:
                threads = listened(self.walls, self.listener.sender)
                self.listener.close()
            self._place_descriptors()
            confine.limit_process(memory=self.memory, cpu=self.order.cpu, threads=threads, without=self.without)
            child.execute(request, self.order.output, _REPORT, _RESUME, partial(self._begin, threads=threads))
        finally:
            os._exit(4)

    def _begin(self, *, threads: bool) -> None:
        """Puts up the last wall, and says that the program runs from here on."""
        if self.walls is not None:
            self.walls.install(threads=threads)
        os.write(_STARTED, b">")
        os.close(_STARTED)

    def _place_descriptors(self) -> None:
        """Leaves 0 to 5 and nothing else; what a program reads and what it complains to is opened for it alone."""
        opened = [os.open("/dev/null", os.O_RDONLY), self.stdout, os.open("/dev/null", os.O_WRONLY)]
        opened += [self.report, self.resume, self.started]
        high = [os.dup2(descriptor, _ABOVE + place) for place, descriptor in enumerate(opened)]
        for target, source in enumerate(high):
            os.dup2(source, target)
        os.closerange(len(high), 1024)


class Zygote:
    """The loaded, confined server."""

    def __init__(self, level: str, readable: list[str], modules: list[str], without: list[str]) -> None:
        self.level = level
        self.without = frozenset([*without, *(_NOT_WEAK if level == "weak" else ())])
        sys.dont_write_bytecode = True
        packages.hide_others()
        for name in modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        child.reseed(0)
        if "sympy" in sys.modules:
            _warm(sys.modules["sympy"])
        self.tapes = Tapes()
        gc.collect()
        gc.freeze()
        gather_pages()
        self.filter: Filter | None = None
        self.threads = False
        self.walls = ["rlimits"]
        self.space = confine.address_space()
        self._confine(readable)
        sys.path[:] = (
            [p for p in sys.path if any(Path(p).is_relative_to(r) for r in readable)] if level != "weak" else sys.path
        )

    def _confine(self, readable: list[str]) -> None:
        dropped = "privileges" not in self.without and confine.drop_privileges(readable)
        if self.level == "weak":
            confine.adopt_orphans()
        landlock = "landlock" not in self.without and confine.restrict_files(readable)
        if "seccomp" not in self.without:
            self.filter = Filter(files=landlock or "landlock" in self.without or self.level == "namespaces")
            self.threads = "threads" not in self.without and can_listen(self.filter)
            self.walls.append("seccomp")
        self.walls += ["landlock"] if landlock else []
        self.walls += ["namespaces"] if self.level == "namespaces" else []
        self.walls += ["threads"] if self.threads else []
        self.walls += ["privileges"] if dropped or self.level == "namespaces" else []

    def serve(self) -> Job | None:
        """Answers requests until stdin ends; in every fork it returns what that has to do, in the server None."""
        _greet(self.walls)
        while data := _exactly(ORDER_BYTES):
            order = unpack_order(data)
            listener = Listener() if self.threads else None
            (stdout, stdout_end), (report, report_end), (started, started_end) = os.pipe(), os.pipe(), os.pipe()
            resume_end, resume = os.pipe()
            ends = stdout_end, report_end, resume_end, started_end
            pid = os.fork()
            if pid == 0:
                memory = self.space + order.memory
                return Job(order, *ends, memory, self.without, self.filter, listener)
            for descriptor in ends:
                os.close(descriptor)
            run = Run(pid, order, (stdout, report, resume, started), self.tapes, listener)
            run.watch()
            cause = run.finish()
            self._reap()
            run.reply()
            if cause in ("abandoned", "unread"):
                break
        return None

    def _reap(self) -> None:
        """Ends whatever a program left behind; only at level weak can it leave anything."""
        if self.level == "weak":
            for _ in range(100):
                left = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
                for pid in left:
                    with contextlib.suppress(OSError):
                        os.kill(int(pid), signal.SIGKILL)
                        os.waitpid(int(pid), 0)
                if not left:
                    break
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _warm(sympy: ModuleType) -> None:
    """Fills sympy's caches and deferred imports once, for every fork: 0.15 s here, 60 ms for each that integrates."""
    x, y = sympy.symbols("x y")
    sympy.solve(x**2 - 5 * x + 6, x)
    sympy.solve([x + y - 3, x - y - 1], [x, y])
    sympy.solve(sympy.Eq(2 * x + 3, 7), x)
    sympy.solveset(x**2 - 4, x)
    sympy.simplify((x**2 - 1) / (x - 1))
    sympy.factor(sympy.expand((x + 1) ** 3))
    sympy.integrate(x**2, (x, 0, 1))
    sympy.diff(x**3, x)
    sympy.Matrix([[1, 2], [3, 4]]).det()
    sympy.binomial(10, 3), sympy.factorint(1000), sympy.gcd(12, 18)
    str(sympy.sqrt(8) + sympy.Rational(1, 3)), sympy.N(sympy.pi, 10)
    sympy.Dummy._base_dummy_index = _FIRST_DUMMY


def _exactly(count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = os.read(0, count - len(data))
        if not more:
            return b""
        data += more
    return data


def _greet(walls: list[str]) -> None:
    data = json.dumps({"walls": walls}).encode()
    os.write(1, struct.pack("<I", len(data)) + data)


def take_signals_back() -> None:
    """Ends at signals that this process was started to ignore (`... &`, nohup), as what it starts then does too."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def main(options: dict[str, Any]) -> None:
    """Serves with the options that `server.py` wrote on the command line; the forks come back to run here."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    take_signals_back()
    job = Zygote(**options).serve()
    if job is not None:
        job.run()

"""The fork server.

Its modules loaded once, one fork per program, the ending decided here from wait status, clocks and byte counts.

Runs as its own process (started by `server.py`), confined before it reads the first request. Requests and
replies are length-prefixed JSON on stdin and stdout; a program never holds these descriptors. A program can
imitate what the trusted code in its process reports (that it finished, that it raised, the value of `ans`),
which gains it nothing that printing would not; it cannot undo a timeout, a kill, a flood or a crash, since
those are not reported but observed.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from validation.programs import child, confine
from validation.programs.pages import gather_pages
from validation.programs.seccomp import Filter

_POLL_SECONDS = 0.05
_REPORT, _RESUME = 3, 4  # the program's descriptors beside 0, 1, 2
_NOT_WEAK = ("privileges", "landlock", "seccomp", "processes")  # what level weak does without
_SLACK_BYTES = 64 << 10


class Run:
    """One fork and what is known about it."""

    def __init__(self, server: "Zygote", request: dict[str, Any]) -> None:
        self.request = request
        self.stdout, stdout = os.pipe()
        self.report, report = os.pipe()
        resume, self.resume = os.pipe()
        self.output = bytearray()
        self.reports = bytearray()
        self.boundaries: list[int] = []
        self.limit = int(request["output"])
        self.cause = ""
        self.start = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            server.become_child(request, stdout, report, resume)
        for descriptor in (stdout, report, resume):
            os.close(descriptor)

    def watch(self) -> None:
        """Reads until both pipes end or a limit is passed; sets `cause` when the program has to be killed."""
        poller = select.poll()
        for descriptor in (self.stdout, self.report):
            poller.register(descriptor, select.POLLIN | select.POLLHUP)
        poller.register(0, select.POLLHUP)
        open_pipes = 2
        while open_pipes and not self.cause:
            for descriptor, event in poller.poll(_POLL_SECONDS * 1000):
                if descriptor == 0:
                    if event & (select.POLLHUP | select.POLLERR):
                        self.cause = "abandoned"
                    continue
                data = os.read(descriptor, 65536)
                if not data:
                    poller.unregister(descriptor)
                    open_pipes -= 1
                elif descriptor == self.stdout:
                    self._printed(data)
                else:
                    self._reported(data)
            self._check_clocks()

    def _printed(self, data: bytes) -> None:
        self.output += data
        if len(self.output) > self.limit:
            del self.output[self.limit :]
            self.cause = "output"

    def _reported(self, data: bytes) -> None:
        self.reports += data
        if len(self.reports) > (self.limit * 6 + _SLACK_BYTES) * len(self.request["blocks"]):
            self.cause = "forged"
        for _ in range(data.count(b"\n")):
            self._drain()
            self.boundaries.append(len(self.output))
            with contextlib.suppress(BrokenPipeError):
                os.write(self.resume, b"+")

    def _drain(self) -> None:
        """Takes what the program printed before it reported; it waits for the byte that follows."""
        while not self.cause and select.select([self.stdout], [], [], 0)[0]:
            data = os.read(self.stdout, 65536)
            if not data:
                return
            self._printed(data)

    def _check_clocks(self) -> None:
        if time.monotonic() - self.start > self.request["wall"]:
            self.cause = self.cause or "wall"
        with contextlib.suppress(OSError):
            if (
                time.clock_gettime((~self.pid << 3) | 2) > self.request["cpu"]
            ):  # the CPU clock of another process: clock_getcpuclockid(3)
                self.cause = self.cause or "cpu"

    def finish(self) -> dict[str, Any]:
        """Kills what is left, waits, and puts the reply together."""
        if self.cause:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(self.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        for descriptor in (self.stdout, self.report, self.resume):
            os.close(descriptor)
        return {
            "cause": self.cause,
            "status": os.waitstatus_to_exitcode(status),
            "cpu": usage.ru_utime + usage.ru_stime,
            "output": self.output.decode("utf-8", "replace"),
            "boundaries": [len(self.output[:b].decode("utf-8", "replace")) for b in self.boundaries],
            "reports": self.reports.decode("utf-8", "replace"),
        }


class Zygote:
    """The loaded, confined server."""

    def __init__(self, level: str, readable: list[str], modules: list[str], without: list[str]) -> None:
        self.level = level
        self.without = frozenset([*without, *(_NOT_WEAK if level == "weak" else ())])
        sys.dont_write_bytecode = True
        for name in modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        child.reseed(0)
        if "sympy" in sys.modules:
            _warm(sys.modules["sympy"])
        gc.collect()
        gc.freeze()
        gather_pages()
        self.null = os.open("/dev/null", os.O_RDWR)
        self.filter: Filter | None = None
        self.walls = ["rlimits"]
        self.space = confine.address_space()
        self._confine(readable)
        sys.path[:] = (
            [p for p in sys.path if any(Path(p).is_relative_to(r) for r in readable)] if level != "weak" else sys.path
        )

    def _confine(self, readable: list[str]) -> None:
        if "privileges" not in self.without:
            confine.drop_privileges(readable)
        if self.level == "weak":
            confine.adopt_orphans()
        landlock = "landlock" not in self.without and confine.restrict_files(readable)
        if "seccomp" not in self.without:
            self.filter = Filter(files=landlock or "landlock" in self.without or self.level == "namespaces")
            self.walls.append("seccomp")
        self.walls += ["landlock"] if landlock else []
        self.walls += ["namespaces"] if self.level == "namespaces" else []

    def become_child(self, request: dict[str, Any], stdout: int, report: int, resume: int) -> None:
        """Turns a fresh fork into the program's process; never returns."""
        try:
            os.setsid()
            high = [os.dup(fd) for fd in (self.null, stdout, report, resume)]
            moved = [os.dup2(fd, 40 + i) for i, fd in enumerate(high)]
            for target, source in zip((0, 1, _REPORT, _RESUME, 2), (*moved, moved[0]), strict=True):
                os.dup2(source, target)
            os.closerange(5, 1024)
            memory = self.space + (int(request["memory"]) << 20)
            confine.limit_process(memory=memory, cpu=request["cpu"], without=self.without)
            child.execute(request, _REPORT, _RESUME, self.filter.install if self.filter else lambda: None)
        finally:
            os._exit(4)

    def serve(self) -> None:
        """Answers requests until stdin ends."""
        _send({"ready": True, "walls": self.walls, "landlock": "landlock" in self.walls})
        while (request := _receive()) is not None:
            run = Run(self, request)
            run.watch()
            reply = run.finish()
            self._reap()
            if run.cause == "abandoned":
                return
            _send(reply)

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


def _exactly(count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = os.read(0, count - len(data))
        if not more:
            return b""
        data += more
    return data


def _receive() -> dict[str, Any] | None:
    header = _exactly(4)
    if not header:
        return None
    body = _exactly(struct.unpack("<I", header)[0])
    request: dict[str, Any] | None = json.loads(body) if body else None
    return request


def _send(reply: dict[str, Any]) -> None:
    data = json.dumps(reply).encode()
    data = struct.pack("<I", len(data)) + data
    while data:
        data = data[os.write(1, data) :]


def main(options: dict[str, Any]) -> None:
    """Serves with the options that `server.py` wrote on the command line."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Zygote(**options).serve()

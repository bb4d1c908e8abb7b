"""Runs untrusted programs: one (`run`), the blocks of a dialogue (`run_blocks`), many at once (`Pool`)."""

import atexit
import os
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import LifoQueue
from types import TracebackType
from typing import Any

from schemas.config import ProgramLimits
from validation.programs.execution import Ending, Execution, read_reply
from validation.programs.launch import Level
from validation.programs.levels import best_level
from validation.programs.preload import FULL_MODULES, LIGHT_MODULES, is_light
from validation.programs.server import Server, ServerError

# The clock on the wall also measures the neighbours, so a program that it ends is run once more where it was
# computing until then: this share of its CPU limit in the second half. One that sleeps costs its limit once.
_COMPUTING = 0.1

Limits = ProgramLimits
_DEFAULT = Limits()


def request_for(blocks: Sequence[str], limits: Limits, *, notebook: bool, seed: int) -> dict[str, Any]:
    """Returns what a server is asked."""
    return {
        "blocks": [block.encode("utf-8", "replace").decode() for block in blocks],
        "notebook": notebook,
        "seed": seed,
        "cpu": limits.cpu_s,
        "wall": limits.wall_s,
        "memory": limits.memory_mb,
        "output": limits.output_kb * 1024,
    }


_HARMLESS = request_for(["0"], _DEFAULT, notebook=False, seed=0)


class Pool:
    """Fork servers that run programs side by side; use it as a context manager, or `close` it.

    Servers start when the first program needs them: light ones for programs that need the standard library alone, full
    ones, with sympy and numpy, for all others.

    Args:
        level: how programs are held; None for the strongest level here (never weak).
        size: programs that run at once, by default one per core.
        hash_seed: Python's hash seed in these servers; another pool with another seed shows dependence on it.
        modules: what all servers load beforehand, instead of the two kinds.
    """

    def __init__(
        self,
        level: Level | None = None,
        size: int | None = None,
        *,
        hash_seed: int = 0,
        modules: Sequence[str] = (),
    ) -> None:
        self.level = level if level is not None else best_level()
        self.size = size or os.cpu_count() or 1
        self._servers: list[Server] = []
        self._modules, self._hash_seed = modules, hash_seed
        self._lock = threading.Lock()
        self._twin: Pool | None = None
        self._stopped = False
        self._turn = threading.BoundedSemaphore(self.size)
        self._threads = ThreadPoolExecutor(self.size)
        self._full = self._start(modules or FULL_MODULES, hash_seed)
        self._light = self._full if modules else self._start(LIGHT_MODULES, hash_seed)

    def _start(self, modules: Sequence[str], hash_seed: int) -> LifoQueue[Server]:
        idle: LifoQueue[Server] = LifoQueue()
        for _ in range(self.size):
            server = Server(self.level, hash_seed=hash_seed, modules=modules)
            self._servers.append(server)
            idle.put(server)
        return idle

    def run(self, program: str, limits: Limits = _DEFAULT, *, seed: int = 0) -> Execution:
        """Runs one program on the next idle server.

        Another seed than 0 starts the random generators elsewhere and is another day on another host.

        Raises:
            ServerError: no server starts, or none runs any program.
        """
        return self._ask([program], limits, notebook=False, seed=seed)[0]

    def run_blocks(self, blocks: Sequence[str], limits: Limits = _DEFAULT, *, seed: int = 0) -> list[Execution]:
        """Runs the code blocks of a dialogue in order in one process, as a notebook does.

        The limits hold for all together.
        """
        return self._ask(list(blocks), limits, notebook=True, seed=seed) if blocks else []

    def map(self, programs: Iterable[str], limits: Limits = _DEFAULT, *, seed: int = 0) -> list[Execution]:
        """Runs many programs side by side; results in the order of the programs."""
        return list(self._threads.map(lambda program: self.run(program, limits, seed=seed), programs))

    def map_blocks(
        self, dialogues: Iterable[Sequence[str]], limits: Limits = _DEFAULT, *, seed: int = 0
    ) -> list[list[Execution]]:
        """Runs many dialogues side by side; results in the order of the dialogues."""
        return list(self._threads.map(lambda blocks: self.run_blocks(blocks, limits, seed=seed), dialogues))

    def _ask(self, blocks: list[str], limits: Limits, *, notebook: bool, seed: int) -> list[Execution]:
        request = request_for(blocks, limits, notebook=notebook, seed=seed)
        idle = self._light if all(map(is_light, blocks)) else self._full
        with self._turn:
            if self._stopped:
                raise ServerError("the pool was stopped")
            server = idle.get()
            try:
                reply = self._reply(server, request)
                if reply["cause"] == "wall" and reply["late"] > limits.cpu_s * _COMPUTING:
                    reply = self._reply(server, request)
            except ServerError as error:
                self._reply(server, _HARMLESS)  # a machine on which no program runs is no program's failure
                return [Execution(Ending.UNJUDGED, "", None, f"the server died: {error}")] * len(blocks)
            finally:
                idle.put(server)
        return read_reply(reply, len(blocks), limits)

    def _reply(self, server: Server, request: dict[str, Any]) -> dict[str, Any]:
        """Asks, and once more where the server died: another process may have ended it.

        Raises:
            ServerError: it died again, or does not start.
        """
        server.start()
        try:
            return server.ask(request)
        except ServerError:
            return server.ask(request)

    def twin(self) -> "Pool":
        """Returns a pool like this one with another hash seed, made at the first call and closed with this one."""
        with self._lock:
            if self._twin is None:
                self._twin = Pool(self.level, self.size, hash_seed=self._hash_seed + 1, modules=self._modules)
            return self._twin

    def stop(self) -> None:
        """Takes no more programs, those that wait for a server included; what runs ends by its limits."""
        self._stopped = True
        if self._twin is not None:
            self._twin.stop()

    def close(self) -> None:
        """Ends every server; no process is left."""
        if self._twin is not None:
            self._twin.close()
        self._threads.shutdown()
        for server in self._servers:
            server.close()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Shared:
    """One server for the plain functions below, started at the first call and ended with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._owner = 0

    def pool(self) -> Pool:
        with self._lock:
            if self._pool is None or self._owner != os.getpid():
                self._pool, self._owner = Pool(size=1), os.getpid()
            return self._pool

    def close(self) -> None:
        with self._lock:
            if self._pool is not None and self._owner == os.getpid():
                self._pool.close()
            self._pool = None


_SHARED = _Shared()
atexit.register(_SHARED.close)


def run(program: str, limits: Limits = _DEFAULT) -> Execution:
    """Runs one program at the strongest level of this machine.

    On a server that all callers of this process share.
    """
    return _SHARED.pool().run(program, limits)


def run_blocks(blocks: Sequence[str], limits: Limits = _DEFAULT) -> list[Execution]:
    """Runs the blocks of a dialogue as `Pool.run_blocks` does, on the shared server."""
    return _SHARED.pool().run_blocks(blocks, limits)


def close_shared() -> None:
    """Ends the shared server; a later call starts a new one."""
    _SHARED.close()

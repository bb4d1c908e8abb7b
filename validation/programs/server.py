"""The caller's end of one fork server.

Start it, send it a program, read what came of it, replace it when it dies.
"""

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Any

from validation.programs.launch import Level, command, environment
from validation.programs.wire import REPLY_BYTES, pack_request, unpack_lengths, unpack_reply

_START_SECONDS = 60.0
_GRACE_SECONDS = 10.0


class ServerError(OSError):
    """The server died, or never came up; its standard error is the message."""


class Server:
    """One fork server; a lock makes it safe for threads, one program at a time.

    `walls` says what holds its programs. `without` leaves some out, so that tests can show what each of them stops.
    """

    def __init__(
        self, level: Level, *, hash_seed: int = 0, modules: Sequence[str], without: Sequence[str] = ()
    ) -> None:
        self.level = level
        self.hash_seed = hash_seed
        self.modules = tuple(modules)
        self.without = tuple(without)
        self.walls: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._inside: int | None = None

    def start(self) -> None:
        """Starts the process and waits until it has loaded its modules.

        Raises:
            ServerError: it did not come up.
        """
        with self._lock:
            self._up()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Runs one request; starts the server when it is not running.

        Raises:
            ServerError: the server died; it is started anew at the next call.
        """
        with self._lock:
            self._up()
            try:
                self._write(pack_request(request))
                return self._read_reply(request["wall"] + _GRACE_SECONDS)
            except OSError as error:
                self._down()
                raise ServerError(str(error)) from error

    def close(self) -> None:
        """Ends the server and everything in it."""
        with self._lock:
            self._down()

    def _up(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._down()
        info, info_writer = os.pipe() if self.level is Level.NAMESPACES else (None, None)
        try:
            self._process = subprocess.Popen(
                command(self.level, modules=self.modules, info=info_writer, without=self.without),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(self.hash_seed),
                cwd="/",
                pass_fds=() if info_writer is None else (info_writer,),
                start_new_session=True,
            )
        except OSError as error:
            raise ServerError(str(error)) from error
        finally:
            if info_writer is not None:
                os.close(info_writer)
        if info is not None:
            with os.fdopen(info, "rb") as stream:
                text = stream.read().decode()
            self._inside = json.loads(text)["child-pid"] if text.strip() else None
        try:
            self.walls = tuple(self._read_greeting()["walls"])
        except ServerError as error:
            message = self._complaint()
            self._down()
            raise ServerError(message or str(error)) from error

    def _complaint(self) -> str:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        return self._process.stderr.read().decode("utf-8", "replace").strip()[-500:]

    def _down(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                if self._inside is not None:
                    os.kill(self._inside, signal.SIGKILL)
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._inside = None
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _write(self, data: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _read_greeting(self) -> dict[str, Any]:
        end = time.monotonic() + _START_SECONDS
        size = struct.unpack("<I", self._exactly(4, end))[0]
        greeting: dict[str, Any] = json.loads(self._exactly(size, end))
        return greeting

    def _read_reply(self, seconds: float) -> dict[str, Any]:
        end = time.monotonic() + seconds
        lengths = unpack_lengths(self._exactly(REPLY_BYTES, end))
        if lengths.cause == "unread":
            raise ServerError(f"a fork ended before its program, with status {lengths.status}")
        return unpack_reply(lengths, self._exactly(lengths.rest, end))

    def _exactly(self, count: int, end: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        source, data = self._process.stdout.fileno(), bytearray()
        poller = select.poll()  # unlike select, for descriptors of any number
        poller.register(source, select.POLLIN)
        while len(data) < count:
            left = end - time.monotonic()
            if left <= 0 or not poller.poll(left * 1000):
                raise ServerError("the server does not answer")
            more = os.read(source, min(count - len(data), 1 << 20))
            if not more:
                raise ServerError("the server died")
            data += more
        return bytes(data)

"""A real S3 API on the loopback (moto's server), with faults between it and whoever asks."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs

from schemas.place import Place

Answer = Iterable[bytes]
Application = Callable[[dict[str, Any], Callable[..., Any]], Answer]
Fault = Callable[[Application, dict[str, Any], Callable[..., Any]], Answer]


class StoreServer:
    """An S3 store. Each request is answered by the first fault that takes it, else as it should be.

    Attributes:
        requests: what was asked so far: "PUT /bucket/key".
    """

    def __init__(self) -> None:
        from moto.server import (
            DomainDispatcherApplication,
            create_backend_app,
        )  # deferred: tests say that it is missing
        from werkzeug.serving import make_server

        self.requests: list[str] = []
        self._faults: list[tuple[str, str, Fault, int]] = []
        self._store = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def make_bucket(self, name: str) -> None:
        pafs.S3FileSystem(
            access_key="a", secret_key="b", endpoint_override=self.url, allow_bucket_creation=True
        ).create_dir(name)

    def fail(self, method: str, part: str, fault: Fault, times: int = 1) -> None:
        """Answers the next requests of a method whose path holds `part` with a fault."""
        self._faults.append((method, part, fault, times))

    def heal(self) -> None:
        self._faults.clear()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append(f"{method} {path}")
        for position, (failing, part, fault, times) in enumerate(self._faults):
            if failing == method and part in path and times:
                self._faults[position] = (failing, part, fault, times - 1)
                return fault(self._store, environ, start_response)
        return self._store(environ, start_response)


def unavailable(_: Application, environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
    """503, as a store says that is asked too much."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("503 Slow Down", [("Content-Type", "application/xml"), ("Connection", "close")])
    return [b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"]


def forbidden(_: Application, environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
    """403, as a store says to whoever lacks permission."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("403 Forbidden", [("Content-Type", "application/xml"), ("Connection", "close")])
    return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]


def gone(_: Application, __: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
    """404: the object vanished."""
    start_response("404 Not Found", [("Content-Type", "application/xml"), ("Connection", "close")])
    return [b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"]


def cut_short(store: Application, environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
    """The first half of the body, and a closed connection."""
    body = b"".join(store(environ, start_response))
    return _dying(body[: len(body) // 2])


def _dying(body: bytes) -> Iterator[bytes]:
    yield body
    raise ConnectionAbortedError


def trickling(store: Application, environ: dict[str, Any], start_response: Callable[..., Any]) -> Answer:
    """The whole body in ten drops."""
    body = b"".join(store(environ, start_response))
    return _drops(body, len(body) // 10 + 1)


def _drops(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        time.sleep(0.01)
        yield body[start : start + size]


def put(folder: Path, url: str) -> Place:
    """Copies a folder into a store."""
    place = Place(url)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            (place / str(path.relative_to(folder))).send(path)
    return place

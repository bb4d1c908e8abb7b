"""As much of the Hugging Face hub as reading public data sets takes, on the loopback: the real clients ask it."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from schemas import stores

REVISION = "a" * 40
"""the only commit of each repository"""

Repositories = Mapping[str, Mapping[str, bytes]]
"""files by path, by `org/name`"""


@contextmanager
def serving(repositories: Repositories) -> Iterator[str]:
    """Serves data sets, and gives the address for HF_ENDPOINT."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, repositories)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def asked_here(repositories: Repositories) -> Iterator[str]:
    """Serves data sets, and lets the clients in this process ask there."""
    from huggingface_hub import HfFileSystem, constants

    with serving(repositories) as url, pytest.MonkeyPatch.context() as patched:
        patched.setenv("HF_ENDPOINT", url)
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
        patched.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{url}{template}")
        patched.setattr(constants, "ENDPOINT", url)
        patched.setattr(constants, "HF_HUB_OFFLINE", False)
        stores._hub_answers.cache_clear()
        HfFileSystem.clear_instance_cache()
        yield url
    stores._hub_answers.cache_clear()
    HfFileSystem.clear_instance_cache()


def files_below(folder: Path) -> dict[str, bytes]:
    """The files of a folder as those of a repository."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class _Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, repositories: Repositories, *arguments: object) -> None:
        self._repositories = repositories
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        files = self._files()
        if files is None:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        path = urlsplit(self.path).path
        if "/resolve/" in path:
            self._file(files, unquote(path.partition("/resolve/")[2].partition("/")[2]))
        elif "/tree/" in path:
            below = unquote(path.partition("/tree/")[2].partition("/")[2])
            deep = parse_qs(urlsplit(self.path).query).get("recursive", ["false"])[0].lower() == "true"
            self._json(_entries(files, below, deep=deep))
        else:
            siblings = [{"rfilename": name} for name in files]
            self._json({"id": self._name, "sha": REVISION, "tags": [], "siblings": siblings})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        """Tells about the paths that are asked about."""
        body = self.rfile.read(int(self.headers["content-length"]))
        files = self._files() or {}
        asked = parse_qs(body.decode()).get("paths", []) if body[:1] != b"{" else json.loads(body)["paths"]
        parents = [path.rpartition("/")[0] for path in asked]
        listed = [entry for parent in dict.fromkeys(parents) for entry in _entries(files, parent, deep=False)]
        self._json([entry for entry in listed if entry["path"] in asked])

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    @property
    def _name(self) -> str:
        parts = urlsplit(self.path).path.removeprefix("/api").split("/")
        return "/".join(parts[2:4])

    def _files(self) -> Mapping[str, bytes] | None:
        return self._repositories.get(self._name)

    def _file(self, files: Mapping[str, bytes], path: str) -> None:
        content = files.get(path)
        if content is None:
            self._send(404, b"{}", {"X-Error-Code": "EntryNotFound"})
            return
        tag = {"X-Repo-Commit": REVISION, "ETag": f'"{hashlib.sha256(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        first, _, last = self.headers.get("range", "").removeprefix("bytes=").partition("-")
        if not first:
            self._send(200, content, tag)
            return
        part = content[int(first) : int(last) + 1 if last else None]
        tag["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        self._send(206, part, tag)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _entries(files: Mapping[str, bytes], below: str, *, deep: bool) -> list[dict[str, object]]:
    """What lies below a folder of a repository, as the hub tells it."""
    root = f"{below}/" if below else ""
    found: dict[str, dict[str, object]] = {}
    for path, content in files.items():
        if not path.startswith(root):
            continue
        parts = path.removeprefix(root).split("/")
        for depth in range(1, len(parts)):
            folder = root + "/".join(parts[:depth])
            if deep or depth == 1:
                found[folder] = {"type": "directory", "oid": folder, "size": 0, "path": folder}
        if deep or len(parts) == 1:
            oid = hashlib.sha1(content).hexdigest()
            found[path] = {"type": "file", "oid": oid, "size": len(content), "path": path}
    return [*found.values()]

"""A headless Chromium driven over the DevTools protocol by a pipe: no network, no package."""

import io
import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_BROWSER = pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium here: the page was not driven in a browser")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


class Page:
    """One tab. Notes what the console said and what was asked for over the network."""

    def __init__(self, read: io.FileIO, write: io.FileIO) -> None:
        self._read, self._write = read, write
        self._number, self._session, self._rest = 0, "", b""
        self.console: list[str] = []
        self.requests: list[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends one command and returns its result; events on the way are noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self._note(answer)
        assert "error" not in answer, (method, answer["error"])
        return dict(answer["result"])

    def open(self, url: str) -> None:
        """Opens a page and waits until it has loaded."""
        self.console.clear()
        self.requests.clear()
        self.send("Page.navigate", url=url)
        while (event := self._receive()).get("method") != "Page.loadEventFired":
            self._note(event)

    def size(self, width: int, height: int, *, dark: bool = False) -> None:
        """Sets the window and the colour scheme that the system asks for."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def value(self, expression: str) -> Any:
        """Evaluates JavaScript in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self, path: Path) -> None:
        """Saves the whole page as PNG."""
        height = min(int(self.value("document.documentElement.scrollHeight")), 16_000)
        width = int(self.value("innerWidth"))
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(b64decode(shot["data"]))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            block = self._read.read(1 << 16)
            assert block, "the browser went away"
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(line))

    def _note(self, event: dict[str, Any]) -> None:
        method, said = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Log.entryAdded":
            self.console.append(said["entry"]["text"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.console.append(json.dumps(said)[:500])


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Starts a browser with a profile of its own and ends it."""
    assert _CHROMIUM is not None, "no Chromium here"
    commands, answers = os.pipe(), os.pipe()
    inherited = commands[0], answers[1]
    join = f'exec 3<&{inherited[0]} 4>&{inherited[1]}; exec "$@"'  # the protocol is spoken over descriptors 3 and 4
    command = ["bash", "-c", join, "bash", _CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe"]
    process = subprocess.Popen(command, pass_fds=inherited, stderr=subprocess.DEVNULL)
    for end in inherited:
        os.close(end)
    try:
        with os.fdopen(answers[0], "rb", buffering=0) as read, os.fdopen(commands[1], "wb", buffering=0) as write:
            yield Page(read, write)
    finally:
        process.kill()
        process.wait()

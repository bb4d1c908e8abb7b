"""`transformers serve` on the loopback: a real server of OpenAI's completions for a model on this machine."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UP_S = 240.0
_DOWN_S = 30.0
_PAUSE_S = 0.5


@contextmanager
def serving(model: Path, *options: str) -> Iterator[str]:
    """Serves a model on a free port and gives its address.

    Args:
        model: its folder.
        options: more of the server's.

    Raises:
        RuntimeError: the server ended, or did not come up.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(model), "--device", "cpu"]
    process = subprocess.Popen(
        [*command, "--port", str(port), *options],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(_DOWN_S)


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _UP_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).close()
        except OSError:
            time.sleep(_PAUSE_S)
        else:
            return
    raise RuntimeError("transformers serve did not come up")

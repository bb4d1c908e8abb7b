"""`transformers serve` on the loopback: a real server of OpenAI's completions for a model on this machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.engines import free_port, serving, wait_for_port


@contextmanager
def serving_model(model: Path, folder: Path, *options: str) -> Iterator[str]:
    """Serves a model on a free port and gives its address.

    Args:
        model: its folder, from the root.
        folder: for the server's log.
        options: more of the server's.

    Raises:
        TimeoutError: the server did not come up; its log tells why.
    """
    port = free_port()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "transformers.cli.transformers",
        "serve",
        model,
        "--device",
        "cpu",
    ]
    command += ["--port", str(port), *options]
    with serving("transformers-serve", command, folder, {"HF_HUB_OFFLINE": "1"}):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"

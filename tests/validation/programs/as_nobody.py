"""Runs programs for the tests of a root: as a user whose processes the kernel counts, but who may read Python.

The kernel counts no process of root, and a Python below /root can be read by nobody else. `run_as_nobody` gives up
every right but that of reading, in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from validation.programs import Level, Limits
from validation.programs.pool import request_for
from validation.programs.server import Server

REPOSITORY = Path(__file__).resolve().parents[3]
_RIGHT = "+dac_override"


def run_as_nobody(programs: list[tuple[str, list[str], Limits]]) -> list[dict] | None:
    """Runs each program without the walls named beside it; None where the machine gives root no such way."""
    asked = [(program, walls, limits.model_dump()) for program, walls, limits in programs]
    if os.geteuid() != 0:
        return _replies(asked)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    rights = ["--inh-caps", _RIGHT, "--ambient-caps", _RIGHT]
    other = [setpriv, "--reuid", "65534", "--regid", "65534", "--clear-groups", *rights]
    done = subprocess.run(
        [*other, sys.executable, "-m", __name__],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    if done.returncode and done.stderr.startswith("setpriv:"):
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _replies(programs: Iterable[tuple[str, list[str], dict]]) -> list[dict]:
    servers: dict[tuple[str, ...], Server] = {}
    try:
        replies = []
        for program, without, limits in programs:
            walls = tuple(sorted({*without, "privileges"}))  # the server keeps the right to read
            if walls not in servers:
                servers[walls] = Server(Level.SECCOMP, modules=("math",), without=walls)
            replies.append(servers[walls].ask(request_for([program], Limits(**limits), notebook=False, seed=0)))
        return replies
    finally:
        for server in servers.values():
            server.close()


if __name__ == "__main__":
    json.dump(_replies(json.load(sys.stdin)), sys.stdout)

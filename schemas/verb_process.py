"""A verb of another room, in a process of its own: rooms that never import each other meet on disk alone."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from schemas.exits import ExitCode


def run_verb(verb: str, *options: str, config: Mapping[str, object] | None = None) -> tuple[int, str]:
    """Runs `mathmill`; returns its exit code and the last line of its output, of its errors where it failed.

    Args:
        verb: which.
        options: what stands behind the verb and its config.
        config: what the verb's config says; None for a verb without one.
    """
    with tempfile.TemporaryDirectory(prefix="mathmill-") as folder:
        path = Path(folder) / f"{verb}.yaml"
        if config is not None:
            path.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
        command = [sys.executable, "-m", "mathmill", verb, *([] if config is None else [str(path)]), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = done.stdout if done.returncode == ExitCode.DONE else done.stderr
    last = told.strip().splitlines()[-1:] or ["it said nothing"]
    return done.returncode, last[0].removeprefix("mathmill: ")

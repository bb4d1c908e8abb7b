"""A verb of another room, in a process of its own: rooms that never import each other meet on disk alone."""

import subprocess
import sys

from schemas.exits import ExitCode


def run_verb(*arguments: str) -> tuple[int, str]:
    """Runs `mathmill`; returns its exit code and the last line of its output, of its errors where it failed."""
    done = subprocess.run([sys.executable, "-m", "mathmill", *arguments], capture_output=True, text=True, check=False)
    told = done.stdout if done.returncode == ExitCode.DONE else done.stderr
    last = told.strip().splitlines()[-1:] or ["it said nothing"]
    return done.returncode, last[0].removeprefix("mathmill: ")

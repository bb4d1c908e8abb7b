"""`requirements.lock`: every package of a development setup, with the hashes of its files, that pip installs from.

    make lock                                # after a change of pyproject.toml or constraints.txt; needs a network

uv resolves for every platform and every Python at once. torch and what it brings stand apart: its builds differ between
machines, so `constraints.txt` alone pins them. The first line holds a digest of what was asked for; a test compares it.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import REPOSITORY

LOCK, PROJECT, CONSTRAINTS = "requirements.lock", "pyproject.toml", "constraints.txt"
EXTRA = "dev"
_APART = re.compile(r"(?:torch|triton|nvidia-.*|cuda-.*)==")
_ASKED = ("requires-python", "dependencies", "optional-dependencies")


def asked_for(folder: Path = REPOSITORY) -> str:
    """The digest of what a lock follows from: what the project asks for, and the pinned versions."""
    project = tomllib.loads((folder / PROJECT).read_text(encoding="utf-8"))["project"]
    pins = [line for line in (folder / CONSTRAINTS).read_text(encoding="utf-8").splitlines() if "==" in line]
    asked = {name: project.get(name) for name in _ASKED}
    return hashlib.sha256(json.dumps([asked, sorted(pins)], sort_keys=True).encode()).hexdigest()


def header_of(digest: str) -> str:
    """The first line of a lock."""
    return f"# Made by `make lock` of {PROJECT} and {CONSTRAINTS}: {digest}"


def requirements_in(lock: str) -> list[str]:
    """The requirements of a lock, each with its lines of hashes."""
    return re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"\A(?:#[^\n]*\n)*", "", lock).rstrip("\n"))


def without_torch(lock: str) -> str:
    """Leaves out torch and the packages of its builds for accelerators."""
    kept = [requirement for requirement in requirements_in(lock) if not _APART.match(requirement)]
    return "\n".join(kept) + "\n"


def resolved() -> str:
    """What uv makes of the project and its pins."""
    with TemporaryDirectory() as scratch:
        output = Path(scratch, LOCK)
        settings = ("--universal", "--python-version", "3.11", "--extra", EXTRA, "--generate-hashes", "--no-annotate")
        places = ("--constraint", CONSTRAINTS, "--output-file", output, "--no-header", "--quiet")
        command = (sys.executable, "-m", "uv", "pip", "compile", PROJECT, *settings, *places)
        subprocess.run(command, cwd=REPOSITORY, check=True)
        return output.read_text(encoding="utf-8")


def main() -> int:
    """Writes the lock anew."""
    text = f"{header_of(asked_for())}\n{without_torch(resolved())}"
    (REPOSITORY / LOCK).write_text(text, encoding="utf-8")
    print(f"{LOCK}: {len(requirements_in(text))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

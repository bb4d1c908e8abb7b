"""What the README shows first is run as it stands there, and prints what stands there."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.docs.reading import REPOSITORY, read_document

README = read_document((REPOSITORY / "README.md").read_text(encoding="utf-8"))
DECISIONS = {"answer 6": "accepted", "answer 27": "rejected"}


def steps(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console, each with the lines that stand below it."""
    command, shown = "", list[str]()
    for line in [*lines, "$ "]:
        if line.startswith("$ "):
            if command:
                yield command, shown
            command, shown = line.removeprefix("$ "), []
        else:
            shown.append(line)


def shows(printed: str, shown: Sequence[str]) -> bool:
    """Whether a command printed what is shown; a line `...` stands for any lines, spaces at line ends for nothing."""
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r" *\n" for line in shown)
    return re.fullmatch(pattern, printed) is not None


def decide(queue: Path) -> None:
    """Fills in a queue as the README tells a person to."""
    rows = [json.loads(line) for line in queue.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        (decision,) = (word for answer, word in DECISIONS.items() if row["detail"].startswith(f"{answer};"))
        row |= {"decision": decision, "reviewer": "ana"}
    queue.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def run(arguments: Sequence[str], folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    ended = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_your_own_chats_print_what_the_readme_shows(tmp_path: Path):
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    consoles = [block.lines for block in README.blocks if block.language == "console"]
    for console in consoles:
        for command, shown in steps(console):
            program, *arguments = shlex.split(command, comments=True)
            assert program == "mathmill"
            printed = run(["-m", "mathmill", *arguments], tmp_path)
            assert shows(printed, shown), f"{command} printed\n{printed}"
            if arguments[0] == "review":
                decide(tmp_path / "queue.jsonl")
    (python,) = (block.text for block in README.blocks if block.language == "python")
    printed = run(["-c", f"{python}\nprint(manifest.counts.kept, verdict.status)"], tmp_path)
    assert printed.splitlines()[-1] == "2 passed"


@pytest.mark.parametrize(
    ("printed", "shown", "as_shown"),
    [
        ("a\nb\nc\n", ["a", "...", "c"], True),
        ("a  \n", ["a"], True),
        ("a\n", ["...", "a"], True),
        ("a\nb\n", ["a"], False),
        ("3 kept\n", ["2 kept"], False),
        ("a.b\n", ["axb"], False),
    ],
)
def test_what_differs_from_what_is_shown_is_found(printed: str, shown: list[str], as_shown: bool):
    assert shows(printed, shown) is as_shown

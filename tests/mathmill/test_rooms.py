"""A user's own folders called like our rooms: verbs pass them by, `import mathmill` says what hides what."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mathmill.rooms import HOME
from tests.tiny import marbles, write_rows

ROOMS = ["schemas", "validation", "pipelines", "training", "demo"]
CONFIG = "curate: {sources: [{name: school, path: rows.jsonl, adapter: gsm8k, licence: MIT, derive: [pot]}]}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with rows and a config, and with regular packages that are called like our rooms."""
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("MINE = True\n")
    write_rows(tmp_path / "rows.jsonl", marbles(6))
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def python(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs Python in a folder; `path` stands on its search path before mathmill."""
    known = os.pathsep.join(str(place) for place in (path, HOME) if place)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": known},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_folders_hide_our_rooms_from_everybody_else(desk: Path) -> None:
    for room in ROOMS:
        done = python("-c", f"import {room}; print({room}.MINE)", cwd=desk)
        assert done.stdout == "True\n", (room, done.stderr)


@pytest.mark.parametrize("verb", ["curate", "validate", "train", "evaluate", "prove", "demo"])
def test_a_verb_finds_its_own_rooms(verb: str, desk: Path) -> None:
    done = python("-m", "mathmill", verb, "--help", cwd=desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"mathmill {verb}" in done.stdout


def test_a_whole_run_finds_its_own_rooms_in_every_process(desk: Path) -> None:
    for arguments in (["curate", "config.yaml", "--output", "data", "--workers", "2"], ["validate", "data"]):
        done = python("-m", "mathmill", *arguments, cwd=desk, path=desk)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "answers_hold" not in done.stdout, "neither failed nor not checked"


@pytest.mark.parametrize(
    ("name", "room"), [("train", "training"), ("curate", "pipelines"), ("curate", "schemas"), ("compare", "validation")]
)
def test_importing_says_in_one_line_what_hides_what(name: str, room: str, tmp_path: Path) -> None:
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").touch()
    done = python("-c", f"import mathmill; mathmill.{name}", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: mathmill needs its own package `{room}` of {HOME}, but {tmp_path / room} hides it: rename that "
        f"one, or take {tmp_path} off Python's search path (start elsewhere, or as `python -P`)"
    )


def test_a_module_beside_the_script_hides_a_room_too(tmp_path: Path) -> None:
    (tmp_path / "schemas.py").touch()
    (tmp_path / "script.py").write_text("import mathmill\nprint(mathmill.load_config)\n")
    done = python("script.py", cwd=tmp_path)
    assert f"{tmp_path / 'schemas.py'} hides it" in done.stderr.splitlines()[-1]
    assert python("-P", "script.py", cwd=tmp_path).returncode == 0, "the way round it"


def test_a_room_that_was_imported_from_elsewhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").touch()
    code = "import sys, training; sys.path.remove(''); import mathmill; mathmill.train"
    assert f"{tmp_path / 'training'} hides it" in python("-c", code, cwd=tmp_path).stderr.splitlines()[-1]


@pytest.mark.parametrize("use", ["mathmill.compare('1', '2')", "mathmill.load_config"])
def test_folders_without_init_and_rooms_that_are_not_needed_hide_nothing(use: str, tmp_path: Path) -> None:
    for room in ("schemas", "validation"):
        (tmp_path / room).mkdir()
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").write_text("MINE = True\n")
    done = python("-c", f"import mathmill, training; {use}; print(training.MINE)", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_the_second_judge_finds_its_own_rooms_in_its_child(desk: Path) -> None:
    judge = "with MathVerify() as judge: print(judge.compare('1/2', '0.5'))"
    code = (
        f"from mathmill.rooms import claim\nclaim()\nfrom validation.dataset.recheck.answers import MathVerify\n{judge}"
    )
    done = python("-c", code, cwd=desk, path=desk)
    assert (done.stdout, done.stderr) == ("equal\n", ""), "unknown: it runs, but its child found another `validation`"

"""What docs/python.md shows is run as it stands there, on what the example in Python leaves."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mathmill
from tests.docs.reading import REPOSITORY, read_document

PAGE = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")


def failures(block: str, names: dict[str, object]) -> str:
    """What a block of a Python console prints other than it shows; empty when nothing."""
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(block + "\n", names, "docs/python.md", None, 0)
    doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    return "".join(said)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the example leaves."""
    folder = tmp_path_factory.mktemp("python")
    script, environment = REPOSITORY / "examples" / "from_python.py", os.environ | {"PYTHONPATH": str(REPOSITORY)}
    ended = subprocess.run([sys.executable, script, folder], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    first, second, third = ended.stdout.splitlines()
    assert first == "180 candidates = 180 kept + 0 removed + 0 quarantined"
    assert (second, third.rpartition(" ")[0]) == ("the gate: passed", "J after 10 steps:")
    return folder


@pytest.mark.slow
def test_every_block_prints_what_it_shows(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(left)
    names: dict[str, object] = {}
    for block in read_document(PAGE).blocks:
        if block.language == "pycon":
            assert failures(block.text, names) == ""


def test_another_result_is_seen() -> None:
    assert "Differences" in failures(">>> 1 + 1\n3", {})


def test_every_name_that_the_door_offers_is_told_of() -> None:
    told = set(re.findall(r"`(?:mathmill\.)?(\w+)`", PAGE))
    assert set(mathmill.__all__) - told == set()

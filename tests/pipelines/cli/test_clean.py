"""`mathmill clean` says what would go and what that costs, and removes nothing unless it is told to."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.cli.clean import print_clean
from tests.pipelines.output.test_cleaning import worked


def told(*data: Path, remove: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_clean(console, data, remove=remove)
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def test_what_would_go_is_told_and_stays(tmp_path: Path) -> None:
    data, left = worked(tmp_path / "data"), worked(tmp_path / "left", finished=False)
    lines = told(data, left).splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [
        ["1000", "bytes", f"{data}/.work"],
        ["1000", "bytes", f"{left}/.work"],
    ]
    assert "--overwrite" in lines[0]
    assert "done again" in lines[1]
    assert lines[2] == "nothing was removed; with --yes: 2 folders, 2.0 KiB"
    assert (data / ".work/run.json").exists()


def test_what_goes_is_told_when_it_is_gone(tmp_path: Path) -> None:
    data = worked(tmp_path / "data")
    assert told(data, remove=True).splitlines()[-1] == "removed 1 folder, 1000 bytes"
    assert not (data / ".work").exists()


def test_an_empty_cache_has_nothing_to_remove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert told() == "nothing to remove\n"

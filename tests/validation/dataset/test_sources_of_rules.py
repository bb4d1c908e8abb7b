"""A rule of the user's own that is no longer the one that ran is told of."""

from pathlib import Path

import pytest

from schemas.own_sources import digest_of, find_source
from schemas.verdict import Status
from tests.validation.dataset.handmade import edit_manifest, write_data
from tests.validation.dataset.test_gate import judge

RULE = "def easy(candidate): return None"


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taste.py").write_text(RULE)
    return tmp_path


def data_of(folder: Path) -> Path:
    source = find_source("taste", [folder])
    assert source is not None
    data = write_data(folder / "data")
    edit_manifest(data, reseal=True, rules={"taste:easy": digest_of(source)})
    return data


@pytest.mark.parametrize(
    ("now", "status", "words"),
    [
        (RULE, Status.PASSED, "the source of taste:easy is the one that ran"),
        (RULE + "  # stricter", Status.WARNING, "taste:easy: another source than the one that ran; curate again"),
        ("def easy(", Status.WARNING, "taste:easy: another source than the one that ran; curate again"),
        (None, Status.NOT_CHECKED, "no source of taste:easy here to compare"),
    ],
)
def test_the_source_that_is_here_is_held_against_the_one_that_ran(
    now: str | None, status: Status, words: str, working_folder: Path
) -> None:
    data = data_of(working_folder)
    (working_folder / "taste.py").unlink() if now is None else (working_folder / "taste.py").write_text(now)
    verdict = judge(data)
    (check,) = [check for check in verdict.checks if check.name == "own_rules_unchanged"]
    assert (check.status, check.detail.startswith(words)) == (status, True)
    assert verdict.status is not Status.FAILED


def test_without_rules_nothing_is_said(working_folder: Path) -> None:
    verdict = judge(write_data(working_folder / "data"))
    assert not [check for check in verdict.checks if check.name == "own_rules_unchanged"]

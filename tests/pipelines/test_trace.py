import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipelines.trace import print_trace
from schemas.exits import UserError
from tests.tiny import read_streams


@pytest.fixture(scope="module")
def ledger(tiny_data: Path) -> list[dict[str, Any]]:
    return read_streams(tiny_data, "ledger/*.arrow")


def told(data: Path, identity: str, *, colour: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=colour, color_system="standard" if colour else None)
    print_trace(console, data, identity)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def id_of(ledger: list[dict[str, Any]], reason: str | None, form: str = "cot", row: int | None = None) -> str:
    return str(next(
        one["id"] for one in ledger
        if one["reason"] == reason and one["format"] == form and (row is None or one["row"] == row)
    ))  # fmt: skip


def test_a_kept_row_shows_its_source_and_its_words(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    story = told(tiny_data, id_of(ledger, None, row=2))
    for words in ("source school, row 2, format cot", "kept", "On Monday 4 birds came", "4+7=11."):
        assert words in story, story
    assert "lost to" not in story


def test_a_duplicate_stands_beside_the_one_that_was_kept(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    loser = next(one for one in ledger if one["source"] == "panel" and one["reason"] == "exact_duplicate")
    story = told(tiny_data, loser["id"])
    for words in (
        "removed at collapse: exact_duplicate",
        f"lost to {loser['partner']}",
        "this one",
        "the other",
        "ada",
    ):
        assert words in story, story


def test_a_leak_stands_beside_the_benchmark_item(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    story = told(tiny_data, id_of(ledger, "benchmark_exact"))
    for words in ("removed at decontaminate: benchmark_exact", "lost to bench/0", "answer: 108"):
        assert words in story, story
    assert story.count("Ruth packs 12 boxes") == 2


def test_words_that_differ_are_marked_and_equal_ones_are_not(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    story = told(tiny_data, id_of(ledger, "answer_conflict", row=11), colour=True)
    mark = "\x1b[1;33m"
    marked = "".join(piece.split("\x1b[0m")[0] for piece in story.split(mark)[1:])
    assert "10" in marked
    assert "shelf" not in marked


def test_the_beginning_of_an_id_is_enough(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    row_id = id_of(ledger, None, row=2).split("-")[0]
    story = told(tiny_data, row_id)
    assert all(f"{row_id}-{form}" in story for form in ("cot", "pot", "tir"))


def test_a_row_that_could_not_be_read_shows_its_record(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    unread = next(one for one in ledger if one["reason"] == "missing_field")
    story = told(tiny_data, unread["id"])
    for words in ("row 14, format none", "removed at read: missing_field", "#### 2"):
        assert words in story, story


def test_an_unknown_id_is_told(tiny_data: Path) -> None:
    with pytest.raises(UserError, match="no candidate has an id that begins with zz"):
        told(tiny_data, "zz")

"""Rows are found by what they call themselves."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.curate import curate
from pipelines.output.own_ids import rows_with_id
from tests.tiny import config_of, marbles, source, write_rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    names: list[dict[str, Any]] = [
        {"id": 41},
        {"problem_id": "p-7"},
        {"note": "p-7"},
        {"UUID": "u/9", "answer": "### "},
    ]
    rows = [{**row, **name} for row, name in zip(marbles(4), names, strict=True)]
    curate(config_of(source(write_rows(folder / "rows.jsonl", rows)), skip=["verify"]), folder / "data")
    return folder / "data"


@pytest.mark.parametrize(
    ("identity", "rows"), [("41", [0]), ("p-7", [1]), ("u/9", [3]), ("4", []), ("red marbles", []), ("nobody", [])]
)
def test_a_field_that_names_a_row_finds_it(data: Path, identity: str, rows: list[int]) -> None:
    assert rows_with_id(data, identity) == {("school", row) for row in rows}


def test_without_the_work_folder_what_was_rejected_is_found_still(data: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(data, tmp_path / "moved", ignore=shutil.ignore_patterns(".work"))
    assert rows_with_id(moved, "41") == set()
    assert rows_with_id(moved, "u/9") == {("school", 3)}


def test_a_damaged_part_and_a_line_that_is_no_record_are_passed_over(data: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(data, tmp_path / "copy")
    (part, *_) = sorted((copy / ".work/parts").glob("*.arrow"))
    part.write_bytes(part.read_bytes()[:100])
    assert rows_with_id(copy, "41") == set()

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.review.opened import OpenedData, opened_data, places_of_ids
from schemas.exits import UserError
from schemas.manifest import Manifest
from tests.pipelines.review.reviewing import doubtful_rows
from tests.tiny import read_lines


def place_of(data: OpenedData, outcome: str) -> int:
    return data.ledger["outcome"].to_pylist().index(outcome)


def test_a_quarantined_row_reads_again_from_its_original_record(opened: OpenedData) -> None:
    row = opened.row(place_of(opened, "quarantined"))
    record = opened.record(row["row_id"])
    assert record == doubtful_rows(24)[row["row"]]
    candidate = opened.candidate(row)
    assert candidate is not None
    assert (candidate["question"], candidate["format"]) == (record["question"], "cot")


def test_every_record_is_found_by_its_offset(opened: OpenedData) -> None:
    lines = read_lines(next((opened.folder / "rejected").glob("*.jsonl")))
    found = [opened.record(line.pop("_mathmill")["id"].split("-")[0]) for line in lines]
    assert found == lines
    assert opened.record("0" * 32) is None


@pytest.mark.parametrize("change", [b"", b"{}\n", b'{"_mathmill": {"id": "0-cot"}}\n'])
def test_data_that_is_made_anew_while_it_is_open_shows_no_other_row(
    questionable: Path, tmp_path: Path, change: bytes
) -> None:
    folder = Path(shutil.copytree(questionable, tmp_path / "data"))
    with opened_data(folder) as data:
        row = data.row(place_of(data, "quarantined"))
        assert data.record(row["row_id"]) is not None
        for path in (folder / "rejected").glob("*.jsonl"):
            path.write_bytes(change)
        with pytest.raises(UserError, match="was made anew while it is open here"):
            data.record(row["row_id"])


def _touched(manifest: Path) -> None:
    manifest.write_bytes(manifest.read_bytes())


def _of_another_run(manifest: Path) -> None:
    written = Manifest.model_validate_json(manifest.read_bytes())
    other = written.model_copy(update={"config": written.config | {"seed": 1}})
    manifest.write_text(other.sealed().to_json(), encoding="utf-8")


@pytest.mark.parametrize("change", [_of_another_run, Path.unlink])
def test_data_of_another_run_in_the_same_place_ends_the_page(
    questionable: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = Path(shutil.copytree(questionable, tmp_path / "data"))
    with opened_data(folder) as data:
        data.require_same()
        _touched(folder / "manifest.json")
        data.require_same()
        change(folder / "manifest.json")
        with pytest.raises(UserError, match="was made anew while it is open here"):
            data.require_same()


def test_a_kept_candidate_is_its_example(opened: OpenedData) -> None:
    row = opened.row(place_of(opened, "kept"))
    candidate = opened.candidate(row)
    assert candidate is not None
    assert (candidate["id"], candidate["source_row"]) == (row["id"], row["row"])
    assert opened.example("nobody") is None


def test_rows_are_found_by_id_and_go_by_number(opened: OpenedData) -> None:
    row = opened.row(3)
    assert opened.row_of(row["id"]) == row
    assert opened.row_of("nobody") is None
    assert places_of_ids(opened, [row["id"], "nobody"]).tolist() == [3, -1]
    number = opened.row_numbers[3]
    assert opened.row_ids[number].as_py() == row["row_id"]
    assert opened.numbers_of([row["row_id"], "nobody"]).tolist() == [number, -1]


def test_a_data_set_without_its_ledger_is_refused_in_one_line(questionable: Path, tmp_path: Path) -> None:
    shutil.copytree(questionable, tmp_path / "data", ignore=shutil.ignore_patterns(".work", "ledger"))
    with pytest.raises(UserError, match=r"its ledger is missing \(ledger/"), opened_data(tmp_path / "data"):
        pass
    with pytest.raises(UserError, match="not a data set"), opened_data(tmp_path):
        pass

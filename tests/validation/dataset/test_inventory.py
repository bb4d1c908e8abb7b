"""The files of a data set against its manifest, file by file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.manifest import read_manifest, sha256_of
from schemas.verdict import Check, Status
from tests.validation.dataset.handmade import edit_manifest, write_data
from validation.dataset.inventory import check_files

SHARD, LEDGER = "shards/train-00000-of-00001.arrow", "ledger/ledger-00000-of-00001.arrow"
ITEMS = "benchmarks.arrow"


def checked(folder: Path) -> dict[str, Check]:
    checks, _ = check_files(folder, read_manifest(folder), on_file=lambda _: None)
    return {check.name: check for check in checks}


def failed(folder: Path) -> set[str]:
    return {name for name, check in checked(folder).items() if check.status is Status.FAILED}


def test_an_honest_folder_passes_and_each_file_is_told_once(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    told: list[str] = []
    checks, hashes = check_files(folder, read_manifest(folder), on_file=told.append)
    assert {check.status for check in checks} == {Status.PASSED}
    assert told == [SHARD, "shards/heldout-00000-of-00001.arrow", LEDGER, ITEMS]
    assert hashes == {path: sha256_of(folder / path) for path in told[:2]}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")


@pytest.mark.parametrize(
    ("damage", "said"), [(cut, "bytes, the manifest says"), (flip, "bytes changed since the manifest was written")]
)
@pytest.mark.parametrize(
    ("path", "name"), [(SHARD, "shards_unchanged"), (LEDGER, "ledger_unchanged"), (ITEMS, "others_unchanged")]
)
def test_other_bytes_are_told_by_size_or_by_hash(
    tmp_path: Path, damage: Callable[[Path], None], said: str, path: str, name: str
) -> None:
    damage(write_data(tmp_path) / path)
    assert failed(tmp_path) == {name}
    detail = checked(tmp_path)[name].detail
    assert detail.startswith(path)
    assert said in detail


def test_a_missing_file_is_named_and_not_hashed(tmp_path: Path) -> None:
    (write_data(tmp_path) / SHARD).unlink()
    assert failed(tmp_path) == {"shards_complete", "shards_unchanged"}
    _, hashes = check_files(tmp_path, read_manifest(tmp_path), on_file=lambda _: None)
    assert SHARD not in hashes


def test_items_and_rejected_records_may_be_taken_away_but_not_changed(tmp_path: Path) -> None:
    rejected = write_data(tmp_path) / "rejected/rejected-00000-of-00001.jsonl"
    rejected.parent.mkdir()
    rejected.write_text('{"question": "1 + 1?"}\n')
    record = {"path": str(rejected.relative_to(tmp_path)), "rows": 1, "bytes": 23, "sha256": sha256_of(rejected)}
    items = [other.model_dump() for other in read_manifest(tmp_path).others]
    edit_manifest(tmp_path, reseal=True, others=[*items, record])
    assert checked(tmp_path)["others_unchanged"].status is Status.PASSED
    rejected.write_text('{"question": "1 + 2?"}\n')
    assert failed(tmp_path) == {"others_unchanged"}
    rejected.unlink()
    (tmp_path / ITEMS).unlink()
    assert "others_unchanged" not in checked(tmp_path)


def test_a_file_beside_the_manifest_is_named(tmp_path: Path) -> None:
    (write_data(tmp_path) / "ledger/more.arrow").touch()
    assert failed(tmp_path) == {"ledger_complete"}
    assert checked(tmp_path)["ledger_complete"].detail == "ledger/more.arrow is not in the manifest"


def test_a_file_that_is_named_twice_is_no_two_files(tmp_path: Path) -> None:
    shards = [shard.model_dump() for shard in read_manifest(write_data(tmp_path)).shards]
    edit_manifest(tmp_path, reseal=True, shards=[shards[0], *shards])
    assert failed(tmp_path) == {"shards_complete"}
    assert checked(tmp_path)["shards_complete"].detail == f"{SHARD} stands twice in the manifest"


def test_a_manifest_without_files_passes_nothing(tmp_path: Path) -> None:
    edit_manifest(write_data(tmp_path), reseal=True, ledger=[])
    assert failed(tmp_path) == {"ledger_complete"}
    assert checked(tmp_path)["ledger_unchanged"].status is Status.NOT_CHECKED


def test_an_edited_manifest_shows_by_its_fingerprint(tmp_path: Path) -> None:
    edit_manifest(write_data(tmp_path), reseal=False, licence="MIT")
    assert failed(tmp_path) == {"manifest_sealed"}

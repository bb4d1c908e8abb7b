"""A finished data set read back in the order of its manifest."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.output.reader import (
    counted,
    find_example,
    read_alike,
    read_examples,
    read_ledger,
    read_rejected,
    read_rows,
)
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import UserError
from schemas.ledger import LEDGER_SCHEMA
from schemas.manifest import Manifest, read_manifest
from tests.tiny import read_streams


@pytest.fixture
def manifest(tiny_data: Path) -> Manifest:
    return read_manifest(tiny_data)


def test_examples_are_those_of_the_shards_of_a_split(tiny_data: Path, manifest: Manifest) -> None:
    for split, rows in manifest.splits.items():
        found = [row for batch in read_examples(tiny_data, manifest, split) for row in batch.to_pylist()]
        assert found == read_streams(tiny_data, f"shards/{split}-*.arrow")
        assert (len(found), {row["split"] for row in found}) == (rows, {split})
    assert list(read_examples(tiny_data, manifest, "other")) == []


def test_the_manifest_and_not_the_folder_says_which_shards_there_are(tiny_data: Path, manifest: Manifest) -> None:
    fewer = manifest.model_copy(update={"shards": [shard for shard in manifest.shards if shard.split == "heldout"]})
    assert list(read_examples(tiny_data, fewer, "train")) == []
    assert next(read_examples(tiny_data, fewer, "heldout")).schema.equals(EXAMPLE_SCHEMA)


def test_an_example_is_found_by_its_id_in_any_split(tiny_data: Path, manifest: Manifest) -> None:
    for row in read_streams(tiny_data, "shards/*.arrow"):
        assert find_example(tiny_data, manifest, row["id"]) == row
    assert find_example(tiny_data, manifest, "no such id") is None


def test_the_ledger_is_read_whole_or_by_columns(tiny_data: Path, manifest: Manifest) -> None:
    whole = read_ledger(tiny_data, manifest)
    assert whole.schema.equals(LEDGER_SCHEMA)
    assert whole.to_pylist() == read_streams(tiny_data, "ledger/*.arrow")
    assert len(whole) == manifest.counts.candidates
    some = read_ledger(tiny_data, manifest, ["reason", "id"])
    assert some.equals(whole.select(["reason", "id"]))


def test_groups_of_a_ledger_count_all_of_it_and_keep_the_first_of_each(tmp_path: Path, manifest: Manifest) -> None:
    endings = [("kept", None), ("removed", "too_long"), ("removed", "too_short")]
    rows = [
        dict.fromkeys(LEDGER_SCHEMA.names)
        | {"id": f"id{row}", "row_id": f"id{row}", "source": "school", "row": row, "format": "cot"}
        | dict(zip(("outcome", "reason"), endings[(row > 4) + (row % 7 == 0)], strict=True))
        for row in range(40)
    ]
    files = []
    for number, some in enumerate((rows[:6], rows[6:7], rows[7:7], rows[7:])):
        table = pa.Table.from_pylist(some, schema=LEDGER_SCHEMA)
        with pa.ipc.new_stream(str(tmp_path / f"{number}.arrow"), table.schema) as writer:
            writer.write_table(table)
        files.append(manifest.ledger[0].model_copy(update={"path": f"{number}.arrow"}))
    ledger = manifest.model_copy(update={"ledger": files})
    whole, groups = read_ledger(tmp_path, ledger), read_alike(tmp_path, ledger)
    for name in ("source", "format", "outcome", "reason"):
        assert counted(groups, name) == counted(whole, name)
    for reason in (None, "too_long", "too_short"):
        mine = [row for row in groups.to_pylist() if row["reason"] == reason]
        assert [row["id"] for row in mine[:3]] == [row["id"] for row in rows if row["reason"] == reason][:3]
        assert [row["number"] for row in mine[:3]] == [1] * min(3, len(mine))
        assert len(mine) <= 4
    named = read_rows(tmp_path, ledger, {"id7", "id0", "id99"}, ("reason",))
    assert named.to_pylist() == [{"row_id": f"id{row}", "reason": rows[row]["reason"]} for row in (0, 7)]


def test_a_ledger_without_rows_has_no_groups(tmp_path: Path, manifest: Manifest) -> None:
    assert len(read_alike(tmp_path, manifest.model_copy(update={"ledger": []}))) == 0


def test_rejected_rows_are_those_of_the_ledger_with_their_record(tiny_data: Path, manifest: Manifest) -> None:
    ledger = [row for row in read_ledger(tiny_data, manifest).to_pylist() if row["outcome"] != "kept"]
    rejected = list(read_rejected(tiny_data))
    listed = [one["id"] for why, _ in rejected for one in (why, *why.get("also", []))]
    assert sorted(listed) == sorted(row["id"] for row in ledger)
    assert [record["question"] for why, record in rejected if why["reason"] == "missing_field"] == [" "]
    assert not any("_mathmill" in record for _, record in rejected)


def test_rejected_files_are_read_in_order_and_none_are_no_rows(tmp_path: Path) -> None:
    assert list(read_rejected(tmp_path)) == []
    (tmp_path / "rejected").mkdir()
    for name, row in (("b.jsonl", 2), ("a.jsonl", 1)):
        line = {"q": row, "_mathmill": {"id": f"id{row}"}}
        (tmp_path / "rejected" / name).write_text(json.dumps(line) + "\n")
    assert list(read_rejected(tmp_path)) == [({"id": "id1"}, {"q": 1}), ({"id": "id2"}, {"q": 2})]


@pytest.mark.parametrize("lost", [100, 5000, 10_000])
def test_a_shard_that_was_cut_short_is_an_error_and_no_shorter_split(
    tiny_data: Path, manifest: Manifest, tmp_path: Path, lost: int
) -> None:
    for shard in manifest.shards:
        path = tmp_path / shard.path
        path.parent.mkdir(exist_ok=True)
        content = (tiny_data / shard.path).read_bytes()
        path.write_bytes(content[:-lost])
    with pytest.raises((pa.ArrowInvalid, OSError, UserError)):
        list(read_examples(tmp_path, manifest, "train"))

"""Foreign rows laid out as a data set: everything of them is there, and the gate's own readers read it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines import foreign
from pipelines.foreign import lay_out
from pipelines.output.reader import read_examples, read_ledger
from schemas.config import Benchmark, Source
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import UserError
from schemas.ledger import LEDGER_SCHEMA
from schemas.manifest import FormatCounts, Manifest, read_manifest, sha256_of
from tests.tiny import gsm8k_row, marbles, write_rows

BROKEN = {"question": "no answer"}
ROWS = [*marbles(3), BROKEN, *marbles(2, start=9)]


def laid_out(folder: Path, rows: list[dict[str, Any]], **settings: Any) -> Manifest:
    path = write_rows(folder / "rows.jsonl", rows)
    source = Source(name="theirs", path=str(path), adapter="gsm8k", licence="unknown", **settings)
    return lay_out(source, [], folder / "data")


def examples(folder: Path, manifest: Manifest) -> list[dict[str, Any]]:
    return [row for batch in read_examples(folder / "data", manifest, "train") for row in batch.to_pylist()]


def test_every_row_that_the_adapter_reads_is_an_example_and_every_other_is_told(tmp_path: Path) -> None:
    manifest = laid_out(tmp_path, ROWS)
    ids = [f"row{row:08d}-cot" for row in (0, 1, 2, 4, 5)]
    assert [row["id"] for row in examples(tmp_path, manifest)] == ids
    ledger = read_ledger(tmp_path / "data", manifest).to_pylist()
    assert [(row["id"], row["outcome"], row["reason"]) for row in ledger] == [
        *((identity, "kept", None) for identity in ids[:3]),
        ("row00000003", "removed", "missing_field"),
        *((identity, "kept", None) for identity in ids[3:]),
    ]


def test_nothing_is_selected_collapsed_or_verified(tmp_path: Path) -> None:
    manifest = laid_out(tmp_path, [*marbles(1), *marbles(1), gsm8k_row("1+1?", "1+1=<<1+1=3>>3", 9)])
    found = examples(tmp_path, manifest)
    assert len(found) == 3
    assert {row["verification"]["verdict"] for row in found} == {"unverified"}
    assert {row["author"] for row in found} == {"unknown"}
    assert found[0]["problem_id"] == found[1]["problem_id"] != found[2]["problem_id"]
    assert {"select", "screen", "rules", "decontaminate", "collapse", "verify", "identify", "label", "balance"} == {
        *manifest.skipped
    }


def test_the_manifest_counts_what_was_laid_out_and_seals_the_bytes(tmp_path: Path) -> None:
    manifest = laid_out(tmp_path, ROWS, derive=["pot"])
    assert manifest == read_manifest(tmp_path / "data")
    assert manifest.fingerprint == manifest.computed_fingerprint()
    counts = manifest.counts
    assert (counts.rows, counts.candidates, counts.kept, counts.removed) == (6, 11, 10, 1)
    assert manifest.formats == {
        "cot": FormatCounts(candidates=5, kept=5, removed=0, quarantined=0),
        "none": FormatCounts(candidates=1, kept=0, removed=1, quarantined=0),
        "pot": FormatCounts(candidates=5, kept=5, removed=0, quarantined=0),
    }
    assert (manifest.removed_by_reason, manifest.splits) == ({"missing_field": 1}, {"train": 10, "heldout": 0})
    for file in (*manifest.shards, *manifest.ledger):
        path = tmp_path / "data" / file.path
        assert (file.bytes, file.sha256) == (path.stat().st_size, sha256_of(path))


def test_several_solutions_of_a_row_have_ids_of_their_own(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "rows.jsonl", [{"problem": "1+1?", "generations": ["It is 2.", "So 2."], "answer": "2"}]
    )
    source = Source(name="theirs", path=str(path), adapter="openr1", licence="unknown")
    manifest = lay_out(source, [], tmp_path / "data")
    assert [row["id"] for row in examples(tmp_path, manifest)] == ["row00000000-cot", "row00000000-cot-1"]


def test_shards_are_cut_by_bytes_and_hold_all_rows_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "SHARD_BYTES", 1)
    for name in "ab":
        write_rows(tmp_path / "rows" / f"{name}.jsonl", marbles(3))
    source = Source(name="theirs", path=str(tmp_path / "rows"), adapter="gsm8k", licence="unknown")
    manifest = lay_out(source, [], tmp_path / "data")
    assert [shard.rows for shard in manifest.shards] == [3, 3, 0]
    assert [row["source_row"] for row in examples(tmp_path, manifest)] == list(range(6))


def test_files_have_the_schemas_of_a_data_set_and_benchmarks_lie_beside(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", marbles(2))
    exam = write_rows(tmp_path / "exam.jsonl", [{"question": "1+1?", "answer": "2"}])
    source = Source(name="theirs", path=str(path), adapter="gsm8k", licence="unknown")
    manifest = lay_out(source, [Benchmark(name="exam", path=str(exam))], tmp_path / "data")
    for name, schema in [(manifest.shards[0].path, EXAMPLE_SCHEMA), (manifest.ledger[0].path, LEDGER_SCHEMA)]:
        with pa.OSFile(str(tmp_path / "data" / name), "rb") as stream:
            assert pa.ipc.open_stream(stream).schema.equals(schema, check_metadata=True)
    with pa.OSFile(str(tmp_path / "data" / "benchmarks.arrow"), "rb") as stream:
        assert pa.ipc.open_stream(stream).read_all()["question"].to_pylist() == ["1+1?"]
    assert [record.name for record in manifest.benchmarks] == ["exam"]


def test_a_mistake_is_told_without_a_place_in_a_config_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^no row can be read by `adapter: gsm8k`"):
        laid_out(tmp_path, [BROKEN])
    assert not (tmp_path / "data").exists()

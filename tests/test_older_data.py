"""A data set that version 1.1.0 wrote (`fixtures/data-1.1.0`) is judged, trained on, traced, exported as any other.

It was curated and judged by 5f139ac from 16 rows of GSM8K's shape, 5 of a panel and 3 dialogues with tools, beside two
benchmark items and five reviews: 15 + 3 examples in all three formats, 14 candidates removed and 5 quarantined.
"""

import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from pipelines.cli.export import export_data
from pipelines.cli.findings import findings, remarks
from pipelines.cli.review_queue import write_queue
from pipelines.cli.trace import print_trace
from pipelines.curate import curate
from pipelines.output.reader import read_ledger
from pipelines.validate import validate
from schemas import evolution
from schemas.config import Config, FreshModel, Train
from schemas.evolution import read_as
from schemas.example import EXAMPLE_SCHEMA
from schemas.exits import RunFailedError, UserError
from schemas.ledger import LEDGER_SCHEMA
from schemas.manifest import MANIFEST, Manifest, read_manifest, sha256_of
from schemas.split import Split
from schemas.verdict import Status, Verdict
from tests.tiny import config_of, marbles, read_streams, source, write_rows
from training.shards import open_splits
from training.train import train

YESTERDAY = Path(__file__).with_name("fixtures") / "data-1.1.0"
FIRST = Path(evolution.__file__).parent / "snapshots/example-1.0.0.json"
TRAIN = Path("shards/train-00000-of-00001.arrow")
LEDGER = Path("ledger/ledger-00000-of-00001.arrow")
JUDGE = Config.model_validate({"validate": {"recheck": {"sample": 10}}})
Change = Callable[[pa.Table], pa.Table]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(YESTERDAY, tmp_path / "data"))


def rewrite(folder: Path, path: Path, version: str, change: Change = lambda table: table) -> None:
    """Writes a file of a data set anew, as of another version, with hashes and seal that are right."""
    with pa.OSFile(str(folder / path), "rb") as file:
        table = change(pa.ipc.open_stream(file).read_all())
    about = {b"name": table.schema.metadata[b"name"], b"version": version.encode()}
    with (
        pa.OSFile(str(folder / path), "wb") as file,
        pa.ipc.new_stream(file, table.schema.with_metadata(about)) as sink,
    ):
        sink.write_table(table)
    raw = json.loads((folder / MANIFEST).read_text("utf-8"))
    for record in (*raw["shards"], *raw["ledger"]):
        file = folder / record["path"]
        record |= {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
    (folder / MANIFEST).write_text(Manifest.model_validate(raw).sealed().to_json(), encoding="utf-8")


def state(folder: Path, version: str) -> None:
    """Puts a schema version into the manifest."""
    manifest = read_manifest(folder).model_copy(update={"schema_version": version})
    (folder / MANIFEST).write_text(manifest.sealed().to_json(), encoding="utf-8")


def failed(verdict: Verdict) -> dict[str, str]:
    return {check.name: check.detail for check in verdict.checks if check.status is Status.FAILED}


def grown(schema: pa.Schema) -> Change:
    """Adds to the columns of today one that nobody knows yet."""

    def change(table: pa.Table) -> pa.Table:
        return read_as(table.to_reader(), schema).read_all().append_column("mood", pa.array(["glad"] * len(table)))

    return change


def trained(data: Path, output: Path) -> Any:
    model = FreshModel(hidden_size=32, layers=2, heads=4, vocabulary=300)
    settings = Train(model=model, examples_per_step=4, steps=2, context=512, learning_rate=1e-3)
    return train(Config(train=settings), [data], output)


def story(data: Path, identity: str) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_trace(console, data, identity)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_yesterdays_data_passes_the_gate_of_today(data: Path, tmp_path: Path) -> None:
    assert {one["format"] for one in read_streams(data, "shards/*.arrow")} == {"cot", "pot", "tir"}
    verdict = validate(data, JUDGE, output=tmp_path / "report", baseline=YESTERDAY)
    assert failed(verdict) == {}
    numbers = json.loads((tmp_path / "report/report/report.json").read_text("utf-8"))
    assert numbers["contamination"]["by_benchmark"]["bench"]["benchmark_exact"] == 4
    assert numbers["contamination"]["by_benchmark"]["bench"]["kept"] == 2
    assert numbers["counts"] == {"rows": 24, "candidates": 37, "kept": 18, "removed": 14, "quarantined": 5}


def test_yesterdays_data_is_trained_on_under_yesterdays_verdict(tmp_path: Path) -> None:
    assert trained(YESTERDAY, tmp_path / "run").steps == 2


def test_yesterdays_rows_tell_their_story(data: Path) -> None:
    ended = {(one["row"], one["format"]): one for one in read_ledger(data, read_manifest(data)).to_pylist()}
    assert "Ruth packs 12 boxes" in story(data, ended[9, "cot"]["id"])
    assert "verify: answer 24, equal as human" in story(data, ended[14, "cot"]["id"])
    assert "verify: answer 16" in story(data, ended[13, "cot"]["id"])
    assert {one["rule"] for one in ended.values()} == {None}
    assert (ended[13, "cot"]["benchmark"], ended[13, "cot"]["item"]) == ("bench", 1)
    assert len({one["outcome"] for one in ended.values()}) == 3
    assert all(one["id"] in story(data, one["id"]) for one in ended.values())


def test_yesterdays_ledger_is_summed_up_and_queued(data: Path, tmp_path: Path) -> None:
    manifest = read_manifest(data)
    assert findings(manifest, read_ledger(data, manifest))[0].reason == "answer_conflict"
    assert any("4 leaks" in one for one in remarks(manifest, read_ledger(data, manifest)))
    assert write_queue(data, tmp_path / "queue.jsonl").total() == 3


def test_yesterdays_examples_are_exported(tmp_path: Path) -> None:
    files = export_data(YESTERDAY, to="messages", file_format="jsonl", output=tmp_path)
    assert {path.name: rows for path, rows in files} == {"train.jsonl": 15, "heldout.jsonl": 3}


def test_new_data_is_held_against_yesterdays(tmp_path: Path) -> None:
    school = source(write_rows(tmp_path / "rows.jsonl", [marbles(1)[0], *marbles(2, start=30)]))
    manifest = curate(config_of(school, skip=["verify"], wipeout={"limit": 1}), tmp_path / "new", against=[YESTERDAY])
    assert manifest.removed_by_reason == {"duplicate_of_earlier": 1}


def test_data_of_a_later_minor_version_is_read_without_what_it_added(data: Path, tmp_path: Path) -> None:
    for path in sorted(data.glob("shards/*.arrow")):
        rewrite(data, path.relative_to(data), "1.9.0", grown(EXAMPLE_SCHEMA))
    rewrite(data, LEDGER, "1.9.0", grown(LEDGER_SCHEMA))
    state(data, "1.9.0")
    assert failed(validate(data, JUDGE)) == {}
    assert trained(data, tmp_path / "run").steps == 2
    assert len(export_data(data, to="messages", file_format="parquet", output=tmp_path / "out")) == 2
    assert "mood" not in read_ledger(data, read_manifest(data)).column_names


def tell_more(folder: Path, version: str) -> None:
    """Puts keys and a reason into manifest and ledger that nobody knows yet."""

    def renamed(table: pa.Table) -> pa.Table:
        reasons = ["moon_phase" if reason == "program_error" else reason for reason in table["reason"].to_pylist()]
        at = table.schema.get_field_index("reason")
        return grown(LEDGER_SCHEMA)(table.set_column(at, table.schema.field(at), pa.array(reasons)))

    for path in sorted(folder.glob("shards/*.arrow")):
        rewrite(folder, path.relative_to(folder), version, grown(EXAMPLE_SCHEMA))
    rewrite(folder, LEDGER, version, renamed)
    raw = json.loads((folder / MANIFEST).read_text("utf-8")) | {"schema_version": version, "moods": [{"glad": 1}]}
    raw["counts"]["asked"] = 0
    raw["config"] |= {"mood": "glad", "balance": raw["config"]["balance"] | {"mood": "glad"}}
    raw["config"]["normalise"] = raw["config"].get("normalise", {}) | {"mood": "glad"}
    raw["config"]["sources"] = [table | {"mood": "glad"} for table in raw["config"]["sources"]]
    raw["removed_by_reason"]["moon_phase"] = raw["removed_by_reason"].pop("program_error")
    (folder / MANIFEST).write_text(Manifest.model_validate(raw).sealed().to_json(), encoding="utf-8")


def test_keys_and_reasons_of_a_later_minor_version_are_taken(data: Path, tmp_path: Path) -> None:
    tell_more(data, "1.9.0")
    assert failed(validate(data, JUDGE)) == {}
    path = data / "quality/verdict.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "mood": "glad"}), encoding="utf-8")
    assert trained(data, tmp_path / "run").steps == 2
    ended = {str(one["reason"]): one["id"] for one in read_ledger(data, read_manifest(data)).to_pylist()}
    assert "not a known reason" in story(data, ended["moon_phase"])
    assert write_queue(data, tmp_path / "queue.jsonl").total() == 3
    assert all(one in story(data, one) for one in ended.values())


@pytest.mark.parametrize(
    ("version", "says"),
    [("1.1.0", r"(moods|counts\.asked): .*edited or cut short"), ("2.0.0", r"schema_version 2\.0\.0 cannot be read")],
)
def test_unknown_keys_of_no_later_minor_version_are_refused_in_one_line(data: Path, version: str, says: str) -> None:
    tell_more(data, version)
    with pytest.raises(UserError, match=rf"^[^\n]*{says}[^\n]*$"):
        read_manifest(data)


def as_it_began(table: pa.Table) -> pa.Table:
    """Examples as version 1.0.0 had them: without the columns, and the fields of structs, that came later."""
    fields = {one["name"]: one["type"] for one in json.loads(FIRST.read_text("utf-8"))["fields"]}
    for name in ("selection", "verification", "quality"):
        struct = table[name].combine_chunks()
        names = re.findall(r"(\w+): ", fields[name])
        inner = pa.StructArray.from_arrays([struct.field(one) for one in names], names, mask=struct.is_null())
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at).with_type(inner.type), inner)
    return table.select(list(fields))


def test_an_earlier_minor_version_is_read_with_null_for_what_it_lacks(data: Path, tmp_path: Path) -> None:
    for path in sorted(data.glob("shards/*.arrow")):
        rewrite(data, path.relative_to(data), "1.0.0", as_it_began)
    state(data, "1.0.0")
    assert failed(validate(data, JUDGE)) == {}
    examples = open_splits(data)[Split.TRAIN].rows(0, 15)
    assert {one.instruction for one in examples} == {None}
    assert trained(data, tmp_path / "run").steps == 2


def test_another_major_version_is_refused_by_every_reader(data: Path, tmp_path: Path) -> None:
    for path in sorted(data.glob("shards/*.arrow")):
        rewrite(data, path.relative_to(data), "2.0.0")
    rewrite(data, LEDGER, "2.0.0")
    (data / "quality/verdict.json").unlink()
    said = failed(validate(data, JUDGE, output=tmp_path / "report"))
    assert "version 2.0.0 cannot be read; this mathmill reads 1.x" in said["schema_equals_contract"]
    assert "version 2.0.0 cannot be read" in said["ledger_consistent"]
    with pytest.raises(RunFailedError, match=r"shards/\S+.*version 2\.0\.0 cannot be read"):
        open_splits(data, draft=True)
    with pytest.raises(UserError, match=r"ledger-00000.*version 2\.0\.0 cannot be read"):
        story(data, "a")
    with pytest.raises(UserError, match=r"-00000.*version 2\.0\.0 cannot be read"):
        export_data(data, to="messages", file_format="jsonl", output=tmp_path / "out", draft=True)


def test_a_manifest_of_another_major_version_is_refused(data: Path) -> None:
    state(data, "2.0.0")
    with pytest.raises(UserError, match=r"schema_version 2\.0\.0 cannot be read; this mathmill reads 1\.x"):
        open_splits(data, draft=True)


def test_a_shard_without_a_required_column_is_refused(data: Path, tmp_path: Path) -> None:
    (data / "quality/verdict.json").unlink()
    rewrite(data, TRAIN, "1.0.0", lambda table: table.drop_columns(["licence"]))
    said = failed(validate(data, JUDGE, output=tmp_path / "report"))
    assert "without column licence" in said["schema_equals_contract"]
    with pytest.raises(RunFailedError, match=r"train-00000.*without column licence"):
        open_splits(data, draft=True)
    with pytest.raises(UserError, match=r"train-00000.*without column licence"):
        export_data(data, to="messages", file_format="jsonl", output=tmp_path / "out", draft=True)

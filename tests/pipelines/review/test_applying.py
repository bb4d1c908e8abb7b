import shlex
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.review.applying import applying
from schemas.manifest import read_manifest
from tests.store_server import put
from tests.tiny import marbles, write_rows


def test_the_command_that_applies_decisions_can_be_pasted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(Path("rows.jsonl"), marbles(3))
    Path("my run.yaml").write_text(
        "curate: {skip: [verify], sources: [{name: s, path: rows.jsonl, adapter: gsm8k, licence: MIT}]}"
    )
    assert main(["curate", "my run.yaml", "--output", "my data"]) == 0
    command = applying(Path("my data"), Path("[q].jsonl"))
    assert command == """mathmill curate 'my run.yaml' --output 'my data' --set 'curate.reviews=["[q].jsonl"]'"""
    assert applying(Path("my data"), tmp_path / "[q].jsonl") == command
    assert str(tmp_path.parent / "q.jsonl") in applying(Path("my data"), tmp_path.parent / "q.jsonl")
    write_rows(Path("first.jsonl"), [{"row_id": "x", "decision": "accepted"}])
    write_rows(Path("second.jsonl"), [{"row_id": "y", "decision": "accepted"}])
    for queue in (Path("first.jsonl"), Path("second.jsonl"), tmp_path / "second.jsonl"):
        assert main(shlex.split(applying(Path("my data"), queue))[1:]) == 0
    assert read_manifest(Path("my data")).config["reviews"] == ["first.jsonl", "second.jsonl"]


def test_data_in_a_store_is_named_by_its_url(tiny_data: Path, bucket: str) -> None:
    place = put(tiny_data, f"{bucket}/data")
    queue = Path("queue.jsonl")
    assert f"--output {place.url} --set" in applying(place.url, queue)
    assert applying(Path(place.url), queue) == applying(place.url, queue)

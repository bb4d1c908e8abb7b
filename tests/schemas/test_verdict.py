"""Training reads what was judged and unchanged since, byte by byte."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.example import SCHEMA_VERSION
from schemas.exits import RunFailedError, UserError
from schemas.manifest import Counts, Manifest, ShardRecord, read_manifest, sha256_of
from schemas.verdict import Status, Verdict, require_passed

SHARDS = {"shards/heldout-00000-of-00001.arrow": b"held out", "shards/train-00000-of-00001.arrow": b"to train on"}


def write_data(folder: Path, *, status: Status = Status.PASSED) -> Path:
    (folder / "shards").mkdir(parents=True)
    (folder / "quality").mkdir()
    for path, content in SHARDS.items():
        (folder / path).write_bytes(content)
    records = [
        ShardRecord(path=p, split=p[7:].split("-")[0], rows=1, bytes=len(c), sha256=sha256_of(folder / p))
        for p, c in SHARDS.items()
    ]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION, code_version="0.1.0", draft=False, config={}, skipped=[], isolation=None,
        inputs=[], benchmarks=[], counts=Counts(rows=2, candidates=2, kept=2, removed=0, quarantined=0),
        removed_by_reason={}, quarantined_by_reason={}, formats={}, sources={},
        splits={"train": 1, "heldout": 1}, licence="MIT", quotas=[],
        shards=records, ledger=[], lineage=[], fingerprint="",
    ).sealed()  # fmt: skip
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    verdict = Verdict(
        status=status, draft=False, schema_version=SCHEMA_VERSION, judge_version="1", suite_sha256="0",
        manifest_sha256=sha256_of(folder / "manifest.json"), checks=[],
        shards={one.path: one.sha256 for one in records},
    )  # fmt: skip
    (folder / "quality/verdict.json").write_text(verdict.to_json(), encoding="utf-8")
    return folder


def test_judged_and_unchanged_data_may_be_trained_on(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    assert require_passed(data) == read_manifest(data)
    assert read_manifest(data).computed_fingerprint() == read_manifest(data).fingerprint


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def swap(data: Path) -> None:
    one, two = (data / path for path in SHARDS)
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)


TRAIN = "shards/train-00000-of-00001.arrow"
CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a flipped byte": (lambda data: flip(data / TRAIN), "train-00000-of-00001.arrow: bytes changed"),
    "a missing shard": (lambda data: (data / TRAIN).unlink(), "train-00000-of-00001.arrow: is missing"),
    "an extra shard": (lambda data: (data / "shards/x.arrow").write_bytes(b"x"), "x.arrow: was never judged"),
    "shards that changed places": (swap, "bytes changed"),
    "an edited manifest": (lambda data: _edit(data / "manifest.json", "licence", "x"), "manifest.json: changed since"),
}  # fmt: skip


def _edit(path: Path, key: str, value: object) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**raw, key: value}), encoding="utf-8")


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("draft", [False, True], ids=["strict", "draft"])
def test_bytes_that_do_not_match_their_verdict_are_refused(name: str, draft: bool, tmp_path: Path) -> None:
    change, says = CHANGES[name]
    data = write_data(tmp_path / "data")
    change(data)
    with pytest.raises(RunFailedError) as told:
        require_passed(data, draft=draft)
    assert says in str(told.value)
    assert f"mathmill validate {data}" in str(told.value)
    assert told.value.exit_code == 1


def test_data_that_nobody_judged_or_that_failed_could_not_start(tmp_path: Path) -> None:
    failed = write_data(tmp_path / "failed", status=Status.FAILED)
    unjudged = write_data(tmp_path / "unjudged")
    (unjudged / "quality/verdict.json").unlink()
    torn = write_data(tmp_path / "torn")
    (torn / "quality/verdict.json").write_text('{"status": "passed"', encoding="utf-8")
    for data, says in ((failed, "the verdict is failed"), (unjudged, "never judged"), (torn, "not a verdict")):
        with pytest.raises(UserError, match=says) as told:
            require_passed(data)
        assert told.value.exit_code == 2
    assert require_passed(failed, draft=True)
    assert require_passed(unjudged, draft=True)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("schema_version", "2.0.0", "schema_version 2.0.0 cannot be read; this mathmill reads 1.x"),
        ("counts", {"rows": 1}, "counts.candidates"),
        ("shards", "none", "shards"),
        ("surprise", 1, "surprise"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_named(key: str, value: object, says: str, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    _edit(data / "manifest.json", key, value)
    with pytest.raises(UserError) as told:
        read_manifest(data)
    assert says in str(told.value)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", "null", "[" * 100_000, '{"schema_version": "1.0.0", "code_version": "\\ud800"}']
)
def test_a_file_that_is_no_manifest_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="not a manifest"):
        read_manifest(tmp_path)


def test_a_manifest_without_keys_that_came_later_keeps_its_seal(tmp_path: Path) -> None:
    path = write_data(tmp_path / "data") / "manifest.json"
    assert "labels" not in json.loads(path.read_text()), "this one was built without it, as earlier versions did"
    manifest = read_manifest(path.parent)
    assert manifest.labels == []
    assert manifest.computed_fingerprint() == manifest.fingerprint

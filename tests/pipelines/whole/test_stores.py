"""From rows in a store to judged data in a store: the same bytes as on this machine, and no folder called `s3:`."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from mathmill.__main__ import VERBS
from pipelines.__main__ import main
from pipelines.curate import curate
from pipelines.output.delivery import staging_of
from pipelines.validate import validate
from schemas.config import Config
from schemas.exits import RunFailedError, UserError
from schemas.place import Place
from schemas.verdict import VERDICT, Status
from tests.store_server import Application, StoreServer, gone, put
from tests.tiny import config_of, data_bytes, marbles, source, write_rows

CONFIG = """
curate:
  sources: [{{name: school, path: "{path}", adapter: gsm8k, licence: MIT}}]
  skip: [verify]
"""


def run_over(url: str) -> Config:
    return config_of({"name": "school", "path": url, "adapter": "gsm8k", "licence": "MIT"}, skip=["verify"])


def bytes_in(place: Place) -> dict[str, bytes]:
    return {name: (place / name).read() for name in place.files() if not name.startswith(".")}


@pytest.fixture
def rows(bucket: str, tmp_path: Path) -> str:
    """Rows in a store, and beside them here."""
    put(write_rows(tmp_path / "rows" / "school.jsonl", marbles(60)).parent, f"{bucket}/rows")
    return f"{bucket}/rows/school.jsonl"


def test_data_from_a_store_to_a_store_is_what_it_is_here(
    rows: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIG.format(path=rows), encoding="utf-8")
    there, here = f"{bucket}/data", tmp_path / "data"
    assert main(["curate", "config.yaml", "--output", there]) == 0
    assert f"mathmill validate {there}" in " ".join(capsys.readouterr().out.split())
    assert main(["curate", "config.yaml", "--output", str(here)]) == 0
    assert bytes_in(Place(there)) == data_bytes(here)
    assert main(["validate", there]) == 0
    assert main(["validate", str(here)]) == 0
    assert f"report: {there}/quality/report/index.html" in capsys.readouterr().out
    assert bytes_in(Place(there)) == data_bytes(here)
    assert not list(tmp_path.glob("s3*"))


def test_the_same_command_continues_and_other_rows_are_another_run(rows: str, bucket: str, tmp_path: Path) -> None:
    place = Place(f"{bucket}/data")
    config = run_over(rows)
    manifest = curate(config, place.url)
    parts = staging_of(place) / ".work/parts"
    made = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert curate(config, place.url) == manifest
    assert {path: path.stat().st_mtime_ns for path in parts.iterdir()} == made
    other = config_of(source(write_rows(tmp_path / "other.jsonl", marbles(6))), skip=["verify"])
    with pytest.raises(UserError, match=rf"^{place}: holds another run, of school \({rows}\)"):
        curate(other, place.url)
    assert curate(other, place.url, overwrite=True).counts.rows == 6


def test_earlier_data_in_a_store_is_held_against(rows: str, bucket: str, tmp_path: Path) -> None:
    config = run_over(rows)
    earlier = curate(config, f"{bucket}/earlier")
    more = config_of(source(write_rows(tmp_path / "more.jsonl", marbles(130))), skip=["verify"])
    manifest = curate(more, tmp_path / "more", against=f"{bucket}/earlier")
    assert manifest.lineage == [earlier.fingerprint]
    assert manifest.removed_by_reason["duplicate_of_earlier"] == earlier.counts.kept
    with pytest.raises(UserError, match=f"^--against {bucket}/earlier: that is the output itself"):
        curate(config, f"{bucket}/earlier", against=f"{bucket}/earlier/")


def test_no_secret_of_a_url_is_written_anywhere(rows: str, store: StoreServer, tmp_path: Path) -> None:
    host = store.url.removeprefix("http://")
    secret = rows.replace("s3://", "s3://a:hush@") + f"?scheme=http&endpoint_override={host}"
    manifest = curate(run_over(secret), tmp_path / "data")
    assert (manifest.inputs[0].path, manifest.config["sources"][0]["path"]) == (rows, rows)
    holding = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and b"hush" in path.read_bytes()]
    assert holding == []


def test_a_verdict_in_a_store_is_about_what_lies_there(rows: str, bucket: str, tmp_path: Path) -> None:
    place = Place(f"{bucket}/data")
    curate(run_over(rows), place.url)
    shard = next(name for name in place.files() if name.startswith("shards/train"))
    whole = (place / shard).read()
    assert validate(place.url).status is Status.PASSED
    (place / shard).write(whole[:-8])
    verdict = validate(place.url)
    assert verdict.status is Status.FAILED
    assert {check.name for check in verdict.checks if check.status is Status.FAILED} >= {"shards_unchanged"}
    assert b'"failed"' in (place / VERDICT).read()
    validate(place.url, output=tmp_path / "report")
    assert (tmp_path / "report/verdict.json").is_file()
    with pytest.raises(UserError, match=f"^{bucket}/nothing: not a data set"):
        validate(f"{bucket}/nothing")


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_that_are_lost_while_they_are_read_stop_the_run_in_one_line(
    rows: str, store: StoreServer, bucket: str, tmp_path: Path, workers: int
) -> None:
    def gone_while_it_runs(
        sound: Application, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if (tmp_path / "data/.work").exists():
            return gone(sound, environ, start_response)
        return sound(environ, start_response)

    config = run_over(rows)
    store.fail("GET", "school.jsonl", gone_while_it_runs, times=999)
    with pytest.raises(RunFailedError, match=f"^a source was lost while it was read: .*{rows}") as failure:
        curate(config, tmp_path / "data", workers=workers)
    assert "\n" not in str(failure.value)
    store.heal()
    assert curate(config, tmp_path / "data", workers=workers).counts.rows == 60


def test_what_only_reads_reads_a_store_too(
    rows: str, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{bucket}/data"
    manifest = curate(run_over(rows), url)
    validate(url)
    assert main(["export", url, "--to", "messages", "--output", str(tmp_path / "export")]) == 0
    assert len((tmp_path / "export/train.jsonl").read_text().splitlines()) == manifest.splits["train"]
    assert main(["trace", url, ""]) == 0
    assert main(["review", url, "--output", str(tmp_path / "queue.jsonl")]) == 0
    assert "kept" in capsys.readouterr().out
    assert main(["validate", url, "--baseline", url]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "s3://bucket/data", "--to", "messages", "--output", "s3://bucket/export"],
        ["review", "s3://bucket/data", "--output", "s3://bucket/queue.jsonl"],
        ["trace", "s3://bucket/data", "1"],
        ["validate", "s3://bucket/data"],
        ["validate", "s3://bucket/data", "--output", "https://host/report"],
        ["curate", "config.yaml", "--output", "https://host/data"],
        ["curate", "config.yaml", "--output", "s3://no-such-bucket/data"],
        ["curate", "config.yaml", "--output", "data", "--against", "s3://no-such-bucket/data"],
    ],
)
def test_what_cannot_be_is_one_line_and_no_folder(
    arguments: list[str],
    store: StoreServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(Path("school.jsonl"), marbles(3))
    Path("config.yaml").write_text(CONFIG.format(path="school.jsonl"), encoding="utf-8")
    assert arguments[0] in VERBS
    assert main(arguments) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("mathmill: ")
    assert "\n" not in told
    assert "://" in told
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == ["config.yaml", "school.jsonl"]

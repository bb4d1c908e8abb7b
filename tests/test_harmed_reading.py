"""A published file that is damaged: whoever reads the data names it in a line, and shows nothing that is rotten."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.__main__ import main
from pipelines.curate import curate
from pipelines.validate import validate
from schemas.configfile import check_config
from schemas.exits import ExitCode, UserError
from schemas.manifest import MANIFEST, read_manifest, require_whole
from schemas.verdict import Status
from tests.test_rot import CONFIG, HARMS
from tests.tiny import read_streams, the_config, write_rows
from tests.validation.dataset.handmade import write_data
from training.shards import open_splits
from validation.dataset.annotators import annotators

READERS = {
    "trace": ("trace", "DATA", "school:12"),  # a leak: it stands beside the item of the benchmark
    "trace of what is kept": ("trace", "DATA", "school:2"),
    "trace against": ("trace", "WHOLE", "school:2", "--against", "DATA"),
    "review": ("review", "DATA", "--output", "queue.jsonl"),
    "table": ("review", "DATA", "--output", "queue.csv"),
    "page": ("review", "DATA", "--html", "page.html"),
    "import": ("review", "DATA", "--import", "decisions.jsonl"),
    "export": ("export", "DATA", "--to", "messages", "--output", "out", "--draft"),
}
READ = {
    "trace": ("shards", "ledger", "rejected", "benchmarks", "reviews", "manifest"),
    "review": ("rejected", "manifest"),
    "export": ("shards", "manifest"),
    "trace against": ("shards", "manifest"),
}
"""what a reader reads; all that is not named here reads what `trace` does"""


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with every kind of file."""
    folder = tmp_path_factory.mktemp("reviewed")
    table = the_config(folder).model_dump(mode="json", exclude_unset=True)
    curate(the_config(folder, skip=["verify"]), folder / "before")
    rows = [row["row_id"] for row in read_streams(folder / "before", "ledger/*.arrow")][:2]
    decisions = [{"row_id": row, "decision": "accepted", "reviewer": "ada"} for row in rows]
    table["curate"] |= {"reviews": [str(write_rows(folder / "reviews.jsonl", decisions))], "skip": ["verify"]}
    curate(check_config(table), folder / "data")
    return folder / "data"


@pytest.fixture
def data(reviewed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(reviewed, tmp_path / "DATA", ignore=shutil.ignore_patterns(".work"))
    (tmp_path / "WHOLE").symlink_to(reviewed)
    row = read_streams(reviewed, "ledger/*.arrow")[0]["row_id"]
    write_rows(tmp_path / "decisions.jsonl", [{"row_id": row, "decision": "accepted", "reviewer": "bo"}])
    monkeypatch.chdir(tmp_path)
    return tmp_path / "DATA"


def files_of(data: Path) -> Iterator[Path]:
    return (path for path in sorted(data.rglob("*")) if path.is_file() and path.name != "README.md")


@pytest.mark.parametrize(
    "harm", [h if h in ("cut", "flip") else pytest.param(h, marks=pytest.mark.slow) for h in HARMS]
)
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_names_the_file_that_is_damaged(
    reader: str, harm: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in files_of(data):
        content = path.read_bytes()
        harmed = HARMS[harm](content)
        path.unlink()
        if harmed is not None:
            path.write_bytes(harmed)
        code, said = main(READERS[reader]), capsys.readouterr().err
        kind = path.relative_to(data).parts[0].partition(".")[0]
        taken_away = harm == "gone" and kind in ("rejected", "benchmarks", "reviews")
        if kind in READ.get(reader, READ["trace"]) and not taken_away:
            assert (code, said.count("\n"), path.name in said) == (ExitCode.COULD_NOT_START, 1, True), (path, said)
        else:
            assert (code, said) == (ExitCode.DONE, ""), path
        path.write_bytes(content)


@pytest.mark.parametrize("harm", ["cut", "empty", "junk"])
@pytest.mark.parametrize("reader", ["trace", "table", "page"])
def test_a_file_that_the_manifest_has_no_hash_of_is_named_too(
    reader: str, harm: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = read_manifest(data).model_copy(update={"others": []}).sealed()
    (data / MANIFEST).write_text(earlier.to_json())
    for name in ("benchmarks.arrow", "reviews.arrow", "rejected/rejected-00000-of-00001.jsonl"):
        content = (data / name).read_bytes()
        (data / name).write_bytes(HARMS[harm](content) or b"")
        code, said = main(READERS[reader]), capsys.readouterr().err
        assert (code, said.count("\n")) in ((ExitCode.DONE, 0), (ExitCode.COULD_NOT_START, 1))
        assert not said or name in said
        if reader == "trace" and (harm, name[:8]) != ("empty", "rejected"):
            assert code == ExitCode.COULD_NOT_START, name
        (data / name).write_bytes(content)


@pytest.mark.parametrize("sources", [None, [], {}, ["school"], [{"name": "school", "path": -1}]])
@pytest.mark.parametrize("reader", ["trace", "table", "page"])
def test_a_config_in_a_manifest_that_no_run_has_is_one_line(
    reader: str, sources: object, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever makes data can seal what they like."""
    manifest = read_manifest(data)
    edited = manifest.model_copy(update={"config": manifest.config | {"sources": sources}}).sealed()
    (data / MANIFEST).write_text(edited.to_json())
    code, said = main(READERS[reader]), capsys.readouterr().err
    assert (code, said.count("\n")) in ((ExitCode.DONE, 0), (ExitCode.COULD_NOT_START, 1)), said


def test_reviews_have_their_hash_in_the_manifest(data: Path) -> None:
    manifest = read_manifest(data)
    assert [record.path for record in manifest.others][:2] == ["benchmarks.arrow", "reviews.arrow"]
    require_whole(data, manifest, "reviews.arrow")


def test_who_measures_reviewers_names_a_damaged_file(data: Path) -> None:
    assert annotators(data) is not None
    (data / "reviews.arrow").write_bytes(b"")
    with pytest.raises(UserError, match=r"reviews\.arrow: damaged"):
        annotators(data)


def test_a_draft_that_nobody_judged_is_held_against_its_manifest(data: Path) -> None:
    assert sum(map(len, open_splits(data, draft=True).values())) > 0
    (shard,) = data.glob("shards/train-*")
    shard.write_bytes(HARMS["flip"](shard.read_bytes()) or b"")
    with pytest.raises(UserError, match=r"train-00000-of-00001\.arrow: bytes changed since the manifest was written"):
        open_splits(data, draft=True)


def test_the_gate_reports_texts_that_are_no_text_any_more(tmp_path: Path) -> None:
    folder = write_data(tmp_path / "data")
    (shard,) = folder.glob("shards/train-*")
    shard.write_bytes(shard.read_bytes().replace(b"How many", b"\xffow many"))
    verdict = validate(folder, CONFIG)
    failed = {check.name for check in verdict.checks if check.status is Status.FAILED}
    assert {"shards_unchanged", "shards_readable"} <= failed
    assert (folder / "quality/report/index.html").is_file()

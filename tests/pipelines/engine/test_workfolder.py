import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipelines.engine.store import WORK
from pipelines.engine.workfolder import claim, lost_work_in_one_line, refuse_other_runs, unwritten
from schemas.config import Curate
from schemas.exits import RunFailedError, UserError
from schemas.files import replacing

REPOSITORY = Path(__file__).resolve().parents[3]


def settings(**paths):
    sources = [{"name": name, "path": path, "adapter": "gsm8k", "licence": "MIT"} for name, path in paths.items()]
    return Curate.model_validate({"sources": sources})


MINE, OTHER = settings(school="a.jsonl"), settings(school="b.jsonl", panel="c.jsonl")
MANIFEST = {"schema_version": "1.0.0", "fingerprint": "f", "of": "any version"}


def published(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    return folder


def claimed(folder: Path, by: Curate = MINE) -> Path:
    with claim(folder, by, overwrite=False) as work:
        assert work == folder / WORK
    return folder


def content(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def refusal(output: Path, by: Curate = MINE, *, overwrite: bool = False) -> str | None:
    before = content(output)
    try:
        refuse_other_runs(output, by, overwrite=overwrite)
    except UserError as error:
        return str(error).removeprefix(f"{output}: ")
    finally:
        assert content(output) == before
    return None


def test_a_folder_that_is_not_there_or_empty_may_be_written(tmp_path):
    (tmp_path / "empty").mkdir()
    for output in (tmp_path / "new", tmp_path / "empty"):
        assert refusal(output) is None
        assert refusal(output, overwrite=True) is None


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "data").write_text("")
    for overwrite in (False, True):
        assert refusal(tmp_path / "data", overwrite=overwrite) == "is a file; --output names a folder"


@pytest.mark.parametrize("manifest", [None, "{", "[]", '{"schema_version": "1.0.0"}', '"text"'])
def test_a_folder_that_mathmill_did_not_make_is_never_touched(tmp_path, manifest):
    (tmp_path / "thesis.tex").write_text("")
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    for overwrite in (False, True):
        assert (
            refusal(tmp_path, overwrite=overwrite) == "holds files that mathmill did not make; choose an empty folder"
        )


def test_a_run_of_the_same_sources_is_continued(tmp_path):
    assert refusal(claimed(tmp_path)) is None
    assert refusal(published(claimed(tmp_path))) is None


def test_a_run_that_adds_sources_or_leaves_some_out_is_continued_and_one_that_does_both_is_not(tmp_path):
    more = settings(panel="c.jsonl", school="a.jsonl")
    assert refusal(claimed(tmp_path), more) is None
    assert refusal(claimed(tmp_path, more), MINE) is None
    other = settings(panel="c.jsonl", club="d.jsonl")
    assert str(refusal(tmp_path, other)).startswith("holds another run, of panel (c.jsonl), school (a.jsonl);")


def test_settings_that_are_no_sources_do_not_make_another_run(tmp_path):
    again = MINE.model_copy(update={"seed": 7, "heldout": 0.5})
    assert refusal(claimed(tmp_path), again) is None


@pytest.mark.parametrize("damaged", ["", "{", '{"checksum": "0", "value": {"sources": []}}'])
def test_a_damaged_claim_is_written_again_where_nothing_was_published(tmp_path, damaged):
    output = claimed(tmp_path)
    (output / WORK / "run.json").write_text(damaged)
    assert refusal(output) is None
    assert refusal(claimed(output, MINE), OTHER) is not None


def test_the_manifest_stands_in_for_a_damaged_claim(tmp_path):
    sources = MINE.model_dump(mode="json")["sources"]
    output = claimed(tmp_path)
    (output / "manifest.json").write_text(json.dumps({**MANIFEST, "config": {"sources": sources}}))
    (output / WORK / "run.json").write_text("{")
    assert refusal(output) is None
    assert str(refusal(output, OTHER)).startswith("holds another run, of school (a.jsonl);")


def test_what_a_killed_run_left_half_written_is_removed(tmp_path):
    output = claimed(tmp_path)
    path = output / WORK / "parts" / "k-0.arrow"
    path.parent.mkdir()
    path.write_text("whole")
    with suppress(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    left = path.with_name(temporary.name)
    left.write_text("half")
    claimed(output)
    assert content(path.parent) == ["k-0.arrow"]


def test_a_run_of_other_sources_is_refused_by_their_names_unless_started_over(tmp_path):
    output = claimed(tmp_path, OTHER)
    assert refusal(output) == (
        "holds another run, of school (b.jsonl), panel (c.jsonl); choose another folder, or start over with --overwrite"
    )
    assert refusal(output, overwrite=True) is None


def test_finished_data_without_its_work_folder_is_started_over_only_when_asked(tmp_path):
    output = published(tmp_path / "data")
    assert refusal(output) == "holds a finished data set without its work folder; start over with --overwrite"
    assert refusal(output, overwrite=True) is None


def test_claiming_again_keeps_what_was_done_and_overwriting_does_not(tmp_path):
    output = claimed(tmp_path)
    (output / WORK / "parts").mkdir()
    for name in ("parts/k-0.arrow", "ended.json"):
        (output / WORK / name).write_text("done")
    assert claimed(output) == output
    assert (output / WORK / "parts" / "k-0.arrow").read_text() == "done"
    with claim(output, OTHER, overwrite=True) as work:
        assert content(work) == ["lock", "run.json"]
    assert refusal(output, OTHER) is None


def test_the_hold_ends_with_the_block_even_when_it_fails(tmp_path):
    def failing():
        with claim(tmp_path, MINE, overwrite=False):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        failing()
    assert claimed(tmp_path) == tmp_path


@contextmanager
def another_process(hold: str, folder: Path) -> Iterator[None]:
    """A process that has entered a context of the module under test."""
    code = (
        "import sys; from pathlib import Path; from schemas.config import Curate\n"
        "from pipelines.engine.workfolder import claim, unwritten\n"
        "mine, folder = Curate.model_validate_json(sys.argv[1]), Path(sys.argv[2])\n"
        f"with {hold}: print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, MINE.model_dump_json(), str(folder)]
    environment, pipe = {**os.environ, "PYTHONPATH": str(REPOSITORY)}, subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.kill()


def test_nobody_writes_where_another_process_reads_and_nobody_reads_where_one_writes(tmp_path):
    claimed(tmp_path)
    with another_process("unwritten(folder)", tmp_path):
        with unwritten(tmp_path):
            pass
        with pytest.raises(UserError, match="or a verb reads the data that it would replace; wait for it"):
            claimed(tmp_path)
    claimed(tmp_path)
    with another_process("claim(folder, mine, overwrite=False)", tmp_path):
        refused = pytest.raises(UserError, match=r": `mathmill curate` is writing here; wait for it$")
        with refused, unwritten(tmp_path):
            pass
    shutil.rmtree(tmp_path / WORK)
    with unwritten(tmp_path):
        assert not (tmp_path / WORK).exists()


def failure_told(output: Path, spoil: Callable[[], object]) -> Exception:
    try:
        with claim(output, MINE, overwrite=False), lost_work_in_one_line(output):
            spoil()
            raise ValueError("anything")
    except (ValueError, RunFailedError) as error:
        return error


def test_a_failure_is_told_by_what_happened_to_the_work_folder_and_else_as_it_is(tmp_path):
    part = tmp_path / "data" / WORK / "parts/k-0.arrow"
    assert isinstance(failure_told(tmp_path / "data", lambda: part.parent.mkdir()), ValueError)
    assert str(failure_told(tmp_path / "data", lambda: part.write_bytes(b"rotten"))).startswith(f"{part}: damaged;")
    removed = failure_told(tmp_path / "data", lambda: shutil.rmtree(tmp_path / "data"))
    assert isinstance(removed, RunFailedError)
    assert str(removed).startswith(f"{tmp_path / 'data'}: was removed while the run wrote it; nothing was published")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match=r"file/data: cannot be written: Not a directory; choose another place$"),
        claim(tmp_path / "file" / "data", MINE, overwrite=False),
    ):
        pass


@pytest.mark.parametrize("worded", [False, True], ids=["as it is", "as Beam's workers hand it on"])
def test_a_file_that_was_removed_from_the_work_folder_is_one_line_and_another_file_is_none(tmp_path, worded):
    def look_for(path: Path) -> None:
        error = FileNotFoundError(2, "No such file or directory", str(path))
        raise RuntimeError(f"FileNotFoundError: {error} [while running 'screen']") if worded else error

    output = tmp_path / "data"
    for path, kind in ((output / WORK / "tags/screen-1/k-0.arrow", RunFailedError), (tmp_path / "rows.jsonl", None)):
        with pytest.raises(Exception) as raised, claim(output, MINE, overwrite=False), lost_work_in_one_line(output):  # noqa: PT011
            look_for(path)
        assert isinstance(raised.value, RunFailedError) is (kind is RunFailedError)
        assert str(raised.value).startswith(f"{output}: a file of its work folder was removed") is (kind is not None)

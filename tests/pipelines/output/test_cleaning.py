"""Work folders are found beside data sets, in the cache and in stores; they go, and nothing else does."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.engine.workfolder import held_work
from pipelines.output.cleaning import find_leftovers
from pipelines.output.delivery import staging_of
from schemas.exits import UserError
from schemas.manifest import MANIFEST
from schemas.place import Place
from tests.conftest import REPOSITORY

HOLDER = "import sys; from pathlib import Path; from pipelines.engine.workfolder import held_work\n"
HOLDER += "lock = held_work(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


def worked(folder: Path, *, finished: bool = True) -> Path:
    """A folder as a run leaves it: 1,000 bytes of work and, of a finished one, a data set."""
    (folder / ".work/parts").mkdir(parents=True)
    (folder / ".work/run.json").write_bytes(b"{}")
    (folder / ".work/parts/a.arrow").write_bytes(b"x" * 998)
    if finished:
        (folder / MANIFEST).write_bytes(b"{}")
    return folder


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_work_beside_a_data_set_goes_and_the_data_set_stays(tmp_path: Path) -> None:
    (leftover,) = find_leftovers([worked(tmp_path / "data")])
    assert (leftover.folder, leftover.bytes) == (tmp_path / "data/.work", 1000)
    assert (leftover.finished, leftover.live) == (True, False)
    assert leftover.remove()
    assert names(tmp_path) == {"data", f"data/{MANIFEST}"}


def test_work_of_a_run_that_did_not_end_is_told_apart(tmp_path: Path) -> None:
    (leftover,) = find_leftovers([worked(tmp_path / "data", finished=False)])
    assert not leftover.finished


def test_the_work_of_a_live_run_stays(tmp_path: Path) -> None:
    data = worked(tmp_path / "data", finished=False)
    before = names(data)
    command = [sys.executable, "-c", HOLDER, str(data)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        (leftover,) = find_leftovers([data])
        assert leftover.live
        assert not leftover.remove()
        assert names(data) == before | {".work/lock"}
        holder.communicate()
    (leftover,) = find_leftovers([data])
    assert not leftover.live
    assert leftover.remove()


def test_a_folder_without_work_of_ours_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "mine/.work").mkdir(parents=True)
    (tmp_path / "mine/.work/notes.txt").write_text("not ours")
    for folder in (tmp_path / "mine", tmp_path / "nowhere", tmp_path):
        with pytest.raises(UserError, match="mathmill has no work folder there"):
            list(find_leftovers([folder]))
    assert (tmp_path / "mine/.work/notes.txt").exists()


def test_without_a_name_all_that_was_made_here_for_stores_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert list(find_leftovers([])) == []
    staged = [worked(staging_of(Place(f"s3://bucket/{name}"))) for name in ("one", "two")]
    (tmp_path / "cache/mathmill/output/other").mkdir()
    found = list(find_leftovers([]))
    assert sorted(leftover.folder for leftover in found) == sorted(staged)
    assert all(leftover.remove() for leftover in found)
    assert names(tmp_path / "cache/mathmill/output") == {"other"}


def test_work_in_a_store_goes_with_what_was_made_here_and_the_data_set_there_stays(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = Place(f"{bucket}/data")
    for name in (".work/run.json", ".work/parts/a.arrow", MANIFEST):
        (place / name).write(b"{}")
    staged = worked(staging_of(place))
    here, there = find_leftovers([str(place.url)])
    assert (here.folder, there.bytes, there.finished) == (staged, 4, True)
    assert here.remove()
    assert there.remove()
    assert set(place.files()) == {MANIFEST}


def test_a_hold_ends_with_who_holds(tmp_path: Path) -> None:
    with held_work(worked(tmp_path / "data")):
        pass
    (leftover,) = find_leftovers([tmp_path / "data"])
    assert not leftover.live

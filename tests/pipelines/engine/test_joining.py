"""A worker that is not what the driver is says so, and does nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.engine.joining import Run, begin, code_digest, join, versions, workers_of
from pipelines.engine.workfiles import File
from schemas.exits import RunFailedError
from schemas.place import Place
from tests.store_server import StoreServer, forbidden


def run_in(work: File, number: str) -> Run:
    return begin(work, number, code_digest())


def test_a_worker_of_the_run_is_told_to_the_driver_until_the_next_run(tmp_path: Path) -> None:
    run = run_in(tmp_path, "1")
    assert workers_of(tmp_path) == []
    join(tmp_path, run)
    assert len(workers_of(tmp_path)) == 1
    run_in(tmp_path, "2")
    assert workers_of(tmp_path) == []


def test_other_code_is_named(tmp_path: Path) -> None:
    run = replace(run_in(tmp_path, "1"), code="feed")
    with pytest.raises(
        RunFailedError, match=rf"has other code of mathmill \({code_digest()}\) than the driver \(feed\)"
    ):
        join(tmp_path, run)
    assert workers_of(tmp_path) == []


def test_other_packages_are_named_with_both_versions(tmp_path: Path) -> None:
    theirs = tuple((name, "0.1" if name == "numpy" else version) for name, version in versions())
    run = replace(run_in(tmp_path, "1"), versions=(*theirs, ("tokenizer-of-tomorrow", "9")))
    ours = dict(versions())["numpy"]
    expected = rf"has numpy {ours}, tokenizer-of-tomorrow none, the driver numpy 0\.1, tokenizer-of-tomorrow 9;"
    with pytest.raises(RunFailedError, match=expected):
        join(tmp_path, run)


def test_a_worker_that_sees_another_folder_is_told_from_one_that_sees_this(tmp_path: Path) -> None:
    run = run_in(tmp_path / "ours", "1")
    run_in(tmp_path / "theirs", "2")
    for folder in ("theirs", "none"):
        with pytest.raises(
            RunFailedError, match=rf"does not see the work of this run at .*{folder}; choose an --output"
        ):
            join(tmp_path / folder, run)


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_a_worker_without_the_drivers_credentials_says_so(bucket: str, store: StoreServer, method: str) -> None:
    run = run_in(Place(bucket), "1")
    store.fail(method, "/", forbidden, times=9)
    with pytest.raises(
        RunFailedError, match=r"worker .*: cannot read and write .*DENIED.*; a worker needs what the driv"
    ):
        join(Place(bucket), run)


def test_the_digest_of_code_changes_with_the_code_it_is_of() -> None:
    assert code_digest(["schemas"]) == code_digest(["schemas"])
    assert len({code_digest(), code_digest(["schemas"]), code_digest(["pipelines"]), code_digest([])}) == 4

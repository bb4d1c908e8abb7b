"""A killed run continues, a changed setting re-runs only what it changes: same bytes, and nothing done twice."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.cli.findings import remarks
from pipelines.curate import curate
from pipelines.engine.progress import Progress
from pipelines.engine.store import damaged_files, read_batch
from pipelines.output.reader import read_ledger
from schemas.config import Config
from schemas.exits import UserError
from schemas.manifest import read_manifest
from tests.tiny import config_of, data_bytes, marbles, read_streams, source, write_rows

REPOSITORY = Path(__file__).resolve().parents[3]


def whole_files(work: Path, folder: str) -> dict[str, int]:
    """Finished files below a folder of the work folder, with their modification times in nanoseconds."""
    files = [path for path in (work / folder).rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(work)): path.stat().st_mtime_ns for path in files}


def verdicts(work: Path) -> dict[str, tuple[int, int]]:
    """Rows that are judged and when they were written, by file: a slow machine may be killed in the middle of one."""
    tags = {name: when for name, when in whole_files(work, "tags").items() if "/verify-" in name}
    return {name: (read_batch(work / name).num_rows, when) for name, when in tags.items()}


def settings(rows: Path, *, count: int = 60, name: str = "school", **curate_table: Any) -> Config:
    write_rows(rows, marbles(count))
    return config_of(source(rows, name, derive=["pot"]), **{"heldout": 0.3, **curate_table})


def start(config: Config, folder: Path) -> subprocess.Popen[bytes]:
    assert config.curate is not None
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"curate": config.curate.model_dump(mode="json")}), encoding="utf-8")
    command = [sys.executable, "-m", "mathmill", "curate", str(path), "--output", str(folder / "data")]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_when(process: subprocess.Popen[bytes], work: Path, sign: str, delay: float = 0.0) -> bool:
    """Kills a run as soon as a file that matches `sign` stands in its work folder; false when it ended before."""
    while process.poll() is None:
        if next(work.glob(sign), None) is not None:
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.002)
    return False


def test_a_killed_run_continues_to_the_same_bytes_and_judges_nothing_twice(tmp_path: Path) -> None:
    config = settings(tmp_path / "rows.jsonl")
    work = tmp_path / "data/.work"
    assert kill_when(start(config, tmp_path), work, "tags/verify-*/*.arrow")
    assert not (tmp_path / "data/manifest.json").exists()
    done = {name: whole_files(work, name) for name in ("parts", "keys")}
    judged = verdicts(work)
    assert judged
    curate(config, tmp_path / "data")
    assert {name: whole_files(work, name) for name in ("parts", "keys")} == done
    for name, (rows, when) in verdicts(work).items():
        assert (rows, when) == judged[name] or rows > judged[name][0]
    curate(config, tmp_path / "straight")
    assert data_bytes(tmp_path / "data") == data_bytes(tmp_path / "straight")


SIGNS = ("run.json", "parts/.*", "parts/*.json", "tags/*/.*", "decisions/.*", "staged/*/.*", "ended.json")


@pytest.mark.slow
@pytest.mark.parametrize("sign", SIGNS)
def test_a_run_killed_at_any_stage_continues_to_the_same_bytes(sign: str, tmp_path: Path) -> None:
    config = settings(tmp_path / "rows.jsonl", skip=["verify"])
    kill_when(start(config, tmp_path), tmp_path / "data/.work", sign)
    curate(config, tmp_path / "data")
    curate(config, tmp_path / "straight")
    assert data_bytes(tmp_path / "data") == data_bytes(tmp_path / "straight")


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_at_the_same_bytes(tmp_path: Path) -> None:
    config = settings(tmp_path / "rows.jsonl", skip=["verify"])
    chance = random.Random(3)
    for _ in range(8):
        kill_when(start(config, tmp_path), tmp_path / "data/.work", "run.json", delay=chance.uniform(0, 6))
    curate(config, tmp_path / "data")
    curate(config, tmp_path / "straight")
    assert data_bytes(tmp_path / "data") == data_bytes(tmp_path / "straight")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    curate(settings(folder / "rows.jsonl"), folder / "data")
    return folder


SLOW = pytest.mark.slow
CHANGES: dict[str, dict[str, Any]] = {
    "heldout": {"heldout": 0.6},
    "length": {"screen": {"max_chars": 95}, "wipeout": {"limit": 1}},
    "caps": {"balance": {"caps": {"template": 5}}, "wipeout": {"limit": 1}},
}


@pytest.mark.parametrize(
    "change",
    [pytest.param(change, id=name, marks=SLOW if name != "length" else ()) for name, change in CHANGES.items()],
)
def test_a_changed_threshold_reads_and_judges_nothing_again(finished: Path, change: dict[str, Any]) -> None:
    rows, data = finished / "rows.jsonl", finished / "data"
    before = curate(settings(rows), data)
    kept = {name: whole_files(data / ".work", name) for name in ("parts", "keys")}
    verdicts = {name: when for name, when in whole_files(data / ".work", "tags").items() if "/verify-" in name}
    after = curate(settings(rows, **change), data)
    assert (after.counts, after.splits) != (before.counts, before.splits)
    assert {name: whole_files(data / ".work", name) for name in ("parts", "keys")} == kept
    assert {name: when for name, when in whole_files(data / ".work", "tags").items() if "/verify-" in name} == verdicts
    assert data_bytes(data) == data_bytes(_fresh(finished, change))


def test_a_new_benchmark_checks_finished_data_again_and_judges_nothing(tmp_path: Path) -> None:
    rows, data = tmp_path / "rows.jsonl", tmp_path / "data"
    before = curate(settings(rows, count=9), data)
    done = {name: whole_files(data / ".work", name) for name in ("parts", "keys")}
    verdicts = {name: when for name, when in whole_files(data / ".work", "tags").items() if "/verify-" in name}
    assert verdicts
    bench = write_rows(tmp_path / "bench.jsonl", [marbles(1)[0]])
    benchmarks = [{"name": "bench", "path": str(bench), "variants": "quarantine"}]
    after = curate(settings(rows, count=9, benchmarks=benchmarks, wipeout={"limit": 1}), data)
    assert {name: whole_files(data / ".work", name) for name in ("parts", "keys")} == done
    assert {name: when for name, when in whole_files(data / ".work", "tags").items() if "/verify-" in name} == verdicts
    assert before.counts.kept == after.counts.kept + 2 * 3
    assert remarks(after, read_ledger(data, after)) == ["2 leaks, 4 variants of 1 benchmark items (bench)"]


def test_a_benchmark_that_is_added_beside_another_gives_the_bytes_of_a_fresh_run(tmp_path: Path) -> None:
    rows, data, fresh = tmp_path / "rows.jsonl", tmp_path / "data", tmp_path / "fresh"
    items = {"one": marbles(1), "two": [{"question": "Mia has 4 pens and buys 37 more. Pens?", "answer": "41"}]}
    items["three"] = [{**item, "question": item["question"].replace("marbles", "beads")} for item in marbles(3)[1:]]
    named = [
        {"name": name, "path": str(write_rows(tmp_path / f"{name}.jsonl", made)), "variants": "quarantine"}
        for name, made in items.items()
    ]
    for count in range(len(named)):
        curate(settings(rows, count=9, benchmarks=named[: count + 1], wipeout={"limit": 1}), data)
    curate(settings(rows, count=9, benchmarks=named, wipeout={"limit": 1}), fresh)
    assert data_bytes(data) == data_bytes(fresh)
    told = read_ledger(data, read_manifest(data)).column("benchmark").to_pylist()
    assert {"one", "three"} <= set(told)


def sources(folder: Path, *names: str) -> Config:
    """Sources that repeat each other's problems: their rows overlap by half, and the first named one keeps them."""
    made = []
    for name in names:
        start = 20 * ("school", "club", "panel").index(name)
        rows = write_rows(folder / f"{name}.jsonl", [*marbles(40, start), {"question": " ", "answer": name}])
        made.append(source(rows, name, derive=["pot"]))
    return config_of(*made, skip=["verify"], heldout=0.3, shard_mb=0.002, wipeout={"limit": 1})


def test_sources_that_are_added_or_left_out_give_the_bytes_of_a_fresh_run(tmp_path: Path) -> None:
    data = tmp_path / "data"
    curate(sources(tmp_path, "school", "club"), data)
    for names in (("school", "club", "panel"), ("panel", "club")):
        before = whole_files(data / ".work", "parts")
        curate(sources(tmp_path, *names), data)
        assert before.items() <= whole_files(data / ".work", "parts").items()  # nothing is read twice
        curate(sources(tmp_path, *names), fresh := tmp_path / "-".join(names))
        assert data_bytes(data) == data_bytes(fresh), names


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGED = ("parts/*.json", "keys/*.arrow", "tags/verify-*/*.arrow", "tags/screen-*/*.arrow", "run.json")


@pytest.mark.parametrize("spoil", [flip, cut, pytest.param(empty, marks=SLOW)])
def test_what_is_damaged_in_the_work_folder_is_made_again_and_told(
    finished: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    data = tmp_path / "data"  # of its own: a copy may hold tags of other settings, which no run looks at
    before, work = curate(settings(finished / "rows.jsonl"), data), data / ".work"
    bytes_before = data_bytes(data)
    spoiled = [next(work.glob(pattern)) for pattern in DAMAGED]
    for path in spoiled:
        spoil(path)
    shown: list[Progress] = []
    assert curate(settings(finished / "rows.jsonl"), data, on_progress=shown.append) == before
    assert data_bytes(data) == bytes_before
    told = set(shown[-1].damaged)
    assert told == {str(path.relative_to(work)) for path in spoiled if path.parent.name != "keys"}
    assert damaged_files(work) == []


def test_a_part_whose_text_changed_in_place_never_reaches_a_shard(finished: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(finished / "data", data)
    curate(settings(finished / "rows.jsonl"), data)
    bytes_before = data_bytes(data)
    part = max((data / ".work/parts").glob("*.arrow"), key=lambda path: path.stat().st_size)
    assert b"marbles" in part.read_bytes()
    part.write_bytes(part.read_bytes().replace(b"marbles", b"pebbles", 1))
    curate(settings(finished / "rows.jsonl"), data)
    assert data_bytes(data) == bytes_before


def test_no_pickle_lies_in_a_work_folder(finished: Path) -> None:
    names = {path.suffix for path in (finished / "data/.work").rglob("*") if path.is_file() and path.name != "lock"}
    assert names == {".arrow", ".json", ".jsonl"}


def _fresh(finished: Path, change: dict[str, Any]) -> Path:
    output = finished / f"fresh-{min(change)}"
    curate(settings(finished / "rows.jsonl", **change), output)
    return output


def test_a_changed_source_file_is_read_again(tmp_path: Path) -> None:
    rows, data = tmp_path / "rows.jsonl", tmp_path / "data"
    curate(settings(rows, count=5, skip=["verify"]), data)
    curate(settings(rows, count=6, skip=["verify"]), data)
    curate(settings(rows, count=6, skip=["verify"]), tmp_path / "straight")
    assert len(read_streams(data, "ledger/*.arrow")) == 12
    assert data_bytes(data) == data_bytes(tmp_path / "straight")


@pytest.mark.slow
def test_overwriting_starts_over_with_other_sources(tmp_path: Path) -> None:
    data = tmp_path / "data"
    curate(settings(tmp_path / "a.jsonl", count=5, skip=["verify"]), data)
    other = settings(tmp_path / "b.jsonl", count=4, name="other", skip=["verify"])
    old = set(whole_files(data / ".work", "parts"))
    curate(other, data, overwrite=True)
    assert set(read_manifest(data).sources) == {"other"}
    assert not old & set(whole_files(data / ".work", "parts"))
    curate(other, tmp_path / "straight")
    assert data_bytes(data) == data_bytes(tmp_path / "straight")


def test_two_runs_never_write_one_folder_at_once(tmp_path: Path) -> None:
    config = settings(tmp_path / "rows.jsonl", count=5, skip=["verify"])
    assert config.curate is not None
    holder = (
        "import pathlib, sys\nfrom pipelines.engine.workfolder import claim\n"
        "from schemas.configfile import load_config\n"
        "with claim(pathlib.Path('data'), load_config(pathlib.Path('config.yaml')).curate, overwrite=False):\n"
        "    print('held', flush=True)\n    sys.stdin.read()"
    )
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({"curate": config.curate.model_dump(mode="json")}), encoding="utf-8"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        for overwrite in (False, True):
            with pytest.raises(UserError, match="another `mathmill curate` is writing here"):
                curate(config, tmp_path / "data", overwrite=overwrite)
        process.kill()
    assert curate(config, tmp_path / "data").counts.kept == 10

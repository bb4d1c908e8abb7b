"""`make cluster-test`: the same bytes from every engine, on a disk and in a store, also when a worker is killed.

    python -m benchmarks.cluster                  # 2,000 rows each of GSM8K and MATH, programs executed, on all engines
    python -m benchmarks.cluster --rows 0         # all of them
    python -m benchmarks.cluster --rows 150       # while one works on it
    python -m benchmarks.cluster --only flink     # modes whose names hold a word; the run in this process always

The run in this process is the measure. Every other one must give its shards, ledger, rejected rows and manifest byte
for byte. In CI a mode that cannot run is a failure; elsewhere it is skipped with its reason.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.engines import (
    Cluster,
    Engines,
    flink_cluster,
    object_store,
    portable_service,
    worker_pool,
)
from benchmarks.measuring import REPOSITORY, mathmill, process_tree
from demo.planting import write_rows
from pipelines.engine.workfiles import content_of, names_below
from schemas.copies import OUR_OWN, cache_folder
from schemas.place import Place, located

_DATA = REPOSITORY.parent / "shared" / "data"
_FILES = {
    "gsm8k": "cot/gsm8k_train.jsonl",
    "math": "cot/math_train_3000_solutions.jsonl",
    "gsm8k_test": "eval/gsm8k_test.jsonl",
}
_CONFIG = """
curate:
  sources:
    - {{name: gsm8k, path: "{rows}/gsm8k.jsonl", adapter: gsm8k, licence: MIT, derive: [pot, tir]}}
    - {{name: math, path: "{rows}/math.jsonl", adapter: math, licence: MIT}}
  benchmarks: [{{name: gsm8k_test, path: "{rows}/gsm8k_test.jsonl", question: question, answer: answer, licence: MIT}}]
  heldout: 0.02
"""
_KILLED = "flink-killed"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the test works: a folder, a store with the rows in it, and the config over them."""

    folder: Path
    bucket: str
    config: Path

    def run(self, *arguments: str | Path) -> None:
        """Runs a verb as a user does.

        Raises:
            RuntimeError: it failed; with the end of what it said.
        """
        done = subprocess.run(
            list(map(str, mathmill(*arguments))), cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        (self.folder / "verbs.log").open("a").write(f"$ {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}\n")
        if done.returncode:
            raise RuntimeError(f"exit code {done.returncode}: {(done.stdout + done.stderr).strip()[-800:]}")


@dataclass(slots=True)
class Outcome:
    """What came of the modes: those that gave the same bytes, and what is wrong with the others."""

    equal: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def lay_out(desk: Desk, rows: int) -> None:
    """Puts the rows into the store, where workers on any machine read them."""
    sources = {name: _DATA / path for name, path in _FILES.items()}
    if not sources["gsm8k"].is_file():
        _write_own(desk.folder / "own")
        sources = {name: desk.folder / "own" / f"{name}.jsonl" for name in _FILES}
    for name, path in sources.items():
        lines = path.read_bytes().splitlines(keepends=True)
        (Place(desk.bucket) / f"rows/{name}.jsonl").write(b"".join(lines[:rows] if rows else lines))
    desk.config.write_text(_CONFIG.format(rows=f"{desk.bucket}/rows"), encoding="utf-8")


def _write_own(folder: Path) -> None:
    """Rows of the demo in the place of the public files."""
    write_rows(folder / "planted", 0, None)
    folder.mkdir(exist_ok=True)
    found = sorted((folder / "planted").rglob("*.jsonl"))
    lines = [line for path in found for line in path.read_bytes().splitlines(keepends=True)]
    random.Random(0).shuffle(lines)
    for name in _FILES:
        (folder / f"{name}.jsonl").write_bytes(b"".join(lines))


def bytes_of(data: str) -> dict[str, bytes]:
    """Every published file of a data set, on a disk or in a store; a verdict is no part of it."""
    folder = located(data)
    published = (name for name in names_below(folder) if not name.startswith(OUR_OWN))
    return {name: content_of(folder / name) for name in published}


def differences(measure: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """The names of files that differ or that only one of two data sets has."""
    return sorted(name for name in measure.keys() | found.keys() if measure.get(name) != found.get(name))


Mode = tuple[str, str, Sequence[str]]
"""name, output, flags"""


def modes(desk: Desk, engines: Engines, cluster: Cluster | None, pool: str, service: str) -> Iterator[Mode]:
    """Every way to run that is here; what validates on Flink comes last."""
    there = f"{desk.bucket}/data"
    external = ["--environment_type=EXTERNAL", f"--environment_config={pool}"]
    yield "workers-2", str(desk.folder / "workers-2"), ["--workers=2"]
    yield "in-process-s3", f"{there}/in-process", []
    yield "portable", str(desk.folder / "portable"), ["--runner=PortableRunner", f"--job_endpoint={service}", *external]
    if engines.prism is not None:
        yield "prism-s3", f"{there}/prism", ["--runner=PrismRunner", f"--prism_location={engines.prism}"]
    if engines.flink is not None and cluster is not None:
        jar = f"--flink_job_server_jar={engines.flink / 'job-server.jar'}"
        yield (
            "flink-embedded-s3",
            f"{there}/embedded",
            ["--runner=FlinkRunner", "--flink_master=[local]", jar, *external],
        )
        on_cluster = ["--runner=PortableRunner", f"--job_endpoint={cluster.endpoint}", *external]
        yield "flink-cluster-s3", f"{there}/cluster", on_cluster
        yield f"{_KILLED}-s3", f"{there}/killed", on_cluster


def kill_a_worker(pool: int, begun: Callable[[], bool], killed: list[int], ended: threading.Event) -> None:
    """Kills one worker of a pool in the middle of a run: when programs are being judged."""
    while not ended.wait(0.2):
        workers = [pid for pid in list(process_tree(pool))[1:] if _is_worker(pid)]
        if workers and begun():
            os.kill(workers[-1], 9)
            killed.append(workers[-1])
            return


def _is_worker(pid: int) -> bool:
    try:
        return b"SdkHarness" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def curate_and_lose(desk: Desk, mode: Mode, cluster: Cluster, pool: int) -> None:
    """Curates on the cluster while one of its workers is killed.

    Raises:
        RuntimeError: nothing was killed, or the engine did not begin again: then this shows nothing.
    """
    name, output, flags = mode
    before, killed, ended = cluster.restarts(), list[int](), threading.Event()
    levels = Place(output) / ".work" / "levels"
    arguments = (pool, lambda: bool(levels.files()), killed, ended)
    killer = threading.Thread(target=kill_a_worker, args=arguments, daemon=True)
    killer.start()
    try:
        desk.run("curate", desk.config, "--output", output, *flags)
    finally:
        ended.set()
        killer.join()
    if not killed or cluster.restarts() == before:
        raise RuntimeError(f"{name}: killed {killed}, restarts {cluster.restarts() - before}")


def check(mode: Mode, run: Callable[[], None], measure: dict[str, bytes], outcome: Outcome) -> None:
    """Runs a mode, compares its bytes and notes what came of it."""
    name, output, _ = mode
    started = time.monotonic()
    try:
        run()
        others = differences(measure, bytes_of(output))
    except (RuntimeError, OSError) as error:
        others = [str(error)]
    took = f"{time.monotonic() - started:.0f} s"
    if others:
        outcome.wrong.append(name)
        print(f"{name}: differs ({took}): {'; '.join(others[:4])}", flush=True)
    else:
        outcome.equal.append(name)
        print(f"{name}: equal in bytes ({took})", flush=True)


def run_all(desk: Desk, engines: Engines, only: str, stack: ExitStack) -> Outcome:
    """Runs the measure and every mode."""
    outcome = Outcome(skipped=list(engines.missing))
    here = desk.folder / "in-process"
    started = time.monotonic()
    desk.run("curate", desk.config, "--output", here)
    measure = bytes_of(str(here))
    print(f"in-process: {len(measure)} files ({time.monotonic() - started:.0f} s)", flush=True)
    outcome.equal.append("in-process")
    service = stack.enter_context(portable_service(desk.folder / "service"))
    pool, process = stack.enter_context(worker_pool(desk.folder / "elsewhere"))
    cluster = None
    if engines.flink is not None and (not only or only in _KILLED or "flink" in only):
        cluster = stack.enter_context(flink_cluster(engines.flink, desk.folder / "flink"))
    for mode in modes(desk, engines, cluster, pool, service):
        name, output, flags = mode
        if only and only not in name:
            continue
        run = partial(desk.run, "curate", desk.config, "--output", output, *flags)
        if name.startswith(_KILLED):
            assert cluster is not None, name
            run = partial(curate_and_lose, desk, mode, cluster, process.pid)
        check(mode, run, measure, outcome)
        if name == "flink-cluster-s3":
            judged = partial(desk.run, "validate", output, *flags)
            check(("validate-on-flink", output, ()), judged, measure, outcome)
    return outcome


def main() -> int:
    """Brings everything up, runs every mode, and says which gave the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000, help="rows of each source; 0: all")
    parser.add_argument("--only", default="", help="modes whose names hold this")
    parser.add_argument("--keep", type=Path, help="a folder for data and logs, which stay")
    options = parser.parse_args()
    engines = Engines.prepared(cache_folder() / "engines")
    with tempfile.TemporaryDirectory(prefix="mathmill-cluster-") as name, ExitStack() as stack:
        folder = (options.keep or Path(name)).resolve()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        store = stack.enter_context(object_store(folder / "store"))
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
        os.environ.update(keys | {"AWS_ENDPOINT_URL": store, "XDG_CACHE_HOME": str(folder / "cache")})
        make_bucket(store)
        desk = Desk(folder, "s3://cluster", folder / "config.yaml")
        lay_out(desk, options.rows)
        outcome = run_all(desk, engines, options.only, stack)
    for reason in outcome.skipped:
        print(f"skipped: {reason}")
    if outcome.wrong or (outcome.skipped and os.environ.get("CI")):
        print(f"not equal: {', '.join(outcome.wrong) or 'something was skipped'}")
        return 1
    print(f"equal in bytes: {', '.join(outcome.equal)}")
    return 0


def make_bucket(store: str) -> None:
    """Makes the bucket of the test."""
    from pyarrow.fs import S3FileSystem

    S3FileSystem(endpoint_override=store, allow_bucket_creation=True).create_dir("cluster")


if __name__ == "__main__":
    sys.exit(main())

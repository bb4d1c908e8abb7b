"""How much one Flink worker holds: short rows, programs skipped, on a standalone cluster of two task managers.

    python -m benchmarks.scale_flink                                  # 10^5 and 10^6 rows
    python -m benchmarks.scale_flink --rows 100000 10000000 --work FOLDER

A worker is one of our Python processes in the pool. Beside the most that any of them held stand all of them, the Java
processes of the cluster, and the command itself. At the smallest size the bytes are compared with a run in one process.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.cluster import bytes_of, differences
from benchmarks.engines import Engines, flink_cluster, worker_pool
from benchmarks.measuring import REPOSITORY, mathmill, process_tree, pss, record
from benchmarks.scale import write_config
from benchmarks.store import write_rows
from schemas.copies import cache_folder

_SAMPLE_S = 1.0


@dataclass(slots=True)
class Run:
    """What a run cost.

    Attributes:
        cpu_s: of all processes.
        command_mb: the most that the command held, of what it started too; MiB, as the others.
        worker_mb: the most that one worker held.
        workers_mb: the most that all of them held at a time.
        java_mb: the same of the cluster.
        equal: whether its bytes are those of a run in one process; None where nobody looked.
    """

    rows: int
    wall_s: float = 0.0
    cpu_s: float = 0.0
    command_mb: float = 0.0
    worker_mb: float = 0.0
    workers_mb: float = 0.0
    java_mb: float = 0.0
    equal: bool | None = None
    _spent: dict[int, float] = field(default_factory=dict)

    def look(self, command: int, pool: int) -> None:
        """Samples every process."""
        workers, started = list(process_tree(pool))[1:], list(process_tree(command))
        java = [pid for pid in process_tree(os.getpid()) if _name(pid) == "java"]
        sizes = [pss(pid) / 2**20 for pid in workers]
        self.worker_mb = max([self.worker_mb, *sizes])
        self.workers_mb = max(self.workers_mb, sum(sizes))
        self.java_mb = max(self.java_mb, sum(map(pss, java)) / 2**20)
        self.command_mb = max(self.command_mb, sum(map(pss, started)) / 2**20)
        self._spent |= {pid: _cpu_s(pid) for pid in (*workers, *started, *java)}
        self.cpu_s = sum(self._spent.values())


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def curate(folder: Path, rows: int, flink: Path) -> Run:
    """Curates so many rows on a cluster of their own.

    Raises:
        RuntimeError: the command failed; the message holds what it said.
    """
    folder.mkdir()
    source, data, said = folder / "rows.jsonl", folder / "data", folder / "said.log"
    write_rows(source, rows=rows, row_bytes=500)
    config = write_config(folder / "config.yaml", {"rows": source})
    run = Run(rows)
    with flink_cluster(flink, folder / "flink") as cluster, worker_pool(folder) as (address, pool):
        where = ["--runner=PortableRunner", f"--job_endpoint={cluster.endpoint}"]
        workers = ["--environment_type=EXTERNAL", f"--environment_config={address}"]
        began = time.monotonic()
        with said.open("wb") as log:
            command = subprocess.Popen(
                list(map(str, mathmill("curate", config, "--output", data, *where, *workers))),
                cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
            while command.poll() is None:
                run.look(command.pid, pool.pid)
                time.sleep(_SAMPLE_S)
        run.wall_s = time.monotonic() - began
    if command.returncode:
        raise RuntimeError(f"{rows:,} rows: exit code {command.returncode}\n{said.read_text()[-2000:]}")
    return run


def is_equal(folder: Path) -> bool:
    """Whether a run in one process gives the bytes of the one on the cluster."""
    here = folder / "here"
    subprocess.run(
        list(map(str, mathmill("curate", folder / "config.yaml", "--output", here))),
        cwd=REPOSITORY, check=True, capture_output=True,
    )  # fmt: skip
    return not differences(bytes_of(str(here)), bytes_of(str(folder / "data")))


def main() -> int:
    """Measures each size and records the table after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--work", type=Path, help="where data lie; a temporary folder by itself")
    options = parser.parse_args()
    engines = Engines.prepared(cache_folder() / "engines")
    if engines.flink is None:
        print("; ".join(engines.missing))
        return 1
    runs: list[Run] = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="mathmill-flink-", dir=options.work) as work:
            folder = Path(work) / str(rows)
            run = curate(folder, rows, engines.flink)
            if not runs:
                run.equal = is_equal(folder)
            runs.append(run)
        record("scale_flink", {"table": [_line(run) for run in runs]}, [])
    return 0


def _line(run: Run) -> dict[str, object]:
    shown = {name: value for name, value in asdict(run).items() if not name.startswith("_")}
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in shown.items()}


if __name__ == "__main__":
    sys.exit(main())

"""`make bench`: every benchmark in turn. Each prints JSON and keeps it under `benchmarks/results`.

Four need real rows: in $MATHMILL_DATA, else in shared/data beside the repository. Near-duplicates need a labelled
corpus: `python -m benchmarks.identity duplicates CORPUS`.
"""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.measuring import REPOSITORY

COMMANDS = (
    ("benchmarks.startup",),
    ("benchmarks.store", "throughput"),
    ("benchmarks.store", "memory"),
    ("benchmarks.validate",),
    ("benchmarks.train_data",),
    ("benchmarks.stream", "--quick"),
    ("benchmarks.programs",),
    ("benchmarks.review",),
)


def run(module: str, *arguments: str | Path) -> None:
    """Runs one benchmark to its end."""
    print(f"== {module} {' '.join(map(str, arguments))}", flush=True)
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], cwd=REPOSITORY, check=True)


if __name__ == "__main__":
    for command in COMMANDS:
        run(*command)
    rows = Path(os.environ.get("MATHMILL_DATA", REPOSITORY.parent / "shared" / "data"))
    if rows.is_dir():
        run("benchmarks.curate", "--data", rows)
        run("benchmarks.rows", "--data", rows)
        run("benchmarks.judge", "--data", rows)
        run("benchmarks.identity", "leaks", "--data", rows)
    else:
        print(f"no real rows at {rows}: set MATHMILL_DATA to measure curation, the judge and the leaks")

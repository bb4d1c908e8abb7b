"""What an answer costs before any work is done: a mistake, `--help`, and a whole `curate` of two rows, in CPU seconds.

    python -m benchmarks.startup [--beside CHECKOUT]

CHECKOUT is another checkout of mathmill, run in turn with this one: compare only within one run.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import REPOSITORY, record

_ROUNDS = 5
_VERBS = ("curate", "validate", "trace", "export", "review", "train", "evaluate", "prove", "demo")
_ROWS = (
    {"question": "Tom has 2 pens and buys 3. How many?", "answer": "2+3=<<2+3=5>>5\n#### 5"},
    {"question": "Ann has 4 maps and buys 3. How many?", "answer": "4+3=<<4+3=7>>7\n#### 7"},
)


def commands(folder: Path) -> dict[str, tuple[list[str], int]]:
    """Command lines by name, each with the exit code that it must have."""
    rows, config, broken = folder / "rows.jsonl", folder / "config.yaml", folder / "broken.yaml"
    rows.write_text("".join(json.dumps(row) + "\n" for row in _ROWS), encoding="utf-8")
    table = f"curate: {{sources: [{{name: rows, path: {rows}, adapter: gsm8k, licence: MIT}}]"
    config.write_text(f"{table}}}\n", encoding="utf-8")
    broken.write_text(f"{table}, heldut: 0.1}}\n", encoding="utf-8")
    output = str(folder / "data")
    helps = {f"{verb} --help": ([verb, "--help"], 0) for verb in _VERBS}
    return {
        "a mistyped key": (["curate", str(broken), "--output", output], 2),
        "a mistyped option": (["curate", str(config), "--outptu", output], 2),
        "a folder that is not there": (["train", str(config), "--data", "nowhere", "--output", output], 2),
        **helps,
        "curate two rows": (["curate", str(config), "--output", output, "--overwrite"], 0),
    }


def cpu_s(checkout: Path, arguments: list[str], code: int) -> float:
    """The CPU seconds of a command run with the code of a checkout, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "mathmill", *arguments]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    ended = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    assert ended.returncode == code, (arguments, ended.returncode, ended.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measures and records medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path)
    beside = parser.parse_args().beside
    checkouts = {"here": REPOSITORY} | ({"beside": beside.resolve()} if beside else {})
    medians: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (arguments, code) in commands(Path(folder)).items():
            rounds = [{side: cpu_s(path, arguments, code) for side, path in checkouts.items()} for _ in range(_ROUNDS)]
            medians[name] = {side: round(statistics.median(costs[side] for costs in rounds), 2) for side in checkouts}
    record("startup", {"cpu_s": medians}, [])


if __name__ == "__main__":
    main()

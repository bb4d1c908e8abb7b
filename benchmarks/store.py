"""The store's two promises: memory does not grow with the data, and a row costs less than 100 microseconds of CPU.

python -m benchmarks.store memory        256 MB and 1 GB of 16 KB rows, verify skipped
python -m benchmarks.store throughput    1,000,000 rows of 0.5 KB: read, normalise, render, screen, collapse, write
"""

import json
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Cost, mathmill, measure, record

_WORDS = (  # noqa: SIM905  prose, not a list to read
    "apples books boxes bought carries cover each eight fence finally five garden gives green left lights market metal "
    "more number oranges pages paint quick river seven shop sold speed table then tower train wooden yards"
).split()
_CONFIG = """
curate:
  sources:
    - {{name: rows, path: {path}, adapter: columns, format: cot, licence: CC0-1.0, columns: {{answer: answer}}}}
  skip: [{skip}]
"""


def write_rows(path: Path, *, rows: int, row_bytes: int, first: int = 0) -> None:
    """Writes distinct two-step problems, numbered from `first`, with solutions padded to about `row_bytes` by words."""
    choice = random.Random(first)
    with path.open("w", encoding="utf-8") as file:
        for number in range(first, first + rows):
            first, second = choice.randint(2, 999), choice.randint(2, 999)
            padding = " ".join(choice.choices(_WORDS, k=max(1, (row_bytes - 290) // 6)))
            row = {
                "question": f"In week {number} a shop sells {first} {choice.choice(_WORDS)} and then {second} "
                f"{choice.choice(_WORDS)} more. {' '.join(choice.choices(_WORDS, k=12))}. How many in all?",
                "solution": f"First there are {first}. {padding}. Then {first} + {second} = {first + second}. "
                f"The answer is \\boxed{{{first + second}}}.",
                "answer": str(first + second),
            }
            file.write(json.dumps(row) + "\n")


def curate_rows(folder: Path, label: str, *, rows: int, row_bytes: int, skip: str) -> tuple[Cost, int]:
    """Writes rows, curates them, and returns the cost and the size of the input in bytes."""
    data, config = folder / f"{label}.jsonl", folder / f"{label}.yaml"
    write_rows(data, rows=rows, row_bytes=row_bytes)
    config.write_text(_CONFIG.format(path=data, skip=skip))
    cost = measure(label, mathmill("curate", config, "--output", folder / label))
    return cost, data.stat().st_size


def main(what: str) -> None:
    """Runs one of the two benchmarks and records it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if what == "memory":
            small, small_bytes = curate_rows(folder, "256mb", rows=16_384, row_bytes=16_384, skip="verify")
            large, large_bytes = curate_rows(folder, "1gb", rows=65_536, row_bytes=16_384, skip="verify")
            facts = {
                "input_mb": [round(size / 2**20) for size in (small_bytes, large_bytes)],
                "peak_ratio": round(large.peak_mb / small.peak_mb, 3),
            }
            record("store_memory", facts, [small, large])
        else:
            skip = "select, decontaminate, verify, identify, label, balance"
            start, _ = curate_rows(folder, "start", rows=10, row_bytes=500, skip=skip)
            cost, size = curate_rows(folder, "million", rows=1_000_000, row_bytes=500, skip=skip)
            facts = {"input_mb": round(size / 2**20), "rows_per_cpu_s": round(1_000_000 / cost.cpu_s)}
            record("store_throughput", facts, [start, cost])


if __name__ == "__main__":
    main(sys.argv[1])

"""The gate's two promises: 20,000 rows per CPU second with the full suite, and memory bounded by a shard.

python -m benchmarks.validate [ROWS]        judges ROWS (200,000) examples in shards, without and with re-checks

The examples are additions told as stories of about 500 characters in three formats, compared with two benchmark items.
The cost of starting (importing Great Expectations and math-verify) is that of ten examples, and told apart.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Cost, mathmill, measure, record
from tests.validation.dataset.handmade import example, write_data

_STORY = (
    "It was a long day at the market beside the river, and nobody had counted anything since the early morning, "
    "although {name} had promised to write down every sale in the brown book by the door before the others came back. "
)
_PER_SHARD = 100_000  # 50 MiB of text: curation puts up to 128 into a shard


def write_examples(folder: Path, rows: int) -> Path:
    """Writes a data set of distinct examples."""
    examples = []
    for at in range(rows):
        row = example(at // 3, ("cot", "pot", "tir")[at % 3])
        row["question"] = _STORY.format(name=f"{chr(97 + at // 3 % 26)}{at // 78}") + row["question"]
        row["quality"]["question_chars"] = len(row["question"])
        examples.append(row)
    return write_data(folder, examples, lost=[], shards=max(1, rows // _PER_SHARD))


def judge(folder: Path, label: str, rows: int, sample: int) -> Cost:
    """Judges a data set with a number of re-checks and returns the cost."""
    config = folder / f"{label}.yaml"
    config.write_text(f"validate: {{recheck: {{sample: {sample}}}}}\n")
    data = folder / f"data-{rows}"
    if not data.exists():
        write_examples(data, rows)
    return measure(label, mathmill("validate", data, "--config", config, "--output", folder / label))


def main(rows: int) -> None:
    """Runs the benchmark and records it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = judge(folder, "ten examples", 10, 0)
        half = judge(folder, "half of the examples", rows // 2, 0)
        suite = judge(folder, "all examples", rows, 0)
        again = judge(folder, "with 200 re-checks", rows, 200)
        facts: dict[str, object] = {
            "rows": rows,
            "rows_per_cpu_s": round(rows / suite.cpu_s),
            "rows_per_cpu_s_without_start": round((rows - 10) / (suite.cpu_s - start.cpu_s)),
            "recheck_cpu_s": round(again.cpu_s - suite.cpu_s, 1),
            "peak_ratio": round(suite.peak_mb / half.peak_mb, 3),
        }
        record("validate", facts, [start, half, suite, again])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)

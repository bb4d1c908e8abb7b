"""What `train.order: blocks` costs in J: the same model, rows and steps in both orders, over several seeds.

    python -m benchmarks.order ROWS [--each 1200] [--seeds 3]

ROWS is a folder of real rows as the tests have it. GSM8K's rows come first and MATH's behind them, in blocks of four,
so that a window of blocks is as small beside these few rows as one of 65,000 rows beside half a million; it is the
worst order to draw by blocks from. J is measured on the same heldout rows, after one epoch.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

import pipelines.output.write as writer
from pipelines.curate import curate
from pipelines.validate import validate
from schemas.config import Config
from schemas.configfile import check_config
from training import shards
from training.plan import WINDOW, Plan
from training.results import StepMetrics
from training.train import train

BLOCK_ROWS = 4
_STEP = 16
_FILES = {"gsm8k": "gsm8k_train.jsonl", "math": "math_train_3000_solutions.jsonl"}


def some_rows(rows: Path, each: int, folder: Path) -> None:
    """Copies the first rows of both files."""
    for name in _FILES.values():
        lines = (rows / "cot" / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:each]), encoding="utf-8")


def config_of(rows: Path, order: str, seed: int) -> Config:
    """GSM8K then MATH, and a model that learns something of them in a minute."""
    sources = [
        {"name": name, "path": str(rows / file), "adapter": name, "licence": "MIT"} for name, file in _FILES.items()
    ]
    model = {"hidden_size": 64, "layers": 2, "heads": 4, "vocabulary": 2048}
    return check_config(
        {
            "curate": {"sources": sources, "skip": ["verify", "identify"], "heldout": 0.1},
            "train": {
                "model": model, "order": order, "seed": seed, "examples_per_step": _STEP, "epochs": 1,
                "context": 2048, "learning_rate": 3.0e-3, "warmup_steps": 10, "schedule": "linear", "long_rows": "drop",
                "checkpoint_every": 100_000, "heldout_limit": None, "token_cache_gb": 1,
            },
        }
    )  # fmt: skip


def spread(examples: shards.Examples, order: str) -> float:
    """Standard deviation over steps of the share of GSM8K in a step."""
    blocks = examples.blocks if order == "blocks" else None
    plan = Plan(examples.weights, examples_per_step=_STEP, seed=0, epochs=1.0, blocks=blocks)
    sources = np.array(examples.labels_of(np.arange(len(examples))).sources)
    return float(np.std([(sources[plan.examples_at(step)] == "gsm8k").mean() for step in plan.positions()]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--each", type=int, default=1200)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    writer.BATCH_ROWS = BLOCK_ROWS
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "DATA"
        some_rows(options.rows, options.each, Path(folder))
        curate(config_of(Path(folder), "rows", 0), data)
        validate(data, draft=True)
        examples = shards.open(data, draft=True)
        print(f"{len(examples):,} rows in {len(examples.blocks) - 1:,} blocks, a window has {WINDOW}")
        for order in ("rows", "blocks"):
            reached = []
            for seed in range(options.seeds):
                steps: list[StepMetrics] = []
                config = config_of(Path(folder), order, seed)
                train(config, data, Path(folder) / f"{order}{seed}", draft=True, on_step=steps.append)
                reached.append(next(step.objective for step in steps if step.heldout))
            facts = {
                "order": order,
                "heldout J": [round(objective, 4) for objective in reached],
                "mean": round(np.mean(reached), 4),
            }
            print(json.dumps(facts | {"sd of GSM8K's share of a step": round(spread(examples, order), 3)}))


if __name__ == "__main__":
    main()

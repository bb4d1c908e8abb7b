"""Curation of real rows: the README's GSM8K and MATH, and MATH's problems chosen to cover all.

    python -m benchmarks.curate --data DATA

Runs `mathmill curate examples/gsm8k_math.yaml` on local files, every program and dialogue executed in isolation. Then
a tenth of MATH's 7,500 training problems is chosen by facility location, and by chance five times: the mean similarity
of all problems to the nearest chosen one.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measuring import REPOSITORY, mathmill, measure, record
from pipelines.stages.balance.coverage import choose, mean_similarity, vectors_of

FILES = {
    "curate.sources.0.path": "cot/gsm8k_train.jsonl",
    "curate.sources.1.path": "cot/math_train_3000_solutions.jsonl",
    "curate.benchmarks.0.path": "eval/gsm8k_test.jsonl",
    "curate.benchmarks.1.path": "eval/math_test.jsonl",
}
DRAWS = 5


def coverage(problems: Path) -> dict[str, float]:
    """Chooses a tenth of the problems and compares that with chance."""
    started = time.process_time()
    lines = problems.read_text(encoding="utf-8").splitlines()
    vectors = vectors_of([json.loads(line)["problem"] for line in lines])
    number = len(vectors) // 10
    chosen = choose(vectors, number)
    cpu_s = time.process_time() - started
    draw = np.random.default_rng(0)
    chance = [mean_similarity(vectors, draw.permutation(len(vectors))[:number].tolist()) for _ in range(DRAWS)]
    return {
        "problems": len(vectors),
        "chosen": number,
        "by_chance": round(max(chance), 3),
        "by_coverage": round(mean_similarity(vectors, chosen), 3),
        "cpu_s": round(cpu_s, 1),
    }


def main() -> None:
    """Measures and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data.resolve()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "data")
        paths = [option for key, path in FILES.items() for option in ("--set", f"{key}={data / path}")]
        config = REPOSITORY / "examples" / "gsm8k_math.yaml"
        cost = measure("GSM8K and MATH", mathmill("curate", config, "--output", output, *paths))
        counts = json.loads((output / "manifest.json").read_text())["counts"]
    problems = data / "cot" / "math_train_problems_7500.jsonl"
    record("curate", {"counts": counts, "coverage": coverage(problems)}, [cost])


if __name__ == "__main__":
    main()

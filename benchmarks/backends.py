"""The same problems through both backends: in this process, and behind `transformers serve` on this machine.

    python -m benchmarks.backends --model FOLDER --benchmark FILE.jsonl [--problems 32] [--tokens 64]

Greedy, float32, one prompt at a time: every answer has to be the same text of as many tokens. A third evaluation asks
in batches, and `batched_differ` counts what that changes: sums of another order may tip a token.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.measuring import REPOSITORY, mathmill, record
from benchmarks.model_server import serving_model

_FORMATS = ("cot", "pot")
_COMPARED = ("id", "response", "tokens", "ended", "answer", "outcome")


def main() -> None:
    """Asks three times, compares, and records what came out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True, help="a folder of a pretrained model")
    parser.add_argument("--benchmark", type=Path, required=True, help="JSON lines with question and answer")
    parser.add_argument("--problems", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    options = parser.parse_args()
    model: Path = options.model.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        asked = Asked(Path(scratch), options.benchmark.resolve(), options.problems, options.tokens)
        here = asked.of("in this process", model, {"batch_size": 1})
        batched = asked.of("in batches", model, {"batch_size": options.batch})
        with serving_model(model, asked.folder, "--dtype", "float32") as address:
            endpoint = {"tokenizer": str(model), "concurrency": 1}
            served = asked.of("transformers serve", address, {"endpoint": endpoint})
    facts: dict[str, object] = {
        "model": model.name,
        "asked": options.benchmark.name,
        "problems": options.problems,
        "max_new_tokens": options.tokens,
        "answers": len(here),
        "written_tokens": sum(row["tokens"] for row in here),
        "served_differ": differing(here, served),
        "batched_differ": differing(here, batched),
    }
    record("backends", facts, [])


class Asked:
    """Evaluations of the same problems."""

    def __init__(self, folder: Path, benchmark: Path, problems: int, tokens: int) -> None:
        self.folder = folder
        table = {"name": "asked", "path": str(benchmark), "question": "question", "answer": "answer"}
        self._table = {
            "benchmarks": [table],
            "limit": problems,
            "max_new_tokens": tokens,
            "formats": list(_FORMATS),
            "device": "cpu",
            "seed": 0,
        }

    def of(self, label: str, model: Path | str, settings: dict[str, object]) -> list[dict[str, Any]]:
        """What a model answers, in one order, with `settings` beside what all evaluations share."""
        output = self.folder / label.replace(" ", "-")
        config = output.with_suffix(".json")
        config.write_text(json.dumps({"evaluate": self._table | settings}), encoding="utf-8")
        command = mathmill("evaluate", config, "--model", str(model), "--output", output)
        subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
        rows: list[dict[str, Any]] = []
        for form in _FORMATS:
            with pa.ipc.open_stream(str(output / "generations" / f"asked-{form}.arrow")) as reader:
                rows += reader.read_all().select(_COMPARED).to_pylist()
        return rows


def differing(rows: list[dict[str, Any]], others: list[dict[str, Any]]) -> int:
    """How many answers are not the same."""
    return sum(row != other for row, other in zip(rows, others, strict=True))


if __name__ == "__main__":
    main()

"""Rows -> a judged data set -> a trained model, in one page of Python.

    python examples/from_python.py FOLDER

Sixty small problems are made up, curated, judged, and a model of a few thousand weights takes ten steps on them: enough
to see each part work, in half a minute on a CPU, and nothing to learn from.
"""

import json
import sys
from pathlib import Path

import mathmill

THINGS = ("pens", "books", "shells", "stamps", "marbles", "buttons", "cards", "coins", "maps", "keys")
CONFIG = """
curate:
  sources:
    - {{name: school, path: {rows}, adapter: gsm8k, licence: CC0-1.0, derive: [pot, tir]}}
  heldout: 0.3
train:
  model: {{hidden_size: 32, layers: 2, heads: 2, vocabulary: 512}}
  examples_per_step: 8
  steps: 10
  context: 256
  learning_rate: 3.0e-3
"""


def write_rows(path: Path) -> None:
    """Writes sixty problems in GSM8K's form: steps with calculator annotations, then the answer."""
    rows = []
    for number in range(60):
        thing = THINGS[number % len(THINGS)]
        old, new, total = number + 2, number + 9, 2 * number + 11
        question = f"Ida has {old} {thing} and buys {new} more. How many {thing} does she have?"
        steps = f"Ida has {old}+{new}=<<{old}+{new}={total}>>{total} {thing}."
        rows.append({"question": question, "answer": f"{steps}\n#### {total}"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def main(folder: Path) -> None:
    """Leaves rows.jsonl, config.yaml, DATA and RUN in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "rows.jsonl")
    (folder / "config.yaml").write_text(CONFIG.format(rows=folder / "rows.jsonl"), encoding="utf-8")
    config = mathmill.load_config(folder / "config.yaml")
    counts = mathmill.curate(config, folder / "DATA").counts
    ended = f"{counts.kept} kept + {counts.removed} removed + {counts.quarantined} quarantined"
    print(f"{counts.candidates} candidates = {ended}")
    print(f"the gate: {mathmill.validate(folder / 'DATA', config).status}")
    result = mathmill.train(config, folder / "DATA", folder / "RUN")
    print(f"J after {result.steps} steps: {result.last.objective:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

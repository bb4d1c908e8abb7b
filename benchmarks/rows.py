"""Rows that nobody here wrote: how each file of a pack ends in curation, and how often each reason is right.

    python -m benchmarks.rows --data DATA [--list REASON]

Every file below goes through `mathmill curate` by itself, training rows held against their benchmarks. Counted are
candidates kept, removed and quarantined, by reason, and of what the screen says of a text the share of the rows that it
takes: a bound on its false alarms, since these files are whole. Where people have judged rows that fell
(`row_labels.jsonl`: file, row, reason and whether the reason is true, nothing of the row itself), the share of right
ones stands beside. `--list` names the rows of a reason that nobody has judged yet.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import Cost, mathmill, measure, record
from pipelines.output.reader import read_ledger
from schemas.manifest import read_manifest
from schemas.policy import ABOUT_TEXT

LABELS = Path(__file__).with_name("row_labels.jsonl")
FILES: dict[str, dict[str, Any]] = {
    "cot/gsm8k_train.jsonl": {"adapter": "gsm8k"},
    "cot/math_train_3000_solutions.jsonl": {"adapter": "math"},
    "misc/aqua_dev.jsonl": {"adapter": "aqua"},
    "real2/olympiadbench.jsonl": {
        "columns": {"question": "question", "solution": "solution.0", "answer": "final_answer.0"}
    },
    "real2/carp_en.jsonl": {"columns": {"question": "content", "solution": "steps", "answer": "answer"}},
    "real2/rllm_aime.json": {"columns": {"question": "problem", "solution": "solution", "answer": "answer"}},
    "real2/abel_gsm8k_7b.jsonl": {"columns": {"question": "prompt", "solution": "response", "answer": "gold"}},
    "real2/swift_math.json": {"adapter": "math"},
}
"""files of the pack and how they are read; `columns` and words where nothing else is said"""
ITEMS: dict[str, dict[str, str]] = {
    "eval/gsm8k_test.jsonl": {"name": "gsm8k_test", "question": "question", "answer": "answer"},
    "eval/math_test.jsonl": {"name": "math_test", "question": "problem", "answer": "solution"},
}
"""benchmarks that the files of `cot` are held against"""


def ended(
    file: Path, settings: dict[str, Any], items: Sequence[Path], folder: Path
) -> tuple[list[dict[str, Any]], Cost]:
    """How the candidates of a file ended, and what that cost."""
    source = {"name": "rows", "path": str(file), "adapter": "columns", "licence": "unknown", "author": "unknown"}
    source |= settings if "adapter" in settings else {"format": "cot", **settings}
    config = folder / "config.yaml"
    benchmarks = [{"path": str(path), "licence": "MIT", **ITEMS[f"eval/{path.name}"]} for path in items]
    stages = {"sources": [source], "benchmarks": benchmarks, "wipeout": {"limit": 1}}
    config.write_text(json.dumps({"curate": stages}), "utf-8")
    cost = measure(file.name, mathmill("curate", config, "--output", folder / "data"))
    ledger = read_ledger(folder / "data", read_manifest(folder / "data"), ("row", "outcome", "reason"))
    return ledger.to_pylist(), cost


def audited(name: str, rows: Sequence[dict[str, Any]], labels: Sequence[dict[str, Any]]) -> dict[str, object]:
    """The counts of one file: outcomes, reasons, the screen's shares, and how many judged rows fell rightly."""
    reasons = Counter(row["reason"] for row in rows if row["reason"])
    fallen = {(row["row"], row["reason"]) for row in rows}
    judged: defaultdict[str, list[bool]] = defaultdict(list)
    for label in labels:
        if label["file"] == name and (label["row"], label["reason"]) in fallen:
            judged[label["reason"]].append(label["right"])
    return {
        **Counter(row["outcome"] for row in rows),
        "reasons": dict(reasons.most_common()),
        "screen_percent": {
            reason: round(100 * number / len(rows), 2) for reason, number in reasons.items() if reason in ABOUT_TEXT
        },
        "right_of_judged": {reason: f"{sum(rights)} of {len(rights)}" for reason, rights in sorted(judged.items())},
    }


def unjudged(
    name: str, rows: Sequence[dict[str, Any]], labels: Sequence[dict[str, Any]], reason: str
) -> Iterator[dict[str, object]]:
    """The labels that are missing, to be filled in."""
    known = {(label["file"], label["row"], label["reason"]) for label in labels}
    for row in rows:
        if row["reason"] == reason and (name, row["row"], reason) not in known:
            yield {"file": name, "row": row["row"], "reason": reason, "right": None}


def main() -> None:
    """Audits every file that is there and records the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the pack of real rows")
    parser.add_argument("--list", metavar="REASON", help="print the labels that are missing, and record nothing")
    options = parser.parse_args()
    labels = [json.loads(line) for line in LABELS.read_text("utf-8").splitlines()]
    files: dict[str, object] = {}
    costs = []
    for name, settings in FILES.items():
        path = options.data.resolve() / name
        if not path.is_file():
            files[name] = f"skipped: {name} is not in {options.data}"
            continue
        with tempfile.TemporaryDirectory() as folder:
            items = [options.data.resolve() / item for item in ITEMS if name.startswith("cot/")]
            rows, cost = ended(path, settings, items, Path(folder))
        costs.append(cost)
        files[name] = audited(name, rows, labels)
        for label in unjudged(name, rows, labels, options.list) if options.list else ():
            print(json.dumps(label))
    if not options.list:
        record("rows", {"files": files}, costs)


if __name__ == "__main__":
    main()

"""The command: every data set, run and evaluation that is not there yet, then the table of what is."""

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.measuring import record
from benchmarks.outcome.experiments import RAW_ROWS, Arm, Plan, plan
from benchmarks.outcome.stretch import Stretch, TimeUpError
from schemas.manifest import read_manifest


def main() -> None:
    """Does what time allows, and writes what came out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True, help="a folder outside the work tree")
    parser.add_argument("--minutes", type=float, help="of this stretch; none: to the end")
    parser.add_argument("--only", action="append", default=[], help="an experiment; may be given again")
    parser.add_argument("--model", type=Path, help="a pretrained model, for sft")
    parser.add_argument("--gsm8k", type=Path, help="a folder with gsm8k_train.jsonl and gsm8k_test.jsonl")
    parser.add_argument("--rehearse", action="store_true", help="a few steps of everything, and no figures kept")
    options = parser.parse_args()
    work: Path = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    whole = plan(work, model=options.model, gsm8k=options.gsm8k, small=options.rehearse)
    arms = [arm for arm in whole.arms if not options.only or arm.experiment in options.only]
    stretch = Stretch(work, options.minutes)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what it started ends with it
    try:
        for arm in arms:
            run_arm(arm, whole, stretch)
    except TimeUpError:
        print("time is up: the same command goes on")
    done = [found for arm in whole.arms if (found := figures_of(arm, work))]
    figures: dict[str, object] = {"arms": done, "hours": stretch.hours()}
    if options.rehearse:
        print(json.dumps(figures, indent=1))
    else:
        record("outcome", {"seeds": sorted({arm["seed"] for arm in done}), **figures}, [])
    print(table(done))


def run_arm(arm: Arm, whole: Plan, stretch: Stretch) -> None:
    """Makes the data of an arm, trains and evaluates, each unless it is done."""
    work, folder = stretch.work, stretch.work / arm.label.replace(" ", "/")
    folder.mkdir(parents=True, exist_ok=True)
    train = dict(arm.train)
    model = str(train["model"])
    if arm.data is not None:
        data = curated(arm.data, whole, stretch)
        train["steps"] = equal_text(train["steps"], data, work, arm)
        config = _write(folder / "train.yaml", {"train": train})
        verb = "benchmarks.outcome.unmasked" if arm.unmasked else "training"
        command: list[str | Path] = [
            verb,
            "train",
            config,
            "--data",
            data,
            "--output",
            folder / "RUN",
            "--draft",
            "--resume",
        ]
        stretch.run(f"{arm.label} train", folder / "RUN" / "model" / "config.json", command)
        model = str(folder / "RUN")
    config = _write(folder / "evaluate.yaml", {"evaluate": arm.evaluate | {"seed": 0}})
    asking: list[str | Path] = [
        "training",
        "evaluate",
        config,
        "--model",
        model,
        "--output",
        folder / "EVAL",
        "--allow-contaminated",
    ]
    if arm.control is not None:
        asking += ["--against", work / arm.experiment / arm.control / str(arm.seed) / "EVAL"]
    stretch.run(f"{arm.label} evaluate", folder / "EVAL" / "results.json", asking)


def curated(name: str, whole: Plan, stretch: Stretch) -> Path:
    """The folder of a data set, made and judged unless it is there; raw ones are drafts."""
    folder = stretch.work / "data" / name
    folder.mkdir(parents=True, exist_ok=True)
    config, data = _write(folder / "curate.yaml", {"curate": whole.data[name]}), folder / "DATA"
    stretch.run(f"{name} curate", data / "manifest.json", ["mathmill", "curate", config, "--output", data, "--draft"])
    command: list[str | Path] = ["mathmill", "validate", data, "--config", config, "--draft"]
    stretch.run(f"{name} validate", data / "quality" / "verdict.json", command)
    return data


def equal_text(steps: int, data: Path, work: Path, arm: Arm) -> int:
    """Steps over a data set that read as much text as `steps` over that of its control."""
    if arm.control != RAW_ROWS:
        return steps
    raw = work / "data" / data.parent.name.replace("curated", "raw") / "DATA"
    return max(1, round(steps * mean_chars(raw) / mean_chars(data)))


def mean_chars(data: Path) -> float:
    """Characters of an example of the train split, question and solution."""
    total = rows = 0
    for shard in read_manifest(data).shards:
        if shard.split == "train":
            with pa.ipc.open_stream(str(data / shard.path)) as reader:
                facts = reader.read_all()["quality"].to_pylist()
            total += sum(fact["question_chars"] + fact["solution_chars"] for fact in facts)
            rows += len(facts)
    return total / rows


def figures_of(arm: Arm, work: Path) -> dict[str, Any] | None:
    """What came of an arm; None while it is under way."""
    path = work / arm.label.replace(" ", "/") / "EVAL" / "results.json"
    if not path.is_file():
        return None
    results = json.loads(path.read_text(encoding="utf-8"))
    (name,) = results["benchmarks"]
    kept = ("n", "passed", "pass_at_1", "low", "high", "termination", "tokens", "errors", "contamination")
    formats = {form: {key: line[key] for key in kept} for form, line in results["benchmarks"][name].items()}
    against = (results.get("against") or {}).get("differences", {}).get(name, {})
    about = {"experiment": arm.experiment, "arm": arm.name, "seed": arm.seed, "control": arm.control}
    return {**about, "asked": name, "formats": formats, "apart": against}


def table(arms: list[dict[str, Any]]) -> str:
    """The figures as a table of Markdown, in percent; apart: points to the control, with the 95 % interval."""
    lines = ["| experiment | arm | seed | format | n | pass@1 | apart |", "|---|---|---|---|---|---|---|"]
    for arm in arms:
        for form, line in arm["formats"].items():
            apart = arm["apart"].get(form)
            gap = "" if apart is None else _spread(apart["value"], apart, "+.1f")
            cells = [arm["experiment"], arm["arm"], arm["seed"], form, line["n"]]
            cells += [_spread(line["pass_at_1"], line, ".1f"), gap]
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _spread(value: float, ends: dict[str, float], digits: str) -> str:
    return f"{100 * value:{digits}} ({100 * ends['low']:{digits}} to {100 * ends['high']:{digits}})"


def _write(path: Path, config: dict[str, Any]) -> Path:
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()

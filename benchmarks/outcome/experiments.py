"""What is compared with what. An arm is a data set, a training run and an evaluation; arms of one seed share problems.

sft         a pretrained model before and after SFT on curated GSM8K train, asked GSM8K test
curation    raw rows with planted faults, one in nine, against the same rows curated, at equal text
faults      the same where more than one row in three is faulty, three times as long
mistakes    raw rows of which every second program computes something else, against the same rows curated
natural     raw GSM8K train against the same rows curated, on the demo's model family
objective   J_SFT against the mean over tokens, on solutions of mixed lengths
outputs     loss on what the tool wrote against none
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from demo.layout import words
from demo.planting import Sizes, write_rows
from demo.record_shapes import LARGE, SOURCES, Drafts
from schemas.configfile import load_config

DEMO = Path(__file__).parents[2] / "demo" / "demo.yaml"
RAW = ["select", "screen", "decontaminate", "collapse", "verify", "identify", "label"]
"""the stages that raw rows do not go through: what can be read is trained on"""
RAW_ROWS = "raw"
"""the control of what differs in data"""
SEEDS = (0, 1)
FEW = Sizes(40, 120, 120, 120, 20, 2)
FAULTY = Sizes(lessons=100, classroom=300, programs=300, dialogues=300, each=36)
FAMILY = {"hidden_size": 128, "layers": 3, "heads": 4, "vocabulary": 1024}


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of an experiment.

    Attributes:
        control: the arm of the same seed that it is compared with; None for a control itself.
        data: name of its data set; None: nothing is trained, `train["model"]` is asked as it is.
        train: the table of the config; `steps` are of the control's text, and made equal by the text of the data.
        unmasked: what a tool wrote bears loss.
    """

    experiment: str
    name: str
    seed: int
    control: str | None
    data: str | None
    train: dict[str, Any]
    evaluate: dict[str, Any]
    unmasked: bool = False

    @property
    def label(self) -> str:
        """What tells it from all others."""
        return f"{self.experiment} {self.name} {self.seed}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All data sets by name, as tables `curate`, and all arms, controls first."""

    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    arms: list[Arm] = field(default_factory=list)


def plan(work: Path, *, model: Path | None, gsm8k: Path | None, small: bool = False) -> Plan:
    """Lays out the experiments that can be run here; rows and problems of the demo's are written into `work`.

    Args:
        work: the folder of the experiments.
        model: a pretrained model's folder, for `sft`.
        gsm8k: a folder with gsm8k_train.jsonl and gsm8k_test.jsonl.
        small: sizes of a rehearsal.
    """
    found = Plan()
    steps, asked = (40, 12) if small else (500, 200)
    fresh = {"limit": asked, "max_new_tokens": 128}
    for experiment, data, sizes, length in (
        ("curation", "demo", Sizes(), steps),
        ("faults", "faulty", FAULTY, 3 * steps),
    ):
        rows = _demo_rows(work / f"{data}-rows", FEW if small else sizes)
        curate = _demo_curation(rows)
        found.data[f"{data}-curated"] = curate
        found.data[f"{data}-raw"] = curate | {"skip": RAW, "benchmarks": []}
        evaluate = _asked(rows / "fresh.jsonl", "fresh", **fresh)
        found.arms.extend(_curation(experiment, data, length, evaluate))
    rows = _demo_rows(work / "mistaken-rows", FEW if small else Sizes())
    _mistake(rows / "programs.jsonl")
    found.data["mistaken-curated"] = curate = _demo_curation(rows)
    found.data["mistaken-raw"] = curate | {"skip": RAW, "benchmarks": []}
    evaluate = _asked(rows / "fresh.jsonl", "fresh", **fresh) | {"formats": ["pot"]}
    found.arms.extend(_curation("mistakes", "mistaken", 2 * steps, evaluate))
    found.arms.extend(_variants(steps, _asked(work / "demo-rows" / "fresh.jsonl", "fresh", **fresh)))
    if gsm8k is not None:
        train, test = gsm8k / "gsm8k_train.jsonl", gsm8k / "gsm8k_test.jsonl"
        source = {"name": "gsm8k", "path": str(train), "adapter": "gsm8k", "licence": "MIT", "derive": ["pot", "tir"]}
        held = [{"name": "gsm8k-test", "path": str(test), "licence": "MIT"}]
        found.data["gsm8k-curated"] = {"sources": [source], "benchmarks": held}
        found.data["gsm8k-raw"] = {"sources": [source], "skip": RAW}
        natural = _asked(test, "gsm8k-test", limit=asked, max_new_tokens=256)
        found.arms.extend(_curation("natural", "gsm8k", 2 * steps, natural))
        if model is not None:
            found.arms.extend(_sft(model, test, small=small))
    return found


def _curation(experiment: str, data: str, steps: int, evaluate: dict[str, Any]) -> Iterator[Arm]:
    for seed in SEEDS:
        train = _family(steps, seed)
        yield Arm(experiment, RAW_ROWS, seed, None, f"{data}-raw", train, evaluate)
        yield Arm(experiment, "curated", seed, RAW_ROWS, f"{data}-curated", train, evaluate)


def _variants(steps: int, evaluate: dict[str, Any]) -> Iterator[Arm]:
    for seed in SEEDS:
        train, data = _family(steps, seed), "demo-curated"
        yield Arm("objective", "token_mean", seed, None, data, train | {"objective": "token_mean"}, evaluate)
        yield Arm("objective", "sequence_mean", seed, "token_mean", data, train, evaluate)
        dialogue = evaluate | {"formats": ["tir"]}
        yield Arm("outputs", "trained-on", seed, None, data, train, dialogue, unmasked=True)
        yield Arm("outputs", "masked", seed, "trained-on", data, train, dialogue)


def _sft(model: Path, test: Path, *, small: bool) -> Iterator[Arm]:
    evaluate = _asked(test, "gsm8k-test", limit=4 if small else 60, max_new_tokens=32 if small else 256)
    evaluate |= {"formats": ["cot", "pot", "tir"], "batch_size": 16}
    train = {
        "model": str(model),
        "examples_per_step": 32,
        "steps": 2 if small else 40,
        "context": 640,
        "learning_rate": 1.0e-4,
        "schedule": "cosine",
        "warmup_steps": 0 if small else 4,
        "checkpoint_every": 10,
        "keep_checkpoints": 1,
        "seed": 0,
    }
    yield Arm("sft", "before", 0, None, None, train, evaluate)
    yield Arm("sft", "after", 0, "before", "gsm8k-curated", train, evaluate)


def _family(steps: int, seed: int) -> dict[str, Any]:
    return {
        "model": FAMILY,
        "examples_per_step": 32,
        "steps": steps,
        "context": 1024,
        "long_rows": "drop",
        "learning_rate": 2.0e-3,
        "schedule": "cosine",
        "warmup_steps": min(50, steps // 4),
        "checkpoint_every": 100,
        "keep_checkpoints": 1,
        "seed": seed,
    }


def _asked(path: Path, name: str, **settings: object) -> dict[str, Any]:
    table = {"name": name, "path": str(path), "question": "question", "answer": "answer"}
    return {"benchmarks": [table], "max_tool_calls": 2, "batch_size": 64, "limits": {"cpu_s": 1}, **settings}


def _demo_rows(folder: Path, sizes: Sizes) -> Path:
    """The demo's sources, and problems of its templates that no row asks."""
    fresh = folder / "fresh.jsonl"
    if not fresh.is_file():
        write_rows(folder, 7, sizes)
        known = "".join((folder / f"{source}.jsonl").read_text("utf-8", "replace") for source in SOURCES)
        drafts = Drafts(Random(99))
        drawn = [drafts.next(top=LARGE) for _ in range(400)]
        unasked = [draft for draft in drawn if json.dumps(draft.question)[1:-1] not in known]
        lines = [{"question": draft.question, "answer": words(draft)} for draft in unasked]
        fresh.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def _mistake(programs: Path) -> None:
    """Makes every second program add where it should subtract or multiply, and subtract where it should add; once."""
    done = programs.with_name("mistaken")
    if done.is_file():
        return
    lines = programs.read_text("utf-8", "replace").splitlines(keepends=True)
    lines[::2] = [re.sub(r"(?<=\d )[-+*](?= \d)", lambda sign: _OTHER[sign[0]], line) for line in lines[::2]]
    programs.write_text("".join(lines), encoding="utf-8")
    done.touch()


_OTHER = {"+": "-", "-": "+", "*": "+"}


def _demo_curation(rows: Path) -> dict[str, Any]:
    raw = DEMO.read_text(encoding="utf-8").replace("${MATHMILL_DEMO}", str(rows))
    path = rows / "demo.yaml"
    path.write_text(raw, encoding="utf-8")
    curate = load_config(path).curate
    assert curate is not None
    return curate.model_dump(mode="json", exclude_unset=True)

"""Has a model seen a benchmark? What run.json, the manifests of its data and a model card tell.

none           trained from scratch, on data that was held against the benchmark
unknown        nobody can tell: no run.json, a base model from elsewhere, data that is gone
contaminated   the benchmark is among its sources, or its data was not held against it
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from schemas.arrow_files import read_stream
from schemas.benchmark import BENCHMARKS, BenchmarkSource
from schemas.exits import UserError
from schemas.manifest import Manifest, read_manifest
from schemas.reason import Stage
from training.asking import Suite
from training.runfile import RUN


class Contamination(StrEnum):
    """What is known of a model and a benchmark."""

    NONE = "none"
    UNKNOWN = "unknown"
    CONTAMINATED = "contaminated"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known, and why."""

    contamination: Contamination
    why: str


def seen_by(model: str | Path, suite: Suite) -> Seen:
    """Tells whether a model has seen a benchmark.

    Args:
        model: a folder with a model or an adapter, a run, a hub name, or a URL.
        suite: the items of the benchmark.
    """
    assert suite.source is not None, suite.name
    folder = Path(model)
    run = next((place / RUN for place in (folder, *folder.parents[:3]) if (place / RUN).is_file()), None)
    if run is not None and folder.exists():
        return _by_run(run, suite)
    card = folder / "README.md"
    if card.is_file() and (listed := _listed(card, suite.source)):
        return Seen(Contamination.CONTAMINATED, f"its card ({card}) lists {listed} among its data sets")
    return Seen(Contamination.UNKNOWN, f"nobody tells what {model} was trained on")


def require_clean(model: str | Path, suites: Sequence[Suite], *, allow: bool) -> dict[str, Contamination]:
    """What is known about each benchmark, by name; splits of data have no entry.

    Raises:
        UserError: the model has seen one, and `allow` is off.
    """
    known = {suite.name: seen_by(model, suite) for suite in suites if suite.source is not None}
    for name, seen in known.items():
        if seen.contamination is Contamination.CONTAMINATED and not allow:
            raise UserError(
                f"{model} may have been trained on {name}: {seen.why}; `mathmill evaluate --allow-contaminated` asks "
                "it all the same and marks every figure"
            )
    return {name: seen.contamination for name, seen in known.items()}


def _by_run(path: Path, suite: Suite) -> Seen:
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        records, base = facts["data"], facts["train"]["model"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Seen(Contamination.UNKNOWN, f"{path} is damaged")
    found = [_by_data(Path(str(record["path"])), str(record["fingerprint"]), suite) for record in records]
    if isinstance(base, str):
        found.append(seen_by(base, suite))
    order = list(Contamination)
    return max(found, key=lambda seen: order.index(seen.contamination))


def _by_data(folder: Path, fingerprint: str, suite: Suite) -> Seen:
    assert suite.source is not None, suite.name
    try:
        manifest = read_manifest(folder)
    except UserError:
        return Seen(Contamination.UNKNOWN, f"its data {folder} is not here any more")
    if manifest.fingerprint != fingerprint:
        return Seen(Contamination.UNKNOWN, f"{folder} holds other data now than it was trained on")
    if any(file.sha256 == suite.source.sha256 or file.path == suite.source.path for file in manifest.inputs):
        return Seen(Contamination.CONTAMINATED, f"its data {folder} was made from it")
    if Stage.DECONTAMINATE in manifest.skipped:
        return Seen(Contamination.CONTAMINATED, f"its data {folder} was not decontaminated (curate.skip)")
    if suite.source.sha256 in {record.sha256 for record in manifest.benchmarks} or _held_against(folder, suite):
        return Seen(Contamination.NONE, f"its data {folder} was held against it")
    return Seen(
        Contamination.CONTAMINATED, f"its data {folder} was not decontaminated against it; {_checked(manifest)}"
    )


def _checked(manifest: Manifest) -> str:
    names = ", ".join(record.name for record in manifest.benchmarks)
    return f"it was against {names}" if names else "it names no benchmarks (curate.benchmarks)"


def _held_against(folder: Path, suite: Suite) -> bool:
    """Whether every question that is asked is among the items that the data was held against, under any name."""
    path = folder / BENCHMARKS
    if not path.is_file():
        return False
    known = set(read_stream(path)["question"].to_pylist())
    return all(item.example.question in known for items in suite.items.values() for item in items)


def _listed(card: Path, source: BenchmarkSource) -> str | None:
    """The data set of a card's header that the benchmark is of."""
    head = card.read_text(encoding="utf-8", errors="replace").split("---")
    try:
        header = yaml.safe_load(head[1]) if len(head) > 2 else None
    except yaml.YAMLError:
        return None
    listed = header.get("datasets") if isinstance(header, dict) else None
    names = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
    home = source.path.removeprefix("hf://").partition("?")[0].lower()
    return next((str(n) for n in names if str(n).lower() in (home, home.split("/")[-1], source.name)), None)

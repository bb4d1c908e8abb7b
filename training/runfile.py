"""run.json: what a run was made from. A resumed run must be the same run."""

import json
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from schemas.config import Train, TrainData
from schemas.exits import RunFailedError, UserError
from schemas.files import hold, write_text
from schemas.place import located
from training.checkpoint import CHECKPOINTS, latest
from training.objective import OUTPUT_LENGTH
from training.telemetry import METRICS

RUN = "run.json"
_LOCK = ".lock"

# What a resumed run may change: how long, how often and where, never what is optimised.
_FREE = frozenset(
    {
        "data",  # compared by fingerprint and weight: a data set may have moved
        "data_cache",
        "data_cache_gb",
        "steps",
        "epochs",
        "checkpoint_every",
        "keep_checkpoints",
        "keep_best",
        "heldout_every",
        "heldout_limit",
        "workers",
        "token_cache",
        "token_cache_gb",
        "evaluate_every",
        "trackers",
        "export_dtype",
        "push_to_hub",
        "device",
        "pack_tokens",
        "parallel",
        "compile",
        "activation_checkpointing",
    }
)
_PACKAGES = ("transformers", "tokenizers", "numpy", "pyarrow")


def provenance(
    train: Train, data: Sequence[TrainData], fingerprints: tuple[str, ...], *, draft: bool
) -> dict[str, Any]:
    """What run.json holds."""
    marks = zip(data, fingerprints, strict=True)
    return {
        "code_version": code_version(),
        "draft": draft,
        "objective": ", then ".join(f"{phase.objective} ({phase.share:.0%})" for phase in train.phases)
        if len(train.phases) > 1
        else train.phases[0].objective,
        "output_length": OUTPUT_LENGTH,
        "data": [
            {"path": str(located(source.path)), "fingerprint": mark, "weight": source.weight} for source, mark in marks
        ],
        "train": train.model_dump(mode="json"),
        "versions": {"python": platform.python_version(), "torch": torch.__version__}  # with what it was built for
        | {name: version(name) for name in _PACKAGES},
    }


def code_version() -> str:
    """The package's version and a hash of the code that trains."""
    here = Path(__file__).parent
    digest = sha256()
    for path in sorted([*here.glob("*.py"), *(here.parent / "schemas").glob("*.py")]):
        digest.update(path.read_bytes())
    try:
        release = version("mathmill")
    except PackageNotFoundError:
        release = "0"
    return f"{release}+{digest.hexdigest()[:12]}"


@contextmanager
def begin_run(run: Path, facts: dict[str, Any], *, resume: bool) -> Iterator[None]:
    """Holds RUN for this process alone: for a new run, or for one to continue if it is the same.

    A run that stopped before its first step (no such model, a context too short) holds nothing to lose and does not
    stand in the way of the next one. `resume` on an empty folder begins one.

    Raises:
        UserError: another process trains here, RUN holds a run and `resume` is off, or it holds something else.
        RunFailedError: the run to resume was made from something else, which is named, or what it was made from is
            damaged.
    """
    path = run / RUN
    if run.exists() and not run.is_dir():
        raise UserError(f"{run}: a file; --output is a folder")
    if run.is_dir() and not path.is_file() and any(item.name != _LOCK for item in run.iterdir()):
        raise UserError(f"{run}: not empty and not a run; choose a new folder for --output")
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = hold(run / _LOCK)
    except BlockingIOError as error:
        raise UserError(f"{run}: another `mathmill train` is writing here; choose a new folder for --output") from error
    except OSError as error:
        raise UserError(f"{run}: cannot be written: {error.strerror}; choose another place for --output") from error
    with lock:
        begun = path.is_file() and (resume or _took_a_step(run))
        if begun and not resume:
            raise UserError(f"{run}: holds another run; continue it with --resume, or choose a new folder for --output")
        if begun:
            _require_same(run, _read(path), facts)
        else:
            shutil.rmtree(run / CHECKPOINTS, ignore_errors=True)
            _write(path, facts)
        yield


def _read(path: Path) -> dict[str, Any]:
    """Reads what a run was made from.

    Raises:
        RunFailedError: the file is damaged.
    """
    try:
        before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if before["train"] and all(record["fingerprint"] for record in before["data"]):
            return before
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise RunFailedError(
        f"{path}: damaged, so nobody can tell whether this is the same run; put a copy back (RUN/model holds one when "
        "the run has ended), or begin a new run"
    )


def _took_a_step(run: Path) -> bool:
    metrics, last = run / METRICS, latest(run)
    return (metrics.is_file() and metrics.stat().st_size > 0) or (last is not None and last.state.step > 0)


def _require_same(run: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    old = [record["fingerprint"] for record in before["data"]]
    new = [record["fingerprint"] for record in now["data"]]
    if old != new:
        raise RunFailedError(
            f"{run}: refused to resume: the data set changed (fingerprint {_short(old)} before, {_short(new)} now); "
            "train on the same data, or begin a new run"
        )
    for one, other in zip(before["data"], now["data"], strict=True):
        weight = one.get("weight", 1.0)  # runs of before had no such key
        if weight != other["weight"]:
            raise RunFailedError(
                f"{run}: refused to resume: {other['path']} weighed {weight:g} and weighs {other['weight']:g} now "
                "(train.data); set it back, or begin a new run"
            )
    for key, value in now["train"].items():
        known = before["train"].get(key, Train.model_fields[key].get_default(call_default_factory=True))
        if key not in _FREE and known != value:
            raise RunFailedError(
                f"{run}: refused to resume: train.{key} was {known!r} and is {value!r} now; set it back, or begin a "
                "new run"
            )


def _short(fingerprints: list[str]) -> str:
    return " ".join(mark[:12] for mark in fingerprints)


def _write(path: Path, facts: dict[str, Any]) -> None:
    write_text(path, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")

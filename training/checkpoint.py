"""Checkpoints that are whole or absent, and resume to the bit.

    checkpoints/step-00000400/
        model/                  a Hugging Face folder, float32: loads anywhere
                                (adapters alone, where they are trained)
        optimizer.safetensors   AdamW's moments by parameter name
        state.json              the position after this step, sizes and checksums of the files, its own; written last

A checkpoint is written under a temporary name, flushed to the disk and renamed. A kill at any moment leaves the earlier
ones untouched; what it left half-written is removed by the next run. A run that resumes compares the checksums: a
checkpoint that is not as it was written is set aside, and the one before it is taken.
"""

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from schemas.exits import RunFailedError
from schemas.files import flush
from training.adapters import has_adapters
from training.model import export
from training.optimizer import restored, stored
from training.parallel import whole
from training.plan import Position
from training.sealed import checksum, flush_all, seal_of
from training.untyped import Model, Tokenizer

CHECKPOINTS = "checkpoints"
STATE = "state.json"
_OPTIMIZER = "optimizer.safetensors"
_TEMPORARY = ".writing-"
_DAMAGED = "damaged-"
_BEFORE_CHECKSUMS = {"step", "next", "bytes"}  # of a state that an earlier version wrote: sizes are all there is

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """Where a run stood when a checkpoint was written.

    Attributes:
        step: optimizer steps done.
        next: the position of the next one.
    """

    step: int
    next: Position


@dataclass(frozen=True, slots=True)
class Contents:
    """Whole tensors by parameter name: weights, and the optimizer's moments as `name/moment`."""

    weights: dict[str, torch.Tensor]
    moments: dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A complete checkpoint on disk."""

    folder: Path
    state: State

    @property
    def model(self) -> Path:
        """The Hugging Face folder inside."""
        return self.folder / "model"


def contents_of(model: Model, optimizer: torch.optim.Optimizer | None, *, keep: bool = True) -> Contents:
    """Puts together what a checkpoint holds; all ranks must call it when weights are sharded.

    Args:
        model: the model.
        optimizer: None at step 0.
        keep: False on ranks that only lend their shards.
    """
    weights: dict[str, torch.Tensor] = {}
    moments: dict[str, torch.Tensor] = {}
    saved = model.state_dict()
    named = [*model.named_parameters(), *((name, b) for name, b in model.named_buffers() if name in saved)]
    for name, tensor in named:
        if has_adapters(model) and not tensor.requires_grad:
            continue
        _put(weights, name, tensor.detach(), keep=keep)
        for key, value in (optimizer.state.get(tensor, {}) if optimizer else {}).items():
            for part, plain in stored(value).items():
                _put(moments, f"{name}/{key}{part}", plain, keep=keep)
    return Contents(weights, moments)


def _put(tensors: dict[str, torch.Tensor], name: str, tensor: torch.Tensor, *, keep: bool) -> None:
    together = whole(tensor)
    if keep:
        tensors[name] = (together if together is tensor else together.cpu()).contiguous()


def save(
    run: Path,
    state: State,
    model: Model,
    tokenizer: Tokenizer,
    contents: Contents,
    *,
    stop_id: int,
) -> Checkpoint:
    """Writes a checkpoint atomically.

    Raises:
        RunFailedError: the disk is full; the earlier checkpoints are untouched.
    """
    parent, final = run / CHECKPOINTS, folder_of(run, state.step)
    temporary = parent / f"{_TEMPORARY}{final.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        export(model, tokenizer, temporary / "model", stop_id=stop_id, weights=contents.weights)
        if contents.moments:
            save_file(contents.moments, temporary / _OPTIMIZER)
        _write_state(temporary, state)
        flush_all(temporary)
        if final.exists():
            shutil.rmtree(final)
        temporary.rename(final)
        flush(parent)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        last = latest(run)
        survivor = (
            f"{last.folder} is whole; make room and run again with --resume" if last else "there is none before it"
        )
        raise RunFailedError(f"{final}: the checkpoint could not be written ({error}); {survivor}") from error
    return Checkpoint(final, state)


def folder_of(run: Path, step: int) -> Path:
    """Where the checkpoint of a step stands, if there is one."""
    return run / CHECKPOINTS / f"step-{step:08d}"


def latest(run: Path) -> Checkpoint | None:
    """Finds the last complete checkpoint of a run."""
    found = sorted((run / CHECKPOINTS).glob("step-*"), reverse=True)
    return next((checkpoint for folder in found if (checkpoint := read(folder)) is not None), None)


def beginnings(run: Path) -> list[Checkpoint]:
    """The checkpoints that a run may begin from: the last whole one, and the first, where it is there."""
    folders = {found.folder.name: found for found in (read(folder_of(run, 0)), latest(run)) if found}
    return list(folders.values())


def first(run: Path) -> Checkpoint:
    """The checkpoint of step 0, which runs from random weights begin with."""
    found = read(folder_of(run, 0))
    assert found is not None, run
    return found


def read(folder: Path) -> Checkpoint | None:
    """Reads a checkpoint's state; None when it is damaged, or a file is missing or was cut short."""
    raw = _read_state(folder)
    if raw is None or not all(_has_size(folder / name, size) for name, size in raw["bytes"].items()):
        return None
    return Checkpoint(folder, State(raw["step"], Position(raw["next"]["epoch"], raw["next"]["step"])))


def damaged_file(folder: Path) -> str | None:
    """The first file of a checkpoint that does not hold the bytes that were written; reads all of them."""
    raw = _read_state(folder)
    if raw is None:
        return STATE
    for name, size in raw["bytes"].items():
        path = folder / name
        if not _has_size(path, size) or raw["checksums"].get(name) not in (None, checksum(path)):
            return str(name)
    return None


def set_damaged_aside(run: Path) -> None:
    """Renames the checkpoints behind the last whole one, and says so: they are never trained on."""
    for folder in sorted((run / CHECKPOINTS).glob("step-*"), reverse=True):
        if not (folder / STATE).is_file():
            continue  # a kill while it was removed
        damaged = damaged_file(folder)
        if damaged is None:
            return
        aside = folder.with_name(f"{_DAMAGED}{folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        logger.warning("%s: %s is damaged; set aside as %s, the checkpoint before it is taken", folder, damaged, aside)


def restore_optimizer(checkpoint: Checkpoint, model: Model, optimizer: torch.optim.Optimizer) -> None:
    """Loads the moments into an optimizer over the same model; a checkpoint of step 0 has none."""
    path = checkpoint.folder / _OPTIMIZER
    if not path.is_file():
        return
    moments = load_file(path)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        optimizer.state[parameter] = restored(optimizer, moments, name, parameter)


def prune(run: Path, *, keep: int, spare: Checkpoint | None = None) -> None:
    """Removes what is half-written or damaged, and all but the latest checkpoints. Step 0 always stays.

    Args:
        run: RUN.
        keep: how many of the latest stay.
        spare: one that stays beside them.
    """
    parent = run / CHECKPOINTS
    for leftover in [*parent.glob(f"{_TEMPORARY}*"), *parent.glob(f"{_DAMAGED}*")]:
        shutil.rmtree(leftover)
    folders = sorted(folder for folder in parent.glob("step-*") if folder != folder_of(run, 0))
    for folder in folders[:-keep]:
        if spare is not None and folder == spare.folder:
            continue
        (folder / STATE).unlink(missing_ok=True)
        shutil.rmtree(folder)


def _write_state(folder: Path, state: State) -> None:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    raw = {
        "step": state.step,
        "next": {"epoch": state.next.epoch, "step": state.next.step},
        "bytes": {path.relative_to(folder).as_posix(): path.stat().st_size for path in files},
        "checksums": {path.relative_to(folder).as_posix(): checksum(path) for path in files},
    }
    (folder / STATE).write_text(json.dumps(raw | {"checksum": seal_of(raw)}, indent=1) + "\n", encoding="utf-8")


def _read_state(folder: Path) -> dict[str, Any] | None:
    """The content of state.json; None when it is not what was written."""
    try:
        raw = json.loads((folder / STATE).read_text(encoding="utf-8"))
        if set(raw) == _BEFORE_CHECKSUMS:
            return dict(raw, checksums={})
        seal = raw.pop("checksum")
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return raw if seal == seal_of(raw) else None


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size

"""What rank 0 has on its disk, for ranks whose machine does not share it: checkpoints, sent once before step 1.

Only rank 0 writes RUN. A rank that sees the same checkpoints there reads them where they lie; one that does not gets
copies in a folder of its own, as long as the run lasts.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from schemas.copies import cache_folder
from training.checkpoint import CHECKPOINTS, STATE, Checkpoint, latest, read
from training.world import World

_BLOCK_BYTES = 64 << 20


def handed_over(output: Path, checkpoints: Sequence[Checkpoint], world: World, stack: ExitStack) -> Path:
    """Returns a folder in which this rank finds the checkpoints of RUN; all ranks must call it.

    Args:
        output: RUN, as rank 0 knows it; there may be another folder of that name here, or none.
        checkpoints: what rank 0 found there and the run begins from; the other ranks' are not asked.
        world: the ranks.
        stack: removes what was copied when it ends.
    """
    states = world.tell({found.folder.name: (found.folder / STATE).read_bytes() for found in checkpoints})
    last = latest(output)
    seen = (last.folder.name if last else None) == max(states, default=None) and all(
        _has(output / CHECKPOINTS / name, state) for name, state in states.items()
    )
    blind = torch.tensor([float(not seen)], device=world.device)
    world.sum(blind)
    if not blind.item():
        return output
    target = None if seen else _own_folder(stack)
    for name in states:
        _send(output / CHECKPOINTS / name, target / CHECKPOINTS / name if target else None, world)
    return target or output


def _has(folder: Path, state: bytes) -> bool:
    """Whether a checkpoint is here, with the checksums of rank 0's."""
    return read(folder) is not None and (folder / STATE).read_bytes() == state


def _own_folder(stack: ExitStack) -> Path:
    cache_folder().mkdir(parents=True, exist_ok=True)
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="run-", dir=cache_folder())))


def _send(source: Path, target: Path | None, world: World) -> None:
    """Sends the files of rank 0's folder, block by block; ranks without a target let them pass."""
    files = sorted(path for path in source.rglob("*") if path.is_file()) if world.is_main else []
    for name, size in world.tell([(str(path.relative_to(source)), path.stat().st_size) for path in files]):
        with ExitStack() as opened:
            reader = opened.enter_context((source / name).open("rb")) if world.is_main else None
            writer = None
            if target is not None:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                writer = opened.enter_context((target / name).open("wb"))
            for _ in range(0, size, _BLOCK_BYTES):
                block = world.tell(reader.read(_BLOCK_BYTES) if reader else b"")
                if writer is not None:
                    writer.write(block)

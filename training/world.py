"""The processes of a run: one, or as many as torchrun started. Collectives sum; nothing here averages."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.tensor import DTensor

from schemas.exits import UserError
from training.heartbeat import Heartbeat

T = TypeVar("T")


class Pending(Protocol):
    """A collective that is under way."""

    def wait(self) -> object:
        """Returns when its result may be used."""


# Rank 0 evaluates while the others wait; the heartbeat ends them if it dies.
_TIMEOUT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class World:
    """This process among all of them."""

    rank: int
    size: int
    device: torch.device
    heartbeat: Heartbeat | None = None

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and talks."""
        return self.rank == 0

    def sum(self, tensor: torch.Tensor) -> None:
        """Replaces a tensor by its sum over all ranks."""
        if self.size > 1:
            dist.all_reduce(tensor, op=dist.ReduceOp.SUM)

    def begin_sum(self, tensor: torch.Tensor) -> Pending:
        """Begins to replace a tensor by its sum over all ranks, of which there are several."""
        pending: Pending = dist.all_reduce(tensor, op=dist.ReduceOp.SUM, async_op=True)
        return pending

    def gather(self, value: T) -> list[T]:
        """Returns what every rank gave, by rank; all of them must call it."""
        if self.size == 1:
            return [value]
        values: list[T] = [value] * self.size
        dist.all_gather_object(values, value)
        return values

    def tell(self, value: T) -> T:
        """Returns what rank 0 gave; all ranks must call it."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def share(self, module: torch.nn.Module) -> None:
        """Moves what of a module is not in shards to the device, and gives every rank what rank 0 has."""
        for tensor in [*module.parameters(), *module.buffers()]:
            if not isinstance(tensor, DTensor):
                tensor.data = tensor.data.to(self.device)
                if self.size > 1:
                    dist.broadcast(tensor.data, src=0)

    def wait(self) -> None:
        """Returns once every rank has come here."""
        if self.size > 1:
            dist.barrier()

    def close(self, error: BaseException | None = None) -> None:
        """Leaves the other ranks; when this one ends with an error of its own they are told, and stop too."""
        if self.heartbeat:
            if error is None:
                self.heartbeat.leave()
            elif self.is_lost(error):
                self.heartbeat.stop()
            else:
                self.heartbeat.fail()
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()

    def is_lost(self, error: BaseException | None) -> bool:
        """Whether an error says that another rank is gone; gloo raises plain RuntimeErrors that name its source."""
        return self.size > 1 and (isinstance(error, dist.DistError) or "gloo/transport" in str(error))


def join_world(device: str) -> World:
    """Joins the ranks that torchrun started; alone otherwise.

    Args:
        device: cpu | cuda | auto.

    Raises:
        UserError: a device that this machine does not have.
    """
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    chosen = device_of(device, local_rank=int(os.environ.get("LOCAL_RANK", "0")))
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    if size > 1 and not dist.is_initialized():
        dist.init_process_group("cpu:gloo,cuda:nccl" if chosen.type == "cuda" else "gloo", timeout=_TIMEOUT)
    if size == 1:
        return World(rank, size, chosen)
    # There is no public way to the store that the ranks met at, and its type stub does not know clone.
    store = dist.distributed_c10d._get_default_store().clone()  # type: ignore[attr-defined]
    return World(rank, size, chosen, Heartbeat(store, rank, size))


def device_of(device: str, *, local_rank: int = 0) -> torch.device:
    """Returns the device that a config names.

    Raises:
        UserError: an unknown device, or CUDA where there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"device: expected cpu, cuda or auto, found {device}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("device: cuda is asked for and this machine has no CUDA device; use cpu or auto")
    if device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", local_rank)

"""Models over many ranks: a whole copy on each, or every weight in shards (FSDP2). Gradients are summed either way.

Sharded weights exist whole only inside the forward call of the module that owns them. The objective needs the head and
the layers in one computation, so `Gathered` is the root of the model: whatever runs through it sees whole weights.
Every rank must run it equally often; `step.plan_batch` fills up with packs that bear no loss.

Weights are gathered in float32 and the forward pass is cast as on one device, so both ways compute the same. It sends
four bytes a weight where two would do: FSDP2's own policy would round the weights of norms to bfloat16 as well.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch.distributed.tensor import DTensor, distribute_tensor

from training.speed import layers_of
from training.untyped import Model
from training.world import World

T = TypeVar("T")


class Gathered(torch.nn.Module):
    """The root of a sharded model: runs a computation on it with its weights gathered."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, compute: Callable[..., T], *inputs: Any) -> T:  # noqa: ANN401  whatever compute takes
        """Returns compute(model, *inputs)."""
        return compute(self.model, *inputs)


def run_on(model: Model, compute: Callable[..., T], *inputs: Any) -> T:  # noqa: ANN401
    """Returns compute(model, *inputs), through the root when the model is sharded."""
    return model(compute, *inputs) if isinstance(model, Gathered) else compute(model, *inputs)


def shard(model: Model, world: World) -> Gathered:
    """Splits every weight over the ranks, layer by layer, and moves it to the device.

    Weights are those of rank 0: others need not have loaded them, and hold no more than one layer whole.

    Raises:
        UserError: the model has no list of layers.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard

    layers = layers_of(model, wanted_by="train.parallel")
    mesh = init_device_mesh(world.device.type, (world.size,))
    for layer in layers:
        world.share(layer)
        fully_shard(layer, mesh=mesh)
    world.share(model)
    root = Gathered(model)
    fully_shard(root, mesh=mesh, reshard_after_forward=True)
    for module in root.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)  # gloo knows no scaled sum
    return root


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A sharded tensor put together, which every rank must call for; any other as it is."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def like(tensor: torch.Tensor, model_tensor: torch.Tensor) -> torch.Tensor:
    """A whole tensor, the same on every rank, laid out as a tensor of the model is."""
    moved = tensor.to(model_tensor.device)
    if not isinstance(model_tensor, DTensor):
        return moved
    return distribute_tensor(moved, model_tensor.device_mesh, model_tensor.placements, src_data_rank=None)


class ShardedGradients:
    """The gradients of a sharded model: this rank's shards, summed over ranks in the backward pass."""

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self._parameters = parameters

    def clear(self) -> None:
        """Drops all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def sum_early(self, world: World) -> None:
        """Nothing is left to do: FSDP2 sums in every backward pass."""

    def sum(self, world: World) -> None:
        """Nothing is left to do: FSDP2 has summed them."""

    def norm(self, world: World) -> float:
        """The Euclidean norm of the whole gradient."""
        norms = [torch.linalg.vector_norm(shard, dtype=torch.float64) for shard in self._shards()]
        squares = torch.stack(norms).square().sum()
        world.sum(squares)
        return float(squares.sqrt())

    def scale(self, factor: float) -> None:
        """Multiplies all gradients."""
        for shard in self._shards():
            shard.mul_(factor)

    def _shards(self) -> list[torch.Tensor]:
        return [p.grad.to_local() for p in self._parameters if isinstance(p.grad, DTensor)]

"""The memory that a step will take on each rank, told before the start.

Weights, gradients and moments follow from the parameters. What a forward pass keeps for its backward pass is measured
on three short packs and carried on to a whole one:

    kept(T tokens in documents of L) = a + b T + c T L

`a` are copies of weights in bfloat16, `b` is most of it, and `c` is there where a model writes its scores out. On a CPU
the heap of the C library comes on top: packs of other sizes do not fit into the holes that the last one left.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.distributed.tensor import DTensor

from schemas.config import Train
from training.forward import Forward, MicroBatch, autocast, hidden_states, own_scores
from training.objective import chunk_on
from training.parallel import run_on
from training.probe import probe_batch, probe_tokens
from training.speed import layers_of
from training.step import trained
from training.untyped import Model

# Weights times tokens that are run to measure what is kept: seconds on a CPU.
_AFFORDABLE = 4e9
_SHORTEST, _LONGEST = 8, 256
# Of what a pack takes, kept free by the heap: 0.2 after a step of 2 packs and 0.6 after 20 with SmolLM2-135M and glibc.
_HEAP = 0.4
_KEYS: dict[str, Callable[[Train], bool]] = {
    "train.activation_checkpointing": lambda config: not config.activation_checkpointing,
    "a lower train.pack_tokens": lambda config: config.capacity > config.context,
    "train.optimizer adamw_8bit": lambda config: config.optimizer == "adamw",
    "train.lora": lambda config: config.lora is None,
    "train.parallel shard over several ranks": lambda config: config.parallel == "replicate",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes of one rank, above what the imports take.

    Attributes:
        weights: float32, adapters and frozen ones included.
        gradients: of what is trained.
        moments: AdamW's two.
        activations: what a whole pack keeps for its backward pass.
        scores: a chunk of logits, and the gradient of the output matrix beside it.
        heap: what the C library keeps free between packs; nothing on a device.
    """

    weights: int
    gradients: int
    moments: int
    activations: int
    scores: int
    heap: int

    @property
    def total(self) -> int:
        """All of it, which is there at once when the backward pass begins."""
        return sum(asdict(self).values())

    def note(self, config: Train, free: int) -> str:
        """What the user is told.

        Args:
            config: the table `train`, whose keys may lower it.
            free: bytes that can still be had; the weights are loaded.
        """
        parts = ", ".join(f"{name} {_size(size)}" for name, size in asdict(self).items() if size)
        told = f"memory: about {_size(self.total)} a rank ({parts})"
        if self.total - self.weights <= free:
            return told
        keys = ", ".join(key for key, lowers in _KEYS.items() if lowers(config))
        return f"{told}, and {_size(free)} are free beside the weights: less is taken with {keys}"


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def fullest_pack(config: Train, forward: Forward, lengths: NDArray[np.int64]) -> int:
    """Tokens of the fullest pack, from the lengths of a sample of the examples."""
    if not forward.packed:
        return int(lengths.max())
    return min(config.capacity, max(int(lengths.max()), int(config.examples_per_step * lengths.mean())))


def estimate(
    model: Model, root: Model, forward: Forward, config: Train, lengths: NDArray[np.int64], *, half: bool
) -> Estimate:
    """Estimates a step; every rank must call it when weights are sharded.

    Args:
        model: as it is to be run, before its layers are compiled or computed twice.
        root: what it runs through: itself, or the root of its shards.
        forward: how it is run.
        config: the table `train`.
        lengths: tokens of a sample of the examples.
        half: the forward pass runs in bfloat16.
    """
    lengths = np.minimum(lengths, config.context)
    parameters, tokens = trained(model), fullest_pack(config, forward, lengths)
    state = 1 if config.optimizer == "adamw_8bit" else 4
    weights = sum(map(_bytes_here, [*model.parameters(), *model.buffers()]))
    if root is not model:
        weights += _largest_layer(model)
    activations = _activations(model, root, forward, config, tokens=tokens, longest=int(lengths.max()), half=half)
    scores = _scores(model, forward, tokens=tokens, half=half)
    return Estimate(
        weights=weights,
        gradients=sum(map(_bytes_here, parameters)),
        moments=2 * state * sum(_numel_here(parameter) for parameter in parameters),
        activations=activations,
        scores=scores,
        heap=int(_HEAP * (activations + scores)) if parameters[0].device.type == "cpu" else 0,
    )


def _activations(
    model: Model, root: Model, forward: Forward, config: Train, *, tokens: int, longest: int, half: bool
) -> int:
    weights = sum(parameter.numel() for parameter in model.parameters())
    unit = min(max(int(_AFFORDABLE / weights / 6), _SHORTEST), _LONGEST, max(1, longest // 3))
    lengths = np.array([1, 2, 3]) * unit
    documents = 2 if forward.packed else 1  # two share a pack as many do: attention keeps them apart in copies
    kept = [_kept(model, root, forward, [int(length)] * documents, half=half) for length in lengths]
    sizes = np.stack([lengths**0, documents * lengths, documents * lengths**2], 1).astype(float)
    fixed, each, pairs = np.linalg.solve(sizes, kept)
    longest = min(longest, tokens)
    body = max(0.0, each) * tokens + max(0.0, pairs) * tokens * longest
    if config.activation_checkpointing:
        layers = len(layers_of(model, wanted_by="train.activation_checkpointing"))
        table = model.config.get_text_config().to_dict()
        width = table.get("hidden_size", model.get_input_embeddings().weight.shape[-1]) * (2 if half else 4)
        body = layers * width * tokens + body / layers
    return int(max(0.0, fixed) + body)


def _kept(model: Model, root: Model, forward: Forward, lengths: Sequence[int], *, half: bool) -> int:
    """Bytes that a forward pass over documents keeps for its backward pass; its gradient is dropped."""
    device = model.get_input_embeddings().weight.device
    micro = probe_batch(probe_tokens(model, sum(lengths)), lengths, device)
    kept: dict[int, int] = {}
    with _counting(model, kept), autocast(device.type, half=half):
        summed: torch.Tensor = run_on(root, _summed, micro, forward)
    summed.backward()  # type: ignore[no-untyped-call]
    for parameter in model.parameters():
        parameter.grad = None
    return sum(kept.values())


def _summed(model: Model, micro: MicroBatch, forward: Forward) -> torch.Tensor:
    return (own_scores if forward.formula is None else hidden_states)(model, micro, forward).sum()


@contextmanager
def _counting(model: Model, kept: dict[int, int]) -> Iterator[None]:
    """Counts every storage that is saved for the backward pass once, the weights aside."""
    own = {_local(parameter).untyped_storage().data_ptr() for parameter in model.parameters()}

    def count(tensor: torch.Tensor) -> torch.Tensor:
        storage = _local(tensor).untyped_storage()
        if storage.data_ptr() not in own and not isinstance(tensor, torch.nn.Parameter):
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        yield


def _scores(model: Model, forward: Forward, *, tokens: int, half: bool) -> int:
    if forward.formula is None:  # scores, their exponentials and their gradient
        return 3 * 4 * tokens * len(model.get_input_embeddings().weight)
    weight = model.get_output_embeddings().weight
    rows, width = weight.shape
    chunk = min(tokens, chunk_on(weight.device, rows))
    copies = 4 + 4 * half + 8 * (not forward.formula.plain)
    return int(chunk * rows * copies + (rows * width * 4 if weight.requires_grad else 0))


def _largest_layer(model: Model) -> int:
    """Whole weights that are there beside the shards: the head and embeddings, and the layer that computes."""
    layers = layers_of(model, wanted_by="train.parallel")
    inside = {id(parameter) for layer in layers for parameter in layer.parameters()}
    outside = sum(p.numel() for p in model.parameters() if id(p) not in inside)
    return 4 * (outside + 2 * max(sum(p.numel() for p in layer.parameters()) for layer in layers))


def _local(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _numel_here(tensor: torch.Tensor) -> int:
    return _local(tensor).numel()


def _bytes_here(tensor: torch.Tensor) -> int:
    return _local(tensor).numel() * tensor.element_size()

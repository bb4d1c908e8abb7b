"""One optimizer step's examples -> micro-batches -> summed gradients and each example's log-likelihood.

Legend: T tokens of a pack, M supervised positions of it, N examples of the step.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.config import Train
from training.attention import Documents
from training.encode import Encoded
from training.forward import PACKED, Forward, MicroBatch, loss
from training.objective import token_weights
from training.pack import deal, pack
from training.parallel import run_on
from training.untyped import Model

_FILLER = 128  # tokens of a document of padding: short, so that its attention costs nothing


@dataclass(frozen=True, slots=True)
class Batch:
    """The examples of one step, in plan order: the same on every rank.

    Attributes:
        indices: int64[N] global indices.
        lengths: tokens of each.
        supervised: |o| of each.
        weights: float64[N] w of each one's tokens.
        packs: this rank's packs of positions into `indices`; an empty one bears no loss.
    """

    indices: NDArray[np.int64]
    lengths: NDArray[np.int64]
    supervised: NDArray[np.int64]
    weights: NDArray[np.float64]
    packs: list[list[int]]


def plan_batch(
    encoded: Encoded,
    supervised_lengths: NDArray[np.int64],
    indices: NDArray[np.int64],
    *,
    capacity: int,
    objective: str = "sequence_mean",
    rank: int = 0,
    world: int = 1,
    even: bool = False,
    packed: bool = True,
) -> Batch:
    """Weighs and packs the examples of a step, before anything is computed.

    Args:
        encoded: a split.
        supervised_lengths: |o| of each of its examples.
        indices: the examples of the step.
        capacity: most tokens of a pack.
        objective: as in `objective.token_weights`.
        rank: whose share of the packs to return, of
        world: ranks.
        even: fill the share up with empty packs until every rank has as many.
        packed: documents share packs; else each is one.
    """
    lengths = encoded.offsets[indices + 1] - encoded.offsets[indices]
    supervised = supervised_lengths[indices]
    weights = token_weights(torch.from_numpy(supervised), objective=objective).numpy()
    sizes = lengths.tolist()
    packs = pack(sizes, capacity) if packed else [[position] for position in range(len(sizes))]
    shares = deal(packs, sizes, world=world)
    own = shares[rank]
    if even:
        own += [[] for _ in range(max(map(len, shares)) - len(own))]
    return Batch(indices, lengths, supervised, weights, own)


def micro_batches(
    encoded: Encoded, batch: Batch, device: torch.device, dtype: torch.dtype, *, multiple: int = 1
) -> Iterator[MicroBatch]:
    """Lays out this rank's packs one by one. `dtype` is that of the weights w_t; `multiple` as in `collate`."""
    for members in batch.packs:
        yield collate(encoded, batch, members, device, dtype, multiple=multiple)


def collate(
    encoded: Encoded,
    batch: Batch,
    members: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
    *,
    multiple: int = 1,
) -> MicroBatch:
    """Lays out one pack.

    Worked example: documents `a b C D` and `e F` (capitals supervised) give predict [1, 2, 4], targets [C, D, F],
    owner [0, 0, 1]: the token at p is predicted at p - 1, and a document's last token predicts nothing. A pack is
    filled up to a `multiple` of tokens, an empty one to that many, with short documents that nothing is predicted in.
    """
    chosen = np.asarray(members, np.int64)
    real = batch.lengths[chosen]
    total = int(real.sum())
    padding = (-total % multiple) if total else multiple
    lengths = np.concatenate([real, np.diff([*range(0, padding, _FILLER), padding])])
    positions = np.arange(total + padding) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    source = positions[:total] + np.repeat(encoded.offsets[batch.indices[chosen]], real)
    tokens = np.concatenate([encoded.tokens[source], np.zeros(padding, np.int32)]).astype(np.int64)
    bears = np.flatnonzero(encoded.supervised[source])
    owner = np.repeat(chosen, real)[bears]

    def send(array: NDArray[Any]) -> torch.Tensor:
        tensor = torch.from_numpy(array)
        return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor

    return MicroBatch(
        tokens=send(tokens)[None],
        positions=send(positions)[None],
        documents=Documents(lengths.tolist(), device),
        predict=send(bears - 1),
        targets=send(tokens[bears]),
        weights=send(batch.weights[owner]).to(dtype),
        owner=send(owner),
    )


class Likelihood:
    """Each example's summed negative log-likelihood and greedy hits over a step: float64[N, 2], additive over ranks."""

    def __init__(self, examples: int, device: torch.device) -> None:
        self.totals = torch.zeros(examples, 2, dtype=torch.float64, device=device)

    def add(self, micro: MicroBatch, nll: torch.Tensor, hit: torch.Tensor) -> None:
        """Adds the tokens of a micro-batch to their examples."""
        values = torch.stack([nll.detach().double(), hit.double()], dim=1)
        self.totals.index_add_(0, micro.owner, values)


def accumulate(
    model: Model,
    micros: Iterator[MicroBatch],
    likelihood: Likelihood,
    *,
    forward: Forward = PACKED,
    half: bool = False,
    backward: bool = True,
    dft: bool = False,
    before_last: Callable[[], None] | None = None,
) -> None:
    """Runs micro-batches and sums their gradients into the parameters. No division anywhere: weights carry it all.

    Args:
        model: a causal language model, or the root of a sharded one.
        micros: this rank's share of the step.
        likelihood: where per-example sums go.
        forward: how the model is run.
        half: run the forward pass in bfloat16.
        backward: False only measures.
        dft: each token's gradient times its likelihood.
        before_last: called before the last backward pass, such as `Gradients.sum_early`.
    """
    coming = next(micros, None)
    while coming is not None:
        micro, coming = coming, next(micros, None)
        with torch.set_grad_enabled(backward):
            summed, nll, hit = run_on(model, loss, micro, forward, half, dft)
            if backward:
                if coming is None and before_last is not None:
                    before_last()
                summed.backward()  # type: ignore[no-untyped-call]
        likelihood.add(micro, nll, hit)


def train_mode(model: Model, config: Train) -> None:
    """Makes a model ready for a step: without its config's dropout unless that is asked for; adapters have theirs."""
    model.train(config.dropout)
    if config.lora is not None and config.lora.dropout:
        for name, module in model.named_modules():
            if name.endswith("lora_dropout"):
                module.train()


def runs_in_half(config: Train, device: torch.device) -> bool:
    """Whether forward passes run in bfloat16: as the config says, and by itself on CUDA."""
    return config.dtype == "bfloat16" or (config.dtype == "auto" and device.type == "cuda")


def trained(model: Model) -> list[torch.nn.Parameter]:
    """The parameters that are trained: the others are frozen."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]

"""Model FLOPs of a step from the real lengths of its examples, and the share of the device's peak that they are (MFU).

    FLOPs = 6 P T + 6 E V M + 6 n A sum_i L_i^2

P weights of the matrices inside the layers, T tokens, E width, V vocabulary, M supervised tokens (the head runs on no
others), n layers, A query heads times their width, L_i tokens of example i. A product of matrices costs 2 operations a
weight and token forward and 4 backward; a causal token attends to half of its document. Padding and recomputed
activations do not count, so they lower the figure.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.untyped import Model

# Dense bfloat16 operations per second, from NVIDIA's data sheets (half of the figures given "with sparsity").
_PEAKS = (
    (("B200",), 2250e12),
    (("H200",), 989e12),
    (("H100", "PCIe"), 756e12),
    (("H100", "NVL"), 835e12),
    (("H100",), 989e12),
    (("A100",), 312e12),
    (("L40S",), 362e12),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the FLOPs of a dense decoder depend on: P, E V, and n A of the formula."""

    weights: int
    head: int
    attention: int


def shape_of(model: Model) -> Shape | None:
    """Reads the shape of a dense decoder; None for any other, such as experts, of which tokens use a part."""
    # Of the table: asking a config itself for a width that differs from layer to layer is an error.
    table = model.config.get_text_config().to_dict()
    if any(table.get(name) for name in ("num_experts", "num_local_experts", "n_routed_experts")):
        return None
    head = model.get_output_embeddings()
    names = ("num_hidden_layers", "num_attention_heads", "hidden_size")
    sizes = [table.get(name) for name in names]
    if head is None or not all(isinstance(size, int) for size in sizes):
        return None
    layers, heads, hidden = (size for size in sizes if isinstance(size, int))
    embeddings = {id(model.get_input_embeddings().weight), id(head.weight)}
    matrices = (p for p in model.base_model.parameters() if p.ndim >= 2 and id(p) not in embeddings)
    width = table.get("head_dim") or hidden // heads
    return Shape(
        weights=sum(matrix.numel() for matrix in matrices),
        head=head.weight.numel(),
        attention=layers * heads * width,
    )


def model_flops(shape: Shape, lengths: NDArray[np.int64], supervised: NDArray[np.int64]) -> float:
    """FLOPs of forward and backward over examples of `lengths`, of which `supervised` tokens bear loss."""
    squares = float((lengths.astype(np.float64) ** 2).sum())
    return 6.0 * (
        shape.weights * float(lengths.sum()) + shape.head * float(supervised.sum()) + shape.attention * squares
    )


def peak_flops(device: torch.device, *, half: bool) -> float | None:
    """Peak operations per second of a device in bfloat16; None where it is not known, and in float32."""
    if device.type != "cuda" or not half:
        return None
    return peak_of(torch.cuda.get_device_name(device))


def peak_of(name: str) -> float | None:
    """Finds a device's peak by its name, such as `NVIDIA A100-SXM4-80GB`."""
    words = set(name.replace("-", " ").split())
    return next((peak for needed, peak in _PEAKS if words.issuperset(needed)), None)

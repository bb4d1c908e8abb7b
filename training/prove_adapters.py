"""Adapters proven by another way: the model merged into plain weights, and the chain rule by hand.

W' = W + s B A        dJ/dA = s B^T dJ/dW'        dJ/dB = s dJ/dW' A^T        s = alpha / rank
"""

import copy
from collections.abc import Iterator

import torch

from training.adapters import adapted_weights, merge_adapters
from training.prove_gradient import GradientProof
from training.results import ProofLine, control
from training.untyped import Model

_EXACT, _TOLD_APART = 1e-6, 1e-4


def unsettle_adapters(model: Model) -> None:
    """Moves adapters away from their start, where B is zero and so is the gradient by A."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for name, parameter in model.named_parameters():
            if "lora_" in name and "magnitude" not in name:
                parameter.data = torch.randn(parameter.shape).to(parameter) * 0.05


def prove_adapters(proof: GradientProof) -> Iterator[ProofLine]:
    """Whether J and its gradient in the adapters are those of the merged model, and nothing else is trained."""
    model = proof.model
    objective, _ = proof.ours()
    layers = adapted_weights(model)
    frozen = [name for name, p in model.named_parameters() if "lora_" not in name and p.requires_grad]
    merged = copy.deepcopy(model)
    merge_adapters(merged)
    plain = proof.of(merged)
    apart = abs(objective - plain.objective)
    if any(layer.use_dora.get("default", False) for layer in layers.values()):
        detail = f"J off by {apart:.1e} from the merged model ({len(layers)} layers, DoRA; its gradient as above)"
        yield ProofLine("adapters", not frozen and apart < _EXACT, detail)
        bare = copy.deepcopy(model)
        merge_adapters(bare, add=False)
        off = abs(objective - proof.of(bare).objective)
        yield control("adapters left out", off > _TOLD_APART, f"J off by {off:.1e}")
        return
    off, spoilt = (_off(layers, merged, scale=scale) for scale in (1.0, 2.0))
    detail = (
        f"gradient off by {off:.1e}, J by {apart:.1e} from the merged model and the chain rule ({len(layers)} layers)"
    )
    yield ProofLine("adapters", not frozen and off < _EXACT and apart < _EXACT, detail)
    yield control("adapters scaled twice", spoilt > _TOLD_APART, f"gradient off by {spoilt:.1e}")


def _off(layers: dict[str, Model], merged: Model, *, scale: float) -> float:
    """How far the adapters' gradients lie from the chain rule, relative to its norm."""
    apart, size = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for name, layer in layers.items():
        by_weight = merged.get_parameter(name).grad
        if layer.fan_in_fan_out or getattr(layer.get_base_layer(), "is_transposed", False):
            by_weight = by_weight.mT
        by_weight = by_weight.reshape(-1, *by_weight.shape[-2:])
        factor = scale * layer.scaling["default"]
        a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
        by_a, by_b = _by_expert(a.grad, b.grad, len(by_weight))
        a, b = _by_expert(a.detach(), b.detach(), len(by_weight))
        for found, expected in ((by_a, factor * b.mT @ by_weight), (by_b, factor * by_weight @ a.mT)):
            apart += (found - expected).square().sum()
            size += expected.square().sum()
    return float((apart / size).sqrt())


def _by_expert(a: torch.Tensor, b: torch.Tensor, experts: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A (experts, rank, inputs) and B (experts, outputs, rank), which peft keeps in one matrix each."""
    return a.reshape(experts, -1, a.shape[-1]), b.reshape(len(b), -1, experts).permute(2, 0, 1)

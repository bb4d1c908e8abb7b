"""What changes how fast a model runs and how much it holds, never what it computes."""

import os
from functools import partial

import torch
from torch.utils.checkpoint import checkpoint

from schemas.config import Train
from schemas.exits import UserError
from training.forward import Forward
from training.untyped import Model


def set_up_speed(config: Train, model: Model, forward: Forward) -> None:
    """Threads, recomputation and compilation, as the config has them.

    Raises:
        UserError: a key that this model cannot follow.
    """
    cores = len(os.sched_getaffinity(0))
    if torch.get_num_threads() > cores:
        torch.set_num_threads(cores)
    if config.activation_checkpointing:
        checkpoint_activations(model)
    if config.compile:
        if not forward.packed:
            raise UserError(
                "train.compile: this model runs one document a row, each of another length, so every row would be "
                f"compiled anew; leave it off ({forward.why[0]})"
            )
        compile_layers(model)


def set_precision(*, half: bool) -> None:
    """float32 is no TF32, in products of matrices or in convolutions, unless passes run in bfloat16 anyway."""
    torch.set_float32_matmul_precision("high" if half else "highest")
    torch.backends.cudnn.allow_tf32 = half


def checkpoint_activations(model: Model) -> None:
    """Keeps only the inputs of layers; the backward pass computes the rest again.

    transformers' own switch works in training mode only, and with it comes the config's dropout.
    """
    for layer in layers_of(model, wanted_by="train.activation_checkpointing"):
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)


def compile_layers(model: Model, *, backend: str = "inductor") -> None:
    """Compiles each layer for the few lengths of packs, twice each: with gradients and without."""
    layers = layers_of(model, wanted_by="train.compile")
    torch._dynamo.config.recompile_limit = 64
    for layer in layers:
        layer.compile(backend=backend, dynamic=False)


def layers_of(model: Model, *, wanted_by: str) -> torch.nn.ModuleList:
    """The layers of a model: of the lists of modules that lie in no other list, the longest.

    Raises:
        UserError: it has none.
    """
    lists = [
        module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.ModuleList) and not any(part.isdigit() for part in name.split("."))
    ]
    if not any(map(len, lists)):
        raise UserError(f"{wanted_by}: {type(model).__name__} has no list of layers; leave it off")
    return max(lists, key=len)

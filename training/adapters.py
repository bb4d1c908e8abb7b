"""LoRA through peft: the base stays as it is, J and its gradient are those of the adapters.

    W x + (alpha / rank) B A x        Hu et al. 2021 (2106.09685), section 4.1; B is zero at first

Checkpoints hold adapters alone. RUN/adapter is what a run made, RUN/model the same merged into the base.
"""

import importlib.util
import inspect
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from schemas.config import Lora
from schemas.exits import UserError
from training.untyped import Model

ADAPTER_WEIGHTS = "adapter_model.safetensors"
_NAME = "default"
_PREFIX = "base_model.model."  # peft puts it before every name that it writes
_READ = re.compile(r"\bself\.(\w+)\.weight\b(?!\.(?:dtype|device|data|shape|ndim))")
_EXPERTS = (
    "train.lora: adapters of experts take neither dora nor dropout; "
    "name the layers between them in train.lora.targets, such as [q_proj, v_proj]"
)


def add_adapters(model: Model, lora: Lora, *, seed: int) -> None:
    """Adds adapters to a model and freezes the rest.

    Raises:
        UserError: peft is missing, or knows no such targets in this model.
    """
    if importlib.util.find_spec("peft") is None:
        raise UserError("train.lora needs peft: pip install 'mathmill[lora]'")
    from peft import LoraConfig

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear" if lora.targets is None else list(lora.targets),
        exclude_modules=passed_over(model),
        use_dora=lora.dora,
        bias="none",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]), patterns_unheard():
        torch.manual_seed(seed)
        try:
            model.add_adapter(config)
        except ValueError as error:
            if "ParamWrapper" in str(error):
                raise UserError(_EXPERTS) from error
            raise UserError(f"train.lora: {str(error).splitlines()[0]}") from error


@contextmanager
def patterns_unheard() -> Iterator[None]:
    """Where adapters are placed: peft warns of patterns, set by transformers for experts, that do match."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"The following \w+_pattern keys")
        yield


def passed_over(model: Model) -> list[str]:
    """Names of linear layers that an adapter cannot stand beside: the model's own code goes past it.

    It reads the weight itself, as kernels of state spaces and some routers do, or the layer gives more than one tensor.
    """
    read = {kind: _weights_read_by(kind) for kind in {type(module) for module in model.modules()}}
    return sorted(
        f"{parent}.{child}"
        for parent, module in model.named_modules()
        for child, layer in module.named_children()
        if isinstance(layer, torch.nn.Linear) and (child in read[type(module)] or not _gives_a_tensor(layer))
    )


def _gives_a_tensor(layer: torch.nn.Linear) -> bool:
    """Whether a layer gives what a linear layer gives, by its shape: ranks without weights must find the same."""
    if type(layer).forward is torch.nn.Linear.forward:
        return True
    with torch.no_grad():
        output = layer(torch.zeros(1, layer.in_features).to(layer.weight))
    return isinstance(output, torch.Tensor) and output.shape == (1, layer.out_features)


def _weights_read_by(kind: type) -> frozenset[str]:
    """The modules in a class whose weights its source reads, by the names that it has for them."""
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):  # made as it runs, or built in
        return frozenset()
    return frozenset(_READ.findall(source))


def load_adapters(model: Model, folder: Path) -> None:
    """Puts the adapters of a checkpoint in the place of those that `add_adapters` added."""
    from peft import set_peft_model_state_dict

    written = {name.removeprefix(_PREFIX): tensor for name, tensor in load_file(folder / ADAPTER_WEIGHTS).items()}
    found = set_peft_model_state_dict(model, written, adapter_name=_NAME)
    assert not found.unexpected_keys, found.unexpected_keys


def has_adapters(model: Model) -> bool:
    """Whether a model bears adapters."""
    return bool(getattr(model, "_hf_peft_config_loaded", False))


def merge_adapters(model: Model, *, add: bool = True) -> None:
    """Adds the adapters to the weights that they stand beside, and leaves a plain model.

    Args:
        model: with adapters.
        add: False leaves them out.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in reversed(list(model.named_modules())):  # of several around one layer, the inner one first
        if isinstance(module, BaseTunerLayer):
            if add:
                module.merge()
            model.set_submodule(name, module.get_base_layer())
    model._hf_peft_config_loaded = False
    del model.peft_config
    model.requires_grad_(True)


def adapted_weights(model: Model) -> dict[str, Any]:
    """The layers of peft in a model, by the name that the weight beside each has in the plain model."""
    from peft.tuners.lora import LoraLayer

    layers = {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}
    return {
        f"{name.replace('.base_layer', '')}.{getattr(layer, 'parameter_name', 'weight')}": layer
        for name, layer in layers.items()
    }

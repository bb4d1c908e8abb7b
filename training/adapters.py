"""LoRA through peft: the base stays as it is, J and its gradient are those of the adapters.

    W x + (alpha / rank) B A x        Hu et al. 2021 (2106.09685), section 4.1; B is zero at first

Checkpoints hold adapters alone. RUN/adapter is what a run made, RUN/model the same merged into the base.
"""

import importlib.util
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
        use_dora=lora.dora,
        bias="none",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            model.add_adapter(config)
        except ValueError as error:
            raise UserError(f"train.lora: {str(error).splitlines()[0]}") from error


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

    for name, module in list(model.named_modules()):
        if isinstance(module, BaseTunerLayer):
            if add:
                module.merge()
            model.set_submodule(name, module.get_base_layer())
    model._hf_peft_config_loaded = False
    del model.peft_config
    model.requires_grad_(True)


def adapted_layers(model: Model) -> dict[str, Any]:
    """The layers of peft in a model, by name."""
    from peft.tuners.lora import LoraLayer

    return {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}

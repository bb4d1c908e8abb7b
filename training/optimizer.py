"""AdamW over what is trained: fused, or with its moments in 8 bits through torchao (2110.02861).

Moments in 8 bits are codes with a scale for each 256 of them; small tensors keep float32. They are written to
checkpoints as they are, so a run that goes on gives the same bits.
"""

import importlib.util
from typing import Any

import torch

from schemas.config import Train
from schemas.exits import UserError
from training.parallel import like
from training.step import trained
from training.untyped import Model

_MOMENTS = {"exp_avg": True, "exp_avg_sq": False}  # whether it has a sign
_CODES, _SCALE, _MAP = "codes", "scale", "qmap"


def build_optimizer(config: Train, model: Model, device: torch.device) -> torch.optim.Optimizer:
    """AdamW as the config has it; only matrices decay.

    Raises:
        UserError: moments in 8 bits cannot be had here.
    """
    parameters = trained(model)
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.learning_rate, betas=config.betas, fused=True)
    if config.parallel == "shard":
        raise UserError("train.optimizer: moments in 8 bits are not sharded; set train.parallel to replicate")
    if importlib.util.find_spec("torchao") is None:
        raise UserError("train.optimizer: adamw_8bit needs torchao: pip install 'mathmill[low-memory]'")
    from torchao.optim import AdamW8bit

    _try_a_step(AdamW8bit, device)
    return AdamW8bit(groups, lr=config.learning_rate, betas=config.betas)


def _try_a_step(kind: Any, device: torch.device) -> None:  # noqa: ANN401  a class of torchao
    """Compiles the step that torchao takes, before step 1 would.

    Raises:
        UserError: it cannot be compiled here.
    """
    weight = torch.nn.Parameter(torch.zeros(4096, device=device))
    weight.grad = torch.ones_like(weight)
    try:
        kind([weight]).step()
    except Exception as error:
        raise UserError(
            f"train.optimizer: adamw_8bit does not run here ({type(error).__name__}: {str(error).splitlines()[0]}); "
            "leave it at adamw"
        ) from error


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate; a compiled step takes it as a tensor."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def stored(moment: torch.Tensor) -> dict[str, torch.Tensor]:
    """A moment as plain tensors, by what stands behind its name in a file."""
    if not hasattr(moment, _CODES):
        return {"": moment}
    return {f"/{part}": getattr(moment, part) for part in (_CODES, _SCALE, _MAP)}


def restored(
    optimizer: torch.optim.Optimizer, moments: dict[str, torch.Tensor], name: str, parameter: torch.nn.Parameter
) -> dict[str, torch.Tensor]:
    """The state of a parameter from what was stored under its name."""
    step = moments[f"{name}/step"]
    state = {"step": step.to(parameter.device) if optimizer.defaults.get("fused") else step}  # fused counts there
    for moment, signed in _MOMENTS.items():
        key = f"{name}/{moment}"
        state[moment] = (
            like(moments[key], parameter) if key in moments else _in_8_bits(moments, key, parameter, signed=signed)
        )
    return state


def _in_8_bits(
    moments: dict[str, torch.Tensor], key: str, parameter: torch.nn.Parameter, *, signed: bool
) -> torch.Tensor:
    from torchao.optim.subclass_8bit import OptimState8bit

    codes, scale, qmap = (moments[f"{key}/{part}"].to(parameter.device) for part in (_CODES, _SCALE, _MAP))
    state: torch.Tensor = OptimState8bit(codes, scale, qmap, signed, parameter.dtype)
    return state

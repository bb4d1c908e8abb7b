"""How scores come of the last states: a matrix, perhaps a bias, a factor and a cap, as the config has them.

    scores = cap * tanh(factor * (states W^T + bias) / cap)

What follows the matrix is not believed but measured: the head's output is replaced by numbers from -60 to 60, and what
the model makes of them must be what the formula makes of them. A cap of 30 shows there, however small the model's own
scores are. A model that follows no such formula computes its scores itself, all at once.
"""

from dataclasses import dataclass
from typing import Any

import torch

from training.untyped import Model

# What model families call a factor on scores, and whether it multiplies them.
_FACTORS = {"logit_scale": True, "lm_head_multiplier": True, "logits_scaling": False}
_CAPS = ("final_logit_softcapping", "output_logit_soft_cap")
# Measured in float32: the same operations in another order differ by 1e-7 of the greatest score.
_TOLERANCE = 1e-5
_WIDEST = 60.0


@dataclass(frozen=True, slots=True)
class Formula:
    """What becomes of states W^T + bias."""

    factor: float = 1.0
    cap: float | None = None

    @property
    def plain(self) -> bool:
        """Whether nothing does."""
        return self.factor == 1.0 and self.cap is None

    def scores(self, raw: torch.Tensor) -> torch.Tensor:
        """The model's scores from the head's output."""
        scores = raw if self.factor == 1.0 else raw * self.factor
        return scores if self.cap is None else torch.tanh(scores / self.cap) * self.cap

    def slope(self, scores: torch.Tensor) -> torch.Tensor | float:
        """The derivative of scores by the head's output, at these scores."""
        return self.factor if self.cap is None else self.factor * (1 - (scores / self.cap).square())


PLAIN = Formula()


def _formula_of(config: Any) -> Formula:  # noqa: ANN401  a config of transformers
    """Reads the formula that a config describes; plain where it says nothing."""
    factor = 1.0
    for name, multiplies in _FACTORS.items():
        value = getattr(config, name, None)
        if isinstance(value, int | float) and value:
            factor *= value if multiplies else 1 / value
    caps = (getattr(config, name, None) for name in _CAPS)
    return Formula(factor, next((float(cap) for cap in caps if cap), None))


def measured_formula(model: Model, tokens: torch.Tensor) -> Formula | None:
    """The formula that the model follows behind its head; None when it follows none that is known.

    Args:
        model: a causal language model.
        tokens: int64[1, T] that it accepts.
    """
    head = model.get_output_embeddings()
    if not isinstance(head, torch.nn.Linear):
        return None
    seen: list[torch.Tensor] = []

    def replace(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        spread = torch.linspace(-_WIDEST, _WIDEST, output.numel(), dtype=output.dtype, device=output.device)
        seen.append(spread.view_as(output))
        return seen[-1]

    hook = head.register_forward_hook(replace)
    try:
        with torch.no_grad():
            own = model(input_ids=tokens).logits
    finally:
        hook.remove()
    formula = _formula_of(model.config.get_text_config())
    if len(seen) != 1 or own.shape != seen[0].shape:
        return None
    candidates = (formula, Formula(formula.factor), Formula(cap=formula.cap), PLAIN)
    return next((tried for tried in candidates if _same(tried.scores(seen[0]), own)), None)


def _same(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((found - expected).abs().max() <= _TOLERANCE * expected.abs().max())

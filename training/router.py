"""The load of experts evened out, by key: a loss on the router's scores beside J.

    maximised  J - c sum_i W_i B_i        B_i = E sum_e f_e P_e        Fedus et al. 2021 (2101.03961), eq. 4 to 6

for each example i with all of its tokens: f_e is the share of choices that fall on expert e, P_e its mean probability,
E experts, and W_i = sum_t w_t the example's weight in J. It is taken example by example, so that it depends on no
packing and no ranks, where the batch's own mean would.
"""

from typing import Any

import torch

from schemas.exits import UserError
from training.attention import Documents

_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_CHOSEN = ("num_experts_per_tok", "moe_topk", "moe_k", "num_experts_per_token")


def router_loss(
    scores: tuple[torch.Tensor, ...],
    config: Any,  # noqa: ANN401  a config of transformers
    documents: Documents,
    predict: torch.Tensor,
    token_weights: torch.Tensor,
) -> torch.Tensor:
    """sum_i W_i B_i of a pack.

    Args:
        scores: the router's, [T, E] of each layer.
        config: the model's text config.
        documents: where documents lie.
        predict: int64[M] positions that predict a supervised token.
        token_weights: w_t[M].
    """
    chosen = _first_of(config, _CHOSEN)
    lengths = documents.bounds.long().diff()
    places = torch.arange(len(lengths), device=lengths.device)
    owner = torch.repeat_interleave(places, lengths, output_size=int(scores[0].numel() // scores[0].shape[-1]))
    weights = torch.zeros(len(lengths), dtype=token_weights.dtype, device=lengths.device)
    weights.index_add_(0, owner[predict], token_weights)
    layers = torch.stack([layer.reshape(len(owner), -1) for layer in scores], 1)  # [T, layers, E]
    chances = torch.softmax(layers, -1, dtype=torch.promote_types(layers.dtype, torch.float32))
    picks = torch.zeros_like(chances).scatter_(2, chances.topk(chosen, -1).indices, 1.0)
    sizes = (lengths * layers.shape[1])[:, None].to(chances.dtype)
    shares, means = (
        torch.zeros(len(lengths), chances.shape[2], dtype=chances.dtype, device=chances.device).index_add(
            0, owner, values.sum(1)
        )
        / sizes
        for values in (picks, chances)
    )
    return (weights * chances.shape[2] * (shares * means).sum(1)).sum()


def _first_of(config: Any, names: tuple[str, ...]) -> int:  # noqa: ANN401  a config of transformers
    return next(value for name in names if isinstance(value := getattr(config, name, None), int))


def require_router(scores: object, config: Any, *, name: str) -> None:  # noqa: ANN401
    """Refuses before step 1 a model that gives no scores of a router.

    Raises:
        UserError: it has no experts, or does not show how it chooses them.
    """
    known = all(any(isinstance(getattr(config, key, None), int) for key in keys) for keys in (_EXPERTS, _CHOSEN))
    if not known or not isinstance(scores, tuple) or not all(isinstance(layer, torch.Tensor) for layer in scores):
        raise UserError(f"train.router_loss: {name} shows no scores of a router; leave it out")

r"""J_SFT as a weighted sum over tokens, computed without ever holding logits[T, V].

Legend: M supervised positions, E width of hidden states, V vocabulary, N examples of the step.

    J = (1/N) sum_i (1/|o_i|) sum_t log pi(o_t | q, o_<t)        DeepSeekMath (2402.03300), A.1.1, eq. 6
      = sum_t w_t log pi(o_t | ...),   w_t = 1 / (|o_i| N),   sum_t w_t = 1

The sum is linear, so any split into packs, micro-batches and ranks is exact as long as gradients are summed. |o| counts
the tokens that the policy writes: the stop token included, tool output excluded.
"""

from typing import Any

import torch

OUTPUT_LENGTH = "|o| = supervised tokens of the example: the stop token included, prompt and tool output excluded"

# Elements of a chunk of logits: small enough for a CPU's caches, large enough to fill a GPU.
_CHUNK_CPU = 2**22
_CHUNK_CUDA = 2**29


class _WeightedCrossEntropy(torch.autograd.Function):
    """sum_t w_t * -log softmax(h_t W^T)[y_t]; gradients are computed in the forward pass, chunk by chunk."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        hidden: torch.Tensor,
        head: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        chunk: int,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        exact = torch.promote_types(hidden.dtype, torch.float32)
        nll = torch.empty(len(hidden), dtype=exact, device=hidden.device)
        hit = torch.empty(len(hidden), dtype=torch.bool, device=hidden.device)
        needed = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        grad_hidden = torch.empty_like(hidden) if needed else None
        grad_head = torch.zeros(head.shape, dtype=exact, device=head.device) if needed else None
        matrix = head.to(hidden.dtype)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            nll[part], hit[part], scores = _softmax(hidden[part] @ matrix.t(), targets[part], exact)
            if grad_hidden is None or grad_head is None:
                continue
            weight = weights[part, None].to(exact)
            scores.mul_(weight).scatter_add_(1, targets[part, None], -weight)
            scores = scores.to(hidden.dtype)
            torch.mm(scores, matrix, out=grad_hidden[part])
            if scores.dtype == exact:
                grad_head.addmm_(scores.t(), hidden[part])
            else:
                grad_head.add_(scores.t() @ hidden[part])
        ctx.grads = (grad_hidden, grad_head)
        ctx.mark_non_differentiable(nll, hit)
        return (nll * weights).sum(), nll, hit

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor, *_unused: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        grad_hidden, grad_head = ctx.grads
        ctx.grads = None
        return grad_hidden.mul_(grad.to(grad_hidden.dtype)), grad_head.mul_(grad.to(grad_head.dtype)), None, None, None


def _softmax(
    logits: torch.Tensor, targets: torch.Tensor, exact: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns (nll[M], whether the target has the highest score[M], probabilities[M, V]); one exponential a score."""
    scores = logits.to(exact)
    chosen = scores.gather(1, targets[:, None])[:, 0]
    highest = scores.amax(1)
    scores = scores.sub_(highest[:, None]).exp_()
    total = scores.sum(1)
    nll = total.log() + highest - chosen
    return nll, chosen >= highest, scores.div_(total[:, None])


def weighted_cross_entropy(
    hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, *, chunk: int | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weighted sum of negative log-likelihoods of `targets`.

    Args:
        hidden: [M, E] last hidden states at the positions that predict a supervised token.
        head: [V, E] the output embedding.
        targets: int64[M].
        weights: [M] w_t.
        chunk: positions whose logits exist at once; None chooses by device.

    Returns:
        (sum_t w_t nll_t with gradient, nll[M] in at least float32, whether greedy decoding writes the target[M]).
    """
    if chunk is None:
        chunk = max(64, (_CHUNK_CUDA if hidden.is_cuda else _CHUNK_CPU) // len(head))
    with torch.autocast(hidden.device.type, enabled=False):
        return _WeightedCrossEntropy.apply(hidden, head, targets, weights, chunk)  # type: ignore[no-untyped-call]


def token_weights(supervised_lengths: torch.Tensor, *, objective: str) -> torch.Tensor:
    """W of each example's tokens, for all N examples of a step: sum_i |o_i| w_i = 1.

    Args:
        supervised_lengths: |o_i|[N], all > 0.
        objective: sequence_mean (J_SFT), or token_mean for comparison.
    """
    lengths = supervised_lengths.to(torch.float64)
    assert (lengths > 0).all(), "an example without supervised tokens has no objective"
    if objective == "sequence_mean":
        weights = 1.0 / (lengths * len(lengths))
    elif objective == "token_mean":
        weights = torch.full_like(lengths, 1.0) / lengths.sum()
    else:
        raise ValueError(f"objective must be sequence_mean or token_mean, found {objective}")
    total = float((weights * lengths).sum())
    assert abs(total - 1.0) < 1e-12, f"the weights of a step's tokens sum to {total}, not to 1"
    return weights

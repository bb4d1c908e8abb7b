r"""J_SFT as a weighted sum over tokens, computed without ever holding logits[T, V].

Legend: M supervised positions, E width of hidden states, V vocabulary, N examples of the step.

    J = (1/N) sum_i (1/|o_i|) sum_t log pi(o_t | q, o_<t)        DeepSeekMath (2402.03300), A.1.1, eq. 6
      = sum_t w_t log pi(o_t | ...),   w_t = 1 / (|o_i| N),   sum_t w_t = 1

The sum is linear, so any split into packs, micro-batches and ranks is exact as long as gradients are summed. |o| counts
the tokens that the policy writes: the stop token included, tool output excluded.

DFT (2508.05629, eq. 9) weighs each token by its own likelihood, which bears no gradient:

    J_DFT = sum_t w_t sg(pi_t) log pi_t
"""

from typing import Any

import torch

from training.heads import PLAIN, Formula

OUTPUT_LENGTH = "|o| = supervised tokens of the example: the stop token included, prompt and tool output excluded"

# Elements of a chunk of logits: small enough for a CPU's caches, a fortieth of a GPU's memory in float32. Not of the
# memory that is free: sums over chunks round, and a run that goes on must give the same bits.
_CHUNK_CPU = 2**22
_SHARE_CUDA = 160  # bytes of the device for each element


class _WeightedCrossEntropy(torch.autograd.Function):
    """sum_t w_t * -log softmax(f(h_t W^T + b))[y_t]; gradients are computed in the forward pass, chunk by chunk."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        hidden: torch.Tensor,
        head: torch.Tensor,
        bias: torch.Tensor | None,
        targets: torch.Tensor,
        weights: torch.Tensor,
        formula: Formula,
        chunk: int,
        dft: bool,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        exact = torch.promote_types(hidden.dtype, torch.float32)
        nll = torch.empty(len(hidden), dtype=exact, device=hidden.device)
        hit = torch.empty(len(hidden), dtype=torch.bool, device=hidden.device)
        needs = ctx.needs_input_grad[:3]
        grads = (
            _HeadGradients(hidden, head, bias if needs[2] else None, exact, head_too=needs[1]) if any(needs) else None
        )
        matrix = head.to(hidden.dtype)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            raw = hidden[part] @ matrix.t()
            scores = formula.scores(raw if bias is None else raw + bias.to(raw.dtype)).to(exact)
            slope = formula.slope(scores) if grads else 1.0  # before the scores are overwritten
            nll[part], hit[part], chances = _softmax(scores, targets[part])
            if grads is None:
                continue
            weight = weights[part, None].to(exact)
            if dft:
                weight = weight * (-nll[part, None]).exp()
            chances.mul_(weight).scatter_add_(1, targets[part, None], -weight)
            if not formula.plain:
                chances.mul_(slope)
            grads.add(part, chances, hidden[part], matrix)
        ctx.grads = grads
        ctx.mark_non_differentiable(nll, hit)
        return (_surrogate(nll, dft=dft) * weights).sum(), nll, hit

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor, *_unused: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        grads: _HeadGradients = ctx.grads
        ctx.grads = None
        scaled = (each if each is None else each.mul_(grad.to(each.dtype)) for each in grads.of_inputs())
        return *scaled, None, None, None, None, None


class _HeadGradients:
    """The gradients by states, matrix and bias, summed over chunks; those by weights in at least float32."""

    def __init__(
        self,
        hidden: torch.Tensor,
        head: torch.Tensor,
        bias: torch.Tensor | None,
        exact: torch.dtype,
        *,
        head_too: bool,
    ) -> None:
        self._hidden = torch.empty_like(hidden)
        self._head = torch.empty(head.shape, dtype=exact, device=head.device) if head_too else None
        if self._head is not None and not len(hidden):
            self._head.zero_()
        self._bias = torch.zeros(bias.shape, dtype=exact, device=bias.device) if bias is not None else None

    def add(self, part: slice, by_scores: torch.Tensor, hidden: torch.Tensor, matrix: torch.Tensor) -> None:
        """Adds a chunk: by_scores[C, V] are the gradients by the head's output."""
        if self._bias is not None:
            self._bias.add_(by_scores.sum(0))
        scores = by_scores.to(hidden.dtype)
        torch.mm(scores, matrix, out=self._hidden[part])
        if self._head is None:
            return
        if scores.dtype == self._head.dtype:
            self._head.addmm_(scores.t(), hidden, beta=min(part.start, 1))  # the first overwrites what is there
        elif part.start:
            self._head.add_(scores.t() @ hidden)
        else:
            self._head.copy_(scores.t() @ hidden)

    def of_inputs(self) -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]:
        """By states, by matrix, by bias."""
        return self._hidden, self._head, self._bias


def _softmax(scores: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns (nll[M], whether the target has the highest score[M], probabilities[M, V]); one exponential a score.

    The scores are overwritten.
    """
    chosen = scores.gather(1, targets[:, None])[:, 0]
    highest = scores.amax(1)
    scores = scores.sub_(highest[:, None]).exp_()
    total = scores.sum(1)
    nll = total.log() + highest - chosen
    return nll, chosen >= highest, scores.div_(total[:, None])


def weighted_cross_entropy(
    hidden: torch.Tensor,
    head: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    *,
    bias: torch.Tensor | None = None,
    formula: Formula = PLAIN,
    chunk: int | None = None,
    dft: bool = False,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weighted sum of negative log-likelihoods of `targets`.

    Args:
        hidden: [M, E] last hidden states at the positions that predict a supervised token.
        head: [V, E] the output embedding.
        targets: int64[M].
        weights: [M] w_t.
        bias: [V] of the output layer.
        formula: what becomes of hidden head^T + bias.
        chunk: positions whose logits exist at once; None chooses by device.
        dft: each token times its own likelihood.

    Returns:
        (sum_t w_t nll_t with gradient, nll[M] in at least float32, whether greedy decoding writes the target[M]).
    """
    if chunk is None:
        chunk = chunk_on(hidden.device, len(head))
    with torch.autocast(hidden.device.type, enabled=False):
        return _WeightedCrossEntropy.apply(hidden, head, bias, targets, weights, formula, chunk, dft)  # type: ignore[no-untyped-call]


def chunk_on(device: torch.device, vocabulary: int) -> int:
    """Positions whose logits exist at once on a device."""
    cuda = device.type == "cuda"
    elements = torch.cuda.get_device_properties(device).total_memory // _SHARE_CUDA if cuda else _CHUNK_CPU
    return max(64, elements // vocabulary)


def whole_cross_entropy(
    scores: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, *, dft: bool = False
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The same sum from scores[M, V] that a model computed itself, all of which exist at once."""
    exact = scores.to(torch.promote_types(scores.dtype, torch.float32))
    chosen = exact.gather(1, targets[:, None])[:, 0]
    nll = torch.logsumexp(exact, 1) - chosen
    hit = chosen >= exact.amax(1) if exact.numel() else chosen > 0
    return (_surrogate(nll, dft=dft) * weights).sum(), nll.detach(), hit


def _surrogate(nll: torch.Tensor, *, dft: bool) -> torch.Tensor:
    """What is summed over tokens: nll, or under DFT sg(pi) nll."""
    return nll * (-nll.detach()).exp() if dft else nll


def token_weights(supervised_lengths: torch.Tensor, *, objective: str) -> torch.Tensor:
    """W of each example's tokens, for all N examples of a step: sum_i |o_i| w_i = 1.

    Args:
        supervised_lengths: |o_i|[N], all > 0.
        objective: sequence_mean (J_SFT), token_mean for comparison, or dft, whose tokens weigh as under J_SFT.
    """
    lengths = supervised_lengths.to(torch.float64)
    assert (lengths > 0).all(), "an example without supervised tokens has no objective"
    if objective in ("sequence_mean", "dft"):
        weights = 1.0 / (lengths * len(lengths))
    elif objective == "token_mean":
        weights = torch.full_like(lengths, 1.0) / lengths.sum()
    else:
        raise ValueError(f"objective must be sequence_mean, token_mean or dft, found {objective}")
    total = float((weights * lengths).sum())
    assert abs(total - 1.0) < 1e-12, f"the weights of a step's tokens sum to {total}, not to 1"
    return weights

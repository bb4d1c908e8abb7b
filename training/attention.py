"""Attention that cannot cross documents, registered with transformers under one name.

Legend: T tokens of a pack, H heads, K key-value heads, D head width, G documents of a group, L the longest of them.

On CUDA in half precision it is torch's variable-length attention. Elsewhere documents of like length are laid side by
side, padded on the right, and causal SDPA runs once per group: a causal query never sees the padding behind it, so no
mask is needed and the result is exact. Sliding windows, capped scores and sinks are computed on both ways where a model
asks for them.

transformers' own packed detection fails silently in four ways (reference: use_cache left on, an all-ones mask, missing
position ids, a boolean mask with eager attention). It is never relied on, and `training.probe` refuses to train when
anything leaks all the same.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  torch's own idiom
from numpy.typing import NDArray

from schemas.exits import UserError

NAME = "mathmill_documents"

# Documents share a group while they are at least this share of its longest: bounds padding work to a third.
_GROUP_SHARE = 0.75
_VARLEN_WIDTH = 256  # most that flash attention takes a head
_HALF = (torch.bfloat16, torch.float16)


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive documents that one SDPA call computes.

    Attributes:
        start: first token of the group in the pack.
        stop: behind its last.
        longest: L.
        gather: int64[G * L] flat positions in the group, the padding pointing at the first; None for a single document.
        scatter: int64[stop - start] positions in the padded layout; None for a single document.
    """

    start: int
    stop: int
    longest: int
    gather: torch.Tensor | None
    scatter: torch.Tensor | None


class Documents:
    """Where the documents of a pack lie.

    Args:
        lengths: tokens of each document, in pack order.
        device: where the pack lies.

    Attributes:
        bounds: int32[documents + 1] cumulative lengths, on the device.
        longest: tokens of the longest document.
    """

    def __init__(self, lengths: Sequence[int], device: torch.device) -> None:
        self._sizes = np.asarray(lengths, np.int64)
        self._bounds = np.concatenate([[0], np.cumsum(self._sizes)])
        self.bounds = torch.from_numpy(self._bounds.astype(np.int32)).to(device)
        self.longest = int(self._sizes.max())

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Documents of like length that follow one another, for SDPA; variable-length attention never asks."""
        sizes = self._sizes.tolist()
        groups, first = [], 0
        while first < len(sizes):
            last = first + 1
            low = high = sizes[first]
            while last < len(sizes):
                low, high = min(low, sizes[last]), max(high, sizes[last])
                if low < _GROUP_SHARE * high:
                    break
                last += 1
            groups.append(_group(self._sizes[first:last], int(self._bounds[first]), self.bounds.device))
            first = last
        return tuple(groups)


def _group(sizes: NDArray[np.int64], start: int, device: torch.device) -> Group:
    longest, stop = int(sizes.max()), start + int(sizes.sum())
    if len(sizes) == 1:
        return Group(start, stop, longest, None, None)
    column = np.arange(longest)
    real = column < sizes[:, None]
    gather = np.where(real, (np.cumsum(sizes) - sizes)[:, None] + column, 0).ravel()
    scatter = np.flatnonzero(real)
    return Group(start, stop, longest, torch.from_numpy(gather).to(device), torch.from_numpy(scatter).to(device))


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an architecture asks of its attention beside causality.

    Attributes:
        scaling: of the scores; None is 1 / sqrt(D).
        dropout: of the weights.
        window: how many tokens a query sees, itself included; None: all before it.
        softcap: scores are bounded by it: cap * tanh(score / cap).
        sinks: [H] a score of each head that takes weight and gives nothing.
    """

    scaling: float | None = None
    dropout: float = 0.0
    window: int | None = None
    softcap: float | None = None
    sinks: torch.Tensor | None = None

    @property
    def plain(self) -> bool:
        """Whether fused kernels can follow it."""
        return self.softcap is None and self.sinks is None


@torch.compiler.disable
def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **settings: Any,  # noqa: ANN401  transformers hands every keyword of the call through
) -> tuple[torch.Tensor, None]:
    """Causal attention inside each document: query[1, H, T, D], key and value[1, K, T, D] -> [1, T, H, D].

    It stays outside of compiled code, which would be compiled anew for every set of documents.
    """
    documents: Documents | None = settings.get("documents")
    if documents is None:
        raise UserError(
            f"{type(module).__name__} does not hand the documents of a pack to its attention, so packing would leak"
        )
    rule = _Rule(scaling, dropout, settings.get("sliding_window"), settings.get("softcap"), settings.get("s_aux"))
    query, key, value = _as_autocast((query, key, value))
    if _fits_varlen(query, value, rule):
        return _variable_length(query, key, value, documents, rule), None
    pieces = [_group_attention(query, key, value, group, rule) for group in documents.groups]
    return (pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)), None


def _as_autocast(tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Casts as autocast would: rotary embeddings are float32 under it and would lift queries and keys back to it."""
    device = tensors[0].device.type
    if not torch.is_autocast_enabled(device):
        return tensors
    return tuple(tensor.to(torch.get_autocast_dtype(device)) for tensor in tensors)


def _fits_varlen(query: torch.Tensor, value: torch.Tensor, rule: _Rule) -> bool:
    """Whether torch's variable-length kernel computes this: it has no dropout, and heads of one width up to 256."""
    width = query.shape[-1]
    return (
        query.is_cuda
        and query.dtype in _HALF
        and rule.plain
        and not rule.dropout
        and width == value.shape[-1] <= _VARLEN_WIDTH
        and (rule.window is None or "window_size" in _varlen_parameters())
    )


def _group_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, group: Group, rule: _Rule
) -> torch.Tensor:
    q, k, v = (tensor[:, :, group.start : group.stop] for tensor in (query, key, value))
    if group.gather is not None:
        q, k, v = _pad(q, group), _pad(k, group), _pad(v, group)
    if rule.plain:
        short = rule.window is None or group.longest <= rule.window
        if _wants_whole_heads(q, v):
            k, v = (tensor.repeat_interleave(q.shape[1] // k.shape[1], 1) for tensor in (k, v))
        out = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=None if short else _visible(group.longest, rule.window, q.device),
            is_causal=short,
            scale=rule.scaling,
            dropout_p=rule.dropout,
            enable_gqa=q.shape[1] != k.shape[1],
        )
    else:
        out = _scored(q, k, v, rule)
    out = out.transpose(1, 2)
    if group.scatter is None:
        return out
    return out.flatten(0, 1).index_select(0, group.scatter)[None]


def _wants_whole_heads(query: torch.Tensor, value: torch.Tensor) -> bool:
    """Whether SDPA would write scores[L, L] out for fewer key-value heads.

    On CUDA its kernels share them in half precision alone, with heads of one width up to 256; the one that serves
    float32 and the others wants a key-value head for each query.
    """
    width = query.shape[-1]
    shares = query.dtype in _HALF and width == value.shape[-1] <= _VARLEN_WIDTH
    return query.is_cuda and not shares


def _visible(length: int, window: int | None, device: torch.device) -> torch.Tensor:
    """bool[L, L]: the keys that each query sees."""
    seen = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    return seen if window is None else seen.triu(1 - window)


def _scored(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rule: _Rule) -> torch.Tensor:
    """Attention with capped scores or sinks, which fused kernels do not know: scores[G, H, L, L] exist at once."""
    repeat = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeat, 1), value.repeat_interleave(repeat, 1)
    scale = query.shape[-1] ** -0.5 if rule.scaling is None else rule.scaling
    scores = (query @ key.transpose(2, 3)) * scale
    if rule.softcap is not None:
        scores = rule.softcap * torch.tanh(scores / rule.softcap)
    length = query.shape[2]
    scores = scores.masked_fill(~_visible(length, rule.window, query.device), -torch.inf)
    if rule.sinks is not None:
        sinks = rule.sinks.to(scores.dtype).view(1, -1, 1, 1).expand(len(scores), -1, length, 1)
        scores = torch.cat([scores, sinks], -1)
    exact = torch.promote_types(scores.dtype, torch.float32)
    weights = torch.softmax(scores, -1, dtype=exact)[..., :length].to(value.dtype)
    return F.dropout(weights, rule.dropout) @ value


def _pad(tensor: torch.Tensor, group: Group) -> torch.Tensor:
    """tensor[1, H, t, D] -> [G, H, L, D]."""
    assert group.gather is not None
    padded = tensor[0].transpose(0, 1).index_select(0, group.gather)
    return padded.view(-1, group.longest, *padded.shape[1:]).transpose(1, 2)


def _variable_length(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, documents: Documents, rule: _Rule
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    flat_q, flat_k, flat_v = (tensor[0].transpose(0, 1).contiguous() for tensor in (query, key, value))
    accepts = _varlen_parameters()
    before = -1 if rule.window is None else rule.window - 1
    settings: dict[str, Any] = {"window_size": (before, 0)} if "window_size" in accepts else {"is_causal": True}
    if "enable_gqa" in accepts:
        settings["enable_gqa"] = True
    elif (repeat := flat_q.shape[1] // flat_k.shape[1]) > 1:
        flat_k, flat_v = flat_k.repeat_interleave(repeat, 1), flat_v.repeat_interleave(repeat, 1)
    if rule.scaling is not None:
        if "scale" in accepts:
            settings["scale"] = rule.scaling
        else:
            flat_q = flat_q * (rule.scaling * flat_q.shape[-1] ** 0.5)
    bounds, longest = documents.bounds, documents.longest
    out = varlen_attn(flat_q, flat_k, flat_v, bounds, bounds, longest, longest, **settings)
    assert isinstance(out, torch.Tensor), type(out)
    return out[None]


@cache
def _varlen_parameters() -> frozenset[str]:
    """The signature moved between torch 2.10 (is_causal) and 2.12 (window_size, scale, enable_gqa)."""
    from torch.nn.attention.varlen import varlen_attn

    return frozenset(inspect.signature(varlen_attn).parameters)


def register() -> None:
    """Makes the attention known to transformers under NAME. Registering twice changes nothing."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _no_mask)


def _no_mask(*_arguments: object, **_settings: object) -> None:
    """Documents bound attention; a mask would only cost memory."""

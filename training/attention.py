"""Attention that cannot cross documents, registered with transformers under one name.

Legend: T tokens of a pack, H heads, K key-value heads, D head width, G documents of a group, L the longest of them.

On CUDA in half precision it is torch's variable-length attention. Elsewhere documents of like length are laid side by
side, padded on the right, and causal SDPA runs once per group: a causal query never sees the padding behind it, so no
mask is needed and the result is exact.

transformers' own packed detection fails silently in four ways (reference: use_cache left on, an all-ones mask, missing
position ids, a boolean mask with eager attention). It is never relied on, and `training.probe` refuses to train when
anything leaks all the same.
"""

import inspect
from collections.abc import Callable, Sequence
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
            f"{type(module).__name__} does not hand the documents of a pack to its attention, so packing would leak; "
            "this architecture is not supported"
        )
    _refuse_unsupported(module, settings, documents)
    query, key, value = _as_autocast((query, key, value))
    if query.is_cuda and query.dtype in (torch.bfloat16, torch.float16):
        return _variable_length(query, key, value, documents, scaling), None
    pieces = [_group_attention(query, key, value, group, scaling, dropout) for group in documents.groups]
    return (pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1)), None


def _as_autocast(tensors: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Casts as autocast would: rotary embeddings are float32 under it and would lift queries and keys back to it."""
    device = tensors[0].device.type
    if not torch.is_autocast_enabled(device):
        return tensors
    return tuple(tensor.to(torch.get_autocast_dtype(device)) for tensor in tensors)


def _group_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, group: Group, scaling: float | None, dropout: float
) -> torch.Tensor:
    q, k, v = (tensor[:, :, group.start : group.stop] for tensor in (query, key, value))
    if group.gather is not None:
        q, k, v = _pad(q, group), _pad(k, group), _pad(v, group)
    out = F.scaled_dot_product_attention(
        q, k, v, is_causal=True, scale=scaling, dropout_p=dropout, enable_gqa=query.shape[1] != key.shape[1]
    ).transpose(1, 2)
    if group.scatter is None:
        return out
    return out.flatten(0, 1).index_select(0, group.scatter)[None]


def _pad(tensor: torch.Tensor, group: Group) -> torch.Tensor:
    """tensor[1, H, t, D] -> [G, H, L, D]."""
    assert group.gather is not None
    padded = tensor[0].transpose(0, 1).index_select(0, group.gather)
    return padded.view(-1, group.longest, *padded.shape[1:]).transpose(1, 2)


def _variable_length(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, documents: Documents, scaling: float | None
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    flat_q, flat_k, flat_v = (tensor[0].transpose(0, 1).contiguous() for tensor in (query, key, value))
    accepts = _varlen_parameters(varlen_attn)
    settings: dict[str, Any] = {"window_size": (-1, 0)} if "window_size" in accepts else {"is_causal": True}
    if "enable_gqa" in accepts:
        settings["enable_gqa"] = True
    elif (repeat := flat_q.shape[1] // flat_k.shape[1]) > 1:
        flat_k, flat_v = flat_k.repeat_interleave(repeat, 1), flat_v.repeat_interleave(repeat, 1)
    if scaling is not None:
        if "scale" in accepts:
            settings["scale"] = scaling
        else:
            flat_q = flat_q * (scaling * flat_q.shape[-1] ** 0.5)
    bounds, longest = documents.bounds, documents.longest
    out = varlen_attn(flat_q, flat_k, flat_v, bounds, bounds, longest, longest, **settings)
    assert isinstance(out, torch.Tensor), type(out)
    return out[None]


@cache
def _varlen_parameters(function: Callable[..., torch.Tensor]) -> frozenset[str]:
    """The signature moved between torch 2.10 (is_causal) and 2.12 (window_size, scale, enable_gqa)."""
    return frozenset(inspect.signature(function).parameters)


def _refuse_unsupported(module: torch.nn.Module, settings: dict[str, Any], documents: Documents) -> None:
    window = settings.get("sliding_window")
    if window is not None and documents.longest > window:
        raise UserError(
            f"{type(module).__name__} attends through a window of {window} tokens and an example has "
            f"{documents.longest}; set train.context to at most {window}"
        )
    for name in ("softcap", "s_aux"):
        if settings.get(name) is not None:
            raise UserError(f"{type(module).__name__} needs `{name}` in its attention, which is not supported yet")


def register() -> None:
    """Makes the attention known to transformers under NAME. Registering twice changes nothing."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _no_mask)


def _no_mask(*_arguments: object, **_settings: object) -> None:
    """Documents bound attention; a mask would only cost memory."""

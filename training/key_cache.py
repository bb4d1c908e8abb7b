"""A key-value cache with room to grow: transformers copies all keys at every token, which costs more than the model.

B rows, H heads, T tokens so far, D width of a head.
"""

from typing import Any

import torch
from transformers.cache_utils import DynamicLayer

_GROWTH = 1.5
_LEAST = 64  # tokens


class RoomyLayer(DynamicLayer):
    """A layer whose keys[B, H, T, D] are the used part of a larger tensor, written in place."""

    def __init__(self, layer: DynamicLayer) -> None:
        super().__init__()
        self.lazy_initialization(layer.keys, layer.values)
        self.keys, self.values = layer.keys, layer.values
        self._room = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_arguments: object, **_settings: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Adds the keys and values of new tokens and returns those of all."""
        begin = self.keys.shape[-2]
        end = begin + key_states.shape[-2]
        if end > self._room:
            self._room = max(int(_GROWTH * end), end + _LEAST)
            self._keys, self._values = (_roomy(states, self._room) for states in (self.keys, self.values))
        self._keys[..., begin:end, :] = key_states
        self._values[..., begin:end, :] = value_states
        self.keys, self.values = self._keys[..., :end, :], self._values[..., :end, :]
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keeps some rows; room is made anew."""
        super().batch_select_indices(indices)
        self._room = 0


def with_room(cache: Any) -> Any:  # noqa: ANN401  a cache of transformers
    """Gives the plain layers of a cache room to grow; empty ones and those of another kind (windows, states) stay."""
    layers = getattr(cache, "layers", None)
    if layers:
        cache.layers = [RoomyLayer(layer) if _is_plain(layer) else layer for layer in layers]
    return cache


def _is_plain(layer: Any) -> bool:  # noqa: ANN401  a layer of transformers
    return type(layer) is DynamicLayer and layer.keys is not None


def _roomy(states: torch.Tensor, room: int) -> torch.Tensor:
    larger = states.new_empty((*states.shape[:-2], room, states.shape[-1]))
    larger[..., : states.shape[-2], :] = states
    return larger

"""What the step benchmarks train on: shapes of Qwen2, rows of lognormal lengths, and the size of a step."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from training import attention
from training.encode import Encoded
from training.speed import checkpoint_activations

_TINY = {"vocab_size": 8000, "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 4}
_HALF_B = {"vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24}
_ONE_AND_HALF_B = {"vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28}
_HEADS = {256: 4, 896: 14, 1536: 12, 128: 4}


@dataclass(frozen=True, slots=True)
class Case:
    """A model, rows and a step: `packs` packs of `capacity` tokens; lengths are lognormal around `mean`.

    Attributes:
        steps: optimizer steps, of which the first
        warm: are not timed.
        checkpointing: activations of a layer are computed again in the backward pass.
    """

    model: dict[str, int]
    capacity: int
    packs: int
    mean: int
    steps: int = 8
    warm: int = 2
    checkpointing: bool = False

    @property
    def rows_per_step(self) -> int:
        """Rows that fill the packs of a step."""
        return max(1, int(0.985 * self.capacity * self.packs / self.mean))


CASES = {
    "tiny": Case(_TINY, 1024, 2, 163),  # rows as long as GSM8K's
    "0.5b_short": Case(_HALF_B, 16384, 4, 163, steps=5),
    "0.5b_long": Case(_HALF_B, 32768, 2, 6000, steps=5),
    "1.5b_short": Case(_ONE_AND_HALF_B, 16384, 4, 163, steps=5),
    "1.5b_long": Case(_ONE_AND_HALF_B, 32768, 2, 6000, steps=5),
}


def scaled_down(case: Case) -> Case:
    """The same case for a CPU: a model of two layers, rows and packs a 32nd as long, two steps."""
    model = {"vocab_size": 2000, "hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 2}
    return replace(case, model=model, capacity=case.capacity // 32, mean=max(60, case.mean // 32), steps=2, warm=1)


def rows_of(case: Case) -> Encoded:
    """Rows for all steps and some more; 58 % of each bears loss, as in GSM8K."""
    random, count = np.random.default_rng(0), case.rows_per_step * (case.steps + 2)
    spread = 0.4 if case.mean < 1000 else 0.8
    lengths = random.lognormal(np.log(case.mean) - spread**2 / 2, spread, count)
    lengths = np.clip(lengths, 32, case.capacity).astype(np.int64)
    mask = np.concatenate([np.arange(length) >= 0.42 * length for length in lengths]).astype(np.uint8)
    tokens = random.integers(10, case.model["vocab_size"], int(lengths.sum())).astype(np.int32)
    return Encoded(tokens, mask, np.concatenate([[0], np.cumsum(lengths)]))


def model_of(case: Case, device: str, implementation: str) -> Any:  # noqa: ANN401
    """A Qwen2 of random weights, the same for every arm."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    attention.register()
    torch.manual_seed(0)
    config = Qwen2Config(
        **case.model,
        num_attention_heads=_HEADS[case.model["hidden_size"]],
        num_key_value_heads=2,
        max_position_embeddings=32768,
        tie_word_embeddings=True,
        attn_implementation=implementation,
    )
    with torch.device(device):
        model = Qwen2ForCausalLM(config).train()
    if case.checkpointing:
        checkpoint_activations(model)
    return model

"""FLOPs by the stated formula, against what torch counts for the same products of matrices."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM

from training.flops import Shape, model_flops, peak_flops, peak_of, shape_of

LLAMA = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


@pytest.mark.parametrize("tied", [True, False])
def test_without_attention_the_formula_is_what_torch_counts(tied):
    model = LlamaForCausalLM(LlamaConfig(**LLAMA, tie_word_embeddings=tied))
    shape = shape_of(model)
    tokens = torch.arange(20)[None]
    with FlopCounterMode(display=False) as counter:
        model(input_ids=tokens, use_cache=False).logits.sum().backward()
    counted = counter.get_flop_counts()["Global"]
    products = sum(count for operation, count in counted.items() if "attention" not in str(operation))
    whole = model_flops(Shape(shape.weights, shape.head, 0), np.array([20]), np.array([20]))
    rotary = 2 * 20 * (32 // 4 // 2)  # angles: positions times frequencies, forward only
    assert products - whole in (0, rotary)


def test_attention_counts_half_of_each_document_and_never_across():
    shape = Shape(weights=0, head=0, attention=7)
    assert model_flops(shape, np.array([10, 20]), np.array([5, 5])) == 6 * 7 * (100 + 400)
    assert model_flops(shape, np.array([30]), np.array([10])) > model_flops(shape, np.array([10, 20]), np.array([5, 5]))


def test_only_supervised_tokens_pay_for_the_head():
    shape = Shape(weights=0, head=11, attention=0)
    assert model_flops(shape, np.array([10, 20]), np.array([4, 5])) == 6 * 11 * 9


def test_a_mixture_of_experts_has_no_figure():
    config = MixtralConfig(**LLAMA, num_local_experts=2, num_experts_per_tok=1)
    assert shape_of(MixtralForCausalLM(config)) is None


def test_peaks_are_known_by_whole_words_of_a_devices_name():
    assert peak_of("NVIDIA H200") == 989e12
    assert peak_of("NVIDIA H100 PCIe") == 756e12
    assert peak_of("NVIDIA H100 80GB HBM3") == 989e12
    assert peak_of("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak_of("NVIDIA H20") is None
    assert peak_flops(torch.device("cpu"), half=True) is None

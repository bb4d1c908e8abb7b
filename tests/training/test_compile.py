"""Compiled layers: packs of few lengths, and the same J and gradient as without."""

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters
from transformers import Qwen2Config, Qwen2ForCausalLM

from training import attention
from training.encode import Encoded
from training.pack import length_step
from training.prepare import compile_layers
from training.step import Gradients, Likelihood, accumulate, collate, micro_batches, plan_batch

CPU = torch.device("cpu")


def model_of(dtype):
    attention.register()
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=211,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.1,
        attn_implementation=attention.NAME,
    )
    return Qwen2ForCausalLM(config).to(dtype)


@pytest.fixture(scope="module")
def encoded():
    random = np.random.default_rng(5)
    lengths = random.integers(6, 60, 20)
    mask = np.concatenate([np.arange(length) >= random.integers(1, length) for length in lengths]).astype(np.uint8)
    tokens = random.integers(0, 211, int(lengths.sum())).astype(np.int32)
    return Encoded(tokens, mask, np.concatenate([[0], np.cumsum(lengths)]))


def batch_of(encoded, capacity):
    return plan_batch(encoded, encoded.supervised_lengths, np.arange(len(encoded)), capacity=capacity)


def sums(model, encoded, capacity, dtype, multiple):
    gradients, likelihood = Gradients(list(model.parameters())), Likelihood(len(encoded), CPU)
    micros = micro_batches(encoded, batch_of(encoded, capacity), CPU, dtype, multiple=multiple)
    accumulate(model, micros, likelihood)
    return gradients.flat.clone(), likelihood.totals


def test_packs_have_few_lengths_and_are_never_longer_than_asked(encoded):
    multiple = length_step(200)
    assert multiple == 25
    batch = batch_of(encoded, 200)
    micros = list(micro_batches(encoded, batch, CPU, torch.float32, multiple=multiple))
    for micro, members in zip(micros, batch.packs, strict=True):
        length = micro.tokens.shape[1]
        assert length % multiple == 0
        assert 0 <= length - batch.lengths[members].sum() < multiple
        assert length <= 200
        assert micro.documents.bounds[-1] == length == micro.positions.shape[1]
    assert sum(float(micro.weights.sum()) for micro in micros) == pytest.approx(1)


def test_padding_is_short_documents_of_their_own(encoded):
    micro = collate(encoded, batch_of(encoded, 200), [], CPU, torch.float32, multiple=300)
    assert micro.documents.bounds.tolist() == [0, 128, 256, 300]
    assert micro.positions[0, [0, 127, 128, 299]].tolist() == [0, 127, 0, 43]
    assert len(micro.targets) == len(micro.weights) == 0


def test_padding_changes_neither_j_nor_its_gradient(encoded):
    plain, one = sums(model_of(torch.float64), encoded, 200, torch.float64, 1)
    padded, other = sums(model_of(torch.float64), encoded, 200, torch.float64, length_step(200))
    assert float((plain - padded).norm() / plain.norm()) < 1e-12
    assert torch.allclose(one, other, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_compiled_layers_give_the_same_j_and_gradient(encoded):
    """Traced and differentiated ahead of time; generating C++ would take minutes here and change no formula."""
    torch._dynamo.reset()
    counters.clear()
    plain, one = sums(model_of(torch.float32), encoded, 200, torch.float32, 1)
    model = model_of(torch.float32)
    compile_layers(model, backend="aot_eager")
    compiled, other = sums(model, encoded, 200, torch.float32, length_step(200))
    assert counters["stats"]["unique_graphs"] > 0
    assert not counters["recompile_limit"]
    assert float((plain - compiled).norm() / plain.norm()) < 5e-6
    assert torch.allclose(one, other, rtol=1e-5)
    before = counters["stats"]["unique_graphs"]
    sums(model, encoded, 200, torch.float32, length_step(200))
    assert counters["stats"]["unique_graphs"] == before

"""What a step will take, told before it: against the bytes that a real pack keeps."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from schemas.config import Lora, Train
from tests.training.models import CPU, random_rows, small_model, whole_batch
from training.adapters import add_adapters
from training.estimate import estimate, fullest_pack
from training.forward import PACKED, arrange, hidden_states
from training.step import micro_batches

LENGTHS = np.array([120, 90, 200, 64])


def table(**changes):
    settings = {"model": "m", "steps": 1, "context": 256, "pack_tokens": 512, "examples_per_step": 4} | changes
    return Train(**settings)


def estimated(model, forward=PACKED, config=None, lengths=LENGTHS):
    return estimate(model, model, forward, config or table(), lengths, half=False)


def kept_by_a_pack(model, forward):
    """Bytes that a pass over all rows keeps, each storage once, counted without a look at the estimate's own way."""
    rows, storages = random_rows(LENGTHS.tolist()), {}

    def see(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    batch = whole_batch(rows, capacity=512, packed=forward.packed)
    packs = []
    for micro in micro_batches(rows, batch, CPU, torch.float32):
        storages.clear()
        with torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor):
            states = hidden_states(model, micro, forward)
        weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
        packs.append(sum(size for place, size in storages.items() if place not in weights))
        del states
    return max(packs)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["qwen2", "llama"])
def test_activations_are_those_of_the_fullest_pack(kind, packed):
    model, forward = small_model(kind, dtype=torch.float32), replace(PACKED, packed=packed)
    arrange(model, forward)
    found = estimated(model, forward).activations
    true = kept_by_a_pack(model, forward)
    assert found == pytest.approx(true, rel=0.1)
    assert estimated(model, forward, lengths=LENGTHS[:2]).activations < 0.9 * found


def test_weights_gradients_and_moments_follow_from_the_parameters():
    model = small_model("llama", dtype=torch.float32)
    count = sum(parameter.numel() for parameter in model.parameters())
    found = estimated(model)
    assert (found.gradients, found.moments) == (4 * count, 8 * count)
    assert found.weights == pytest.approx(4 * count, rel=0.01)
    assert estimated(model, config=table(optimizer="adamw_8bit")).moments == 2 * count
    parts = (found.weights, found.gradients, found.moments, found.activations, found.scores, found.heap)
    assert found.total == sum(parts)
    assert found.activations < found.activations + found.heap < 2 * (found.activations + found.scores)


def test_adapters_alone_have_gradients_and_moments():
    model = small_model("llama", dtype=torch.float32)
    whole = estimated(model)
    add_adapters(model, Lora(rank=2), seed=0)
    found = estimated(model, config=table(lora=Lora(rank=2)))
    assert found.gradients < 0.2 * whole.gradients
    assert found.moments == 2 * found.gradients
    assert found.scores < whole.scores  # the head has no gradient


def test_recomputed_activations_are_fewer():
    model = small_model("llama", dtype=torch.float32, num_hidden_layers=6)
    recomputed = estimated(model, config=table(activation_checkpointing=True)).activations
    assert 0 < recomputed < 0.4 * estimated(model).activations


def test_a_head_of_its_own_kind_is_estimated_by_all_of_its_scores():
    model = small_model("llama", dtype=torch.float32)
    model.lm_head = torch.nn.Sequential(torch.nn.Linear(32, 211, bias=False), torch.nn.Tanh())
    found = estimated(model, replace(PACKED, formula=None), table(activation_checkpointing=True))
    assert found.scores == 3 * 4 * 474 * 211


def test_no_document_of_the_measurement_is_longer_than_the_examples():
    """A model of learned positions knows no more."""
    config = GPT2Config(vocab_size=211, n_embd=32, n_layer=2, n_head=4, n_positions=64)
    model = GPT2LMHeadModel(config).eval()
    arrange(model, PACKED)
    assert estimated(model, config=table(context=64), lengths=np.array([64, 30])).activations > 0
    with pytest.raises(IndexError):
        estimated(model, lengths=np.array([200]))


def test_the_gradient_of_the_estimate_is_dropped():
    model = small_model("llama", dtype=torch.float32)
    estimated(model)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_does_not_fit_is_told_with_the_keys_that_lower_it():
    found, config = estimated(small_model("llama", dtype=torch.float32)), table(activation_checkpointing=True)
    assert "free" not in found.note(config, free=found.total)
    note = found.note(config, free=1_200_000)
    assert note.endswith(
        "and 1.2 MB are free beside the weights: less is taken with a lower train.pack_tokens, train.optimizer "
        "adamw_8bit, train.lora, train.parallel shard over several ranks"
    )


def test_a_pack_is_never_fuller_than_its_step():
    assert fullest_pack(table(), PACKED, LENGTHS) == 474
    assert fullest_pack(table(examples_per_step=400), PACKED, LENGTHS) == 512
    assert fullest_pack(table(), replace(PACKED, packed=False), LENGTHS) == 200

"""Small models of random weights, rows of random tokens, and what our step makes of them."""

import copy
from dataclasses import replace

import numpy as np
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from schemas.config import Config, FreshModel, Train
from training import attention
from training.encode import Encoded
from training.forward import PACKED
from training.gradients import Gradients
from training.step import Likelihood, accumulate, micro_batches, plan_batch

CPU = torch.device("cpu")
VOCABULARY = 211
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "num_experts_per_tok": 2,
    "initializer_range": 0.1,
    "pad_token_id": None,
}


def small_model(kind="qwen2", *, dtype=torch.float64, **changes):
    """Two layers with fewer key-value heads than query heads; the Qwen2's head is tied to its embedding."""
    attention.register()
    torch.manual_seed(1)
    settings = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": kind == "qwen2",
        "initializer_range": 0.1,
        "attn_implementation": attention.NAME,
    } | changes
    model = Qwen2ForCausalLM(Qwen2Config(**settings)) if kind == "qwen2" else LlamaForCausalLM(LlamaConfig(**settings))
    return model.to(dtype)


def tiny_model(kind, **changes):
    """Two layers of a type of transformers, mixtures of experts one expert at a time; a config takes what it knows."""
    attention.register()
    torch.manual_seed(1)
    usual = AutoConfig.for_model(kind)
    known = usual.to_dict().keys() | usual.attribute_map.keys() | {"hidden_size", "num_hidden_layers"}
    sizes = {name: size for name, size in SIZES.items() if name in known}
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(kind, **(sizes | changes)), dtype=torch.float32
    ).eval()
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")
    return model


def random_rows(lengths):
    """Rows of random tokens; a prompt bears no loss, and in every third long row neither does a stretch behind it."""
    random = np.random.default_rng(5)
    masks = [np.arange(length) >= random.integers(1, max(2, length // 2)) for length in lengths]
    for mask in masks[::3]:
        mask[-4:-2] &= len(mask) < 6
    tokens = random.integers(0, VOCABULARY, int(sum(lengths))).astype(np.int32)
    return Encoded(tokens, np.concatenate(masks).astype(np.uint8), np.concatenate([[0], np.cumsum(lengths)]))


def lognormal_rows(count):
    """Lengths as solutions have them: many short, few long."""
    lengths = np.random.default_rng(5).lognormal(3.2, 0.8, count)
    return random_rows(np.clip(lengths, 6, 120).astype(np.int64))


def whole_batch(encoded, **settings):
    """All rows as one step."""
    return plan_batch(encoded, encoded.supervised_lengths, np.arange(len(encoded)), **settings)


def gradient_of(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def summed(
    model,
    encoded,
    *,
    forward=PACKED,
    world=1,
    multiple=1,
    half=False,
    device=CPU,
    dtype=torch.float64,
    spoil=None,
    **settings,
):
    """J and gradient of our step over all rows, every rank's share in turn; `spoil` changes each micro-batch."""
    Gradients(list(model.parameters()))
    likelihood = Likelihood(len(encoded), device)
    for rank in range(world):
        batch = whole_batch(encoded, rank=rank, world=world, packed=forward.packed, **settings)
        micros = list(micro_batches(encoded, batch, device, dtype, multiple=multiple))
        changed = [spoil(micro, micros, world) for micro in micros] if spoil else micros
        accumulate(model, iter(changed), likelihood, forward=forward, half=half)
    return -float((likelihood.totals[:, 0].cpu().numpy() * batch.weights).sum()), gradient_of(model)


def one_document(micro, _micros, _world):
    """Naive concatenation: the whole pack as one document."""
    length, device = micro.tokens.shape[1], micro.tokens.device
    documents = attention.Documents([length], device)
    return replace(micro, positions=torch.arange(length, device=device)[None], documents=documents)


def by_transformers(model, encoded):
    """J and its gradient by eq. 6 and 7, all logits of one row at a time, each on a copy that has seen no other row."""
    objective, total = 0.0, 0.0
    for index in range(len(encoded)):
        alone, row = copy.deepcopy(model), encoded[index]
        tokens = torch.from_numpy(row.tokens.astype(np.int64))[None]
        where = torch.from_numpy(np.flatnonzero(row.supervised))
        scores = torch.log_softmax(alone(input_ids=tokens, use_cache=False).logits[0, where - 1], -1)
        example = scores.gather(1, tokens[0, where, None]).mean() / len(encoded)
        (-example).backward()
        objective += float(example.detach())
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in alone.parameters()]
        total = total + torch.cat([gradient.flatten() for gradient in gradients])
    return objective, total


def by_the_formula(encoded, kind="qwen2"):
    """J and its gradient of a small model in float64, by transformers' own attention."""
    return by_transformers(small_model(kind, attn_implementation="sdpa"), encoded)


def distance(gradient, true):
    """The norm of the difference beside that of the truth."""
    return float((gradient.cpu().double() - true).norm() / true.norm())


def small_run(**changes):
    """The config of a run of a few quick steps."""
    settings = {
        "model": FreshModel(hidden_size=32, layers=2, heads=4, vocabulary=400),
        "examples_per_step": 16,
        "steps": 6,
        "context": 512,
        "learning_rate": 3e-3,
        "checkpoint_every": 2,
        "keep_checkpoints": 2,
    }
    return Config(train=Train(**(settings | changes)))

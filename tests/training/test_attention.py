"""The leak probe: it passes our attention, and catches the four ways in which transformers leaks silently."""

import functools
import inspect
import itertools
import operator

import pytest
import torch
from torch.nn.attention import varlen
from transformers import GPT2Config, GPT2LMHeadModel, MistralConfig, MistralForCausalLM

from schemas.exits import UserError
from tests.training.models import small_model
from training import attention
from training.probe import probe_model, require_no_leak

VOCABULARY = 97


def llama(implementation):
    return small_model(
        "llama",
        dtype=torch.float32,
        vocab_size=VOCABULARY,
        initializer_range=0.2,
        attn_implementation=implementation,
    ).eval()


def positions_of(lengths):
    return torch.cat([torch.arange(length) for length in lengths])[None]


def block_mask(lengths):
    document = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    place = torch.arange(sum(lengths))
    return ((document[:, None] == document[None]) & (place[:, None] >= place[None]))[None, None]


def cumulative(lengths):
    bounds = torch.tensor([0, *lengths]).cumsum(0).int()
    return {
        "cu_seq_lens_q": bounds,
        "cu_seq_lens_k": bounds,
        "max_length_q": max(lengths),
        "max_length_k": max(lengths),
    }


LEAKS = {
    "use_cache left on": ("sdpa", lambda lengths: {"position_ids": positions_of(lengths)}),
    "an all-ones mask": (
        "sdpa",
        lambda lengths: {
            "position_ids": positions_of(lengths),
            "attention_mask": torch.ones(1, sum(lengths), dtype=torch.long),
            "use_cache": False,
        },
    ),
    "no position ids": ("sdpa", lambda lengths: {**cumulative(lengths), "use_cache": False}),
    "a boolean mask with eager attention": (
        "eager",
        lambda lengths: {
            "position_ids": positions_of(lengths),
            "attention_mask": block_mask(lengths),
            "use_cache": False,
        },
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_the_probe_refuses_each_silent_leak(name):
    implementation, settings = LEAKS[name]
    model = llama(implementation)

    def states(tokens, lengths):
        return model.model(input_ids=tokens[None], **settings(lengths)).last_hidden_state[0]

    with pytest.raises(UserError, match=r"crosses documents|differ between a pack and alone"):
        require_no_leak(states, VOCABULARY, name="a llama")


def test_the_probe_refuses_positions_that_do_not_restart():
    model = llama(attention.NAME)

    def states(tokens, lengths):
        documents = attention.Documents(list(lengths), torch.device("cpu"))
        places = torch.arange(len(tokens))[None] ** 2
        out = model.model(input_ids=tokens[None], position_ids=places, use_cache=False, documents=documents)
        return out.last_hidden_state[0]

    with pytest.raises(UserError, match="positions do not restart"):
        require_no_leak(states, VOCABULARY, name="a llama")


def test_the_probe_passes_our_attention():
    probe_model(llama(attention.NAME), name="a llama")


def test_another_architecture_with_learned_positions_passes():
    attention.register()
    config = GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=64)
    config._attn_implementation = attention.NAME
    probe_model(GPT2LMHeadModel(config).eval(), name="a gpt2")


def test_a_window_shorter_than_an_example_is_refused_not_ignored():
    attention.register()
    config = MistralConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=8,
        attn_implementation=attention.NAME,
    )
    with pytest.raises(UserError, match="window of 8 tokens"):
        probe_model(MistralForCausalLM(config).eval(), name="a mistral")


@pytest.mark.parametrize("lengths", [[5], [5, 5, 5], [30, 9, 8, 8, 7, 1, 1], [1, 1], [3, 40, 2]])
def test_grouped_attention_equals_one_document_at_a_time(lengths):
    torch.manual_seed(0)
    query = torch.randn(1, 4, sum(lengths), 8, dtype=torch.float64)
    key, value = (torch.randn(1, 2, sum(lengths), 8, dtype=torch.float64) for _ in range(2))
    documents = attention.Documents(lengths, torch.device("cpu"))
    found, _ = attention.attend(torch.nn.Module(), query, key, value, None, documents=documents)
    start, parts = 0, []
    for length in lengths:
        part = slice(start, start + length)
        parts.append(
            torch.nn.functional.scaled_dot_product_attention(
                query[:, :, part], key[:, :, part], value[:, :, part], is_causal=True, enable_gqa=True
            )
        )
        start += length
    assert torch.allclose(found, torch.cat(parts, 2).transpose(1, 2), rtol=1e-13, atol=1e-14)


def on_a_cpu(kernel):
    """torch's variable-length attention by its own signature, document by document with SDPA."""
    signature = inspect.signature(kernel)

    @functools.wraps(kernel)
    def computed(*arguments, **settings):
        call = signature.bind(*arguments, **settings)
        call.apply_defaults()
        given = call.arguments
        query, key, value = (given[name] for name in ("query", "key", "value"))
        assert given["cu_seq_q"].dtype == torch.int32
        assert given.get("is_causal") or tuple(given["window_size"]) == (-1, 0)
        assert query.shape[1] == key.shape[1] or given["enable_gqa"]
        bounds = given["cu_seq_q"].tolist()
        assert given["max_q"] == given["max_k"] == max(map(operator.sub, bounds[1:], bounds))
        parts = [
            torch.nn.functional.scaled_dot_product_attention(
                *(tensor[start:stop].transpose(0, 1) for tensor in (query, key, value)),
                is_causal=True,
                scale=given.get("scale"),
                enable_gqa=query.shape[1] != key.shape[1],
            ).transpose(0, 1)
            for start, stop in itertools.pairwise(bounds)
        ]
        return torch.cat(parts)

    return computed


@pytest.mark.parametrize("heads", [2, 4])
@pytest.mark.parametrize("scaling", [None, 0.2])
def test_variable_length_attention_is_called_by_the_signature_that_this_torch_has(monkeypatch, heads, scaling):
    """The kernel exists on CUDA only: here its computation is replaced, and its signature is the real one."""
    monkeypatch.setattr(varlen, "varlen_attn", on_a_cpu(varlen.varlen_attn))
    torch.manual_seed(0)
    query = torch.randn(1, heads, 12, 8, dtype=torch.float64)
    key, value = (torch.randn(1, 2, 12, 8, dtype=torch.float64) for _ in range(2))
    documents = attention.Documents([5, 4, 3], torch.device("cpu"))
    expected, _ = attention.attend(torch.nn.Module(), query, key, value, None, scaling=scaling, documents=documents)
    found = attention._variable_length(query, key, value, documents, scaling)
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=1e-12)

"""Attention apart for every document of a pack, by SDPA, written out, and by torch's variable-length kernel."""

import functools
import inspect
import itertools
import operator
import types

import pytest
import torch
from torch.nn.attention import varlen

from training import attention


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


def banded(query, key, value, *, window=None, scale=None, softcap=None, sinks=None):
    """One document by the formula, in float64: scores, cap, band, sinks, softmax."""
    repeat = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeat, 1), value.repeat_interleave(repeat, 1)
    scores = query @ key.transpose(2, 3) * (scale or query.shape[-1] ** -0.5)
    if softcap:
        scores = softcap * (scores / softcap).tanh()
    place = torch.arange(query.shape[2])
    behind = place[:, None] - place[None]
    seen = (behind >= 0) & (behind < (window or 10**9))
    weights = scores.masked_fill(~seen, -torch.inf).exp()
    total = weights.sum(-1, keepdim=True) + (0 if sinks is None else sinks.exp()[None, :, None, None])
    return (weights / total) @ value


@pytest.mark.parametrize(
    "asked",
    [
        {"sliding_window": 4},
        {"sliding_window": 1},
        {"softcap": 2.0},
        {"s_aux": torch.tensor([0.3, -1.0, 2.0, 0.0], dtype=torch.float64)},
        {"sliding_window": 4, "softcap": 2.0, "scaling": 0.3},
    ],
    ids=["a window", "a window of one", "capped scores", "sinks", "all of it"],
)
def test_what_an_architecture_asks_of_its_attention_is_computed_by_the_formula(asked):
    torch.manual_seed(0)
    lengths = [9, 8, 3]
    query = torch.randn(1, 4, 20, 8, dtype=torch.float64)
    key, value = (torch.randn(1, 2, 20, 8, dtype=torch.float64) for _ in range(2))
    documents = attention.Documents(lengths, torch.device("cpu"))
    found, _ = attention.attend(torch.nn.Module(), query, key, value, None, documents=documents, **asked)
    names = {"sliding_window": "window", "s_aux": "sinks", "scaling": "scale", "softcap": "softcap"}
    rule = {names[name]: setting for name, setting in asked.items()}
    parts = zip(*(tensor.split(lengths, 2) for tensor in (query, key, value)), strict=True)
    expected = torch.cat([banded(*part, **rule) for part in parts], 2).transpose(1, 2)
    assert torch.allclose(found, expected, rtol=1e-12)
    ignored, _ = attention.attend(torch.nn.Module(), query, key, value, None, documents=documents)
    assert not torch.allclose(ignored, expected, rtol=1e-3)


def on_a_cpu(kernel):
    """torch's variable-length attention by its own signature, document by document by the formula."""
    signature = inspect.signature(kernel)

    @functools.wraps(kernel)
    def computed(*arguments, **settings):
        call = signature.bind(*arguments, **settings)
        call.apply_defaults()
        given = call.arguments
        query, key, value = (given[name] for name in ("query", "key", "value"))
        assert given["cu_seq_q"].dtype == torch.int32
        before, after = given["window_size"]
        assert after == 0
        assert query.shape[1] == key.shape[1] or given["enable_gqa"]
        bounds = given["cu_seq_q"].tolist()
        assert given["max_q"] == given["max_k"] == max(map(operator.sub, bounds[1:], bounds))
        parts = [
            banded(
                *(tensor[start:stop].transpose(0, 1)[None] for tensor in (query, key, value)),
                window=None if before < 0 else before + 1,
                scale=given.get("scale"),
            )[0].transpose(0, 1)
            for start, stop in itertools.pairwise(bounds)
        ]
        return torch.cat(parts)

    return computed


@pytest.mark.parametrize("heads", [2, 4])
@pytest.mark.parametrize("scaling", [None, 0.2])
@pytest.mark.parametrize("window", [None, 2])
def test_variable_length_attention_is_called_by_the_signature_that_this_torch_has(monkeypatch, heads, scaling, window):
    """The kernel exists on CUDA only: here its computation is replaced, and its signature is the real one."""
    attention._varlen_parameters.cache_clear()
    monkeypatch.setattr(varlen, "varlen_attn", on_a_cpu(varlen.varlen_attn))
    torch.manual_seed(0)
    query = torch.randn(1, heads, 12, 8, dtype=torch.float64)
    key, value = (torch.randn(1, 2, 12, 8, dtype=torch.float64) for _ in range(2))
    documents = attention.Documents([5, 4, 3], torch.device("cpu"))
    rule = {"scaling": scaling, "sliding_window": window}
    expected, _ = attention.attend(torch.nn.Module(), query, key, value, None, documents=documents, **rule)
    found = attention._variable_length(query, key, value, documents, attention._Rule(scaling, window=window))
    assert found.shape == expected.shape
    assert torch.allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("cuda", "dtype", "width", "value_width", "whole"),
    [
        (True, torch.float32, 64, 64, True),
        (True, torch.bfloat16, 320, 320, True),
        (True, torch.bfloat16, 192, 128, True),
        (True, torch.bfloat16, 256, 256, False),
        (False, torch.float32, 320, 320, False),
    ],
    ids=["float32", "wide heads", "unequal heads", "flash serves", "a CPU"],
)
def test_key_value_heads_are_repeated_where_a_gpu_would_write_scores_out(cuda, dtype, width, value_width, whole):
    query = types.SimpleNamespace(is_cuda=cuda, dtype=dtype, shape=(1, 4, 9, width))
    value = types.SimpleNamespace(shape=(1, 2, 9, value_width))
    assert attention._wants_whole_heads(query, value) == whole


def test_repeated_heads_compute_what_shared_ones_do(monkeypatch):
    torch.manual_seed(0)
    lengths = [30, 9, 8]
    query = torch.randn(1, 4, sum(lengths), 8, dtype=torch.float64)
    key, value = (torch.randn(1, 2, sum(lengths), 8, dtype=torch.float64, requires_grad=True) for _ in range(2))
    documents = attention.Documents(lengths, torch.device("cpu"))
    found = []
    for whole in (False, True):
        monkeypatch.setattr(attention, "_wants_whole_heads", lambda _query, _value, whole=whole: whole)
        out = attention.attend(torch.nn.Module(), query, key, value, None, documents=documents)[0]
        found.append((out, *torch.autograd.grad(out.square().sum(), (key, value))))
    for shared, repeated in zip(*found, strict=True):
        assert torch.allclose(shared, repeated, rtol=1e-12, atol=1e-13)

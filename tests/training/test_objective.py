"""J_SFT and its gradient against one example at a time in float64, whatever the layout. Controls must fail."""

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from training import attention
from training.encode import Encoded
from training.objective import token_weights, weighted_cross_entropy
from training.step import Gradients, Likelihood, accumulate, collate, micro_batches, plan_batch

CPU = torch.device("cpu")
VOCABULARY = 211


def model_of(kind="qwen2", *, implementation=attention.NAME, dtype=torch.float64):
    attention.register()
    torch.manual_seed(1)
    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": kind == "qwen2",
        "initializer_range": 0.1,
        "attn_implementation": implementation,
    }
    model = Qwen2ForCausalLM(Qwen2Config(**sizes)) if kind == "qwen2" else LlamaForCausalLM(LlamaConfig(**sizes))
    return model.to(dtype)


@pytest.fixture(scope="module")
def encoded():
    """23 examples of lognormal lengths; some have a stretch in the middle that bears no loss, like a tool's output."""
    random = np.random.default_rng(5)
    tokens, masks, offsets = [], [], [0]
    for number in range(23):
        length = int(np.clip(random.lognormal(3.2, 0.8), 6, 120))
        mask = np.ones(length, np.uint8)
        mask[: int(random.integers(1, length // 2))] = 0
        if number % 3 == 0:
            mask[-4:-2] = 0
        tokens.append(random.integers(0, VOCABULARY, length).astype(np.int32))
        masks.append(mask)
        offsets.append(offsets[-1] + length)
    return Encoded(np.concatenate(tokens), np.concatenate(masks), np.array(offsets))


@pytest.fixture(scope="module", params=["qwen2", "llama"])
def kind(request):
    return request.param


def reference(encoded, kind):
    """J and its gradient by the formula: one example at a time, full logits, transformers' own attention."""
    model = model_of(kind, implementation="sdpa")
    objective = 0.0
    for index in range(len(encoded)):
        one = encoded[index]
        tokens = torch.from_numpy(one.tokens.astype(np.int64))[None]
        scores = torch.log_softmax(model(input_ids=tokens, use_cache=False).logits[0], -1)
        where = torch.from_numpy(np.flatnonzero(one.supervised))
        likelihood = scores[where - 1, tokens[0, where]]
        example = likelihood.sum() / len(where)
        (-example / len(encoded)).backward()
        objective += example.item() / len(encoded)
    return objective, torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.fixture(scope="module")
def truth(encoded, kind):
    return reference(encoded, kind)


def ours(encoded, kind, *, capacity, world=1, dtype=torch.float64, reweigh=None, cross=False):
    """J and gradient of our step; `reweigh` and `cross` spoil it on purpose."""
    model = model_of(kind, dtype=dtype)
    Gradients(list(model.parameters())).clear()
    likelihood = Likelihood(len(encoded), CPU)
    for rank in range(world):
        batch = plan_batch(
            encoded, encoded.supervised_lengths, np.arange(len(encoded)), capacity=capacity, rank=rank, world=world
        )
        micros = list(micro_batches(encoded, batch, CPU, dtype))
        if reweigh:
            micros = [reweigh(micro, micros, world) for micro in micros]
        if cross:
            micros = [one_document(micro) for micro in micros]
        accumulate(model, iter(micros), likelihood)
    totals = likelihood.totals.numpy()
    objective = -float((totals[:, 0] * batch.weights).sum())
    return objective, torch.cat([p.grad.flatten() for p in model.parameters()])


def distance(gradient, true):
    return float((gradient.double() - true).norm() / true.norm())


LAYOUTS = [(4096, 1), (256, 1), (120, 1), (150, 2), (256, 3), (120, 5)]


@pytest.mark.parametrize(("capacity", "world"), LAYOUTS)
def test_the_gradient_is_that_of_one_example_at_a_time_in_float64(encoded, kind, truth, capacity, world):
    objective, gradient = ours(encoded, kind, capacity=capacity, world=world)
    assert distance(gradient, truth[1]) < 1e-12
    assert abs(objective - truth[0]) < 1e-12


@pytest.mark.parametrize(("capacity", "world"), LAYOUTS[::2])
def test_the_gradient_is_exact_to_rounding_in_float32(encoded, kind, truth, capacity, world):
    objective, gradient = ours(encoded, kind, capacity=capacity, world=world, dtype=torch.float32)
    assert distance(gradient, truth[1]) < 5e-6
    assert abs(objective - truth[0]) < 1e-5


def with_weights(micro, weights):
    from dataclasses import replace

    return replace(micro, weights=weights.to(micro.weights.dtype))


def token_mean(micro, micros, _world):
    count = sum(len(m.targets) for m in micros)
    return with_weights(micro, torch.full_like(micro.weights, 1 / count))


def mean_of_means(micro, micros, world):
    return with_weights(micro, torch.full_like(micro.weights, 1 / len(micro.targets) / len(micros) / world))


def one_document(micro):
    """Naive concatenation: the whole pack as one document."""
    from dataclasses import replace

    length = micro.tokens.shape[1]
    return replace(micro, positions=torch.arange(length)[None], documents=attention.Documents([length], CPU))


@pytest.mark.parametrize(
    "spoilt",
    [{"reweigh": token_mean}, {"reweigh": mean_of_means}, {"cross": True}],
    ids=["token mean", "mean of means", "naive concatenation"],
)
def test_the_gate_catches_what_other_trainers_compute(encoded, kind, truth, spoilt):
    _, gradient = ours(encoded, kind, capacity=256, **spoilt)
    assert distance(gradient, truth[1]) > 0.05


def test_the_gradient_is_equation_7_along_random_directions(encoded):
    """grad J . d equals the derivative of J along d, by central differences.

    GPT-2, because the norms of newer models round to float32 inside, which differences would see.
    """
    attention.register()
    torch.manual_seed(1)
    config = GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=128, initializer_range=0.1)
    config._attn_implementation = attention.NAME
    model = GPT2LMHeadModel(config).double().eval()
    gradients = Gradients(list(model.parameters()))
    batch = plan_batch(encoded, encoded.supervised_lengths, np.arange(len(encoded)), capacity=256)
    micros = list(micro_batches(encoded, batch, CPU, torch.float64))
    accumulate(model, iter(micros), Likelihood(len(encoded), CPU))
    gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
    assert len(gradients.flat) >= len(gradient)
    start = torch.nn.utils.parameters_to_vector(model.parameters()).detach()

    def objective(vector):
        torch.nn.utils.vector_to_parameters(vector, model.parameters())
        likelihood = Likelihood(len(encoded), CPU)
        accumulate(model, iter(micros), likelihood, backward=False)
        return -float((likelihood.totals[:, 0].numpy() * batch.weights).sum())

    for seed in range(3):
        direction = torch.randn(len(start), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        direction /= direction.norm()
        slope = (objective(start + 1e-5 * direction) - objective(start - 1e-5 * direction)) / 2e-5
        assert slope == pytest.approx(-float(gradient @ direction), rel=1e-6, abs=1e-9)


def test_twenty_steps_packed_and_unpacked_end_at_the_same_weights(encoded):
    ends = []
    for capacity in (120, 4096):
        model = model_of("qwen2")
        gradients = Gradients(list(model.parameters()))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
        for step in range(20):
            indices = np.arange(step % 5, 23, 3)
            batch = plan_batch(encoded, encoded.supervised_lengths, indices, capacity=capacity)
            gradients.clear()
            accumulate(model, micro_batches(encoded, batch, CPU, torch.float64), Likelihood(len(indices), CPU))
            optimizer.step()
        ends.append(torch.nn.utils.parameters_to_vector(model.parameters()).detach())
    moved = (ends[0] - torch.nn.utils.parameters_to_vector(model_of("qwen2").parameters()).detach()).norm()
    assert moved > 0.1
    assert float((ends[0] - ends[1]).norm() / moved) < 1e-9


def test_the_weights_of_a_step_sum_to_one_and_every_example_counts_the_same():
    weights = token_weights(torch.tensor([1, 10, 100]), objective="sequence_mean")
    assert weights.tolist() == pytest.approx([1 / 3, 1 / 30, 1 / 300])
    assert token_weights(torch.tensor([1, 10, 100]), objective="token_mean").tolist() == pytest.approx([1 / 111] * 3)
    with pytest.raises(AssertionError, match="without supervised tokens"):
        token_weights(torch.tensor([3, 0]), objective="sequence_mean")


def test_a_token_is_predicted_by_the_one_before_it_and_never_across_documents():
    encoded = Encoded(
        np.array([1, 2, 3, 4, 5, 6], np.int32), np.array([0, 0, 1, 1, 0, 1], np.uint8), np.array([0, 4, 6])
    )
    batch = plan_batch(encoded, encoded.supervised_lengths, np.array([0, 1]), capacity=8)
    micro = collate(encoded, batch, [0, 1], CPU, torch.float64)
    assert micro.predict.tolist() == [1, 2, 4]
    assert micro.targets.tolist() == [3, 4, 6]
    assert micro.owner.tolist() == [0, 0, 1]
    assert micro.positions.tolist() == [[0, 1, 2, 3, 0, 1]]
    assert micro.weights.tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize("chunk", [1, 3, 64])
def test_the_loss_in_chunks_equals_the_loss_over_full_logits(chunk):
    torch.manual_seed(0)
    hidden = torch.randn(10, 8, dtype=torch.float64, requires_grad=True)
    head = torch.randn(30, 8, dtype=torch.float64, requires_grad=True)
    targets, weights = torch.randint(0, 30, (10,)), torch.rand(10, dtype=torch.float64)
    full = torch.nn.functional.cross_entropy(hidden @ head.t(), targets, reduction="none")
    expected = torch.autograd.grad((full * weights).sum(), [hidden, head])
    loss, nll, hit = weighted_cross_entropy(hidden, head, targets, weights, chunk=chunk)
    found = torch.autograd.grad(loss, [hidden, head])
    assert torch.allclose(nll, full, rtol=1e-13)
    assert hit.tolist() == ((hidden @ head.t()).argmax(-1) == targets).tolist()
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-12, atol=1e-14)


def test_huge_scores_give_finite_losses():
    hidden = torch.tensor([[1e4, 0.0]], requires_grad=True)
    head = torch.eye(2, requires_grad=True)
    loss, _, _ = weighted_cross_entropy(hidden, head, torch.tensor([1]), torch.ones(1))
    loss.backward()
    assert loss.item() == 1e4
    assert torch.isfinite(hidden.grad).all()

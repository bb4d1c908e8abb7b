"""J_SFT and its gradient against one example at a time in float64, whatever the layout. Controls must fail."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from tests.training.models import (
    CPU,
    VOCABULARY,
    by_the_formula,
    distance,
    gradient_of,
    lognormal_rows,
    one_document,
    small_model,
    summed,
    whole_batch,
)
from training import attention
from training.encode import Encoded
from training.gradients import Gradients
from training.heads import Formula
from training.objective import token_weights, weighted_cross_entropy, whole_cross_entropy
from training.step import Likelihood, accumulate, collate, micro_batches, plan_batch


@pytest.fixture(scope="module")
def encoded():
    return lognormal_rows(23)


@pytest.fixture(scope="module", params=["qwen2", "llama"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def truth(encoded, kind):
    return by_the_formula(encoded, kind)


# (tokens of a pack, ranks): the packs that a rank works off one after the other are 1, 2, 3, 4 and 5
LAYOUTS = [(4096, 1), (400, 1), (256, 1), (200, 1), (150, 1), (400, 2), (150, 2), (256, 3), (120, 3)]


def test_the_layouts_accumulate_over_one_to_five_micro_batches(encoded):
    counts = {len(whole_batch(encoded, capacity=capacity, world=world).packs) for capacity, world in LAYOUTS}
    assert counts >= {1, 2, 3, 4, 5}


@pytest.mark.parametrize(("capacity", "world"), LAYOUTS)
def test_the_gradient_is_that_of_one_example_at_a_time_in_float64(encoded, kind, truth, capacity, world):
    objective, gradient = summed(small_model(kind), encoded, capacity=capacity, world=world)
    assert distance(gradient, truth[1]) < 1e-12
    assert abs(objective - truth[0]) < 1e-12


@pytest.mark.parametrize(("capacity", "world"), LAYOUTS[::3])
def test_the_gradient_is_exact_to_rounding_in_float32(encoded, kind, truth, capacity, world):
    model = small_model(kind, dtype=torch.float32)
    objective, gradient = summed(model, encoded, capacity=capacity, world=world, dtype=torch.float32)
    assert distance(gradient, truth[1]) < 5e-6
    assert abs(objective - truth[0]) < 1e-5


def token_mean(micro, micros, _world):
    count = sum(len(m.targets) for m in micros)
    return replace(micro, weights=torch.full_like(micro.weights, 1 / count))


def mean_of_means(micro, micros, world):
    return replace(micro, weights=torch.full_like(micro.weights, 1 / len(micro.targets) / len(micros) / world))


@pytest.mark.parametrize("spoil", [token_mean, mean_of_means, one_document])
def test_the_gate_catches_what_other_trainers_compute(encoded, kind, truth, spoil):
    _, gradient = summed(small_model(kind), encoded, capacity=256, spoil=spoil)
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
    batch = whole_batch(encoded, capacity=256)
    micros = list(micro_batches(encoded, batch, CPU, torch.float64))
    accumulate(model, iter(micros), Likelihood(len(encoded), CPU))
    gradient = gradient_of(model)
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
        model = small_model()
        gradients = Gradients(list(model.parameters()))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
        for step in range(20):
            indices = np.arange(step % 5, 23, 3)
            batch = plan_batch(encoded, encoded.supervised_lengths, indices, capacity=capacity)
            gradients.clear()
            accumulate(model, micro_batches(encoded, batch, CPU, torch.float64), Likelihood(len(indices), CPU))
            optimizer.step()
        ends.append(torch.nn.utils.parameters_to_vector(model.parameters()).detach())
    moved = (ends[0] - torch.nn.utils.parameters_to_vector(small_model().parameters()).detach()).norm()
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


@pytest.mark.parametrize("formula", [Formula(), Formula(factor=0.3), Formula(cap=2.0), Formula(factor=1.7, cap=2.0)])
@pytest.mark.parametrize("biased", [False, True])
def test_scaled_capped_and_biased_heads_have_the_gradients_of_autograd(formula, biased):
    torch.manual_seed(0)
    hidden, head, bias = (
        torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in ((7, 5), (11, 5), (11,))
    )
    inputs = [hidden, head, bias] if biased else [hidden, head]
    targets, weights = torch.arange(7), torch.rand(7, dtype=torch.float64)
    scores = formula.factor * (hidden @ head.t() + (bias if biased else 0))
    scores = formula.cap * torch.tanh(scores / formula.cap) if formula.cap else scores
    plain = (torch.nn.functional.cross_entropy(scores, targets, reduction="none") * weights).sum()
    loss, _, _ = weighted_cross_entropy(
        hidden, head, targets, weights, bias=bias if biased else None, formula=formula, chunk=3
    )
    whole, _, _ = whole_cross_entropy(scores, targets, weights)
    assert torch.allclose(loss, plain, rtol=1e-13)
    assert torch.allclose(whole, plain, rtol=1e-13)
    for found, expected in zip(torch.autograd.grad(loss, inputs), torch.autograd.grad(plain, inputs), strict=True):
        assert torch.allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("formula", [Formula(), Formula(factor=1.7, cap=2.0)])
def test_dft_weighs_each_token_by_its_own_likelihood_without_a_gradient_through_it(formula):
    torch.manual_seed(0)
    hidden, head = (torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in ((7, 5), (11, 5)))
    targets, weights = torch.arange(7), torch.rand(7, dtype=torch.float64)
    scores = formula.scores(hidden @ head.t())
    chosen = torch.log_softmax(scores, 1).gather(1, targets[:, None])[:, 0]
    plain = -(weights * chosen.detach().exp() * chosen).sum()
    loss, nll, _ = weighted_cross_entropy(hidden, head, targets, weights, formula=formula, chunk=3, dft=True)
    whole, _, _ = whole_cross_entropy(scores, targets, weights, dft=True)
    assert torch.allclose(nll, -chosen)
    expected = torch.autograd.grad(plain, [hidden, head], retain_graph=True)
    for ours in (loss, whole):
        assert torch.allclose(ours, plain, rtol=1e-13)
        for found, true in zip(torch.autograd.grad(ours, [hidden, head], retain_graph=True), expected, strict=True):
            assert torch.allclose(found, true, rtol=1e-10, atol=1e-14)
    likelihood = weighted_cross_entropy(hidden, head, targets, weights, formula=formula, chunk=3)[0]
    assert not torch.allclose(torch.autograd.grad(likelihood, head)[0], expected[1], rtol=1e-2)

"""The router's loss: transformers' own, example by example, whatever the packing."""

import pytest
import torch

from schemas.exits import UserError
from tests.training.models import distance, random_rows, small_model, summed, tiny_model
from training.forward import arrange
from training.probe import balanced, choose_forward
from training.speed import checkpoint_activations

COEFFICIENT = 0.3


def by_transformers(model, rows):
    """The gradient of sum_i aux(row i) / N by transformers' own auxiliary loss, one row at a time."""
    model.set_attn_implementation("sdpa")
    model.zero_grad()
    for index in range(len(rows)):
        tokens = torch.from_numpy(rows[index].tokens.astype("int64"))[None]
        aux = model(input_ids=tokens, use_cache=False, output_router_logits=True).aux_loss
        (COEFFICIENT * aux / len(rows)).backward()
    return torch.cat([torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("capacity", [200, 60])
@pytest.mark.parametrize(
    ("kind", "changes"),
    [("mixtral", {"num_local_experts": 4}), ("olmoe", {"num_experts": 4})],
)
def test_the_gradient_is_that_of_j_and_of_transformers_loss_by_example(kind, changes, capacity):
    model, rows = tiny_model(kind, **changes).double(), random_rows([40, 25, 51, 12])
    forward = choose_forward(model, name=kind)
    on = balanced(model, model, forward, COEFFICIENT, name=kind)
    arrange(model, forward)
    objective, plain = summed(model, rows, forward=forward, capacity=capacity)
    with_loss, gradient = summed(model, rows, forward=on, capacity=capacity)
    truth = plain + by_transformers(model, rows).double()
    assert with_loss == pytest.approx(objective, abs=1e-12)  # figures are of J alone
    assert distance(gradient, truth) < 1e-6
    assert distance(plain, truth) > 1e-3


def test_a_model_without_experts_is_refused():
    model = small_model(dtype=torch.float32)
    forward = choose_forward(model, name="a qwen2")
    with pytest.raises(UserError, match=r"^train\.router_loss: a qwen2 shows no scores of a router; leave it out"):
        balanced(model, model, forward, COEFFICIENT, name="a qwen2")


def test_the_loss_is_the_same_where_activations_are_computed_twice():
    rows, gradients = random_rows([40, 25]), []
    for twice in (False, True):
        model = tiny_model("mixtral", num_local_experts=4).double()
        on = balanced(model, model, choose_forward(model, name="experts"), COEFFICIENT, name="experts")
        if twice:
            checkpoint_activations(model)
        gradients.append(summed(model, rows, forward=on, capacity=100)[1])
    assert distance(gradients[1], gradients[0]) < 1e-12

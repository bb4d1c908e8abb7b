"""What changes how fast a model runs: precision of products by the dtype of passes, layers found wherever they lie."""

import pytest
import torch

from schemas.config import Train
from schemas.exits import UserError
from tests.training.models import small_model
from training.forward import PACKED, Forward
from training.speed import layers_of, set_precision, set_up_speed


@pytest.fixture
def precision():
    """The settings of this process, put back behind the test."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    yield
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


@pytest.mark.parametrize(("half", "products"), [(False, "highest"), (True, "high")])
def test_float32_is_tf32_only_where_passes_run_in_bfloat16(half, products, precision):
    set_precision(half=half)
    assert torch.get_float32_matmul_precision() == products
    assert torch.backends.cudnn.allow_tf32 == half


def test_layers_are_the_longest_list_that_lies_in_no_other():
    model = small_model()
    model.model.layers[0].inside = torch.nn.ModuleList(torch.nn.Linear(1, 1) for _ in range(9))
    assert layers_of(model, wanted_by="x") is model.model.layers
    with pytest.raises(UserError, match="x: Linear has no list of layers; leave it off"):
        layers_of(torch.nn.Linear(1, 1), wanted_by="x")


def test_one_document_a_row_is_not_compiled():
    config = Train(model="m", steps=1, compile=True)
    with pytest.raises(UserError, match=r"train\.compile: this model runs one document a row.*\(recurrent\)"):
        set_up_speed(config, small_model(), Forward(packed=False, why=("recurrent",)))
    set_up_speed(Train(model="m", steps=1), small_model(), PACKED)

"""The same step on a CPU and on a GPU, where it runs in bfloat16 with torch's variable-length attention."""

import json

import pytest
import torch

from schemas.config import Lora
from tests.training.models import (
    by_the_formula,
    distance,
    lognormal_rows,
    one_document,
    small_model,
    small_run,
    summed,
)
from training.probe import choose_forward
from training.train import train

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here: the GPU's path is not tested")


@pytest.fixture(scope="module", params=["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, NO_GPU])])
def device(request):
    return torch.device(request.param)


@pytest.fixture(scope="module")
def encoded():
    return lognormal_rows(23)


@pytest.fixture(scope="module")
def truth(encoded):
    return by_the_formula(encoded)


def test_documents_stay_apart_in_bfloat16(device):
    forward = choose_forward(small_model(dtype=torch.float32).to(device), name="a qwen2", half=True)
    assert forward.packed


@pytest.mark.parametrize("capacity", [4096, 120])
def test_packed_in_bfloat16_the_gradient_is_within_rounding(device, encoded, truth, capacity):
    model = small_model(dtype=torch.float32).to(device)
    objective, gradient = summed(model, encoded, capacity=capacity, half=True, device=device, dtype=torch.float32)
    assert distance(gradient, truth[1]) < 3e-2
    assert torch.cosine_similarity(gradient.cpu().double(), truth[1], dim=0) > 0.999
    assert objective == pytest.approx(truth[0], rel=1e-2)


def test_packed_in_float32_the_gradient_is_within_rounding(device, encoded, truth):
    model = small_model(dtype=torch.float32).to(device)
    _, gradient = summed(model, encoded, capacity=256, device=device, dtype=torch.float32)
    assert distance(gradient, truth[1]) < (5e-6 if device.type == "cpu" else 1e-4)


def test_one_document_for_a_whole_pack_is_told_from_rounding(device, encoded, truth):
    """The control: without documents the bound of bfloat16 is passed many times over."""
    model = small_model(dtype=torch.float32).to(device)
    settings = {"capacity": 256, "half": True, "device": device, "dtype": torch.float32, "spoil": one_document}
    assert distance(summed(model, encoded, **settings)[1], truth[1]) > 0.1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("lora", [None, Lora(rank=4, alpha=16)], ids=["all weights", "adapters"])
def test_a_run_on_any_device_learns_what_a_plain_one_learns(lora, device, data, tmp_path):
    if lora:
        pytest.importorskip("peft")
    plain = train(small_run(device="cpu", lora=lora), [data], tmp_path / "CPU")
    settings = {"device": device.type, "dtype": "bfloat16", "lora": lora}
    other = small_run(**settings, activation_checkpointing=True)
    result = train(other, [data], tmp_path / "RUN")
    assert result.last.objective == pytest.approx(plain.last.objective, rel=0.02)
    assert result.last.objective != plain.last.objective
    lines = [json.loads(line) for line in (tmp_path / "RUN" / "metrics.jsonl").read_text().splitlines()]
    assert all((line["mfu"] is not None) <= (device.type == "cuda") for line in lines)
    longer = small_run(**settings, steps=8)
    assert train(longer, [data], tmp_path / "RUN", resume=True).first.step == 7

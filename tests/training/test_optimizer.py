"""AdamW with its moments in 8 bits: one line where it cannot run, the same bits when a run goes on."""

import importlib.util

import pytest
import torch
from safetensors.torch import load_file

from schemas.exits import UserError
from tests.training.models import CPU, small_model, small_run
from training.optimizer import build_optimizer, set_rate, stored
from training.train import train

HAS_TORCHAO = importlib.util.find_spec("torchao") is not None


def test_only_matrices_decay():
    model = small_model(dtype=torch.float32)
    optimizer = build_optimizer(small_run(weight_decay=0.1).train, model, CPU)
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert all((decays[id(p)] == 0.1) == (p.ndim >= 2) for p in model.parameters())


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_a_rate_is_set_whatever_holds_it(kind):
    optimizer = torch.optim.AdamW(small_model().parameters(), lr=kind(1.0), foreach=False)
    holder = optimizer.param_groups[0]["lr"]
    set_rate(optimizer, 0.25)
    assert float(optimizer.param_groups[0]["lr"]) == 0.25
    assert kind is float or optimizer.param_groups[0]["lr"] is holder


@pytest.mark.skipif(HAS_TORCHAO, reason="torchao is installed")
def test_moments_in_8_bits_without_torchao_are_one_line():
    with pytest.raises(UserError, match=r"^train.optimizer: adamw_8bit needs torchao: pip install 'mathmill.low-"):
        build_optimizer(small_run(optimizer="adamw_8bit").train, small_model(dtype=torch.float32), CPU)


def test_moments_in_8_bits_are_not_sharded():
    with pytest.raises(UserError, match=r"moments in 8 bits are not sharded; set train\.parallel"):
        build_optimizer(small_run(optimizer="adamw_8bit", parallel="shard").train, small_model(), CPU)


def test_plain_moments_are_stored_as_they_are():
    moment = torch.ones(3)
    assert stored(moment)[""] is moment


@pytest.mark.slow
@pytest.mark.skipif(not HAS_TORCHAO, reason="torchao is not installed")
@pytest.mark.filterwarnings("ignore")
def test_a_run_with_moments_in_8_bits_goes_on_to_the_bit(data, tmp_path):
    settings = {"optimizer": "adamw_8bit", "device": "cpu", "learning_rate": 1e-2, "steps": 4}
    whole = train(small_run(**settings), [data], tmp_path / "WHOLE")
    train(small_run(**(settings | {"steps": 2})), [data], tmp_path / "PARTS")
    parts = train(small_run(**settings), [data], tmp_path / "PARTS", resume=True)
    assert parts.first.step == 3
    last = "checkpoints/step-00000004/optimizer.safetensors"
    for name in ("model/model.safetensors", last):
        assert (tmp_path / "WHOLE" / name).read_bytes() == (tmp_path / "PARTS" / name).read_bytes(), name
    kinds = {name: tensor.dtype for name, tensor in load_file(tmp_path / "WHOLE" / last).items()}
    assert torch.uint8 in kinds.values()
    assert whole.last.objective > whole.first.objective

"""LoRA: proven in the adapters, checkpointed alone, resumed to the bit, exported apart and merged."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from schemas.config import Lora
from schemas.exits import RunFailedError, UserError
from tests.training.models import small_model, small_run, tiny_model
from training.adapters import add_adapters, merge_adapters, passed_over
from training.model import load_model
from training.prove import prove
from training.prove_adapters import unsettle_adapters
from training.train import train

LORA = Lora(rank=4, alpha=16)
peft = pytest.importorskip("peft")


def base_of(data, folder):
    """A plain model to stand on: a run of one step."""
    return train(small_run(steps=1), [data], folder / "BASE").model


@pytest.mark.parametrize("changes", [{}, {"targets": ["q_proj", "v_proj"]}, {"dora": True}], ids=["all", "two", "dora"])
def test_j_and_its_gradient_in_the_adapters_are_proven_with_a_control(data, changes):
    lines = list(prove(small_run(lora=LORA.model_copy(update=changes)), [data], rows=3))
    assert [line.name for line in lines if not line.passed] == []
    names = [line.name for line in lines]
    assert "adapters" in names
    assert ("control: adapters scaled twice" in names) == ("dora" not in changes)
    assert ("control: adapters left out" in names) == ("dora" in changes)


def test_a_run_trains_adapters_alone_and_exports_both(data, tmp_path):
    base = base_of(data, tmp_path)
    result = train(small_run(model=str(base), lora=LORA), [data], tmp_path / "RUN")
    step = tmp_path / "RUN" / "checkpoints" / "step-00000006"
    assert {path.name for path in step.glob("**/*.safetensors")} == {
        "adapter_model.safetensors",
        "optimizer.safetensors",
    }
    assert all("lora_" in name for name in load_file(step / "optimizer.safetensors"))
    adapter = load_model(tmp_path / "RUN" / "adapter").eval()
    merged = AutoModelForCausalLM.from_pretrained(result.model).eval()
    untouched = AutoModelForCausalLM.from_pretrained(base).eval()
    tokens = torch.arange(20)[None]
    with torch.no_grad():
        scores = [model(input_ids=tokens, position_ids=tokens).logits for model in (merged, untouched)]
        adapter.set_attn_implementation("sdpa")
        by_adapter = adapter(input_ids=tokens, position_ids=tokens).logits
    assert torch.allclose(scores[0], by_adapter, atol=1e-5)
    assert not torch.allclose(scores[0], scores[1], atol=1e-3)
    lines = [json.loads(line) for line in (tmp_path / "RUN" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["objective"] > lines[0]["objective"]


def test_a_run_with_adapters_resumes_to_the_bit(data, tmp_path):
    config = small_run(lora=LORA, weight_decay=0.1)
    straight = train(config, [data], tmp_path / "A")
    longer = train(small_run(lora=LORA, weight_decay=0.1, steps=4), [data], tmp_path / "B")
    assert longer.steps == 4
    resumed = train(config, [data], tmp_path / "B", resume=True)
    for name in ("adapter/adapter_model.safetensors", "model/model.safetensors"):
        assert (straight.output / name).read_bytes() == (resumed.output / name).read_bytes()


def test_other_adapters_are_another_run(data, tmp_path):
    train(small_run(lora=LORA, steps=2), [data], tmp_path / "RUN")
    with pytest.raises(RunFailedError, match=r"train\.lora was"):
        train(small_run(lora=Lora(rank=8, alpha=16), steps=2), [data], tmp_path / "RUN", resume=True)


def test_merged_weights_are_the_formula():
    model = small_model("llama", dtype=torch.float64, attn_implementation="sdpa")
    add_adapters(model, LORA, seed=0)
    unsettle_adapters(model)
    layer = model.model.layers[0].self_attn.q_proj
    expected = layer.base_layer.weight + 4.0 * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    merge_adapters(model)
    assert torch.allclose(model.model.layers[0].self_attn.q_proj.weight, expected, rtol=1e-12)
    assert all(parameter.requires_grad for parameter in model.parameters())


def scores(model):
    with torch.no_grad():
        return model(input_ids=torch.arange(20)[None]).logits


@pytest.mark.parametrize("kind", ["mixtral", "gpt_oss"])
def test_experts_merged_compute_what_their_adapters_did(kind):
    model = tiny_model(kind, num_local_experts=4).double()
    plain = scores(model)
    add_adapters(model, LORA, seed=0)
    unsettle_adapters(model)
    adapted = scores(model)
    merge_adapters(model)
    assert torch.allclose(scores(model), adapted, atol=1e-9)
    assert not torch.allclose(adapted, plain, atol=1e-3)
    assert not [name for name in model.state_dict() if "lora" in name or "base_layer" in name]


@pytest.fixture(scope="module")
def mixture(data, tmp_path_factory):
    """A folder with a mixture of experts and a tokenizer."""
    folder = tmp_path_factory.mktemp("mixture")
    tokenizer = AutoTokenizer.from_pretrained(base_of(data, folder))
    tiny_model("mixtral", num_local_experts=4, vocab_size=len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_adapters_of_experts_are_proven_with_a_control(data, mixture):
    lines = list(prove(small_run(model=mixture, lora=LORA), [data], rows=3))
    assert [line.name for line in lines if not line.passed] == []
    assert {"adapters", "control: adapters scaled twice"} <= {line.name for line in lines}


def test_adapters_of_experts_are_trained_resumed_and_exported(data, tmp_path, mixture):
    config = small_run(model=mixture, lora=LORA)
    straight = train(config, [data], tmp_path / "A")
    train(small_run(model=mixture, lora=LORA, steps=4), [data], tmp_path / "B")
    resumed = train(config, [data], tmp_path / "B", resume=True)
    name = "model/model.safetensors"
    assert (straight.output / name).read_bytes() == (resumed.output / name).read_bytes()
    assert any("experts" in key for key in load_file(straight.output / "adapter/adapter_model.safetensors"))
    adapter = load_model(straight.output / "adapter").eval()
    assert torch.allclose(scores(adapter), scores(load_model(straight.model).eval()), atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "bare"),
    [
        ("mamba", {"dt_proj", "out_proj", "x_proj"}),
        ("falcon_h1", {"out_proj"}),
        ("llama4_text", {"router"}),
        ("falcon", set()),
        ("mixtral", set()),
        ("llama", set()),
    ],
)
def test_a_layer_that_the_models_own_code_goes_past_bears_no_adapter(kind, bare):
    model = tiny_model(kind, state_size=4, num_local_experts=4)
    names = passed_over(model)
    assert {name.rpartition(".")[2] for name in names} == bare
    add_adapters(model, LORA, seed=0)
    assert not [name for name in names if hasattr(model.get_submodule(name), "lora_A")]
    assert any("lora_" in name for name, _ in model.named_parameters())


def test_layers_without_adapters_are_told_before_step_1(data, tmp_path, mixture):
    tokenizer = AutoTokenizer.from_pretrained(mixture)
    tiny_model("mamba", state_size=4, vocab_size=len(tokenizer)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    notes = []
    train(
        small_run(model=str(tmp_path), lora=LORA, steps=1),
        [data],
        tmp_path / "RUN",
        on_start=lambda plan: notes.extend(plan.notes),
    )
    assert any(note.startswith("dt_proj, out_proj, x_proj: 6 layers bear no adapter") for note in notes), notes


def test_experts_with_dora_are_one_line(data, tmp_path, mixture):
    with pytest.raises(UserError, match=r"^train\.lora: adapters of experts take neither dora nor dropout; name the"):
        train(small_run(model=mixture, lora=Lora(dora=True)), [data], tmp_path / "RUN")
    named = Lora(dora=True, targets=["q_proj", "v_proj"])
    assert train(small_run(model=mixture, lora=named, steps=1), [data], tmp_path / "NAMED").steps == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lora": Lora(targets=["nowhere"])}, "train.lora: .*nowhere"),
        ({"freeze": ["model.nowhere.*"]}, "train.freeze: model.nowhere.* matches no parameter"),
        ({"freeze": ["*"]}, "train.freeze: every parameter is frozen"),
    ],
)
def test_what_cannot_be_trained_is_one_line(data, tmp_path, changes, says):
    with pytest.raises(UserError, match=says):
        train(small_run(**changes), [data], tmp_path / "RUN")


def test_frozen_parameters_stay_and_the_others_move(data, tmp_path):
    result = train(small_run(freeze=["model.layers.0.*"]), [data], tmp_path / "RUN")
    before = load_file(result.initial / "model.safetensors")
    after = load_file(result.model / "model.safetensors")
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert {name for name in before if name.startswith("model.layers.0.")} == same

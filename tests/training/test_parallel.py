"""Many ranks over gloo, with a copy of the weights each or with shards (FSDP2): the same sums as one process."""

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from schemas.config import Lora
from tests.training.models import distance, gradient_of, random_rows, small_model, small_run, summed, whole_batch
from tests.training.ranks import run_ranks
from training import checkpoint, parallel
from training.gradients import Gradients
from training.model import load_model
from training.parallel import ShardedGradients, shard, whole
from training.step import Likelihood, accumulate, micro_batches
from training.train import train
from training.world import join_world

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


MODEL = {"hidden_size": 36, "intermediate_size": 66, "num_attention_heads": 3, "num_key_value_heads": 1}  # odd on 2


@pytest.fixture(scope="module")
def encoded():
    return random_rows([57, 44, 38, 33, 29, 21, 14, 9, 6])


@pytest.fixture(scope="module")
def truth(encoded):
    """J and the gradient of one process in float64."""
    return summed(small_model(**MODEL), encoded, capacity=4096)


def one_rank(encoded, dtype, capacity, way, spoil):
    """The gradient, J, norm, norm after a halving, and packs of one rank, with how many of them are empty."""
    torch.set_num_threads(1)
    world = join_world("cpu")
    model = small_model(dtype=dtype, **MODEL)
    root = shard(model, world) if way == "shard" else model
    if spoil:
        for module in root.modules():
            if hasattr(module, "set_gradient_divide_factor"):
                module.set_gradient_divide_factor(float(world.size))
    gradients = (ShardedGradients if way == "shard" else Gradients)(list(model.parameters()))
    gradients.clear()
    batch = whole_batch(encoded, capacity=capacity, rank=world.rank, world=world.size, even=way == "shard")
    likelihood = Likelihood(len(encoded), world.device)
    micros = list(micro_batches(encoded, batch, world.device, dtype))
    accumulate(root, iter(micros), likelihood)
    gradients.sum(world)
    world.sum(likelihood.totals)
    norm = gradients.norm(world)
    for parameter in model.parameters():
        parameter.grad = whole(parameter.grad.clone())
    found = gradient_of(model).numpy()
    objective = -float((likelihood.totals[:, 0].numpy() * batch.weights).sum())
    gradients = Gradients(list(model.parameters())) if way == "replicate" else gradients
    empty = sum(len(micro.targets) == 0 for micro in micros)
    world.close()
    return found, objective, norm, len(micros), empty


def off(rank, truth):
    return distance(torch.from_numpy(rank[0]), truth[1])


@pytest.mark.parametrize("way", ["replicate", "shard"])
@pytest.mark.parametrize(("world", "capacity"), [(2, 60), (2, 4096), (3, 100)])
def test_the_gradient_is_the_sum_over_ranks_in_float64(encoded, truth, way, world, capacity):
    ranks = run_ranks(one_rank, world, encoded, torch.float64, capacity, way, False)
    for rank in ranks:
        assert off(rank, truth) < 1e-12
        assert rank[1] == pytest.approx(truth[0], rel=1e-12)
        assert rank[2] == pytest.approx(float(truth[1].norm()), rel=1e-12)
    assert len({rank[1] for rank in ranks}) == 1
    if way == "shard":
        assert len({rank[3] for rank in ranks}) == 1
    if capacity == 4096:
        assert sorted(rank[4] for rank in ranks) == ([0, 1] if way == "shard" else [0, 0])


@pytest.mark.parametrize("way", ["replicate", "shard"])
def test_the_gradient_over_ranks_is_exact_to_rounding_in_float32(encoded, truth, way):
    assert off(run_ranks(one_rank, 2, encoded, torch.float32, 100, way, False)[0], truth) < 5e-6


def test_the_gate_catches_a_mean_over_ranks(encoded, truth):
    assert off(run_ranks(one_rank, 2, encoded, torch.float64, 100, "shard", True)[0], truth) == pytest.approx(0.5)


def config_of(**changes):
    return small_run(**({"context": 160, "parallel": "shard", "trackers": []} | changes))


def trained(config, data, output, resume):
    torch.set_num_threads(1)
    train(config, [data], output, resume=resume)


def weights_of(run):
    return load_file(run / "model" / "model.safetensors")


@pytest.fixture(scope="module")
def straight(data, tmp_path_factory):
    """Six steps on two ranks with shards."""
    output = tmp_path_factory.mktemp("sharded") / "RUN"
    run_ranks(trained, 2, config_of(), data, output, False)
    return output


def objectives_of(run):
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line["objective"] for line in lines]


def test_two_sharded_ranks_take_the_steps_of_one_process(straight, data, tmp_path):
    train(config_of(), [data], tmp_path / "RUN")
    assert objectives_of(straight) == pytest.approx(objectives_of(tmp_path / "RUN"), rel=1e-5)
    one, two = weights_of(straight), weights_of(tmp_path / "RUN")
    assert one.keys() == two.keys()
    start = load_file(straight / "checkpoints" / "step-00000000" / "model" / "model.safetensors")
    for name in one:
        assert (one[name] - two[name]).norm() < 2e-3 * (one[name] - start[name]).norm() + 1e-6, name


def test_a_sharded_run_exports_a_model_that_loads_anywhere(straight):
    model = AutoModelForCausalLM.from_pretrained(straight / "model")
    saved = weights_of(straight)
    assert "lm_head.weight" not in saved  # tied: stored once
    for name, tensor in model.named_parameters():
        assert torch.equal(tensor, saved[name]), name


def test_a_sharded_run_resumes_to_the_same_bits(straight, data, tmp_path):
    output = tmp_path / "RUN"
    run_ranks(trained, 2, config_of(steps=4), data, output, False)
    run_ranks(trained, 2, config_of(), data, output, True)
    assert all(torch.equal(weights_of(straight)[name], tensor) for name, tensor in weights_of(output).items())


def test_one_process_continues_what_shards_began(straight, data, tmp_path):
    output = tmp_path / "RUN"
    run_ranks(trained, 2, config_of(steps=4), data, output, False)
    train(config_of(parallel="replicate"), [data], output, resume=True)
    assert objectives_of(output)[-1] == pytest.approx(objectives_of(straight)[-1], rel=1e-5)
    assert checkpoint.latest(output).state.step == 6


def test_sharded_adapters_take_the_steps_of_one_process_and_merge(data, tmp_path):
    pytest.importorskip("peft")
    lora = {"lora": Lora(rank=4, alpha=16), "steps": 4}
    run_ranks(trained, 2, config_of(**lora), data, tmp_path / "TWO", False)
    train(config_of(**lora), [data], tmp_path / "ONE")
    assert objectives_of(tmp_path / "TWO") == pytest.approx(objectives_of(tmp_path / "ONE"), rel=1e-5)
    one, two = weights_of(tmp_path / "ONE"), weights_of(tmp_path / "TWO")
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[name], two[name], atol=1e-4) for name in one)


def hollow_rank(folder):
    """What each rank loaded of a weight, and the weights that it has of its shards put together."""
    torch.set_num_threads(1)
    world = join_world("cpu")
    model = load_model(folder, hollow=not world.is_main)
    loaded = model.model.norm.weight.detach().clone().numpy()
    shard(model, world)
    weights = {name: whole(parameter.detach()).clone().numpy() for name, parameter in model.named_parameters()}
    world.close()
    return loaded, weights


def test_ranks_get_the_weights_that_rank_0_loaded(tmp_path):
    model = small_model("llama", dtype=torch.float32)
    model.model.norm.weight.data.mul_(3)
    model.save_pretrained(tmp_path)
    first, second = run_ranks(hollow_rank, 2, tmp_path)
    assert (first[0] == 3).all()
    assert not (second[0] == 3).any()
    for name, parameter in model.named_parameters():
        assert (first[1][name] == parameter.detach().numpy()).all(), name
        assert (second[1][name] == first[1][name]).all(), name


def test_a_model_without_layers_is_refused_by_name():
    from schemas.exits import UserError

    class Bare(torch.nn.Linear):
        @property
        def base_model(self):
            return self

    with pytest.raises(UserError, match=r"train\.parallel: Bare has no list of layers; leave it off"):
        parallel.shard(Bare(2, 2), join_world("cpu"))

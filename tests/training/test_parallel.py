"""Sharded weights (FSDP2 over gloo): the same sums as one process, and the same checkpoints."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

from schemas.config import Config, FreshModel, Train
from tests.training.ranks import run_ranks
from training import attention, checkpoint, parallel
from training.encode import Encoded
from training.parallel import ShardedGradients, shard, whole
from training.step import Gradients, Likelihood, accumulate, micro_batches, plan_batch
from training.train import train
from training.world import join_world

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def model_of(dtype):
    attention.register()
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=211,
        hidden_size=36,
        intermediate_size=66,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=1,
        tie_word_embeddings=True,
        initializer_range=0.1,
        attn_implementation=attention.NAME,
    )
    return Qwen2ForCausalLM(config).to(dtype)


@pytest.fixture(scope="module")
def encoded():
    random = np.random.default_rng(5)
    lengths = random.integers(6, 60, 9)
    mask = np.concatenate([np.arange(length) >= random.integers(1, length) for length in lengths]).astype(np.uint8)
    tokens = random.integers(0, 211, int(lengths.sum())).astype(np.int32)
    return Encoded(tokens, mask, np.concatenate([[0], np.cumsum(lengths)]))


def batch_of(encoded, *, capacity, rank=0, world=1):
    everything = np.arange(len(encoded))
    lengths = encoded.supervised_lengths
    return plan_batch(encoded, lengths, everything, capacity=capacity, rank=rank, world=world, even=True)


def alone(encoded, dtype):
    model = model_of(dtype)
    gradients = Gradients(list(model.parameters()))
    batch = batch_of(encoded, capacity=4096)
    accumulate(model, micro_batches(encoded, batch, torch.device("cpu"), dtype), Likelihood(9, torch.device("cpu")))
    gradients.sum(join_world("cpu"))
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def sharded(encoded, dtype, capacity, spoil):
    """The gradient, J, norm and number of packs of one rank."""
    torch.set_num_threads(1)
    world = join_world("cpu")
    model = model_of(dtype)
    root = shard(model, world)
    if spoil:
        for module in root.modules():
            if hasattr(module, "set_gradient_divide_factor"):
                module.set_gradient_divide_factor(float(world.size))
    gradients = ShardedGradients(list(model.parameters()))
    gradients.clear()
    batch = batch_of(encoded, capacity=capacity, rank=world.rank, world=world.size)
    likelihood = Likelihood(9, world.device)
    micros = list(micro_batches(encoded, batch, world.device, dtype))
    accumulate(root, iter(micros), likelihood)
    gradients.sum(world)
    world.sum(likelihood.totals)
    norm = gradients.norm(world)
    found = {name: whole(p.grad).numpy() for name, p in model.named_parameters()}
    objective = -float((likelihood.totals[:, 0].numpy() * batch.weights).sum())
    gradients.scale(0.5)
    halved = gradients.norm(world)
    empty = sum(len(micro.targets) == 0 for micro in micros)
    world.close()
    return found, objective, norm, halved, (len(micros), empty)


def distance(found, true):
    one = torch.cat([torch.from_numpy(found[name]).flatten().double() for name in true])
    other = torch.cat([gradient.flatten().double() for gradient in true.values()])
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize(("world", "capacity"), [(2, 60), (2, 4096), (3, 100)])
def test_the_gradient_over_shards_is_the_sum_over_ranks_in_float64(encoded, world, capacity):
    truth = alone(encoded, torch.float64)
    ranks = run_ranks(sharded, world, encoded, torch.float64, capacity, False)
    for found, _, norm, halved, _ in ranks:
        assert distance(found, truth) < 1e-12
        expected = float(torch.cat([g.flatten() for g in truth.values()]).norm())
        assert norm == pytest.approx(expected, rel=1e-12)
        assert halved == pytest.approx(expected / 2, rel=1e-12)
    assert len({objective for _, objective, *_ in ranks}) == 1
    assert len({packs for *_, (packs, _) in ranks}) == 1
    if capacity == 4096:
        assert sorted(empty for *_, (_, empty) in ranks) == [0, 1]


def test_the_gradient_over_shards_is_exact_to_rounding_in_float32(encoded):
    truth = alone(encoded, torch.float64)
    assert distance(run_ranks(sharded, 2, encoded, torch.float32, 100, False)[0][0], truth) < 5e-6


def test_the_gate_catches_a_mean_over_ranks(encoded):
    truth = alone(encoded, torch.float64)
    assert distance(run_ranks(sharded, 2, encoded, torch.float64, 100, True)[0][0], truth) == pytest.approx(0.5)


def config_of(**changes):
    settings = {
        "model": FreshModel(hidden_size=32, layers=2, heads=4, vocabulary=400),
        "examples_per_step": 16,
        "steps": 6,
        "context": 160,
        "learning_rate": 3e-3,
        "checkpoint_every": 2,
        "parallel": "shard",
        "trackers": [],
    }
    return Config(train=Train(**(settings | changes)))


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


def test_a_model_without_layers_is_refused_by_name():
    from schemas.exits import UserError

    class Bare(torch.nn.Linear):
        @property
        def base_model(self):
            return self

    with pytest.raises(UserError, match=r"train\.parallel: Bare has no list of layers to shard; use replicate"):
        parallel.shard(Bare(2, 2), join_world("cpu"))

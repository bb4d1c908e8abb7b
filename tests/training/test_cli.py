"""The verbs as users call them: exit codes, one clear line, many processes, a kill at any moment."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.store_server import put
from tests.training.test_fetched import blocks_of, with_tables
from training.__main__ import main
from training.checkpoint import latest
from training.losses import read_losses

REPOSITORY = Path(__file__).resolve().parents[2]

CONFIG = """
train:
  model: {hidden_size: 32, layers: 2, heads: 4, vocabulary: 400}
  examples_per_step: 16
  steps: 8
  context: 512
  learning_rate: 3.0e-3
  checkpoint_every: 2
evaluate: {max_new_tokens: 24, limit: 3}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_text(CONFIG)
    return path


def started(*command, folder=REPOSITORY, **environment):
    quiet = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | quiet | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train_command(config, data, output, *more):
    return [sys.executable, "-m", "training", "train", config, "--data", data, "--output", output, *more]


def weights_of(run):
    return load_file(run / "model" / "model.safetensors")


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def straight(config, data, tmp_path_factory):
    """A run in one go, through the command line."""
    output = tmp_path_factory.mktemp("straight") / "RUN"
    assert main(["train", str(config), "--data", str(data), "--output", str(output)]) == 0
    return output


def test_train_then_evaluate(straight, config, data, tmp_path, capsys):
    output = tmp_path / "EVAL"
    code = main(["evaluate", str(config), "--model", str(straight), "--data", str(data), "--output", str(output)])
    assert code == 0
    results = json.loads((output / "results.json").read_text())
    assert {name: line["n"] for name, line in results["formats"].items()} == {"cot": 3, "pot": 3, "tir": 3}
    assert (output / "generations" / "tir.arrow").is_file()
    assert (output / "index.html").read_text().count("<script") == 1
    assert "pass@1" in capsys.readouterr().out


def test_data_in_a_store_gives_the_same_weights(straight, config, data, bucket, tmp_path, capsys):
    put(data, f"{bucket}/DATA")
    url = f"{bucket}/DATA"
    assert main(["train", str(config), "--data", url, "--output", str(tmp_path / "RUN")]) == 0
    assert same(weights_of(tmp_path / "RUN"), weights_of(straight))
    assert f"--data {url}" in " ".join(capsys.readouterr().out.split())
    record = json.loads((tmp_path / "RUN" / "run.json").read_text())
    assert [entry["path"] for entry in record["data"]] == [url]


def test_the_untrained_model_can_be_evaluated(straight, config, data, tmp_path):
    arguments = ["--model", str(straight), "--checkpoint", "step-00000000", "--data", str(data)]
    more = ["--output", str(tmp_path / "EVAL"), "--set", "evaluate.formats=[pot]"]
    assert main(["evaluate", str(config), *arguments, *more]) == 0
    assert json.loads((tmp_path / "EVAL" / "results.json").read_text())["formats"]["pot"]["passed"] == 0


def test_prove_holds_on_a_model_of_the_users_own(straight, config, data, capsys):
    assert main(["prove", str(config), "--data", str(data), "--model", str(straight / "model"), "--rows", "4"]) == 0
    told = capsys.readouterr().out
    assert told.count("✓") == 18
    assert "✗" not in told


@pytest.mark.filterwarnings("ignore")
def test_prove_holds_on_a_model_that_scales_its_scores(straight, config, data, tmp_path, capsys):
    """Granite divides its scores: the last states times the output matrix are not what it computes."""
    shutil.copytree(straight / "model", tmp_path / "model")
    settings = json.loads((tmp_path / "model" / "config.json").read_text())
    settings |= {"model_type": "granite", "architectures": ["GraniteForCausalLM"], "logits_scaling": 8.0}
    (tmp_path / "model" / "config.json").write_text(json.dumps(settings))
    assert main(["prove", str(config), "--data", str(data), "--model", str(tmp_path / "model")]) == 0
    assert "✗" not in capsys.readouterr().out


ENDLESS = ["--set", "train.learning_rate=1e30", "--set", "train.clip_norm=null"]
BAD = {
    "no such data": (["train", "CONFIG", "--data", "nowhere", "--output", "NEW"], 2, "nowhere: no such folder"),
    "no config": (["train", "none.yaml", "--data", "DATA", "--output", "NEW"], 2, "none.yaml: no such config file"),
    "an unknown key": (
        ["train", "CONFIG", "--data", "DATA", "--output", "NEW", "--set", "train.step=3"],
        2,
        "train.step: unknown key; did you mean `steps`?",
    ),
    "both durations": (
        ["train", "CONFIG", "--data", "DATA", "--output", "NEW", "--set", "train.epochs=1"],
        2,
        "give either `steps` or `epochs`",
    ),
    "an unknown option": (["train", "CONFIG", "--date", "DATA"], 2, "--date"),
    "no output": (["train", "CONFIG", "--data", "DATA"], 2, "--output"),
    "a run already there": (["train", "CONFIG", "--data", "DATA", "--output", "RUN"], 2, "holds another run"),
    "another objective": (
        ["train", "CONFIG", "--data", "DATA", "--output", "RUN", "--resume", "--set", "train.objective=token_mean"],
        1,
        "refused to resume: train.objective",
    ),
    "no device": (
        ["train", "CONFIG", "--data", "DATA", "--output", "NEW", "--set", "train.device=tpu"],
        2,
        "expected cpu, cuda or auto, found tpu",
    ),
    "a model that is not there": (
        ["evaluate", "CONFIG", "--model", "/nowhere/at/all", "--data", "DATA", "--output", "NEW"],
        2,
        "--model /nowhere/at/all: no tokenizer could be loaded: no such folder",
    ),
    "no such checkpoint": (
        ["evaluate", "CONFIG", "--model", "RUN", "--checkpoint", "step-7", "--data", "DATA", "--output", "NEW"],
        2,
        "no such checkpoint",
    ),
    "data without a verdict": (["train", "CONFIG", "--data", "UNJUDGED", "--output", "NEW"], 2, "never judged"),
    "a context shorter than most rows": (
        ["train", "CONFIG", "--data", "DATA", "--output", "NEW", "--set", "train.context=40"],
        2,
        "that is most of the data; set train.context to",
    ),
    "packs shorter than an example": (
        ["train", "CONFIG", "--data", "DATA", "--output", "NEW", "--set", "train.pack_tokens=40"],
        2,
        "pack_tokens 40 is less than context 512",
    ),
    "a loss that is not finite": (
        ["train", "CONFIG", "--data", "DATA", "--output", "NEW", *ENDLESS],
        1,
        "no update was made",
    ),
    "a base model's tokenizer without a stop token": (
        ["train", "CONFIG", "--data", "DATA", "--output", "NEW", "--set", "train.model=ENDLESS_TOKENIZER"],
        2,
        "a tokenizer without a stop token",
    ),
    "a run behind a URL": (
        ["train", "CONFIG", "--data", "DATA", "--output", "s3://bucket/run"],
        2,
        "--output s3://bucket/run: this must be on this machine",
    ),
    "an evaluation behind a URL": (
        ["evaluate", "CONFIG", "--model", "RUN", "--data", "DATA", "--output", "s3://k:s@bucket/eval"],
        2,
        "--output s3://bucket/eval: this must be on this machine",
    ),
    "a model behind a URL": (
        ["evaluate", "CONFIG", "--model", "s3://bucket/run", "--data", "DATA", "--output", "NEW"],
        2,
        "--model s3://bucket/run: this must be on this machine",
    ),
    "nothing to evaluate on": (["evaluate", "CONFIG", "--model", "RUN", "--output", "NEW"], 2, "give --data DATA"),
}


@pytest.fixture(scope="module")
def unjudged(data, tmp_path_factory):
    """A data set that nobody judged."""
    folder = shutil.copytree(data, tmp_path_factory.mktemp("unjudged") / "DATA")
    shutil.rmtree(folder / "quality")
    return folder


@pytest.fixture(scope="module")
def endless_model(straight, tmp_path_factory):
    """A base model whose tokenizer has neither a template nor a token to end with."""
    folder = shutil.copytree(straight / "model", tmp_path_factory.mktemp("endless") / "model")
    (folder / "chat_template.jinja").unlink()
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"eos_token": None}))
    return folder


@pytest.mark.parametrize("name", BAD)
def test_what_the_user_can_fix_is_one_line_and_an_exit_code(
    name, straight, config, data, unjudged, endless_model, tmp_path, capsys
):
    arguments, code, message = BAD[name]
    paths = {"CONFIG": config, "DATA": data, "RUN": straight, "NEW": tmp_path / "NEW", "UNJUDGED": unjudged}
    paths["train.model=ENDLESS_TOKENIZER"] = f"train.model={endless_model}"
    assert main([str(paths.get(argument, argument)) for argument in arguments]) == code
    told = capsys.readouterr().err.strip()
    assert told.startswith("mathmill: ")
    assert message in told
    assert "\n" not in told
    assert "Traceback" not in told


def of_two(rank, arguments, code):
    os.environ.update(
        RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank), MASTER_ADDR="127.0.0.1", MASTER_PORT="29641"
    )
    code.value = main(arguments)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_two_ranks_take_the_steps_of_one(straight, config, data, tmp_path):
    """The sum of gradients over ranks is that of one process, up to the order of float32 additions."""
    output = tmp_path / "RUN"
    arguments = [str(part) for part in train_command(config, data, output, "--set", "train.context=160")[3:]]
    fork = multiprocessing.get_context("fork")
    codes = [fork.Value("i", -1) for _ in range(2)]
    ranks = [fork.Process(target=of_two, args=(rank, arguments, codes[rank])) for rank in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
    assert [code.value for code in codes] == [0, 0]
    require_same_run(straight, output)


@pytest.mark.slow
def test_torchrun_takes_the_steps_of_one(straight, config, data, tmp_path):
    output = tmp_path / "RUN"
    process = started(*torchrun(2, 29643), *train_command(config, data, output)[3:])
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    require_same_run(straight, output)


def two_nodes(folder, port, config, url, *more):
    """Two nodes of one rank that share no folder: each stands in its own and names RUN from there."""
    for node in (0, 1):
        (folder / f"node{node}").mkdir(exist_ok=True)
    command = ["train", config, "--data", url, "--output", "RUN", "--set", "train.token_cache_gb=0", *more]
    launch = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    meet = ["--master-addr=127.0.0.1", f"--master-port={port}", "-m", "training"]
    return [
        started(
            *launch, f"--node-rank={node}", *meet, *command,
            folder=folder / f"node{node}", XDG_CACHE_HOME=str(folder / f"cache{node}"),
        )
        for node in (0, 1)
    ]  # fmt: skip


@pytest.mark.slow
def test_two_nodes_without_a_shared_disk_take_the_steps_of_one(straight, config, data, tmp_path, bucket):
    """From a store, with a cache each; rank 0's RUN is the only one, when it begins and when it resumes."""
    judged = with_tables(shutil.copytree(data, tmp_path / "DATA"))
    url = put(judged, f"{bucket}/DATA").url
    for port, more in ((29644, ["--set", "train.steps=4"]), (29645, ["--resume"])):
        nodes = two_nodes(tmp_path, port, config, url, *more)
        for process in nodes:
            _, errors = process.communicate(timeout=240)
            assert process.returncode == 0, errors
    output = tmp_path / "node0" / "RUN"
    require_same_weights(straight, output)
    assert objectives_of(output, heldout=False) == pytest.approx(objectives_of(straight, heldout=False), rel=1e-5)
    assert not (tmp_path / "node1" / "RUN").exists()
    for node in (0, 1):
        assert blocks_of(tmp_path / f"cache{node}" / "mathmill")
        assert not list((tmp_path / f"cache{node}" / "mathmill").glob("run-*"))


@pytest.mark.slow
def test_a_compiled_run_takes_the_steps_of_one_that_is_not(straight, config, data, tmp_path):
    """A C++ compiler builds every length of packs: over a minute of CPU time for this model."""
    output, code = tmp_path / "RUN", tmp_path / "code"
    command = train_command(config, data, output, "--set", "train.compile=true")
    _, errors = started(*command, TORCHINDUCTOR_CACHE_DIR=code).communicate(timeout=900)
    require_same_run(straight, output)
    assert list(code.rglob("*.so")), errors


def torchrun(processes, port):
    launch = [sys.executable, "-m", "torch.distributed.run"]
    return [*launch, f"--nproc-per-node={processes}", f"--master-port={port}", "-m", "training"]


def require_same_run(straight, output):
    require_same_weights(straight, output)
    assert objectives_of(straight) == pytest.approx(objectives_of(output), rel=1e-5)


def require_same_weights(straight, output):
    one, two = weights_of(straight), weights_of(output)
    start = load_file(straight / "checkpoints" / "step-00000000" / "model" / "model.safetensors")
    for name in one:
        assert (one[name] - two[name]).norm() < 2e-3 * (one[name] - start[name]).norm() + 1e-6, name


def objectives_of(run, heldout=None):
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line["objective"] for line in lines if heldout in (None, line["heldout"])]


def wait_for(condition, process, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["a step", "a checkpoint", "the export"])
def test_a_killed_run_resumes_to_the_same_bits(moment, straight, config, data, tmp_path):
    output = tmp_path / "RUN"
    process = started(*train_command(config, data, output))
    lines = output / "metrics.jsonl"
    condition = {
        "a step": lambda: lines.is_file() and lines.read_text().count("\n") >= 3,
        "a checkpoint": lambda: any((output / "checkpoints").glob(".writing-step-0000000[2468]")),
        "the export": lambda: (output / ".model").is_dir() or (output / "model").is_dir(),
    }[moment]
    wait_for(condition, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert main(["train", str(config), "--data", str(data), "--output", str(output), "--resume"]) == 0
    assert same(weights_of(straight), weights_of(output))
    assert (output / "metrics.jsonl").read_text().count('"heldout": false') == 8


@pytest.mark.slow
@pytest.mark.parametrize("lora", ["null", "{rank: 4, alpha: 16}"], ids=["all weights", "adapters"])
def test_ten_kills_at_random_moments_leave_the_same_bits(lora, config, data, tmp_path):
    if lora != "null":
        pytest.importorskip("peft")
    settings = ["--set", "train.steps=60", "--set", f"train.lora={lora}", "--set", "train.heldout_every=20"]
    command = ["train", str(config), "--data", str(data), *settings, "--output"]
    assert main([*command, str(tmp_path / "STRAIGHT")]) == 0
    output, draw = tmp_path / "RUN", random.Random(7)
    for life in range(10):
        process = multiprocessing.get_context("fork").Process(target=main, args=([*command, str(output), "--resume"],))
        before, until = last_step(output), time.monotonic() + 120
        process.start()
        while last_step(output) == before and process.is_alive() and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.05))
        process.kill()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, f"the run had ended before kill {life}"
    assert main([*command, str(output), "--resume"]) == 0
    names = ["model/model.safetensors", "checkpoints/step-00000060/optimizer.safetensors"]
    for name in [*names, *(["adapter/adapter_model.safetensors"] if lora != "null" else [])]:
        assert (output / name).read_bytes() == (tmp_path / "STRAIGHT" / name).read_bytes(), name
    assert objectives_of(output) == objectives_of(tmp_path / "STRAIGHT")
    assert read_losses(output).equals(read_losses(tmp_path / "STRAIGHT"))


def last_step(run):
    """The step of the last checkpoint that is whole."""
    last = latest(run)
    return last.state.step if last else 0


@pytest.mark.slow
def test_sigterm_writes_a_checkpoint_and_says_how_to_go_on(straight, config, data, tmp_path):
    output = tmp_path / "RUN"
    process = started(*train_command(config, data, output, "--set", "train.checkpoint_every=1000"))
    lines = output / "metrics.jsonl"
    wait_for(lambda: lines.is_file() and lines.read_text().count("\n") >= 2, process)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.strip().endswith("continue with --resume")
    assert "Traceback" not in errors
    assert main(["train", str(config), "--data", str(data), "--output", str(output), "--resume"]) == 0
    assert same(weights_of(straight), weights_of(output))


@pytest.mark.slow
def test_ctrl_c_during_set_up_ends_at_once_and_resume_begins(straight, config, data, tmp_path):
    output = tmp_path / "RUN"
    process = started(*train_command(config, data, output))
    wait_for((output / "run.json").is_file, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=15)
    assert (process.returncode, errors) == (130, "mathmill: stopped; the same command with --resume continues\n")
    assert not (output / "metrics.jsonl").exists()
    assert main(["train", str(config), "--data", str(data), "--output", str(output), "--resume"]) == 0
    assert same(weights_of(straight), weights_of(output))


@pytest.mark.slow
def test_another_number_of_processes_may_resume_and_takes_the_same_examples(straight, config, data, tmp_path):
    output = tmp_path / "RUN"
    assert main(["train", str(config), "--data", str(data), "--output", str(output), "--set", "train.steps=4"]) == 0
    process = started(*torchrun(3, 29642), *train_command(config, data, output, "--resume")[3:])
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert examples_by_step(output) == examples_by_step(straight)
    assert {step: len(ids) for step, ids in examples_by_step(output).items()} == dict.fromkeys(range(1, 9), 16)


def examples_by_step(run):
    found = {}
    for row in read_losses(run).to_pylist():
        found.setdefault(row["step"], set()).add(row["id"])
    return found


def two_ranks(config, data, output):
    """Two processes of a long run, with no one above them to end one when the other dies."""
    command = train_command(config, data, output, "--set", "train.steps=4000", "--set", "train.checkpoint_every=4000")
    environment = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29644"}
    ranks = [started(*command, RANK=str(rank), LOCAL_RANK=str(rank), **environment) for rank in range(2)]
    lines = output / "metrics.jsonl"
    wait_for(lambda: lines.is_file() and lines.read_text().count("\n") >= 2, ranks[0], seconds=240)
    return ranks


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "harm", "says"),
    [
        (1, signal.SIGKILL, "rank 0 stops: another rank is gone"),
        (0, signal.SIGKILL, "rank 1 stops: "),
        (1, signal.SIGSTOP, "rank 0 stops: rank 1 has not been heard of for"),
    ],
    ids=["killed", "the first killed", "silent"],
)
def test_when_a_rank_dies_the_others_stop_within_a_minute_and_say_so(rank, harm, says, config, data, tmp_path):
    ranks = two_ranks(config, data, tmp_path / "RUN")
    ranks[rank].send_signal(harm)
    try:
        _, errors = ranks[1 - rank].communicate(timeout=60)
    finally:
        for process in ranks:
            process.kill()
        ranks[rank].communicate()
    assert ranks[1 - rank].returncode == 1
    told = [line for line in errors.splitlines() if line.startswith("mathmill: ")]
    assert len(told) == 1
    assert says in told[0]
    assert told[0].endswith("--resume")
    assert "Traceback" not in errors

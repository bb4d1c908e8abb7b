"""The line from shards to a checkpoint, in this process: what RUN holds, how it resumes, what it refuses."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from schemas.config import Config, Evaluate
from schemas.exits import RunFailedError, UserError
from schemas.verdict import Status
from tests.small_disk import small_disk
from tests.training.models import small_run
from training import checkpoint, shards
from training.chat import ChatLayout
from training.checkpoint import State
from training.train import _explain, train
from training.world import World


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    """A finished run of six steps. Read only."""
    output = tmp_path_factory.mktemp("run") / "RUN"
    told, steps = [], []
    result = train(small_run(), [data], output, on_start=told.append, on_step=steps.append)
    return result, told, steps


def weights_of(folder):
    return load_file(folder / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_learns_and_its_model_loads_anywhere(run, data):
    result, _, steps = run
    assert result.steps == 6
    assert result.last.objective > result.first.objective + 0.5
    model = AutoModelForCausalLM.from_pretrained(result.model)
    tokenizer = AutoTokenizer.from_pretrained(result.model)
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": "1 + 1?"}], add_generation_prompt=True)
    assert prompt["input_ids"][0] == tokenizer.bos_token_id
    assert model.generation_config.eos_token_id == [tokenizer.eos_token_id]
    card = (result.model / "README.md").read_text()
    assert "objective: sequence_mean" in card
    for example in shards.open(data).rows(0, 3):
        asked = ChatLayout(tokenizer).prompt(replace(example, question="{question}"))
        assert card.count(f"\n{example.format}:\n\n~~~~\n{asked}\n~~~~\n") == 1
    assert f"end with `{tokenizer.eos_token}`" in card
    assert steps[-1].heldout
    assert steps[-1].examples == 12


def test_run_holds_its_provenance(run, data):
    result, _, _ = run
    facts = json.loads((result.output / "run.json").read_text())
    manifest = json.loads((data / "manifest.json").read_text())
    assert facts["data"][0]["fingerprint"] == manifest["fingerprint"]
    assert facts["objective"] == "sequence_mean"
    assert facts["output_length"].startswith("|o| = supervised tokens")
    assert facts["train"]["seed"] == 0
    assert facts["versions"]["torch"] == torch.__version__
    assert json.loads((result.model / "run.json").read_text()) == facts


def test_the_latest_checkpoints_stay_and_step_0_too(run):
    names = sorted(path.name for path in (run[0].output / "checkpoints").iterdir())
    assert names == ["step-00000000", "step-00000004", "step-00000006"]
    assert run[0].initial == run[0].output / "checkpoints" / "step-00000000" / "model"


def test_figures_are_one_json_a_line_and_slices_add_up_to_j(run):
    result, _, steps = run
    lines = [json.loads(line) for line in (result.output / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if not line["heldout"]] == [1, 2, 3, 4, 5, 6]
    for line in lines:
        for slices in (line["formats"], line["sources"], line["topics"]):
            assert sum(part["objective_share"] for part in slices.values()) == pytest.approx(line["objective"])
            assert sum(part["supervised_tokens"] for part in slices.values()) == line["supervised_tokens"]
        assert line["mfu"] is None  # a CPU's peak is not known
    assert lines[0]["objective"] == steps[0].objective
    assert 0 < lines[0]["supervised_tokens_per_second"] < lines[0]["tokens_per_second"]
    assert 0 <= lines[0]["data_seconds"] < lines[0]["seconds"]


def test_the_mixture_is_told_before_step_1(run):
    _, (told,), _ = run
    assert told.examples == 48
    assert told.steps == 6
    lines = {line.name: line for line in told.mixture.lines}
    assert lines["cot"].row_share == lines["cot"].objective_share == pytest.approx(1 / 3)
    assert lines["tir"].token_share > lines["pot"].token_share
    assert told.mixture.outweighs == told.mixture.longest / told.mixture.shortest > 1


def test_a_resumed_run_ends_at_the_same_bits(run, data, tmp_path):
    output = tmp_path / "RUN"
    train(small_run(steps=4), [data], output)
    shutil.rmtree(output / "checkpoints" / "step-00000004")  # as if it had been killed during the fourth step
    result = train(small_run(), [data], output, resume=True)
    assert result.first.step == 3
    assert result.began == run[0].began == run[0].first.objective
    assert same(weights_of(result.model), weights_of(run[0].model))
    straight = [
        line for line in (run[0].output / "metrics.jsonl").read_text().splitlines() if '"heldout": false' in line
    ]
    resumed = [line for line in (output / "metrics.jsonl").read_text().splitlines() if '"heldout": false' in line]
    assert [json.loads(a)["objective"] for a in resumed] == [json.loads(b)["objective"] for b in straight]


def test_a_run_finds_the_tokens_of_another_and_ends_at_the_same_bits(run, data, tmp_path):
    for name, cached in (("off", 0), ("fills", 1), ("finds", 1)):
        config = small_run(token_cache=str(tmp_path / "cache"), token_cache_gb=cached, workers=3)
        result = train(config, [data], tmp_path / name)
        assert same(weights_of(result.model), weights_of(run[0].model))
        assert result.heldout.objective == run[0].heldout.objective
        assert len(list(tmp_path.glob("cache/*/*.arrow"))) == 2 * cached  # one a split, and no second one


def test_an_example_that_cannot_be_encoded_stops_the_run_behind_a_checkpoint(make_data, make_row, tmp_path):
    """A shard that changes under the run stands for all of them; the sample, first in order, is read before step 1."""
    folder = make_data(tmp_path / "DATA", [make_row(n, "cot") for n in range(1200)])
    shard = folder / "shards" / "train-00000-of-00001.arrow"
    content = shard.read_bytes()

    def spoil(metrics):
        if metrics.step == 2:
            os.utime(shard, (1, 1))

    config = small_run(steps=None, epochs=1.0, examples_per_step=40, checkpoint_every=100, workers=1)
    with pytest.raises(
        RunFailedError,
        match=r"step \d+ cannot be taken, the \d+ steps before it are in a checkpoint: .*changed while it was read",
    ):
        train(config, [folder], tmp_path / "RUN", on_step=spoil)
    last = checkpoint.latest(tmp_path / "RUN").state.step
    assert 2 <= last < 10
    assert shard.read_bytes() == content
    result = train(config, [folder], tmp_path / "RUN", resume=True)
    assert (result.first.step, result.steps) == (last + 1, 30)
    straight = train(config, [folder], tmp_path / "STRAIGHT")
    assert same(weights_of(result.model), weights_of(straight.model))


def test_heldout_j_is_measured_on_the_same_few_each_time(data, tmp_path):
    few = [
        train(small_run(seed=seed, steps=1, heldout_limit=5), [data], tmp_path / f"{seed}").heldout for seed in (0, 1)
    ]
    assert [measured.examples for measured in few] == [5, 5]
    assert {name: part.examples for name, part in few[0].formats.items()} == {
        name: part.examples for name, part in few[1].formats.items()
    }
    assert train(small_run(steps=1, heldout_limit=None), [data], tmp_path / "ALL").heldout.examples == 12


def test_another_seed_ends_elsewhere(run, data, tmp_path):
    result = train(small_run(seed=1), [data], tmp_path / "RUN")
    assert not same(weights_of(result.model), weights_of(run[0].model))


def test_a_finished_run_can_be_made_longer(run, data, tmp_path):
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    result = train(small_run(steps=7), [data], output, resume=True)
    assert (result.first.step, result.steps) == (7, 7)
    again = train(small_run(steps=7), [data], output, resume=True)
    assert again.first is None
    assert again.heldout.objective == result.heldout.objective


def test_a_half_written_checkpoint_is_ignored_and_cleared(run, data, tmp_path):
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    last = output / "checkpoints" / "step-00000006"
    (last / "optimizer.safetensors").write_bytes(b"cut short")
    (output / "checkpoints" / ".writing-step-00000008").mkdir()
    assert checkpoint.latest(output).state.step == 4
    result = train(small_run(), [data], output, resume=True)
    assert result.first.step == 5
    assert same(weights_of(result.model), weights_of(run[0].model))
    assert not (output / "checkpoints" / ".writing-step-00000008").exists()


def test_a_folder_with_another_run_is_refused(run, data):
    with pytest.raises(UserError, match="holds another run; continue it with --resume"):
        train(small_run(), [data], run[0].output)


def test_two_processes_do_not_train_into_one_folder(tmp_path, data):
    output = tmp_path / "RUN"
    output.mkdir()
    holding = (
        "import pathlib, sys; from schemas.files import hold; held = hold(pathlib.Path(sys.argv[1])); print('held', "
        "flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", holding, str(output / ".lock")], **pipes) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match="another `mathmill train` is writing here; choose a new folder"):
            train(small_run(steps=1), [data], output)
        other.communicate()
    assert train(small_run(steps=1), [data], output).last.step == 1


def test_a_run_that_took_no_step_does_not_stand_in_the_way(tmp_path, data):
    output = tmp_path / "RUN"
    with pytest.raises(UserError, match="context"):
        train(small_run(context=40), [data], output)
    assert (output / "run.json").is_file()
    assert train(small_run(steps=1), [data], output).last.step == 1


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) * 7 // 10] ^= 0x40
    path.write_bytes(content)


DAMAGE = {
    "weights": ("model/model.safetensors", flip),
    "weights cut": ("model/model.safetensors", lambda path: os.truncate(path, 100)),
    "moments": ("optimizer.safetensors", flip),
    "tokenizer": ("model/tokenizer.json", flip),
    "state": ("state.json", flip),
    "state without content": ("state.json", lambda path: path.write_text("{}")),
    "state of another step": ("state.json", lambda path: path.write_text(path.read_text().replace("6,", "5,", 1))),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_it_taken(run, data, tmp_path, warnings_of, what):
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    name, spoil = DAMAGE[what]
    last = output / "checkpoints" / "step-00000006"
    assert checkpoint.damaged_file(last) is None
    spoil(last / name)
    warned = warnings_of(checkpoint)
    result = train(small_run(), [data], output, resume=True)
    assert result.first.step == 5
    assert same(weights_of(result.model), weights_of(run[0].model))
    (warning,) = warned
    assert warning.startswith(f"{last}: {name} is damaged; set aside as ")
    assert checkpoint.damaged_file(last) is None
    assert not list((output / "checkpoints").glob("damaged-*"))


def test_a_checkpoint_of_an_earlier_version_is_taken_by_its_sizes(run, data, tmp_path, caplog):
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    state = output / "checkpoints" / "step-00000006" / "state.json"
    raw = json.loads(state.read_text())
    state.write_text(json.dumps({name: raw[name] for name in ("step", "next", "bytes")}))
    assert train(small_run(steps=7), [data], output, resume=True).first.step == 7
    assert not caplog.records


def test_a_whole_run_is_resumed_without_a_word(run, data, tmp_path, caplog):
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    assert train(small_run(steps=7), [data], output, resume=True).first.step == 7
    assert not [record for record in caplog.records if record.name.startswith("training")]


@pytest.mark.parametrize(
    "text", ["", '{"data"', "[]", '{"data": [], "train": {}}', '{"data": [{}], "train": {"a": 1}}']
)
def test_a_damaged_run_file_is_one_line(run, data, tmp_path, text):
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    (output / "run.json").write_text(text)
    with pytest.raises(RunFailedError, match=r"run\.json: damaged, so nobody can tell"):
        train(small_run(), [data], output, resume=True)


def test_checkpoints_without_their_figures_are_refused_and_kept(run, data, tmp_path):
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    (output / "metrics.jsonl").unlink()
    with pytest.raises(UserError, match="holds another run"):
        train(small_run(), [data], output)
    assert checkpoint.latest(output).state.step == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": "token_mean"}, "train.objective was 'sequence_mean' and is 'token_mean' now"),
        ({"seed": 3}, "train.seed was 0 and is 3 now"),
        ({"examples_per_step": 8}, "train.examples_per_step was 16 and is 8 now"),
    ],
)
def test_a_resume_with_another_objective_is_refused_by_name(run, data, change, message):
    with pytest.raises(RunFailedError, match=message):
        train(small_run(**change), [data], run[0].output, resume=True)


def test_a_resume_with_other_data_is_refused(run, make_data, make_row, tmp_path):
    other = make_data(tmp_path / "OTHER", [make_row(n, "cot") for n in range(5)])
    with pytest.raises(RunFailedError, match="refused to resume: the data set changed"):
        train(small_run(), [other], run[0].output, resume=True)


def test_data_without_a_passed_verdict_is_refused_unless_it_is_a_draft(make_data, make_row, tmp_path):
    rows = [make_row(n, "cot") for n in range(20)]
    never = make_data(tmp_path / "NEVER", rows, status=None)
    failed = make_data(tmp_path / "FAILED", rows, status=Status.FAILED)
    with pytest.raises(UserError, match="never judged"):
        train(small_run(), [never], tmp_path / "RUN")
    with pytest.raises(UserError, match="the verdict is failed"):
        train(small_run(), [failed], tmp_path / "RUN")
    result = train(small_run(steps=1), [never], tmp_path / "RUN", draft=True)
    assert json.loads((result.output / "run.json").read_text())["draft"]
    assert "DRAFT" in (result.model / "README.md").read_text()


def test_bytes_that_changed_since_the_verdict_are_refused(make_data, make_row, tmp_path):
    folder = make_data(tmp_path / "DATA", [make_row(n, "cot") for n in range(20)])
    shard = folder / "shards" / "train-00000-of-00001.arrow"
    shard.write_bytes(shard.read_bytes().replace(b"Ada", b"Eve", 1))
    with pytest.raises(RunFailedError, match="bytes changed since they were judged"):
        train(small_run(), [folder], tmp_path / "RUN")


def test_two_data_sets_are_one_run(data, make_data, make_row, tmp_path):
    more = make_data(tmp_path / "MORE", [make_row(n, "cot", source="more") for n in range(100, 110)])
    told = []
    train(small_run(steps=1), [data, more], tmp_path / "RUN", on_start=told.append)
    assert told[0].examples == 58
    assert {line.name for line in told[0].mixture.lines if line.kind == "source"} == {"hand", "other", "more"}


def test_a_weight_of_two_is_two_appearances_and_never_a_loss_weight(make_data, make_row, tmp_path):
    rows = [make_row(n, "cot", weight=2.0 if n < 5 else 1.0) for n in range(10)]
    folder = make_data(tmp_path / "DATA", rows)
    steps = []
    train(small_run(steps=None, epochs=1.0, examples_per_step=4), [folder], tmp_path / "RUN", on_step=steps.append)
    assert [step.examples for step in steps] == [4, 4, 4, 3]


def test_an_endless_loss_stops_the_run_before_the_update(data, tmp_path):
    config = small_run(learning_rate=1e30, clip_norm=None, warmup_steps=0)
    with pytest.raises(RunFailedError, match=r"not finite at step \d; no update was made.*lower train.learning_rate"):
        train(config, [data], tmp_path / "RUN")


def test_weights_stay_float32_when_the_forward_pass_is_bfloat16(run, data, tmp_path):
    result = train(small_run(dtype="bfloat16"), [data], tmp_path / "RUN")
    assert {tensor.dtype for tensor in weights_of(result.model).values()} == {torch.float32}
    assert result.last.objective == pytest.approx(run[0].last.objective, rel=0.02)
    assert result.last.objective != run[0].last.objective


def test_a_measurement_that_a_kill_came_before_is_made_when_the_run_goes_on(data, tmp_path):
    config = small_run(steps=4, heldout_every=2)
    train(config, [data], tmp_path / "WHOLE")
    shutil.copytree(tmp_path / "WHOLE", tmp_path / "KILLED")
    shutil.rmtree(tmp_path / "KILLED" / "checkpoints" / "step-00000004")
    figures = [path / "metrics.jsonl" for path in (tmp_path / "WHOLE", tmp_path / "KILLED")]
    whole = figures[0].read_text().splitlines()
    assert [json.loads(line)["step"] for line in whole] == [1, 2, 2, 3, 4, 4]
    figures[1].write_text("\n".join(whole[:2]) + "\n")
    train(config, [data], tmp_path / "KILLED", resume=True)
    found, expected = ([json.loads(line) for line in path.read_text().splitlines()] for path in figures)
    assert [line["objective"] for line in found] == [line["objective"] for line in expected]
    train(config, [data], tmp_path / "KILLED", resume=True)
    assert len(figures[1].read_text().splitlines()) == 6


def test_a_run_of_two_objectives_takes_the_steps_of_each(data, tmp_path):
    """Its first half is that of a run of token_mean, and the resumed second half differs from more of it."""
    phases = [{"objective": "token_mean", "share": 0.5}, {"objective": "sequence_mean", "share": 0.5}]
    both = small_run(objective=phases, steps=4)
    result = train(both, [data], tmp_path / "BOTH")
    train(small_run(objective="token_mean", steps=4), [data], tmp_path / "FIRST")
    steps = {
        name: [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("BOTH", "FIRST")
    }
    norms = {name: [line["gradient_norm"] for line in lines if not line["heldout"]] for name, lines in steps.items()}
    assert norms["BOTH"][:2] == norms["FIRST"][:2]
    assert norms["BOTH"][2] != norms["FIRST"][2]
    stopped = tmp_path / "PARTS"
    shutil.copytree(tmp_path / "BOTH", stopped)
    for name in ("step-00000003", "step-00000004"):
        shutil.rmtree(stopped / "checkpoints" / name, ignore_errors=True)
    assert train(both, [data], stopped, resume=True).first.step == 3
    assert (stopped / "model" / "model.safetensors").read_bytes() == (result.model / "model.safetensors").read_bytes()


def test_activation_checkpointing_changes_nothing_but_memory(run, data, tmp_path):
    result = train(small_run(activation_checkpointing=True), [data], tmp_path / "RUN")
    assert result.last.objective == pytest.approx(run[0].last.objective, rel=1e-6)


def test_a_context_shorter_than_most_rows_is_refused(data, tmp_path):
    with pytest.raises(UserError, match="that is most of the data"):
        train(small_run(context=40), [data], tmp_path / "RUN")


def test_a_model_that_is_not_there_is_one_line(data, tmp_path):
    config = small_run(model=str(tmp_path / "nothing"))
    with pytest.raises(UserError, match="no tokenizer could be loaded"):
        train(config, [data], tmp_path / "RUN")


def test_training_goes_on_from_a_hugging_face_folder(run, data, tmp_path):
    config = small_run(model=str(run[0].model), steps=2)
    result = train(config, [data], tmp_path / "RUN")
    assert result.initial is None
    assert result.first.objective > run[0].first.objective + 0.3
    assert not (result.output / "checkpoints" / "step-00000000").exists()


@pytest.fixture
def no_room():
    """A disk that takes files of 20 kB at most, for this process."""
    with small_disk(20_000):
        yield


def test_a_full_disk_leaves_the_last_checkpoint_whole(run, data, tmp_path, no_room):
    output = tmp_path / "RUN"
    (output / "checkpoints").mkdir(parents=True)
    for name in ("step-00000000", "step-00000006"):
        (output / "checkpoints" / name).symlink_to(run[0].output / "checkpoints" / name)
    before = checkpoint.latest(output)
    model = AutoModelForCausalLM.from_pretrained(before.model)
    tokenizer = AutoTokenizer.from_pretrained(before.model)
    state = State(8, before.state.next)
    with pytest.raises(RunFailedError, match=r"could not be written .*step-00000006 is whole; make room"):
        checkpoint.save(output, state, model, tokenizer, checkpoint.contents_of(model, None), stop_id=2)
    assert checkpoint.latest(output) == before
    assert not list((output / "checkpoints").glob(".writing-*"))


def test_packs_may_be_longer_than_an_example_and_change_nothing_but_the_layout(run, data, tmp_path):
    result = train(small_run(context=160, pack_tokens=1000), [data], tmp_path / "RUN")
    assert result.last.objective == pytest.approx(run[0].last.objective, rel=1e-5)
    with pytest.raises(ValueError, match="pack_tokens 100 is less than context 160"):
        small_run(context=160, pack_tokens=100)


@pytest.fixture
def nearly_full(run, tmp_path):
    """A finished run whose metrics.jsonl has room for no further line."""
    output = shutil.copytree(run[0].output, tmp_path / "RUN")
    (output / "metrics.jsonl").write_text(json.dumps({"step": 1, "text": "x" * 19_900}) + "\n")
    return output


def test_a_full_disk_anywhere_else_is_one_line_too(nearly_full, data, no_room):
    with pytest.raises(RunFailedError, match=r"could not be written .*make room and continue with --resume"):
        train(small_run(steps=7), [data], nearly_full, resume=True)


def test_a_full_device_is_one_line_with_what_helps(tmp_path):
    full = torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 139 GiB"
    )
    with pytest.raises(RunFailedError) as told:
        _explain(full, tmp_path / "RUN", World(0, 1, torch.device("cpu")))
    assert str(told.value).startswith(
        f"{tmp_path / 'RUN'}: the device's memory is full (CUDA out of memory); set train."
    )
    assert "activation_checkpointing, lower train.pack_tokens" in str(told.value)
    _explain(ValueError("ours"), tmp_path / "RUN", World(0, 1, torch.device("cpu")))


def test_pass_at_1_is_measured_where_asked_and_stands_beside_heldout_j(data, tmp_path):
    settings = Evaluate(formats=["cot", "pot"], limit=2, max_new_tokens=8)
    config = Config(train=small_run(steps=3, evaluate_every=2).train, evaluate=settings)
    train(config, [data], tmp_path / "RUN")
    lines = [json.loads(line) for line in (tmp_path / "RUN" / "metrics.jsonl").read_text().splitlines()]
    held = {line["step"]: line["pass_at_1"] for line in lines if line["heldout"]}
    assert held == {2: {"cot": 0.0, "pot": 0.0}, 3: {}}
    assert not any(line["pass_at_1"] for line in lines if not line["heldout"])
    folder = tmp_path / "RUN" / "evaluations" / "step-00000002"
    assert json.loads((folder / "results.json").read_text())["formats"]["pot"]["n"] == 2


def test_a_benchmark_that_the_data_was_not_held_against_is_refused_before_step_1(data, tmp_path):
    exam = tmp_path / "exam.jsonl"
    exam.write_text('{"question": "What is 3 and 4?", "answer": "7"}\n')
    table = {"name": "exam", "path": str(exam), "question": "question", "answer": "answer"}
    config = Config(train=small_run(evaluate_every=2).train, evaluate=Evaluate(formats=["cot"], benchmarks=[table]))
    words = "trained on exam: .* was not decontaminated against it; .*`mathmill evaluate --allow-contaminated`"
    with pytest.raises(UserError, match=words):
        train(config, [data], tmp_path / "RUN")
    assert not (tmp_path / "RUN" / "metrics.jsonl").exists()


def test_an_evaluation_that_has_no_problems_is_refused_before_step_1(make_data, make_row, tmp_path):
    folder = make_data(tmp_path / "DATA", [make_row(n, "cot") for n in range(20)])
    with pytest.raises(UserError, match="heldout split has no problems with an answer"):
        train(small_run(evaluate_every=2), [folder], tmp_path / "RUN")
    assert not (tmp_path / "RUN" / "metrics.jsonl").exists()


def test_moments_are_restored_where_the_parameters_lie(data, tmp_path):
    run = train(small_run(steps=2), [data], tmp_path / "RUN")
    with torch.device("meta"):  # any device but the CPU
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(run.model))
    optimizer = torch.optim.AdamW(model.parameters())
    checkpoint.restore_optimizer(checkpoint.latest(run.output), model, optimizer)
    places = {name: state[name].device.type for state in optimizer.state.values() for name in state}
    assert places == {"exp_avg": "meta", "exp_avg_sq": "meta", "step": "cpu"}  # torch counts on the host but for fused

"""The best checkpoint by a measurement: kept beside the last, exported, the earlier of two that are equal."""

import json

import pytest

from schemas.config import Lora
from schemas.exits import UserError
from tests.training.models import small_run
from training.best import BEST, best_of, note_best
from training.results import StepMetrics
from training.train import train


def measured(step, objective, **pass_at_1):
    return StepMetrics(step, 9, 0, objective, 1.0, 0.5, 4, 40, 20, heldout=True, pass_at_1=pass_at_1)


def noted(run):
    return json.loads((run / "best.json").read_text())


def test_the_better_is_noted_and_of_equals_the_earlier(tmp_path):
    for step, objective in ((1, -2.0), (2, -1.0), (3, -1.0), (4, -1.5)):
        note_best(tmp_path, "heldout", measured(step, objective))
    assert noted(tmp_path).items() >= {"step": 2, "by": "heldout", "value": -1.0}.items()


@pytest.mark.parametrize("damage", ["", "[1]", "{}", "null", "\xff", "digit"])
def test_a_note_that_is_damaged_is_none(tmp_path, damage):
    """A digit that changed would name another checkpoint as the best."""
    path = tmp_path / "best.json"
    note_best(tmp_path, "heldout", measured(2, -1.0))
    text = path.read_text()
    path.write_text(text.replace('"step": 2', '"step": 3') if damage == "digit" else damage, "latin-1")
    assert best_of(tmp_path) is None
    note_best(tmp_path, "heldout", measured(4, -7.0))
    assert noted(tmp_path)["step"] == 4
    path.write_text(text)
    note_best(tmp_path, "heldout", measured(4, -7.0))
    assert noted(tmp_path)["step"] == 2


def test_pass_at_1_is_the_mean_over_formats_and_a_step_without_it_is_none(tmp_path):
    note_best(tmp_path, "pass@1", measured(1, -1.0, cot=0.5, pot=0.1))
    note_best(tmp_path, "pass@1", measured(2, -0.1))
    assert noted(tmp_path)["step"] == 1
    assert noted(tmp_path)["value"] == pytest.approx(0.3)


def test_nothing_is_noted_unless_it_is_asked_for(tmp_path):
    note_best(tmp_path, None, measured(1, -1.0))
    assert best_of(tmp_path) is None


def test_a_best_that_needs_what_is_never_measured_is_refused():
    with pytest.raises(ValueError, match="keep_best heldout needs heldout_every"):
        small_run(keep_best="heldout")
    with pytest.raises(ValueError, match="keep_best pass@1 needs evaluate_every"):
        small_run(keep_best="pass@1", heldout_every=1)


def test_a_best_is_refused_where_the_data_has_nothing_to_measure_it_on(make_data, make_row, tmp_path):
    data = make_data(tmp_path / "DATA", [make_row(number, "cot") for number in range(4)])
    config = small_run(keep_best="heldout", heldout_every=1)
    with pytest.raises(
        UserError, match=r"^train\.keep_best heldout: the data has no heldout examples, so nothing is m"
    ):
        train(config, [data], tmp_path / "RUN")


@pytest.mark.parametrize("lora", [None, Lora(rank=2)], ids=["all weights", "adapters"])
def test_a_run_keeps_and_exports_its_best_beside_its_last(lora, data, tmp_path):
    """A rate that grows far too high at the end, so that an early checkpoint is the best."""
    if lora:
        pytest.importorskip("peft")
    settings = {"steps": 6, "heldout_every": 1, "keep_best": "heldout", "keep_checkpoints": 1, "clip_norm": None}
    wild = settings | {"learning_rate": 3.0, "warmup_steps": 6, "checkpoint_every": 100, "lora": lora}
    run = tmp_path / "RUN"
    train(small_run(**wild), [data], run)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    best = max((line for line in lines if line["heldout"]), key=lambda line: line["objective"])
    assert lora or best["step"] < 6
    assert noted(run)["step"] == best["step"]
    kept = {path.name for path in (run / "checkpoints").glob("step-*")} - {"step-00000000"}
    assert kept == {f"step-{best['step']:08d}", "step-00000006"}
    name = "adapter_model.safetensors" if lora else "model.safetensors"
    step = run / "checkpoints" / f"step-{best['step']:08d}" / "model"
    assert (run / BEST / name).read_bytes() == (step / name).read_bytes()
    assert best_of(run, whole=True) == best_of(run) is not None
    content = bytearray((step / name).read_bytes())
    content[len(content) // 2] ^= 1
    (step / name).write_bytes(content)
    assert best_of(run) is not None  # its size is as it was
    assert best_of(run, whole=True) is None

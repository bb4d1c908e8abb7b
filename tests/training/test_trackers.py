"""Trackers: the same figures as metrics.jsonl, where they are installed; one line where they are not."""

import importlib.util
import json

import pytest

from schemas.exits import UserError
from tests.training.models import small_run
from training.results import SliceMetrics, StepMetrics
from training.trackers import chosen, figures_of
from training.train import train

ONE = SliceMetrics(examples=2, supervised_tokens=10, objective_share=-1.0, objective=-1.0, token_accuracy=0.5)
STEP = StepMetrics(3, 9, 0, -1.0, 1.5, 0.5, 2, 20, 10, seconds=2.0, formats={"cot": ONE}, topics={"sums": ONE})


def test_figures_have_names_and_what_is_not_known_is_left_out():
    figures = figures_of(STEP)
    assert figures["train/objective"] == -1.0
    assert figures["train/tokens_per_second"] == 10.0
    assert figures["train/supervised_tokens_per_second"] == 5.0
    assert figures["train/format/cot/objective"] == figures["train/topic/sums/objective"] == -1.0
    assert "train/mfu" not in figures


def test_heldout_figures_stand_apart_and_have_no_speed():
    held = StepMetrics(3, 9, 0, -2.0, 1.5, 0.5, 2, 20, 10, heldout=True)
    assert figures_of(held) == {"heldout/objective": -2.0, "heldout/token_loss": 1.5, "heldout/token_accuracy": 0.5}


def test_a_tracker_that_is_asked_for_and_not_installed_is_one_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match=r"train\.trackers: wandb is not installed; pip install wandb"):
        chosen(["wandb"])
    assert chosen(None) == []


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_holds_what_metrics_jsonl_holds_and_a_longer_run_goes_on(data, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed here")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "RUN"
    train(small_run(steps=3), [data], run)
    train(small_run(steps=5), [data], run, resume=True)
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    told = {(line["step"], line["heldout"]): line["objective"] for line in lines}
    for kind, heldout in (("train", False), ("heldout", True)):
        found = {event.step: event.value for event in events.Scalars(f"{kind}/objective")}
        assert found == {step: pytest.approx(value) for (step, held), value in told.items() if held is heldout}


@pytest.mark.filterwarnings("ignore")
def test_wandb_takes_a_run_offline(data, tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed here")
    monkeypatch.setenv("WANDB_MODE", "offline")
    train(small_run(trackers=["wandb"]), [data], tmp_path / "RUN")
    assert list((tmp_path / "RUN" / "wandb").glob("offline-run-*/*.wandb"))
    assert not (tmp_path / "RUN" / "tensorboard").exists()

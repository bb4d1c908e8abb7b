"""What a person reads at the end of a run."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from training.console import TrainingView
from training.results import Mixture, MixtureLine, RunPlan, RunResult, StepMetrics


def plan(resumed_at):
    return RunPlan("m", "sequence_mean", 1, 1, "cpu", "float32", 1, 8, 80, 0, 9, resumed_at, Mixture((), 2, 4, {}))


def last_lines(*, began, last, resumed_at=0):
    told = io.StringIO()
    following = "mathmill evaluate my.yaml --data DATA"
    with TrainingView(following, console=Console(file=told, width=200, soft_wrap=True)) as view:
        view.start(plan(resumed_at))
        told.truncate(0)
        step = StepMetrics(9, 9, 0, last, 1.0, 0.5, 8, 80, 40)
        view.end(RunResult(Path("MY RUN"), Path("MY RUN/model"), None, 9, 4.2, began, step, step, None))
    return told.getvalue().strip("\0").splitlines()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"began": -6.5, "last": -0.25}, "J_SFT rose from -6.500 to -0.250 in 9 steps; 4 s"),
        ({"began": -0.25, "last": -0.5}, "J_SFT fell from -0.250 to -0.500 in 9 steps; 4 s"),
        (
            {"began": -6.5, "last": -0.25, "resumed_at": 7},
            "J_SFT rose from -6.500 to -0.250 in 9 steps; 4 s since it was resumed",
        ),
    ],
    ids=["whole", "worse", "resumed"],
)
def test_the_end_speaks_of_the_whole_run(settings, says):
    assert last_lines(**settings)[0] == says


def test_the_next_command_can_be_run_as_it_stands():
    assert last_lines(began=-1.0, last=-0.5)[-1] == (
        "next    mathmill evaluate my.yaml --data DATA --model 'MY RUN' --output EVAL"
    )


def lines_of(mixture, waits):
    """What is said of a mixture, and of steps that wait so long of each second."""
    said = io.StringIO()
    with TrainingView("next", console=Console(file=said, width=200, soft_wrap=True)) as view:
        view.start(replace(plan(0), mixture=mixture, workers=3))
        for number, wait in enumerate(waits, 1):
            view.step(StepMetrics(number, 99, 0, -1.0, 1.0, 0.5, 8, 80, 40, seconds=1.0, data_seconds=wait))
    return said.getvalue()


def test_tokens_that_were_measured_on_a_sample_are_marked_as_such():
    line = MixtureLine("format", "cot", 5000, 0.5, 0.25, 0.5)
    sampled, whole = (lines_of(Mixture((line,), 2, 4, {}, measured), []) for measured in (1000, None))
    assert "8 examples, about 80 tokens" in sampled
    assert "tokens of 1,000 " in sampled
    assert "the shortest solution of 1,000 measured ones (2 tokens)" in sampled
    assert "8 examples, 80 tokens" in whole
    assert "measured" not in whole


def test_what_data_calls_its_sources_is_no_markup_and_hides_nothing():
    line = MixtureLine("source", "[/red]\u202e\u200b[bold]", 5000, 0.5, 0.25, 0.5)
    assert "[/red]\\u202e\\u200b[bold]" in lines_of(Mixture((line,), 2, 4, {}), [])


@pytest.mark.parametrize(
    ("waits", "said"),
    [([1.0, 1.0] + [0.04] * 30, 0), ([0.0] * 3 + [0.06] * 60, 1)],
    ids=["only the first steps wait", "6 % of the time"],
)
def test_waiting_for_data_is_said_once_with_the_key_that_helps(waits, said):
    text = lines_of(Mixture((), 2, 4, {}), waits)
    assert text.count("of their time: raise train.workers (3 now)") == said
    assert "4% waiting for data" in text or "6% waiting for data" in text

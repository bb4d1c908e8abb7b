"""What a person reads at the end of a run."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from training.console import TrainingView
from training.results import Mixture, RunPlan, RunResult, StepMetrics


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

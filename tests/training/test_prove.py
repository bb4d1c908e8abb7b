"""prove: every line holds on a sound set-up, and red lines end with exit 1."""

import io

import pytest
from rich.console import Console

from schemas.config import Config, FreshModel, Train
from schemas.exits import RunFailedError, UserError
from training.console import show_proof
from training.prove import Line, prove

CONFIG = Config(
    train=Train(
        model=FreshModel(hidden_size=32, layers=2, heads=4, vocabulary=400), steps=1, examples_per_step=8, context=512
    )
)


@pytest.mark.parametrize("rows", [3, 8])
def test_every_line_of_a_sound_setup_holds(data, rows):
    lines = list(prove(CONFIG, [data], rows=rows))
    assert [line.name for line in lines if not line.passed] == []
    assert [line.name for line in lines] == [
        "prompt",
        "mask",
        "stop token",
        "isolation",
        "weights",
        "J and gradient",
        "any packing",
        "any ranks",
        "control: token mean",
        "control: mean of means",
        "control: naive concatenation",
        "float32",
    ]
    assert next(line for line in lines if line.name == "stop token").detail.endswith("in 48 of 48 rows")


def test_a_red_line_is_shown_and_ends_the_proof_with_exit_1():
    told = io.StringIO()
    lines = [Line("mask", False, "in 3 of 4 rows [loss] lies elsewhere"), Line("weights", True, "1")]
    with pytest.raises(RunFailedError, match="out of bounds: mask"):
        show_proof(iter(lines), Console(file=told, width=200))
    assert "✗ mask" in told.getvalue()
    assert "[loss]" in told.getvalue()
    assert "✓ weights" in told.getvalue()


def test_a_config_without_a_train_table_is_refused(data):
    with pytest.raises(UserError, match="the config has no table `train:`"):
        next(prove(Config(), [data]))

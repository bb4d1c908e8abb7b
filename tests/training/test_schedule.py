import pytest

from schemas.config import Train
from training.schedule import learning_rate


def train_of(**changes):
    return Train(**({"model": "m", "steps": 10, "learning_rate": 0.1} | changes))


def test_the_warm_up_is_linear_and_reaches_the_peak():
    config = train_of(warmup_steps=4)
    assert [learning_rate(config, step, 10) for step in range(6)] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1])


def test_a_cosine_falls_from_the_peak_towards_zero():
    config = train_of(schedule="cosine", warmup_steps=2)
    rates = [learning_rate(config, step, 10) for step in range(2, 10)]
    assert rates[0] == 0.1
    assert rates[4] == pytest.approx(0.05)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.005

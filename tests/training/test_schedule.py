import pytest

from schemas.config import Train
from training.schedule import learning_rate, objective_at


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


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("linear", [0.1, 0.091, 0.082, 0.073, 0.064, 0.055, 0.046, 0.037, 0.028, 0.019]),
        ("wsd", [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0775, 0.055, 0.0325]),
        ("constant", [0.1] * 10),
    ],
)
def test_a_falling_schedule_ends_at_its_floor(schedule, rates):
    config = train_of(schedule=schedule, final_rate=0.1, decay_share=0.4)
    assert [learning_rate(config, step, 10) for step in range(10)] == pytest.approx(rates)
    if schedule != "constant":
        assert learning_rate(config, 10, 10) == pytest.approx(0.01)


def test_a_cosine_with_a_floor_ends_there():
    config = train_of(schedule="cosine", final_rate=0.5)
    assert [learning_rate(config, step, 10) for step in (0, 5, 10)] == pytest.approx([0.1, 0.075, 0.05])


def test_objectives_follow_one_another_by_share_of_the_steps():
    phases = [{"objective": "token_mean", "share": 0.25}, {"objective": "dft", "share": 0.75}]
    config = train_of(objective=phases)
    assert [objective_at(config, step, 8) for step in range(9)] == ["token_mean"] * 2 + ["dft"] * 7
    assert {objective_at(train_of(), step, 8) for step in range(9)} == {"sequence_mean"}


def test_phases_that_do_not_fill_a_run_are_refused():
    with pytest.raises(ValueError, match=r"objective: the shares of its phases sum to 0\.5, not to 1"):
        train_of(objective=[{"objective": "dft", "share": 0.5}])

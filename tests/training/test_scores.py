import itertools
import math

import numpy as np
import pytest

from training.results import Interval
from training.scores import Scored, Verdict, difference, figures, interval, majority, pass_at, wilson


def problem(name, *outcomes, topic=None, difficulty=None, voted=None):
    verdicts = tuple(Verdict("1", outcome, outcome != "never_stopped", 10, 0) for outcome in outcomes)
    return Scored(name, topic, difficulty, verdicts, voted)


def test_wilson_intervals_are_honest_at_the_ends():
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


@pytest.mark.parametrize(("n", "c", "k"), [(5, 2, 1), (5, 2, 3), (6, 0, 4), (6, 6, 2), (4, 3, 4), (5, 4, 3)])
def test_pass_at_k_is_the_share_of_draws_with_one_that_passes(n, c, k):
    draws = list(itertools.combinations([place < c for place in range(n)], k))
    assert pass_at(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_a_biased_estimate_of_pass_at_k_differs():
    """The negative control: 1 - (1 - c/n)^k, which many harnesses had."""
    assert pass_at(5, 2, 3) == pytest.approx(0.9)
    biased = 1 - (1 - 2 / 5) ** 3
    assert biased == pytest.approx(0.784)


def test_a_bootstrap_covers_the_mean_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    covered = 0
    for seed in range(100):
        values = random.binomial(4, 0.3, 60) / 4
        low, high = interval(values, seed=seed)
        covered += low <= 0.3 <= high
    assert 88 <= covered <= 100
    assert interval(np.array([0.0] * 8 + [1.0] * 8), seed=0) == pytest.approx(
        (0.5 - 1.96 * math.sqrt(0.25 / 16), 0.5 + 1.96 * math.sqrt(0.25 / 16)), abs=0.07
    )


def test_an_interval_is_the_same_for_the_same_seed():
    values = np.array([0.0, 0.25, 1.0, 0.5, 0.75])
    assert interval(values, seed=3) == interval(values, seed=3)
    assert interval(np.zeros(10), seed=3) == wilson(0, 10)


def test_a_paired_difference_is_narrower_than_two_intervals():
    mine = {f"p{i}": float(i % 2 == 0 or i % 10 == 1) for i in range(100)}
    other = {f"p{i}": float(i % 2 == 0) for i in range(100)}
    found = difference(mine, other, seed=0)
    assert found.value == pytest.approx(0.1)
    assert 0.02 < found.low < 0.1 < found.high < 0.2
    low, high = interval(np.array(list(mine.values())), seed=0)
    assert found.high - found.low < high - low
    assert difference(mine, mine, seed=0) == Interval(0.0, 0.0, 0.0, 100)
    assert difference(mine, {"elsewhere": 1.0}, seed=0) is None


def test_votes_are_counted_by_value_and_the_earlier_wins():
    def same(one, two):
        return float(one) == float(two)

    assert majority(["2", "3", "3.0", "2", "3"], same) == [1, 2, 4]
    assert majority([None, "7", "8"], same) == [1]
    assert majority([None, None], same) == []


def test_figures_of_many_samples():
    problems = [
        problem("a", "equal", "not_equal", topic="sums", difficulty="1", voted=True),
        problem("b", "never_stopped", "not_equal", topic="sums", difficulty="2", voted=False),
        problem("c", "equal", "equal", topic=None, difficulty="2", voted=True),
    ]
    found = figures(problems, seed=0, contamination="unknown")
    assert (found.n, found.samples, found.passed) == (3, 2, 3)
    assert found.pass_at_1 == pytest.approx(0.5)
    assert found.pass_at_k["2"].value == pytest.approx(2 / 3)
    assert found.maj_at_k.value == pytest.approx(2 / 3)
    assert found.termination == pytest.approx(5 / 6)
    assert found.errors == {"not_equal": 2, "never_stopped": 1}
    assert {name: (part.n, part.pass_at_1) for name, part in found.topics.items()} == {"sums": (2, 0.25)}
    assert {name: part.pass_at_1 for name, part in found.levels.items()} == {"1": 0.5, "2": 0.5}
    assert found.contamination == "unknown"


def test_one_sample_has_no_pass_at_k_and_wilsons_interval():
    found = figures([problem("a", "equal"), problem("b", "not_equal")], seed=0)
    assert (found.pass_at_k, found.maj_at_k) == ({}, None)
    assert (found.low, found.high) == wilson(1, 2)

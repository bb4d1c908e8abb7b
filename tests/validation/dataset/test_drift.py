"""Effect sizes against values worked out by hand."""

import json
import math

import pytest

from schemas.exits import UserError
from schemas.requirements import Recheck, Validate
from tests.validation.dataset.handmade import examples, write_data
from validation.dataset.drift import category_drift, compare, length_drift, read_baseline
from validation.dataset.gate import judge

CONFIG = Validate(recheck=Recheck(sample=0))


def test_total_variation_is_the_share_that_would_have_to_move():
    drift = category_drift("format", {"cot": 60, "pot": 40}, {"cot": 30, "pot": 40, "tir": 30})
    assert (drift.distance, drift.size) == (0.3, "large")
    assert (drift.value, drift.before, drift.now) == ("tir", 0.0, 0.3)
    assert drift.cohen_h == pytest.approx(2 * math.asin(math.sqrt(0.3)), abs=1e-4)


def test_equal_mixtures_of_other_sizes_have_not_drifted():
    drift = category_drift("topic", {"algebra": 3, "geometry": 1}, {"algebra": 300, "geometry": 100})
    assert (drift.distance, drift.size, drift.cohen_h) == (0.0, "none", 0.0)


@pytest.mark.parametrize(("before", "now", "distance"), [({}, {}, 0.0), ({}, {"cot": 1}, 1.0), ({"cot": 1}, {}, 1.0)])
def test_nothing_against_something_is_as_far_as_can_be(before, now, distance):
    assert category_drift("format", before, now).distance == distance
    assert length_drift("question_chars", {}, {}).distance == 0.0


def test_lengths_are_compared_by_the_greatest_gap_of_their_cumulated_shares():
    drift = length_drift("question_chars", {10: 50, 12: 50}, {10: 20, 12: 30, 14: 50})
    assert (drift.distance, drift.value, drift.before, drift.now) == (0.5, "up to 91", 1.0, 0.5)


@pytest.mark.parametrize(("share", "size"), [(0.01, "none"), (0.02, "small"), (0.1, "medium"), (0.25, "large")])
def test_words_change_at_their_bounds(share, size):
    assert category_drift("format", {"a": 100, "b": 0}, {"a": 100 - 100 * share, "b": 100 * share}).size == size


def test_two_data_sets_are_compared_by_facts_ids_and_problems(tmp_path):
    before = write_data(tmp_path / "before", examples(12))
    now = write_data(tmp_path / "now", [row for row in examples(16) if row["format"] != "tir"])
    numbers = compare(read_baseline(before), judge(now, CONFIG).findings)
    assert numbers["rows"] == {"before": 36, "now": 32}
    assert numbers["examples"] == {"in both": 24, "new": 8, "gone": 12}
    assert numbers["problems"] == {"in both": 12, "new": 4, "gone": 0}
    measures = {one["name"]: one for one in numbers["measures"]}
    assert (measures["format"]["value"], measures["format"]["now"]) == ("tir", 0.0)
    assert measures["format"]["distance"] == pytest.approx(1 / 3, abs=1e-4)
    assert measures["language"]["distance"] == 0.0
    assert measures["solution_chars|tir"]["distance"] == 1.0 > 0.1 > measures["solution_chars|cot"]["distance"]
    even = numbers["concentrations"]
    assert even["largest_problem_share"] == {"before": pytest.approx(3 / 36), "now": pytest.approx(2 / 32)}
    assert even["largest_author_share"] == {"before": 1.0, "now": 1.0}
    assert 0 < even["topic_entropy"]["before"] <= 1
    json.dumps(numbers)


def test_a_baseline_that_cannot_be_read_is_a_users_mistake(tmp_path):
    with pytest.raises(UserError, match="not a data set"):
        read_baseline(tmp_path)
    path = write_data(tmp_path / "data") / "shards/train-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(UserError, match=r"--baseline: .*train-00000-of-00001\.arrow cannot be read"):
        read_baseline(tmp_path / "data")

import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.stages.balance import coverage
from pipelines.stages.balance.coverage import choose, mean_similarity, vectors_of


def greedy(vectors: np.ndarray, number: int, taken: list[int]) -> list[int]:
    """Facility location by a full search at every step."""
    similar = np.maximum(vectors.astype(np.float64) @ vectors.T.astype(np.float64), 0)
    chosen = taken[:number]
    while len(chosen) < min(number, len(vectors)):
        nearest = similar[:, chosen].max(axis=1, initial=0)
        gains = np.maximum(similar - nearest[:, None], 0).sum(axis=0)
        gains[chosen] = -1
        chosen = [*chosen, int(np.argmax(gains))]
    return chosen


def random_vectors(rows: int, seed: int) -> np.ndarray:
    return np.rint(np.random.default_rng(seed).normal(size=(rows, 5)) * 20).astype(np.float32)


@pytest.mark.parametrize(("rows", "block"), [(90, 64), (90, 7), (20, 64), (3, 64)])
def test_lazy_gains_choose_what_a_full_search_chooses(rows: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_BLOCK", block)
    for seed in range(3):
        vectors = random_vectors(rows, seed)
        for taken in ([], [2, 0], [1]):
            assert choose(vectors, 12, taken=taken) == greedy(vectors, 12, taken)


def test_the_first_of_equals_is_chosen() -> None:
    vectors = np.array([[0, 9], [9, 0], [9, 0], [0, 9]], np.float32)
    assert choose(vectors, 4) == [0, 1, 2, 3]


def test_no_more_are_chosen_than_there_are_and_none_twice() -> None:
    vectors = random_vectors(90, 3)
    assert sorted(choose(vectors, 200)) == list(range(90))
    assert choose(vectors, 2, taken=[5, 6, 7]) == [5, 6]
    assert choose(vectors, 0) == []
    assert choose(vectors_of([]), 5) == []


def test_questions_without_a_word_in_common_are_at_right_angles_and_equal_ones_are_equal() -> None:
    apples, circle, again = vectors_of(["How many apples?", "A circle $r^2$", "how MANY apples?"])
    assert apples @ circle == 0
    assert (apples == again).all()
    assert abs(np.linalg.norm(apples) - 127) < 2


def test_vectors_are_whole_numbers_of_at_most_64_dimensions_and_the_same_every_time() -> None:
    questions = [f"word{n} word{n + 1} and {n} apples cost {n * n} $" for n in range(200)]
    vectors = vectors_of(questions)
    assert vectors.shape == (200, 64)
    assert (vectors == np.rint(vectors)).all()
    assert (vectors == vectors_of(questions)).all()


def test_a_question_without_a_word_has_no_direction() -> None:
    vectors = vectors_of(["", "one apple", " "])
    assert not vectors[[0, 2]].any()
    assert choose(vectors, 3)[0] == 1


def test_mean_similarity_is_one_when_all_are_chosen_and_none_without_any() -> None:
    vectors = random_vectors(70, 1)
    assert mean_similarity(vectors, list(range(70))) == pytest.approx(1)
    assert mean_similarity(vectors, []) == 0
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    wanted = np.maximum(unit @ unit[[4, 9]].T, 0).max(axis=1).mean()
    assert mean_similarity(vectors, [4, 9]) == pytest.approx(wanted)


def test_facility_location_covers_math_better_than_chance(real_data: Path) -> None:
    lines = (real_data / "cot" / "math_train_problems_7500.jsonl").read_text(encoding="utf-8").splitlines()
    vectors = vectors_of([json.loads(line)["problem"] for line in lines[::4]])
    number = len(vectors) // 10
    drawn = np.random.default_rng(0)
    chance = [mean_similarity(vectors, drawn.permutation(len(vectors))[:number].tolist()) for _ in range(5)]
    assert mean_similarity(vectors, choose(vectors, number)) >= max(chance) + 0.03

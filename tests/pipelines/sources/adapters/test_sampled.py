import pytest

from pipelines.sources.adapters.registry import Unreadable
from schemas.problem import Format, SegmentKind
from tests.pipelines.sources.adapters.rows import read

ROW = {
    "question": "What is 2+3?",
    "solution": "```python\nprint(2 + 3)\n```",
    "format": "pot",
    "answer": "5",
    "author": "model:RUN",
    "solve_rate": 0.25,
}


def test_a_row_has_its_own_format_author_and_solve_rate():
    problem = read("samples", ROW)
    (solution,) = problem.solutions
    assert (solution.format, solution.segments[0].kind) == (Format.POT, SegmentKind.CODE)
    assert (problem.author, problem.score, problem.answer, problem.independent) == ("model:RUN", 0.25, "5", True)


@pytest.mark.parametrize(
    ("rate", "level"), [(1.0, 1), (0.99, 1), (0.5, 3), (0.25, 4), (0.0, 5), (None, None), (7, None)]
)
def test_what_few_samples_solve_is_hard(rate, level):
    assert read("samples", ROW | {"solve_rate": rate}).difficulty == level


def test_a_level_of_the_rows_own_stays():
    assert read("samples", ROW | {"difficulty": "Level 2"}).difficulty == 2


def test_a_format_that_nobody_knows_is_a_bad_row():
    with pytest.raises(Unreadable, match="format is cot, pot or tir, not prose"):
        read("samples", ROW | {"format": "prose"})


@pytest.mark.parametrize(
    ("field", "value"), [("author", "somebody"), ("author", "model:"), ("language", "number theory")]
)
def test_what_a_shard_may_not_say_of_its_rows_is_a_bad_row(field, value):
    with pytest.raises(Unreadable, match=f"{field} is "):
        read("samples", ROW | {field: value})


def test_a_bad_row_is_told_in_few_visible_words():
    with pytest.raises(Unreadable) as caught:
        read("samples", {"\x1b[31m" + "x" * 10_000: 1})
    assert caught.value.detail.startswith(r"no format; the record has \u001b[31mxxx")
    assert len(caught.value.detail) == 500

"""Rows that make a function raise, found among those that do not."""

import ast
from typing import Any

import pytest

from pipelines.sources.adapters.fields import number_text
from schemas.attempts import Crash, attempted, rows_that_clash, rows_that_raise
from schemas.exits import RunFailedError, UserError


def reciprocals(places: Any) -> list[float]:
    """Raises for the places that are multiples of seven."""
    return [1 / (place % 7) for place in places]


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "full"), UserError("x"), RunFailedError("x")])
def test_what_the_machine_or_its_user_must_mend_is_no_rows_failure(error: Exception) -> None:
    def attempt() -> None:
        raise error

    with pytest.raises(type(error)):
        attempted(attempt)


def test_pythons_parser_running_out_of_its_own_stack_is_the_texts_failure() -> None:
    assert attempted(lambda: ast.parse("-" * 100_000 + "1")) == Crash("MemoryError of Python's parser")


def test_ctrl_c_is_no_rows_failure() -> None:
    def attempt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempted(attempt)


def test_a_crash_names_exception_words_and_our_own_line_and_nothing_that_differs_between_machines() -> None:
    crash = attempted(lambda: number_text(type("Odd\u202e", (), {})()))
    assert isinstance(crash, Crash)
    assert crash.words.startswith("Unreadable: a number or text is needed, not Odd\\u202e at ")
    assert "pipelines/sources/adapters/fields.py:" in crash.words
    addressed = attempted(lambda: {}[object()])
    assert isinstance(addressed, Crash)
    assert "0x…" in addressed.words


def test_where_recursion_ends_is_left_out_for_it_depends_on_where_it_began() -> None:
    def endless(depth: int) -> int:
        return endless(depth + 1)

    assert attempted(lambda: endless(0)) == Crash("RecursionError")


@pytest.mark.parametrize("size", [1, 2, 3, 50, 64])
def test_the_rows_that_raise_are_found_and_no_other(size: int) -> None:
    found = dict(rows_that_raise(range(size), reciprocals))
    assert list(found) == [place for place in range(size) if place % 7 == 0]
    assert all(crash.startswith("ZeroDivisionError: ") for crash in found.values())
    assert dict(rows_that_raise(range(1, 7), reciprocals)) == {}


def test_few_rows_that_raise_cost_few_attempts() -> None:
    calls = []

    def attempt(places: Any) -> None:
        calls.append(len(places))
        assert 700 not in places

    assert list(dict(rows_that_raise(range(1024), attempt))) == [700]
    assert len(calls) == 21  # two for each halving of 1,024
    assert sum(calls) < 4 * 1024


def test_rows_that_cannot_stand_beside_earlier_ones_are_found() -> None:
    def distinct(places: Any) -> None:
        letters = ["abcabdd"[place] for place in places]
        assert len(set(letters)) == len(letters)

    assert list(dict(rows_that_clash(range(7), distinct))) == [3, 4, 6]
    assert dict(rows_that_clash([0, 1, 2, 5], distinct)) == {}

"""Comparison of several values at once: lists, sets, tuples and matrices, given how one value compares with another."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import reduce

from validation.answers import algebra
from validation.answers.algebra import UnsupportedError
from validation.answers.kinds import compare_words
from validation.answers.outcome import Comparison, Relation, equal, not_equal, unknown
from validation.answers.questions import Asked
from validation.answers.values import ELLIPSIS, Choice, Equation, Matrix, Scalar, Several, Value, Words

_MAX_ITEMS = 200  # every value may be compared with every other
Compare = Callable[[Value, Value, Asked], Comparison]


def compare_several(gold: Value, answer: Value, asked: Asked, compare: Compare) -> Comparison:
    """Compares lists, tuples and sets, also with a single value."""
    if not (isinstance(gold, Several) and isinstance(answer, Several)):
        several, other = (gold, answer) if isinstance(gold, Several) else (answer, gold)
        assert isinstance(several, Several)
        if several.kind == "remainder":
            quotient, rest = several.items
            if isinstance(rest, Scalar) and rest.rational == 0:
                return compare(quotient, other, asked)
        if isinstance(other, Scalar | Words) and all(isinstance(item, Choice) for item in several.items):
            return _compare_letters([item.letter for item in several.items if isinstance(item, Choice)], other)
        if isinstance(other, Words):
            return compare_words(Words(_spelled(gold)), Words(_spelled(answer)))
        if isinstance(other, Matrix):
            return _compare_vector(several, other, asked, compare)
        if _says_twice(several, other, asked, compare):
            return equal("list", "the same value in two forms")
        if any(isinstance(item, Words) and item != ELLIPSIS for item in several.items):
            return unknown("list", "words and values beside one value")
        if not _counters(other).isdisjoint(_counters(several)):
            return unknown("list", "formulas of a whole number")
        return not_equal("list", "a list and one value")
    if len(gold.items) + len(answer.items) > _MAX_ITEMS:
        return unknown("too_large", f"more than {_MAX_ITEMS} values")
    if ELLIPSIS in gold.items or ELLIPSIS in answer.items:
        return _compare_elided(gold.items, answer.items, asked, compare)
    kinds = {gold.kind, answer.kind}
    if kinds == {"tuple", "list"} or kinds == {"set", "tuple"}:
        if len(gold.items) != len(answer.items):
            return not_equal("list")
        comparison = in_order(gold.items, answer.items, asked, compare)
        if comparison.outcome is Relation.NOT_EQUAL:
            return comparison
        return unknown("list", "equal values in other brackets")
    if "set" in kinds or (kinds <= {"bare", "list"} and "bare" in kinds and not asked.ordered):
        return _as_sets(gold, answer, asked, compare)
    comparison = in_order(gold.items, answer.items, asked, compare)
    if (
        comparison.outcome is Relation.NOT_EQUAL
        and ("bare" in kinds or (kinds == {"list"} and len(gold.items) > 2))  # as programs print what has no order
        and unordered(gold.items, answer.items, asked, compare)
    ):
        return unknown("list", "the same values in another order")
    return comparison


def _says_twice(several: Several, other: Value, asked: Asked, compare: Compare) -> bool:
    """Says whether a list is one number in two forms, `3/4 or 0.75`, and the other is that number."""
    numbers = [
        item
        for item in several.items
        if isinstance(item, Scalar) and not item.closed.opaque and not algebra.symbols_of(item.closed)
    ]
    if several.kind != "bare" or len(several.items) != 2 or len(numbers) != 2 or numbers[0] == numbers[1]:
        return False
    pairs = ((numbers[0], numbers[1]), (other, numbers[0]), (other, numbers[1]))
    return all(compare(one, two, asked).outcome is Relation.EQUAL for one, two in pairs)


def _counters(value: Value) -> frozenset[str]:
    """The letters k, m and n in a value: a list of formulas may be one formula written otherwise."""
    if isinstance(value, Equation):
        return _counters(value.right)
    if isinstance(value, Several):
        return frozenset[str]().union(*map(_counters, value.items))
    return algebra.symbols_of(value.closed) & {"k", "m", "n"} if isinstance(value, Scalar) else frozenset()


def _compare_vector(several: Several, matrix: Matrix, asked: Asked, compare: Compare) -> Comparison:
    """Compares `(1,2)` with a column or row of a matrix: the same vector, unless the list has no order."""
    if len(matrix.rows) > 1 and any(len(row) > 1 for row in matrix.rows):
        return unknown("list", "a list and a matrix")
    comparison = in_order(several.items, [cell for row in matrix.rows for cell in row], asked, compare)
    if comparison.outcome is Relation.EQUAL and several.kind != "tuple":
        return unknown("list", "a list and a vector")
    return comparison


def _compare_elided(left: Sequence[Value], right: Sequence[Value], asked: Asked, compare: Compare) -> Comparison:
    """Compares lists that leave something out: what stands in front of it, and what behind, place by place."""
    if len(left) == len(right) and in_order(left, right, asked, compare).outcome is Relation.EQUAL:
        return equal("list")
    for pairs in (zip(left, right, strict=False), zip(left[::-1], right[::-1], strict=False)):
        for first, second in pairs:
            if ELLIPSIS in (first, second):
                break
            if compare(first, second, asked).outcome is Relation.NOT_EQUAL:
                return not_equal("list")
    return unknown("list", "lists that leave something out")


def _compare_letters(letters: list[str], run: Scalar | Words) -> Comparison:
    """Compares the options `A, C` with `AC`, which reads as a product."""
    if isinstance(run, Words):
        run_letters = sorted(run.text.upper())
        if not set(run_letters) <= set("ABCDEFGHIJ"):
            return unknown("choice", "letters and words")
        return equal("choice") if run_letters == sorted(letters) else not_equal("choice")
    if not all(map(str.isascii, letters)):
        if run.written.startswith("("):
            return unknown("choice", "signs of statements, and numbers in brackets")
        return not_equal("choice", "signs of statements and a number")
    product = reduce(algebra.multiply, map(algebra.symbol, letters))
    return equal("choice") if run.closed == product else not_equal("choice")


def _spelled(value: Value) -> str:
    if isinstance(value, Words):
        return value.text
    if isinstance(value, Several):
        return " ".join(_spelled(item) for item in value.items)
    raise UnsupportedError("no words")


def _as_sets(gold: Several, answer: Several, asked: Asked, compare: Compare) -> Comparison:
    left, right = gold.items, answer.items
    first, second = _by_name(left), _by_name(right)
    if len(first) == len(left) and first.keys() == second.keys() and len(right) == len(left):
        comparison = in_order([*first.values()], [second[name] for name in first], asked, compare)
        refuted = comparison.outcome is Relation.NOT_EQUAL
        if refuted and _are_numbered(first) and unordered([*first.values()], [*second.values()], asked, compare):
            return unknown("list", "the same values under other numbers")
        return comparison
    names = max(first, second, key=len)
    if len(names) == len(left) == len(right) > 1 and not (first and second) and not _are_numbered(names):
        comparison = in_order(left, right, asked, compare)
        if comparison.outcome is Relation.NOT_EQUAL and unordered(left, right, asked, compare):
            return unknown("list", "the same values, and which is which is not said")
        return comparison
    if gold.kind == "set" and answer.kind == "set":
        left, right = _distinct(left, asked, compare), _distinct(right, asked, compare)
    if len(left) != len(right):
        if any(1 < len(names) < len(items) for names, items in ((first, left), (second, right))):
            return unknown("set", "several values of several names")
        return not_equal("set", "another number of values")
    return equal("set") if unordered(left, right, asked, compare) else _not_paired(left, right, asked, compare)


def _by_name(items: Sequence[Value]) -> dict[str, Value]:
    """Returns what `x = 1, y = 2` says of each name."""
    return {item.name: item.right for item in items if isinstance(item, Equation) and item.name}


def _are_numbered(names: Iterable[str]) -> bool:
    """Says whether names are one letter with numbers, as roots are called: x_1, x_2."""
    return len({re.sub(r"_\{?\d\}?\Z", "", name) for name in names}) == 1


def _not_paired(left: Sequence[Value], right: Sequence[Value], asked: Asked, compare: Compare) -> Comparison:
    """Says `not_equal` when a value is refuted against every other, or when nothing at all was left open."""
    outcomes = [[compare(one, other, asked).outcome for other in right] for one in left]
    refuted = [all(o is Relation.NOT_EQUAL for o in line) for line in (*outcomes, *zip(*outcomes, strict=True))]
    if any(refuted) or not any(Relation.UNKNOWN in row for row in outcomes):
        return not_equal("set")
    return unknown("set", "values that could not be paired")


def _distinct(items: Sequence[Value], asked: Asked, compare: Compare) -> tuple[Value, ...]:
    kept: list[Value] = []
    for item in items:
        if not any(compare(other, item, asked).outcome is Relation.EQUAL for other in kept):
            kept.append(item)
    return tuple(kept)


def unordered(left: Sequence[Value], right: Sequence[Value], asked: Asked, compare: Compare) -> bool:
    """Returns whether the values pair up, each equal to its partner."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for one in left:
        for position, other in enumerate(rest):
            if compare(one, other, asked).outcome is Relation.EQUAL:
                del rest[position]
                break
        else:
            return False
    return True


def in_order(left: Sequence[Value], right: Sequence[Value], asked: Asked, compare: Compare) -> Comparison:
    """Compares place by place; the first refuted or undecided pair decides."""
    if len(left) != len(right):
        return not_equal("list", "another number of values")
    comparisons = [compare(one, other, asked) for one, other in zip(left, right, strict=True)]
    for outcome in (Relation.NOT_EQUAL, Relation.UNKNOWN):
        for comparison in comparisons:
            if comparison.outcome is outcome:
                return Comparison(outcome, "list", comparison.detail)
    return equal("list")


def compare_matrices(gold: Matrix, answer: Matrix, asked: Asked, compare: Compare) -> Comparison:
    """Compares matrices cell by cell."""
    if [len(row) for row in gold.rows] != [len(row) for row in answer.rows]:
        return not_equal("matrix", "another shape")
    left = [cell for row in gold.rows for cell in row]
    comparison = in_order(left, [cell for row in answer.rows for cell in row], asked, compare)
    return Comparison(comparison.outcome, "matrix", comparison.detail)

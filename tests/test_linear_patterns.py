"""Every pattern over text is known, and costs no more than its text, or its text is bounded."""

import ast
import re
import signal
import warnings
from collections.abc import Iterator

import pytest

from benchmarks import linear_patterns
from benchmarks.linear import stop
from benchmarks.linear_patterns import BOUNDED, BUILT, Used, growth_of, patterns

NO_PATTERN = {"pipelines.stages.screen.dirt._marked", "training.chat._controls"}  # said in `BUILT`


@pytest.fixture(scope="module")
def known() -> tuple[list[Used], set[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what others import
        return patterns()


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    before = signal.signal(signal.SIGVTALRM, stop)
    yield
    signal.signal(signal.SIGVTALRM, before)


def used(pattern: str, *methods: str) -> Used:
    return Used("here", re.compile(pattern), frozenset(methods))


def test_every_pattern_is_known_where_it_is_used(known: tuple[list[Used], set[str]]) -> None:
    found, unknown = known
    assert not unknown, "a function that makes its pattern of what it is given stands in BUILT with a use of it"
    assert {pattern.where for pattern in found} >= set(BOUNDED)


def test_a_pattern_made_of_what_a_function_knows_is_none_that_is_known() -> None:
    tree = ast.parse("def f(name, text):\n    return re.search(name + 'x', text) or re.search('[a-z]+', text, re.I)")
    (first, own), (second, plain) = linear_patterns._uses(tree)
    evaluated = [linear_patterns._evaluated(call, linear_patterns) for call in (own, plain)]
    assert (first, second) == ("f", "f")
    assert sorted(evaluated, key=lambda pattern: pattern is None) == [re.compile("[a-z]+", re.I), None]


@pytest.mark.usefixtures("known")
def test_a_use_of_a_function_gives_the_patterns_that_it_makes() -> None:
    assert {where for where in BUILT if not linear_patterns._recorded(where)} == NO_PATTERN


@pytest.mark.parametrize("pattern", [r"\s*x", r"(?:a+)+b", r"<a[^>]*>", r"(?:\w+\.)*\w+!"])
def test_what_grows_is_found(pattern: str) -> None:
    assert growth_of(used(pattern, "search")) is not None


@pytest.mark.parametrize(
    ("pattern", "method"), [(r"x\s*+", "search"), (r"\s*x", "match"), (r"a{0,9}b", "search"), (r"[a-z]+", "sub")]
)
def test_what_is_linear_is_none_that_grows(pattern: str, method: str) -> None:
    assert growth_of(used(pattern, method)) is None


@pytest.mark.slow
def test_a_pattern_costs_no_more_than_its_text(known: tuple[list[Used], set[str]]) -> None:
    found, _ = known
    assert [pattern.where for pattern in found if pattern.where not in BOUNDED and growth_of(pattern)] == []

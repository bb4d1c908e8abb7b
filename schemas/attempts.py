"""What may fail for a row's sake: tried, described the same on every machine, and narrowed down to the row.

A judge or a stage looks at many rows at once. Only when that raises are fewer of them tried, until it is known which do
it. What the machine or its user has to mend passes through.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from traceback import extract_tb
from typing import TypeVar

from schemas.exits import RunFailedError, UserError
from schemas.wording import shortened, visible

NOT_A_ROWS = (MemoryError, OSError, UserError, RunFailedError)
"""what the machine or its user has to mend, whatever row was at work when it showed"""

Found = TypeVar("Found")

_ROOT = Path(__file__).resolve().parents[1]
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_MOST_WORDS = 200  # characters of an exception's own words


def describe_crash(error: Exception) -> str:
    """The exception and the place in our code where it was raised: the same on every machine.

    Where recursion ends depends on how deep it began, so its place and words are left out.
    """
    name = type(error).__name__
    if isinstance(error, RecursionError):
        return name
    words = " ".join(_ADDRESS.sub("0x…", visible(str(error))).split())
    ours = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_ROOT)]
    place = f" at {Path(ours[-1].filename).relative_to(_ROOT).as_posix()}:{ours[-1].lineno}" if ours else ""
    return f"{name}: {shortened(words, _MOST_WORDS)}{place}"


@dataclass(frozen=True, slots=True)
class Crash:
    """How something failed that may fail for a row's sake."""

    words: str


def attempted(attempt: Callable[[], Found]) -> Found | Crash:
    """Tries what may fail for a row's sake."""
    try:
        return attempt()
    except NOT_A_ROWS as error:
        if not _overflows_parser(error):
            raise
        return Crash(f"{type(error).__name__} of Python's parser")
    except Exception as error:  # noqa: BLE001 - the line's boundary: a row may break a stage in any way
        return Crash(describe_crash(error))


def _overflows_parser(error: Exception) -> bool:
    """Whether Python's parser ran out of its own small stack, as it does on deeply nested text: memory is left."""
    return isinstance(error, MemoryError) and extract_tb(error.__traceback__)[-1].filename == ast.__file__


def rows_that_raise(places: Sequence[int], attempt: Callable[[Sequence[int]], object]) -> Iterator[tuple[int, str]]:
    """Yields which places a function raises for that looks at each by itself, in order, and how."""
    found = attempted(partial(attempt, places))
    if not isinstance(found, Crash):
        return
    if len(places) == 1:
        yield places[0], found.words
        return
    middle = len(places) // 2
    yield from rows_that_raise(places[:middle], attempt)
    yield from rows_that_raise(places[middle:], attempt)


def rows_that_clash(places: Sequence[int], attempt: Callable[[Sequence[int]], object]) -> Iterator[tuple[int, str]]:
    """Yields which places a function raises for that compares them: each of them beside those that stand before it."""
    left = list(places)
    while left and isinstance(found := attempted(partial(attempt, left)), Crash):
        passing, raising = 0, len(left)
        while raising - passing > 1:
            middle = (passing + raising) // 2
            earlier = attempted(partial(attempt, left[:middle]))
            if isinstance(earlier, Crash):
                raising, found = middle, earlier
            else:
                passing = middle
        yield left.pop(raising - 1), found.words

"""How the numbers of a problem are drawn: never 0 or 1 (no `1 apples`), never a negative or broken answer.

`top` bounds them. A small top (9) leaves facts that a small model can learn by heart; with a large one (49) it needs a
program.
"""

from collections.abc import Callable
from random import Random

Numbers = dict[str, int]
Draw = Callable[[Random, int], Numbers]


def pair(rng: Random, top: int) -> Numbers:
    """Draws a and b, in no order."""
    return {"a": rng.randint(2, top), "b": rng.randint(2, top)}


def part(rng: Random, top: int) -> Numbers:
    """Draws a whole a and a part b of it; at least 2 remain."""
    a = rng.randint(5, 2 * top)
    return {"a": a, "b": rng.randint(2, min(top, a - 2))}


def groups(rng: Random, top: int) -> Numbers:
    """Draws n groups of `each`."""
    return {"n": rng.randint(2, top), "each": rng.randint(2, min(top, 9))}


def shared(rng: Random, top: int) -> Numbers:
    """Draws a total that n divides."""
    n = rng.randint(2, min(top, 9))
    return {"total": n * rng.randint(2, top), "n": n}


def single(rng: Random, top: int) -> Numbers:
    """Draws one number, up to twice the top."""
    return {"a": rng.randint(2, 2 * top)}


def even(rng: Random, top: int) -> Numbers:
    """Draws one even number, up to four times the top."""
    return {"a": 2 * rng.randint(2, 2 * top)}


def leave_and_arrive(rng: Random, top: int) -> Numbers:
    """Draws a of which b leave before c arrive."""
    return part(rng, top) | {"c": rng.randint(2, top)}


def arrive_and_leave(rng: Random, top: int) -> Numbers:
    """Draws a to which b come before c leave; more than one remains."""
    numbers = pair(rng, top)
    return numbers | {"c": rng.randint(2, min(top, sum(numbers.values()) - 2))}


def leave_twice(rng: Random, top: int) -> Numbers:
    """Draws a from which b and then c go; at least 2 remain."""
    b, c = rng.randint(2, top), rng.randint(2, top)
    return {"a": b + c + rng.randint(2, top), "b": b, "c": c}


def groups_and_more(rng: Random, top: int) -> Numbers:
    """Draws n groups of `each`, and a more."""
    return {"n": rng.randint(2, 5), "each": rng.randint(2, top // 2 + 1), "a": rng.randint(2, top)}


def groups_taken(rng: Random, top: int) -> Numbers:
    """Draws n groups of `each`, taken from a; at least 2 remain."""
    n, each = rng.randint(2, 5), rng.randint(2, top // 2 + 1)
    return {"n": n, "each": each, "a": n * each + rng.randint(2, top)}


def part_then_shared(rng: Random, top: int) -> Numbers:
    """Draws a from which b go; n share the rest without remainder."""
    n, b = rng.randint(2, 5), rng.randint(2, top)
    return {"a": n * rng.randint(2, top // 2 + 1) + b, "b": b, "n": n}


def sum_then_shared(rng: Random, top: int) -> Numbers:
    """Draws a and b whose sum n share without remainder."""
    n, b = rng.randint(2, 5), rng.randint(2, top)
    least = max(2, (b + 2) // n + 1)
    return {"a": n * rng.randint(least, least + top // 2) - b, "b": b, "n": n}

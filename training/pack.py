"""Packing: which examples share a forward pass, and which rank runs it. Pure; nothing is ever cut.

Packing happens inside the step's fixed set of examples. Because every token's weight is known before, any packing and
any dealing to ranks gives the same sum.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Best-fit decreasing: places each example, longest first, into the fullest pack that still holds it.

    Args:
        lengths: tokens of each example, each at most `capacity`.
        capacity: most tokens of a pack.

    Returns:
        Packs of positions into `lengths`; inside a pack lengths never increase.
    """
    packs: list[list[int]] = []
    room: list[tuple[int, int]] = []
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        length = lengths[position]
        if length > capacity:
            raise ValueError(f"an example of {length} tokens does not fit into a pack of {capacity}")
        found = bisect_left(room, (length, -1))
        if found < len(room):
            left, number = room.pop(found)
        else:
            left, number = capacity, len(packs)
            packs.append([])
        packs[number].append(position)
        insort(room, (left - length, number))
    return packs


def length_step(capacity: int) -> int:
    """The tokens that packs are rounded up to a multiple of, so that they have at most 8 lengths."""
    return -(-capacity // 8)


def deal(packs: Sequence[Sequence[int]], lengths: Sequence[int], *, world: int) -> list[list[list[int]]]:
    """Deals packs to ranks, heaviest first to the rank with the least work, and returns each rank's share.

    Work is the sum of squared lengths plus a linear part: attention plus everything else.
    """
    load = [0.0] * world
    shares: list[list[list[int]]] = [[] for _ in range(world)]
    work = [sum(lengths[i] * (4096 + lengths[i]) for i in members) for members in packs]
    for number in sorted(range(len(packs)), key=lambda n: (-work[n], n)):
        chosen = min(range(world), key=lambda r: (load[r], r))
        load[chosen] += work[number]
        shares[chosen].append(list(packs[number]))
    return shares

"""Which encoded examples may be trained on.

Nothing is ever cut: an example enters whole, or is refused, or is dropped and counted.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.exits import UserError


def require_examples(count: int) -> None:
    """Refuses to train on nothing.

    Raises:
        UserError: there is no example.
    """
    if not count:
        raise UserError("the data has no train examples; look at the splits in its manifest.json")


def drop(long: NDArray[np.integer], count: int, *, context: int, long_rows: str) -> dict[str, int]:
    """Drops examples that are longer than the context, or refuses to.

    Args:
        long: their tokens.
        count: of all examples.
        context: most tokens of an example.
        long_rows: refuse | drop.

    Returns:
        How many are dropped by length.

    Raises:
        UserError: under `refuse`, or where most examples are too long.
    """
    if not len(long):
        return {}
    share = f"{len(long):,} of {count:,} examples are longer than train.context {context} ({_spread(long)})"
    if len(long) > 0.5 * count:
        raise UserError(f"{share}: that is most of the data; set train.context to {int(long.max())} or so")
    if long_rows == "refuse":
        raise UserError(f"{share}; set train.context to {int(long.max())}, or train.long_rows to drop")
    return _buckets(long)


def _spread(lengths: NDArray[np.integer]) -> str:
    return ", ".join(f"{count:,} of {bucket}" for bucket, count in _buckets(lengths).items())


def _buckets(lengths: NDArray[np.integer]) -> dict[str, int]:
    """Counts by power of two: 4097 to 8192 tokens."""
    powers = np.ceil(np.log2(lengths)).astype(int)
    return {f"{2 ** (p - 1) + 1} to {2**p} tokens": int((powers == p).sum()) for p in sorted(set(powers.tolist()))}

"""Which encoded examples may be trained on.

Nothing is ever cut: an example enters whole, or is refused, or is dropped and counted.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.exits import UserError
from training.encode import Encoded


def admit(
    encoded: Encoded, supervised: NDArray[np.int64], *, context: int, long_rows: str
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Decides which examples enter.

    Args:
        encoded: a split.
        supervised: |o| of each example.
        context: most tokens of an example.
        long_rows: refuse | drop.

    Returns:
        Whether each example enters, and how many were dropped by length, such as {"4097 to 8192 tokens": 12}.

    Raises:
        UserError: no examples, examples too long under `refuse`, most of them too long, or one that is not supervised.
    """
    if not len(encoded):
        raise UserError("the data has no train examples; look at the splits in its manifest.json")
    lengths, empty = encoded.lengths, supervised == 0
    if empty.any():
        raise UserError(
            f"{int(empty.sum()):,} of {len(lengths):,} examples have no supervised token "
            f"({_spread(lengths[empty])}; the first is example {int(empty.argmax())} of the train split), so J_SFT is "
            "not defined on them; remove them"
        )
    long = lengths > context
    if not long.any():
        return ~long, {}
    buckets, spread = _buckets(lengths[long]), _spread(lengths[long])
    share = f"{int(long.sum()):,} of {len(lengths):,} examples are longer than train.context {context} ({spread})"
    if long.mean() > 0.5:
        raise UserError(f"{share}: that is most of the data; set train.context to {int(lengths.max())} or so")
    if long_rows == "refuse":
        raise UserError(f"{share}; set train.context to {int(lengths.max())}, or train.long_rows to drop")
    return ~long, buckets


def _spread(lengths: NDArray[np.int64]) -> str:
    return ", ".join(f"{count:,} of {bucket}" for bucket, count in _buckets(lengths).items())


def _buckets(lengths: NDArray[np.int64]) -> dict[str, int]:
    """Counts by power of two: 4097 to 8192 tokens."""
    powers = np.ceil(np.log2(lengths)).astype(int)
    return {f"{2 ** (p - 1) + 1} to {2**p} tokens": int((powers == p).sum()) for p in sorted(set(powers.tolist()))}

"""Which split a problem belongs to: by template, so that no heldout problem has a sibling in train."""

from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b


class Split(StrEnum):
    """The two splits of every data set."""

    TRAIN = "train"
    HELDOUT = "heldout"


def split_of(template_id: str, *, heldout: float, seed: int) -> Split:
    """Assigns a template to a split by a keyed hash, so adding rows never moves a template.

    Args:
        template_id: the template that the problem belongs to.
        heldout: expected share of templates in heldout, 0 <= heldout < 1.
        seed: another seed gives another independent split.
    """
    return splits_of([template_id], heldout=heldout, seed=seed)[0]


def splits_of(template_ids: Iterable[str], *, heldout: float, seed: int) -> list[Split]:
    """Assigns many templates (`split_of`)."""
    bound, key = heldout * 2**64, f"{seed}:"
    hashes = (blake2b((key + template).encode(), digest_size=8).digest() for template in template_ids)
    return [Split.HELDOUT if int.from_bytes(digest) < bound else Split.TRAIN for digest in hashes]

"""A frozen multimap from 64-bit hashes to item numbers that whole arrays are looked up in."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.text.words import Hashes, Places

_SPARSE = 16  # slots of the bitmap per key, at least


@dataclass(frozen=True, slots=True)
class Postings:
    """Sorted keys with the item of each; a bitmap answers most misses without a search."""

    keys: Hashes
    items: Places
    bitmap: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, keys: Hashes, items: Places) -> "Postings":
        """Builds it from pairs; equal pairs count once."""
        order = np.lexsort((items, keys))
        keys, items = keys[order], items[order]
        distinct = np.ones(len(keys), np.bool_)
        distinct[1:] = (keys[1:] != keys[:-1]) | (items[1:] != items[:-1])
        bitmap = np.zeros(1 << (_SPARSE * max(len(keys), 64) - 1).bit_length(), np.bool_)
        bitmap[_slots(keys, bitmap)] = True
        return cls(keys[distinct], items[distinct], bitmap)

    def hits(self, hashes: Hashes) -> tuple[Places, Places]:
        """All (place in `hashes`, item) pairs whose hash is a key, in the order of places, then items."""
        places = np.flatnonzero(self.bitmap[_slots(hashes, self.bitmap)])
        asked = hashes[places]
        begin = np.searchsorted(self.keys, asked, "left")
        counts = np.searchsorted(self.keys, asked, "right") - begin
        found = np.repeat(places, counts)
        within = np.arange(len(found)) - np.repeat(np.cumsum(counts) - counts, counts)
        return found, self.items[np.repeat(begin, counts) + within]

    def holds(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which of the hashes are keys."""
        is_key = self.bitmap[_slots(hashes, self.bitmap)]
        places = np.flatnonzero(is_key)
        near = np.minimum(np.searchsorted(self.keys, hashes[places]), max(0, len(self.keys) - 1))
        is_key[places] = self.keys[near] == hashes[places] if len(self.keys) else False
        return is_key


def _slots(hashes: Hashes, bitmap: npt.NDArray[np.bool_]) -> Hashes:
    return hashes & np.uint64(len(bitmap) - 1)


def distinct(keys: Places) -> Places:
    """Sorts and drops repeats: what `np.unique` does, at the speed of a sort."""
    keys = np.sort(keys)
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)]]

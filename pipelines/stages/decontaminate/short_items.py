r"""Items too short for n-grams, which are sought as a whole: each by its three words that the fewest items share.

Two words are sought as well where they hold a number, since a formula is one word: `Find $\sqrt{13}$.`
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.text.postings import Postings
from pipelines.text.words import Hashes, Places, Words, ngrams_of

SHORTEST = 3  # words; DeepSeekMath, section 2.1: shorter items are not sought at all
_PAIR = 2


@dataclass(frozen=True, slots=True)
class ShortItems:
    """Short items by a few of their words. Picklable.

    Attributes:
        heads: three words of each item of three words and more.
        pairs: the words of each item of two.
        words: the words of each item, and the place of those that it is found by.
    """

    heads: Postings
    pairs: Postings
    words: dict[int, tuple[Hashes, int]]

    @classmethod
    def build(cls, words: Words, numbered: Sequence[bool], *, longest: int) -> "ShortItems":
        """Gathers the short ones of some items, by their words and whether each has a number."""
        hashes, places = ngrams_of(words, SHORTEST)
        _, kinds, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        shared = np.zeros(len(words.hashes), np.int64)
        shared[places] = counts[kinds]
        items: dict[int, tuple[Hashes, int]] = {}
        for item, (begin, end) in enumerate(itertools.pairwise(words.offsets.tolist())):
            if SHORTEST <= end - begin <= longest:
                items[item] = words.hashes[begin:end], int(np.argmin(shared[begin : end - SHORTEST + 1]))
            elif end - begin == _PAIR and numbered[item]:
                items[item] = words.hashes[begin:end], 0
        return cls(heads=_grams(items, SHORTEST), pairs=_grams(items, _PAIR), words=items)

    def find(self, words: Words, *, strict: bool) -> Iterator[tuple[int, int, int, int]]:
        """(text, item, first word, one past the last) where an item stands; pairs unless `strict`."""
        yield from self._found_by(self.heads, SHORTEST, words)
        if not strict and len(self.pairs.keys):
            yield from self._found_by(self.pairs, _PAIR, words)

    def _found_by(self, heads: Postings, n: int, words: Words) -> Iterator[tuple[int, int, int, int]]:
        hashes, places = ngrams_of(words, n)
        found, items = heads.hits(hashes)
        places = places[found]
        texts: Places = np.searchsorted(words.offsets, places, "right") - 1
        for place, item, text in zip(places.tolist(), items.tolist(), texts.tolist(), strict=True):
            wanted, head = self.words[item]
            first = place - head
            last = first + len(wanted)
            begin, end = words.offsets[text : text + 2].tolist()
            if first >= begin and last <= end and np.array_equal(words.hashes[first:last], wanted):
                yield text, item, first - begin, last - begin


def _grams(items: dict[int, tuple[Hashes, int]], n: int) -> Postings:
    """Items by n words of each: three of the longer ones, two of those that have no more."""
    chosen = {item: words[head : head + n] for item, (words, head) in items.items() if min(len(words), SHORTEST) == n}
    joined = Words(np.concatenate([np.zeros(0, np.uint64), *chosen.values()]), np.arange(len(chosen) + 1) * n)
    return Postings.of(ngrams_of(joined, n)[0], np.array(list(chosen), np.int64))

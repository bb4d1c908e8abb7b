"""Texts as multisets and sparse vectors of what stands in them, compared pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.stages.decontaminate.formulas import DRAWING, in_plain_signs
from pipelines.stages.decontaminate.quantities import by_value
from pipelines.text.numerals import in_digits
from pipelines.text.sets import Sets, similarity
from pipelines.text.skeleton import folded
from pipelines.text.tokens import Tokens, facets
from pipelines.text.words import Hashes, Places, mixed

Scores = npt.NDArray[np.float64]

FEATURES = 1 << 18
NUMERALS = facets(pa.array([" ".join(map(str, range(1, 11)))]))[0].hashes
_COUNTED = facets(pa.array([" ".join(map(str, range(1, 31)))]))[0].hashes
_ENUMERATION = 5  # successive whole numbers from which a text counts: `numbered 1, 2, 3, 4, 5 and 6` is 1 to 6
_UNTOLD = facets(pa.array(["0 1"]))[0].hashes  # come and go with how a formula is written
_CHUNK = 1 << 15  # pairs whose words are compared at a time


@dataclass(frozen=True, slots=True)
class Multisets:
    """A multiset of tokens for each text, or a set.

    Attributes:
        values: a hash of each token and of how often it came before in its text.
        ends: [texts + 1], where each text's values begin.
    """

    values: Hashes
    ends: Places

    @classmethod
    def of(cls, tokens: Tokens, texts: int) -> "Multisets":
        """Gathers the tokens of each of so many texts."""
        order = np.lexsort((tokens.hashes, tokens.rows))
        hashes, rows = tokens.hashes[order], tokens.rows[order]
        fresh = np.ones(len(hashes), np.bool_)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
        first = np.maximum.accumulate(np.where(fresh, np.arange(len(hashes)), 0))
        occurrence = (np.arange(len(hashes)) - first).astype(np.uint64)
        counts = np.bincount(rows, minlength=texts)
        return cls(mixed(hashes + occurrence), np.concatenate(([0], np.cumsum(counts))))

    @property
    def counts(self) -> Places:
        """How many tokens each text has."""
        return np.diff(self.ends)

    @property
    def sums(self) -> Hashes:
        """One hash for all tokens of a text."""
        sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(self.values)))
        return sums[self.ends[1:]] - sums[self.ends[:-1]]

    @property
    def sets(self) -> Sets:
        """The same as sets of 32-bit hashes."""
        return Sets((self.values >> np.uint64(32)).astype(np.uint32), self.ends)

    def without(self, values: Hashes) -> "Multisets":
        """The multisets without some values."""
        kept = ~np.isin(self.values, values)
        return Multisets(self.values[kept], np.concatenate(([0], np.cumsum(kept)))[self.ends])


@dataclass(frozen=True, slots=True)
class Vectors:
    """Sparse vectors, one after another: words (features) with their values, words ascending within a vector."""

    words: Places
    values: Scores
    ends: Places

    def of(self, rows: Places) -> "Vectors":
        """The vectors of some rows."""
        lengths = self.ends[rows + 1] - self.ends[rows]
        ends = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(ends[-1]) + np.repeat(self.ends[rows] - ends[:-1], lengths)
        return Vectors(self.words[places], self.values[places], ends)

    @property
    def squares(self) -> Scores:
        """The product of each vector with itself."""
        sums = np.concatenate((np.zeros(1), np.cumsum(self.values**2)))
        return sums[self.ends[1:]] - sums[self.ends[:-1]]

    def weighted(self, weights: Scores) -> "Vectors":
        """Scales every word by its weight and every vector to length one."""
        values = self.values * weights[self.words]
        rows = np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))
        lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(self.ends) - 1))
        return Vectors(self.words, values / lengths[rows], self.ends)


@dataclass(frozen=True, slots=True)
class Facets:
    """What is compared of texts.

    Attributes:
        numbers: those but 0 and 1, once each.
        neighbours: the pairs of successive numbers.
        bags: all the numbers.
        joints: the joints of formulas (`facets`).
        words: how often each stands there, by feature.
        drawn: whether a drawing goes with the text.
    """

    numbers: Multisets
    neighbours: Multisets
    bags: Multisets
    joints: Multisets
    words: Vectors
    drawn: npt.NDArray[np.bool_]

    @classmethod
    def read(cls, texts: pa.Array, languages: Sequence[str]) -> "Facets":
        """Reads texts in languages of ISO 639-1 codes."""
        numbers, joints, words = facets(by_value(in_digits(in_plain_signs(folded(texts)), languages)))
        telling = ~np.isin(numbers.hashes, _UNTOLD) & ~_inside_enumerations(numbers)
        telling_numbers = Tokens(numbers.hashes[telling], numbers.rows[telling])
        return cls(
            numbers=Multisets.of(_once(telling_numbers), len(texts)),
            neighbours=Multisets.of(_pairs(telling_numbers), len(texts)),
            bags=Multisets.of(numbers, len(texts)),
            joints=Multisets.of(joints, len(texts)),
            words=_counted(words, len(texts)),
            drawn=pc.fill_null(pc.match_substring(texts, DRAWING), False).to_numpy(zero_copy_only=False),
        )


def _inside_enumerations(numbers: Tokens) -> npt.NDArray[np.bool_]:
    """Numbers within five or more that count up by one: they say no more than the first and the last of them.

    1, 2, 3, 4, 5, 9   ->   steps up: yes yes yes yes no   ->   inside: no yes yes yes no no
    """
    known = np.argsort(_COUNTED)
    places = known[np.searchsorted(_COUNTED[known], numbers.hashes).clip(max=len(known) - 1)]
    values = np.where(_COUNTED[places] == numbers.hashes, places, -1)
    up = (np.diff(values) == 1) & (values[:-1] >= 0) & (np.diff(numbers.rows) == 0)
    runs = np.cumsum(~up)
    long = up & (np.bincount(runs[up], minlength=len(numbers.hashes) + 1) >= _ENUMERATION - 1)[runs]
    inside = np.zeros(len(numbers.hashes), np.bool_)
    inside[1:-1] = long[:-1] & long[1:]
    return inside


def _once(tokens: Tokens) -> Tokens:
    """Tokens without those that came before in their text."""
    order = np.lexsort((tokens.hashes, tokens.rows))
    hashes, rows = tokens.hashes[order], tokens.rows[order]
    fresh = np.concatenate(([True], (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])))[: len(rows)]
    return Tokens(hashes[fresh], rows[fresh])


def _pairs(tokens: Tokens) -> Tokens:
    """Each token with the next one of its text."""
    within = tokens.rows[1:] == tokens.rows[:-1]
    return Tokens((mixed(tokens.hashes[:-1]) + tokens.hashes[1:])[within], tokens.rows[1:][within])


def _counted(words: Tokens, texts: int) -> Vectors:
    """How often each word stands in each text."""
    keys = np.sort((words.rows.astype(np.uint64) << np.uint64(32)) | (words.hashes & np.uint64(FEATURES - 1)))
    fresh = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
    ends = np.searchsorted(keys[fresh], np.arange(texts + 1, dtype=np.uint64) << np.uint64(32))
    features = (keys[fresh] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return Vectors(features, np.diff(fresh, append=len(keys)).astype(np.float64), ends)


def features_of(values: Hashes) -> Places:
    """The place of each hash among the features of a vector."""
    return (values & np.uint64(FEATURES - 1)).astype(np.int64)


def alike(texts: Multisets, items: Multisets, rows: Places, others: Places) -> Scores:
    """Jaccard similarity of the multisets of each pair, 1 where both are empty."""
    filled = np.flatnonzero(np.maximum(texts.counts[rows], items.counts[others]))
    alike = np.ones(len(rows))
    alike[filled] = similarity(Sets.joined(texts.sets, items.sets), rows[filled], others[filled] + len(texts.counts))
    return alike


def replaced(texts: Multisets, items: Multisets, rows: Places, others: Places) -> npt.NDArray[np.bool_]:
    """Whether each of a pair has what the other has not: something stands in the place of something else."""
    own, theirs = texts.counts[rows], items.counts[others]
    similar = alike(texts, items, rows, others)
    both = np.rint(similar * (own + theirs) / (1 + similar))
    return (both < own) & (both < theirs)


def product(texts: Vectors, items: Vectors, rows: Places, others: Places) -> Scores:
    """The scalar product of each pair of a text and an item: their cosine where the vectors are of length one.

    `rows` ascend: each text is laid out over all features once, and the features of its items are read from it.
    """
    products = np.zeros(len(rows))
    laid_out = np.zeros(FEATURES)
    for begin in range(0, len(rows), _CHUNK):
        chunk = rows[begin : begin + _CHUNK]
        other = items.of(others[begin : begin + _CHUNK])
        met = np.empty(len(other.words))
        firsts = np.flatnonzero(np.diff(chunk, prepend=-1))
        ends = other.ends[np.append(firsts, len(chunk))].tolist()
        for row, first, end in zip(chunk[firsts].tolist(), ends[:-1], ends[1:], strict=True):
            own = slice(texts.ends[row], texts.ends[row + 1])
            laid_out[texts.words[own]] = texts.values[own]
            met[first:end] = laid_out[other.words[first:end]]
            laid_out[texts.words[own]] = 0
        pair = np.repeat(np.arange(len(chunk)), np.diff(other.ends))
        products[begin : begin + _CHUNK] = np.bincount(pair, met * other.values, minlength=len(chunk))
    return products

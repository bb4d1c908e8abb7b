"""Benchmark items in other words, and in other languages: retrieval by numbers, decided by numbers, words and answers.

A rewording keeps the numbers of a problem, a translation as well. So items are found by their multiset of numbers, all
or all but one, and only then are words compared:

    same language    TF-IDF cosine of the words; how much is asked depends on whether the answers agree. Where there are
                     formulas, they must agree too: their signs are what a rewording of an equation keeps
    other language   no words to compare: all the numbers and the answer must agree

With few numbers the multiset says little, so an item of few must also share one of its rarest words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.guard import Tokens, facets
from pipelines.minhash import Sets, similarity
from pipelines.numerals import in_digits
from pipelines.postings import Postings, distinct
from pipelines.skeleton import folded, skeletons
from pipelines.words import mixed

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

NUMBERS = (
    0.75  # Jaccard similarity of the multisets of numbers (reference measurement: 79 % of free rewordings at this)
)
COSINE = {True: 0.2, None: 0.45}
"""Least cosine of the words when the answers are equal, and not known. With unequal answers it is another problem."""
COSINE_OF_FEW = 0.35  # the same, with equal answers and an item of fewer than three numbers: they agree by chance
SIGNS = 0.75  # Jaccard similarity of the multisets of signs, where there are formulas
_FORMULA = 6  # signs from which a text holds a formula: prose has a hyphen or a percent sign
_FORMULAS = 12  # signs from which an item is more formula than prose: nothing to know a translation by
SAME_WORDS = 0.9
"""Cosine from which the words are the item's own: with another number that is a variant, no rewording."""
FOREIGN_NUMBERS = 3  # fewest numbers that a translation must share: two and an answer agree by chance too often
_FEW = 3  # numbers below which an item is also sought by its words
_RARE = 6  # rarest words of an item that it is sought by
_FEATURES = 1 << 18
_ONE = facets(pa.array(["1"]))[0].hashes[0]
_CHUNK = 1 << 15  # pairs whose words are compared at a time


@dataclass(frozen=True, slots=True)
class Reworded:
    """An item found in other words.

    Attributes:
        cosine: of the words; None across languages.
        numbers: Jaccard similarity of the numbers.
        answers: whether the answers are equal; None when one is not known.
        variant: the words are the item's own and some number is not: another problem from the same template.
    """

    text: int
    item: int
    cosine: float | None
    numbers: float
    answers: bool | None
    variant: bool


@dataclass(frozen=True, slots=True)
class ParaphraseIndex:
    """Items by their numbers and words. Picklable.

    Attributes:
        by_numbers: items of `_FEW` or more numbers, by all of them and by all but one.
        by_words: the others, by all their numbers and one of their rarest words.
        numbers: the numbers of each item but 1, once each.
        bags: one hash of all the numbers of each item.
        signs: the multiset of each item's signs.
        words: TF-IDF vectors, of length one.
        weights: inverse document frequency of each feature.
        answers: skeleton of each answer, empty when there is none.
    """

    by_numbers: Postings
    by_words: Postings
    numbers: "_Multisets"
    bags: Hashes
    signs: "_Multisets"
    words: "_Vectors"
    weights: Scores
    answers: tuple[str, ...]
    languages: tuple[str, ...]

    @classmethod
    def build(cls, questions: pa.Array, answers: pa.Array, languages: Sequence[str]) -> "ParaphraseIndex":
        """Builds the index over items."""
        numbers, bags, signs, features = _read(questions, languages)
        documents = np.bincount(features.words, minlength=_FEATURES)
        weights = np.log((1 + len(questions)) / (1 + documents)) + 1
        keys, rows = numbers.keys(at_least=_FEW)
        few = np.flatnonzero(numbers.counts < _FEW)
        rare, rare_rows = _rarest(features, documents, few)
        return cls(
            by_numbers=Postings.of(keys, rows),
            by_words=Postings.of(_word_keys(numbers.sums[rare_rows], rare), rare_rows),
            numbers=numbers,
            bags=bags,
            signs=signs,
            words=features.weighted(weights),
            weights=weights,
            answers=tuple(_answer_keys(answers)),
            languages=tuple(languages),
        )

    def find(
        self, questions: pa.Array, answers: Callable[[int], str | None], languages: Sequence[str]
    ) -> list[Reworded]:
        """Items that the questions reword, the best of each question.

        `answers` is asked for the answer of a question by its place, where numbers and signs speak for an item.
        """
        numbers, bags, signs, features = _read(questions, languages)
        rows, items = self._candidates(numbers, features)
        shared = _alike(numbers, self.numbers, rows, items)
        foreign = np.array(languages)[rows] != np.array(self.languages)[items]
        formulas = np.maximum(signs.counts[rows], self.signs.counts[items]) >= _FORMULA
        prose = self.signs.counts[items] < _FORMULAS
        formal = _alike(signs, self.signs, rows, items) >= SIGNS
        enough = (shared >= NUMBERS) & (np.where(foreign, prose, ~formulas) | (formal & ~foreign))
        rows, items, shared = rows[enough], items[enough], shared[enough]
        cosine = _cosine(features.weighted(self.weights), self.words, rows, items)
        variant = (cosine >= SAME_WORDS) & (bags[rows] != self.bags[items])
        hopeful = (cosine >= min(COSINE.values())) | (np.array(languages)[rows] != np.array(self.languages)[items])
        rows, items, shared, cosine, variant = (one[hopeful] for one in (rows, items, shared, cosine, variant))
        asked = np.unique(rows).tolist()
        keys = dict(zip(asked, _answer_keys(pa.array(map(answers, asked), pa.string())), strict=True))
        best: dict[int, Reworded] = {}
        for row, item, near, alike, other in zip(
            *(column.tolist() for column in (rows, items, shared, cosine, variant)), strict=True
        ):
            equal = keys[row] == self.answers[item] if keys[row] and self.answers[item] else None
            if languages[row] != self.languages[item]:
                count = min(numbers.counts[row], self.numbers.counts[item])
                holds = equal is True and count >= FOREIGN_NUMBERS
                one = Reworded(row, item, None, near, equal, variant=False)
            else:
                least = COSINE_OF_FEW if equal and self.numbers.counts[item] < _FEW else COSINE.get(equal, 2.0)
                holds = other or alike >= least
                one = Reworded(row, item, alike, near, equal, variant=other)
            if holds and (row not in best or _strength(one) > _strength(best[row])):
                best[row] = one
        return [best[row] for row in sorted(best)]

    def _candidates(self, numbers: "_Multisets", features: "_Vectors") -> tuple[Places, Places]:
        keys, rows = numbers.keys(at_least=_FEW)
        found, items = self.by_numbers.hits(keys)
        few = np.flatnonzero(numbers.counts < _FEW)
        words = features.of(few)
        word_rows = np.repeat(few, np.diff(words.ends))
        places, word_items = self.by_words.hits(_word_keys(numbers.sums[word_rows], words.words))
        rows, items = np.concatenate((rows[found], word_rows[places])), np.concatenate((items, word_items))
        pairs = distinct((rows << 32) | items)
        return pairs >> 32, pairs & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Multisets:
    """A multiset of tokens for each text, or a set.

    Attributes:
        values: a hash of each token and of how often it came before in its text.
        ends: [texts + 1], where each text's values begin.
    """

    values: Hashes
    ends: Places

    @classmethod
    def of(cls, tokens: Tokens, texts: int) -> "_Multisets":
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
        return np.diff(self.ends)

    @property
    def sums(self) -> Hashes:
        """One hash for all tokens of a text."""
        sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(self.values)))
        return sums[self.ends[1:]] - sums[self.ends[:-1]]

    @property
    def sets(self) -> Sets:
        return Sets((self.values >> np.uint64(32)).astype(np.uint32), self.ends)

    def keys(self, *, at_least: int) -> tuple[Hashes, Places]:
        """One hash for all tokens of a text and one for all but each, with their texts; of texts with enough."""
        texts = np.repeat(np.arange(len(self.counts)), self.counts)
        enough = self.counts >= at_least
        sums = self.sums
        without = (sums[texts] - self.values)[enough[texts]]
        whole = np.flatnonzero(enough)
        return np.concatenate((sums[whole], without)), np.concatenate((whole, texts[enough[texts]]))


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Sparse vectors, one after another: words (features) with their values, words ascending within a vector."""

    words: Places
    values: Scores
    ends: Places

    def of(self, rows: Places) -> "_Vectors":
        lengths = self.ends[rows + 1] - self.ends[rows]
        ends = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(ends[-1]) + np.repeat(self.ends[rows] - ends[:-1], lengths)
        return _Vectors(self.words[places], self.values[places], ends)

    def weighted(self, weights: Scores) -> "_Vectors":
        """Scales every word by its weight and every vector to length one."""
        values = self.values * weights[self.words]
        rows = np.repeat(np.arange(len(self.ends) - 1), np.diff(self.ends))
        lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(self.ends) - 1))
        return _Vectors(self.words, values / lengths[rows], self.ends)


def _read(questions: pa.Array, languages: Sequence[str]) -> tuple[_Multisets, Hashes, _Multisets, _Vectors]:
    """The numbers of texts, apart and in one hash, their signs, and how often each word stands in them."""
    numbers, signs, words = facets(in_digits(folded(questions), languages))
    keys = np.sort((words.rows.astype(np.uint64) << np.uint64(32)) | (words.hashes & np.uint64(_FEATURES - 1)))
    fresh = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
    ends = np.searchsorted(keys[fresh], np.arange(len(questions) + 1, dtype=np.uint64) << np.uint64(32))
    features = (keys[fresh] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    vectors = _Vectors(features, np.diff(fresh, append=len(keys)).astype(np.float64), ends)
    bags = _Multisets.of(numbers, len(questions)).sums
    plain = numbers.hashes != _ONE
    order = np.lexsort((numbers.hashes[plain], numbers.rows[plain]))
    hashes, rows = numbers.hashes[plain][order], numbers.rows[plain][order]
    fresh = np.concatenate(([True], (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])))[: len(rows)]
    numbers = Tokens(hashes[fresh], rows[fresh])
    return _Multisets.of(numbers, len(questions)), bags, _Multisets.of(signs, len(questions)), vectors


def _rarest(features: _Vectors, documents: Places, rows: Places) -> tuple[Places, Places]:
    """The rarest words of each row: features, and the row of each."""
    chosen = [np.zeros(0, np.int64)]
    for row in rows:
        words = features.words[features.ends[row] : features.ends[row + 1]]
        chosen.append(words[np.lexsort((words, documents[words]))][:_RARE])
    return np.concatenate(chosen), np.repeat(rows, [len(one) for one in chosen[1:]])


def _word_keys(sums: Hashes, words: Places) -> Hashes:
    return mixed(sums + mixed(words.astype(np.uint64) + np.uint64(1)))


def _alike(texts: _Multisets, items: _Multisets, rows: Places, others: Places) -> Scores:
    """Jaccard similarity of the multisets of each pair; two empty ones are alike."""
    joined = Sets.joined(texts.sets, items.sets)
    empty = (texts.counts[rows] == 0) & (items.counts[others] == 0)
    return np.where(empty, 1.0, similarity(joined, rows, others + len(texts.counts)))


def _cosine(texts: _Vectors, items: _Vectors, rows: Places, others: Places) -> Scores:
    """The cosine of each pair of a text and an item."""
    cosines = np.zeros(len(rows))
    for begin in range(0, len(rows), _CHUNK):
        pairs = slice(begin, begin + _CHUNK)
        one, other = texts.of(rows[pairs]), items.of(others[pairs])
        keys, values = [], []
        for side in (one, other):
            pair = np.repeat(np.arange(len(side.ends) - 1), np.diff(side.ends))
            keys.append((pair << 32) | side.words)
            values.append(side.values)
        key, value = np.concatenate(keys), np.concatenate(values)
        order = np.argsort(key, kind="stable")
        key, value = key[order], value[order]
        both = np.flatnonzero(key[1:] == key[:-1])
        cosines[pairs] = np.bincount(key[both] >> 32, value[both] * value[both + 1], minlength=len(one.ends) - 1)
    return cosines


def _answer_keys(answers: pa.Array) -> list[str]:
    return skeletons(answers).to_pylist()


def _strength(one: Reworded) -> tuple[bool, bool, float, float, int]:
    return not one.variant, bool(one.answers), one.cosine or 0.0, one.numbers, -one.item

"""Benchmark items in other words, and in other languages: retrieval by numbers, decided by numbers, words and answers.

A rewording keeps the numbers of a problem, a translation as well. So items are found by their set of numbers, all, all
but one or those above ten, and only then are words compared:

    same language    evidence is added up: numbers and their order, words, formulas, the answer
    other language   no words to compare: numbers that say enough and the answer must agree
    against it       a number, a term (`terms`) or a worked number in the place of another: a problem of its template

With few numbers the multiset says little, so an item of few common ones must also share one of its rarest words, or all
the joints of its formulas.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.stages.decontaminate.terms import opposed, siblings
from pipelines.stages.decontaminate.vectors import (
    FEATURES,
    NUMERALS,
    Facets,
    Multisets,
    Scores,
    Vectors,
    alike,
    features_of,
    product,
    replaced,
)
from pipelines.text.postings import Postings, distinct
from pipelines.text.skeleton import skeletons
from pipelines.text.words import Hashes, Places, mixed
from validation.answers import Relation, compare_exactly

EVIDENCE = 15.5
"""Least evidence, in nats, that a text is an item in other words. It adds up from

    numbers   of both, each by its rarity among the items: a 36 says more than a 2, so that a `two friends share ...`
              more or less does not matter; those of one text alone count against it; those of both count for more,
              up to 1 + ORDER times, the more pairs of successive numbers are in both as well
    words     their cosine (WORDS)
    formulas  their joints, JOINTS each: those in excess of a usual share (USUAL) for it, below that against it
    answer    its rarity, when both are equal; with unequal answers it is another problem, and when one is not known
              the numbers must weigh more than LITTLE, nearly all be in both (NUMBERS), no formula look different and
              no drawing say what the words do not

The weights were fitted to 204 rewordings written one by one, so that of GSM8K's training rows fewer than one in a
thousand is taken for a test item: half of those have not only its numbers, but calculate the same with them.
"""
ORDER, WORDS, JOINTS, USUAL = 0.4, 22.0, 1.5, 0.3
LIKENESS = 0.65
"""Least share of joints in both from which formulas are alike where the numbers of both weigh no more than LITTLE: a
sum of squares and a square of sums are then all the evidence that there is."""
PLENTY = 8.0  # weight of numbers from which formulas may be written in wholly other ways
SAME_ORDER = 0.5  # share of successive pairs of numbers from which two formulas look alike
LITTLE = 3.1  # weight of numbers that two problems easily share
NUMBERS = 0.75  # least share of the numbers, by weight, that must be in both where words or answers say nothing
_KEPT = 0.9  # share of the numbers below which none may stand in the place of another
_SCANT = 1.0  # weight of numbers below which they must keep their order, or the story be the same
SAME_STORY = 0.6
"""Cosine from which two texts tell the same story; two of 3,000 training rows of GSM8K agree with a test item in
numbers, at 0.46 and 0.55."""
_SOME = 0.6  # share of the numbers below which a pair is not looked at
_ROUNDING = 1e-9
_FORMULA = 6  # joints from which a text holds a formula: prose has a hyphen or a percent sign
_FORMULAS = 12  # joints from which an item is more formula than prose: nothing to know a translation by
SAME_WORDS = 0.9
"""Cosine from which the words are the item's own: with another number that is a variant, no rewording."""
_FEW = 3  # numbers below which an item is also sought by its words
_SELDOM = 5.0  # weight from which few numbers are sought without words
_RARE = 6  # rarest words of an item that it is sought by
_SLIGHT = mixed(NUMERALS[1:3])  # a rewording may add a two or a three, or leave it unsaid
_ASSUMED = 300
"""Imagined problems that are counted beside the items, so that numbers weigh the same beside few items and many."""
_COMMON = {"slight": 0.3, "digits": 0.12, "others": 0.01}  # shares of them that hold a 2 or 3, each of 4 to 10, another


@dataclass(frozen=True, slots=True)
class Reworded:
    """An item found in other words.

    Attributes:
        cosine: of the words; None across languages.
        numbers: share of the numbers of both that are in both, by weight.
        answers: whether the answers are equal; None when one is not known.
        variant: the words are the item's own, some number is not, and the answers are not known to be equal: another
            problem from the same template.
    """

    text: int
    item: int
    cosine: float | None
    numbers: float
    answers: bool | None
    variant: bool


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Questions beside items, a pair a place.

    Attributes:
        rows: the question of each.
        items: its item.
        shared: share of the numbers of both that are in both, by weight.
        weight: of the numbers that are in both.
        cosine: of the words.
        joints: of the formulas of the one that has more.
        foreign: whether the languages differ.
    """

    rows: Places
    items: Places
    shared: Scores
    weight: Scores
    cosine: Scores
    joints: Places
    foreign: npt.NDArray[np.bool_]

    def where(self, kept: npt.NDArray[np.bool_]) -> "_Pairs":
        """Returns some of the pairs."""
        return _Pairs(*(getattr(self, field.name)[kept] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class ParaphraseIndex:
    """Items by their numbers and words. Picklable.

    Attributes:
        by_numbers: items by all their numbers, by all but one, and by all numbers and joints, where those are many.
        by_words: items of few numbers by all of them and one of their rarest words.
        rarity: inverse document frequency of each number, by feature.
        numbers: the numbers of each item but 0 and 1, once each, so that the product of two is the weight of what they
            share.
        neighbours: the multiset of each item's pairs of successive numbers.
        distinct: the same numbers as they are hashed, without the slight ones.
        bags: all the numbers of each item.
        joints: the multiset of the joints of each item's formulas.
        words: TF-IDF vectors, of length one.
        questions: the text of each item.
        drawn: whether a drawing goes with each item.
        weights: inverse document frequency of each feature.
        answers: the answer of each item, empty when there is none.
        answer_keys: their skeletons.
        answer_weights: inverse document frequency of each answer.
    """

    by_numbers: Postings
    by_words: Postings
    rarity: Scores
    numbers: Vectors
    distinct: Multisets
    neighbours: Multisets
    bags: Multisets
    joints: Multisets
    words: Vectors
    questions: tuple[str, ...]
    drawn: npt.NDArray[np.bool_]
    weights: Scores
    answers: tuple[str, ...]
    answer_keys: tuple[str, ...]
    answer_weights: Scores
    languages: tuple[str, ...]

    @classmethod
    def build(cls, questions: pa.Array, answers: pa.Array, languages: Sequence[str]) -> "ParaphraseIndex":
        """Builds the index over items."""
        texts = Facets.read(questions, languages)
        numbers, features = texts.numbers, texts.words
        documents = np.bincount(features.words, minlength=FEATURES)
        weights = np.log((1 + len(questions)) / (1 + documents)) + 1
        rarity = _rarity(numbers)
        weighted = _weighted(numbers, rarity)
        keys, rows = _keys(numbers, texts.joints, weighted)
        sums, few = _sums_of_few(numbers)
        rare, places = _rarest(features, documents, few)
        keys_of_answers = _answer_keys(answers)
        return cls(
            by_numbers=Postings.of(keys, rows),
            by_words=Postings.of(_word_keys(sums[places], rare), few[places]),
            rarity=rarity,
            numbers=weighted,
            distinct=numbers.without(_SLIGHT),
            neighbours=texts.neighbours,
            bags=texts.bags,
            joints=texts.joints,
            words=features.weighted(weights),
            questions=tuple(question or "" for question in questions.to_pylist()),
            drawn=texts.drawn,
            weights=weights,
            answers=tuple(answer or "" for answer in answers.to_pylist()),
            answer_keys=tuple(keys_of_answers),
            answer_weights=_weights_of(keys_of_answers),
            languages=tuple(languages),
        )

    def find(
        self,
        questions: pa.Array,
        answers: Callable[[int], str | None],
        languages: Sequence[str],
        work: Callable[[int, int], bool | None] = lambda _text, _item: None,
    ) -> list[Reworded]:
        """Items that the questions reword, the best of each question.

        `answers` is asked for the answer of a question by its place, where numbers and formulas speak for an item, and
        `work`, where the story is another one, whether the question at a place is solved by an item's numbers.
        """
        texts = Facets.read(questions, languages)
        pairs = self._near(texts, np.array(languages))
        rows, items = pairs.rows, pairs.items
        order = alike(texts.neighbours, self.neighbours, rows, items)
        same_joints = alike(texts.joints, self.joints, rows, items)
        evidence = _evidence(pairs, order, same_joints)
        prose = self.joints.counts[items] < _FORMULAS
        varied = ~pairs.foreign & (pairs.cosine >= SAME_WORDS) & (texts.bags.sums[rows] != self.bags.sums[items])
        telling = (pairs.shared >= NUMBERS) & (pairs.weight >= LITTLE)
        another = _of_another_kind(pairs, same_joints) | _out_of_order(pairs, order)
        another |= (pairs.shared < _KEPT) & replaced(texts.numbers.without(_SLIGHT), self.distinct, rows, items)
        another[varied] |= replaced(texts.bags, self.bags, rows[varied], items[varied])
        enough = (evidence + self.answer_weights[items] >= EVIDENCE) & ~another
        likely = np.where(pairs.foreign, prose & telling, enough)
        look_alike = (pairs.joints < _FORMULA) | ((same_joints >= USUAL) & (order >= SAME_ORDER))
        drawn = texts.drawn[rows] | self.drawn[items]
        certain = ~pairs.foreign & ~varied & ~drawn & look_alike & telling & ~another & (evidence >= EVIDENCE)
        hopeful = likely | varied
        judged = zip(*(column[hopeful].tolist() for column in (varied, likely, certain)), strict=True)
        asked = questions.to_pylist()

        def same_task(row: int, item: int, cosine: float) -> bool:
            apart = siblings if cosine >= SAME_WORDS else opposed
            return not apart(asked[row], self.questions[item]) and (
                cosine >= SAME_STORY or work(row, item) is not False
            )

        return self._best(pairs.where(hopeful), list(judged), answers, languages, same_task)

    def of_another_kind(self, text: pa.Array, item: int) -> bool:
        """Whether the formulas of a text speak against an item that shares few numbers and many words with it."""
        texts = Facets.read(text, ["en"])
        rows, items = np.zeros(1, np.int64), np.array([item])
        shared, weight = self._shared(_weighted(texts.numbers, self.rarity), rows, items)
        joints = np.maximum(texts.joints.counts[rows], self.joints.counts[items])
        pairs = _Pairs(rows, items, shared, weight, np.ones(1), joints, np.zeros(1, np.bool_))
        return bool(_of_another_kind(pairs, alike(texts.joints, self.joints, rows, items))[0])

    def _near(self, texts: Facets, languages: npt.NDArray[np.str_]) -> _Pairs:
        """Pairs whose numbers, words and formulas could be evidence enough at the most."""
        weighted = _weighted(texts.numbers, self.rarity)
        rows, items = self._candidates(texts, weighted)
        own, theirs = weighted.squares[rows], self.numbers.squares[items]
        able = np.minimum(own, theirs) >= _SOME * np.maximum(own, theirs) - _ROUNDING
        rows, items = rows[able], items[able]
        shared, weight = self._shared(weighted, rows, items)
        some = shared >= _SOME
        rows, items, shared, weight = rows[some], items[some], shared[some], weight[some]
        cosine = product(texts.words.weighted(self.weights), self.words, rows, items)
        own_joints, item_joints = texts.joints.counts[rows], self.joints.counts[items]
        joints = np.maximum(own_joints, item_joints)
        foreign = languages[rows] != np.array(self.languages)[items]
        pairs = _Pairs(rows, items, shared, weight, cosine, joints, foreign)
        most = weight * (1 + ORDER) + WORDS * cosine + JOINTS * (1 - USUAL) * joints
        varied = (cosine >= SAME_WORDS) & (most + self.answer_weights[items] >= EVIDENCE)
        reachable = _evidence(pairs, 1.0, np.minimum(own_joints, item_joints) / np.maximum(joints, 1))
        return pairs.where(foreign | varied | (reachable + self.answer_weights[items] >= EVIDENCE - _ROUNDING))

    def _best(
        self,
        pairs: _Pairs,
        judged: Sequence[tuple[bool, bool, bool]],
        answers: Callable[[int], str | None],
        languages: Sequence[str],
        same_task: Callable[[int, int, float], bool],
    ) -> list[Reworded]:
        """The best pair of each question; `judged` says of each pair whether it is varied, likely and certain."""
        asked = np.unique(pairs.rows).tolist()
        given = dict(zip(asked, map(answers, asked), strict=True))
        keys = dict(zip(asked, _answer_keys(pa.array(given.values(), pa.string())), strict=True))
        best: dict[int, Reworded] = {}
        columns = (pairs.rows, pairs.items, pairs.shared, pairs.cosine, pairs.foreign)
        for (row, item, share, words, abroad), (varied, likely, certain) in zip(
            zip(*(column.tolist() for column in columns), strict=True), judged, strict=True
        ):
            equal = keys[row] == self.answer_keys[item] if keys[row] and self.answer_keys[item] else None
            if equal is False and likely:
                equal = compare_exactly(self.answers[item], given[row], None, languages[row]).outcome is Relation.EQUAL
            reworded = (certain if equal is None else equal and likely) and (abroad or same_task(row, item, words))
            rewording = Reworded(row, item, None if abroad else words, share, equal, variant=not reworded)
            if (reworded or varied) and (row not in best or _strength(rewording) > _strength(best[row])):
                best[row] = rewording
        return [best[row] for row in sorted(best)]

    def _shared(self, numbers: Vectors, rows: Places, items: Places) -> tuple[Scores, Scores]:
        """The share of the numbers of each pair that are in both, 1 where there are none, and their weight."""
        both = product(numbers, self.numbers, rows, items)
        either = numbers.squares[rows] + self.numbers.squares[items] - both
        return np.divide(both, either, out=np.ones(len(rows)), where=either > 0), both

    def _candidates(self, texts: Facets, weighted: Vectors) -> tuple[Places, Places]:
        keys, rows = _keys(texts.numbers, texts.joints, weighted)
        found, items = self.by_numbers.hits(keys)
        sums, few = _sums_of_few(texts.numbers)
        words = texts.words.of(few)
        owner = np.repeat(np.arange(len(few)), np.diff(words.ends))
        places, word_items = self.by_words.hits(_word_keys(sums[owner], words.words))
        rows, items = np.concatenate((rows[found], few[owner[places]])), np.concatenate((items, word_items))
        pairs = distinct((rows << 32) | items)
        return pairs >> 32, pairs & 0xFFFFFFFF


def _evidence(pairs: _Pairs, order: Scores | float, same_joints: Scores) -> Scores:
    """What speaks for each pair but its answers (`EVIDENCE`), by the shares of neighbours and joints in both."""
    formula = np.where(pairs.joints >= _FORMULA, JOINTS * (same_joints - USUAL) * pairs.joints, 0.0)
    lone = pairs.weight / pairs.shared - pairs.weight
    return pairs.weight * (1 + ORDER * order) - lone + WORDS * pairs.cosine + formula


def _of_another_kind(pairs: _Pairs, same_joints: Scores) -> npt.NDArray[np.bool_]:
    """Pairs that few numbers speak for while formulas, or the other numbers, speak against them."""
    least = np.select([pairs.weight < LITTLE, pairs.weight < PLENTY], [LIKENESS, USUAL], 0.0)
    formulas_differ = (pairs.joints >= _FORMULA) & (same_joints < least)
    return formulas_differ | ((pairs.shared < NUMBERS) & (pairs.weight < _SELDOM))


def _out_of_order(pairs: _Pairs, order: Scores) -> npt.NDArray[np.bool_]:
    """Pairs of another story in which no formula speaks and numbers that say next to nothing come in another order."""
    told = (pairs.cosine < SAME_STORY) & (pairs.joints < _FORMULA)
    return told & (pairs.weight < _SCANT) & (order < SAME_ORDER)


def _keys(numbers: Multisets, joints: Multisets, weighted: Vectors) -> tuple[Hashes, Places]:
    """Hashes by which texts are sought, with their texts: all numbers, all but one, those above 10, all and the joints.

    Of texts with so many numbers, so rare ones, or so many joints that few other texts have the same.
    """
    many = numbers.counts >= _FEW
    whole = np.flatnonzero(many | (weighted.squares >= _SELDOM))
    texts = np.repeat(np.arange(len(many)), numbers.counts)
    sums = numbers.sums
    without = (sums[texts] - numbers.values)[many[texts]]
    formal = np.flatnonzero(joints.counts >= _FORMULA)
    formulas = mixed(sums[formal] + mixed(joints.sums[formal]))
    large = numbers.without(mixed(NUMERALS))
    telling = np.flatnonzero(large.counts >= _FEW)
    keys = np.concatenate((sums[whole], without, large.sums[telling], formulas))
    return keys, np.concatenate((whole, texts[many[texts]], telling, formal))


def _sums_of_few(numbers: Multisets) -> tuple[Hashes, Places]:
    """One hash of all numbers of a text that has few, with and without the slight ones, and the text of each."""
    lean = numbers.without(_SLIGHT)
    few = np.flatnonzero(numbers.counts < _FEW)
    leaner = np.flatnonzero((lean.counts < numbers.counts) & (lean.counts > 0) & (lean.counts < _FEW))
    return np.concatenate((numbers.sums[few], lean.sums[leaner])), np.concatenate((few, leaner))


def _rarity(numbers: Multisets) -> Scores:
    """Inverse document frequency of each number, by feature."""
    frequency = np.full(FEATURES, _COMMON["others"])
    frequency[features_of(mixed(NUMERALS))] = _COMMON["digits"]
    frequency[features_of(_SLIGHT)] = _COMMON["slight"]
    counts = np.bincount(features_of(numbers.values), minlength=FEATURES)
    return _rareness(counts, frequency, len(numbers.counts)).clip(min=0)


def _rareness(counts: Places, frequency: Scores | float, texts: int) -> Scores:
    """Inverse document frequency of what stands in `counts` of some texts and in a share of the assumed ones."""
    return np.log((texts + _ASSUMED) / (1 + counts + _ASSUMED * frequency))


def _weighted(numbers: Multisets, rarity: Scores) -> Vectors:
    """Vectors whose product is the weight of the numbers that two texts share."""
    features = features_of(numbers.values)
    return Vectors(features, np.sqrt(rarity[features]), numbers.ends)


def _rarest(features: Vectors, documents: Places, rows: Places) -> tuple[Places, Places]:
    """The rarest words of each of some rows: features, and the place of the row in `rows` of each."""
    chosen = [np.zeros(0, np.int64)]
    for row in rows:
        words = features.words[features.ends[row] : features.ends[row + 1]]
        chosen.append(words[np.lexsort((words, documents[words]))][:_RARE])
    return np.concatenate(chosen), np.repeat(np.arange(len(rows)), [len(words) for words in chosen[1:]])


def _word_keys(sums: Hashes, words: Places) -> Hashes:
    return mixed(sums + mixed(words.astype(np.uint64) + np.uint64(1)))


def _answer_keys(answers: pa.Array) -> list[str]:
    return skeletons(answers).to_pylist()


def _weights_of(answers: Sequence[str]) -> Scores:
    """Inverse document frequency of each answer."""
    counts = Counter(answers)
    return _rareness(np.array([counts[answer] for answer in answers]), _COMMON["others"], len(answers))


def _strength(rewording: Reworded) -> tuple[bool, bool, float, float, int]:
    return not rewording.variant, bool(rewording.answers), rewording.cosine or 0.0, rewording.numbers, -rewording.item

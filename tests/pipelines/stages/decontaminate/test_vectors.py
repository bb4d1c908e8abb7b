import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.decontaminate import vectors
from pipelines.stages.decontaminate.vectors import (
    FEATURES,
    Facets,
    Multisets,
    Vectors,
    alike,
    features_of,
    product,
    replaced,
)
from pipelines.text.tokens import Tokens

HASHES = [3, 2**20, 2**40, 2**63, 2**64 - 9]
BAGS = st.lists(st.lists(st.sampled_from(HASHES), max_size=5), min_size=1, max_size=5)
SPARSE = st.lists(
    st.dictionaries(st.sampled_from([0, 1, 2, 77, FEATURES - 1]), st.integers(1, 9), max_size=4), min_size=1, max_size=5
)


def multisets(bags):
    flat = [(value, row) for row, bag in enumerate(bags) for value in bag]
    hashes, rows = (np.array([pair[side] for pair in flat], kind) for side, kind in ((0, np.uint64), (1, np.int64)))
    return Multisets.of(Tokens(hashes, rows), len(bags))


def vectors_of(rows):
    words = [word for row in rows for word in sorted(row)]
    values = [float(row[word]) for row in rows for word in sorted(row)]
    ends = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    return Vectors(np.array(words, np.int64), np.array(values), ends.astype(np.int64))


def jaccard(one, other):
    union = (Counter(one) | Counter(other)).total()
    return (Counter(one) & Counter(other)).total() / union if union else 1.0


@settings(max_examples=40)
@given(BAGS, BAGS, st.data())
def test_multisets_are_alike_as_pythons_counters_are(texts, items, data):
    pairs = st.tuples(st.integers(0, len(texts) - 1), st.integers(0, len(items) - 1))
    rows, others = np.array(data.draw(st.lists(pairs, min_size=1, max_size=8)), np.int64).T
    found = alike(multisets(texts), multisets(items), rows, others)
    assert found.tolist() == [jaccard(texts[a], items[b]) for a, b in zip(rows, others, strict=True)]


@settings(max_examples=40)
@given(BAGS, BAGS)
def test_something_is_replaced_where_each_has_what_the_other_has_not(texts, items):
    found = replaced(multisets(texts), multisets(items), np.array([0]), np.array([0]))
    own, theirs = Counter(texts[0]), Counter(items[0])
    assert found.tolist() == [bool(own - theirs) and bool(theirs - own)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("numbered 1, 2, 3, 4, 5 and 6", ["6"]),
        ("numbered 3, 4, 5, 6 and 7, then 9", ["3", "7", "9"]),
        ("one of 3, 4, 5, 6", ["3", "4", "5", "6"]),
        ("one of 7, 6, 5, 4, 3", ["7", "6", "5", "4", "3"]),
    ],
)
def test_numbers_within_an_enumeration_say_nothing(text, numbers):
    found, alone = (Facets.read(pa.array([each]), ["en"]).numbers for each in (text, " ".join(numbers)))
    assert sorted(found.values.tolist()) == sorted(alone.values.tolist())


@given(BAGS)
def test_a_multiset_counts_repeats_and_its_sum_does_not_depend_on_order(bags):
    found, turned = multisets(bags), multisets([bag[::-1] for bag in bags])
    assert found.counts.tolist() == [len(bag) for bag in bags]
    assert found.sums.tolist() == turned.sums.tolist()
    by_content = {tuple(sorted(bag)): int(total) for bag, total in zip(bags, found.sums, strict=True)}
    assert len({*by_content.values()}) == len(by_content)


def test_values_can_be_left_out():
    one, two, three = HASHES[:3]
    bags = [[one, one, two], [], [two, three], [three]]
    found = multisets(bags)
    rest = found.without(multisets([[two]]).values)
    assert rest.counts.tolist() == [2, 0, 1, 1]
    assert rest.sums.tolist() == multisets([[one, one], [], [three], [three]]).sums.tolist()


def dense(vectors):
    rows = np.zeros((len(vectors.ends) - 1, FEATURES))
    for row, (begin, end) in enumerate(zip(vectors.ends, vectors.ends[1:], strict=False)):
        rows[row, vectors.words[begin:end]] = vectors.values[begin:end]
    return rows


@pytest.mark.parametrize("chunk", [1, 2, 5, 1 << 15])
def test_products_are_those_of_dense_vectors_whatever_the_chunks(monkeypatch, chunk):
    monkeypatch.setattr(vectors, "_CHUNK", chunk)
    texts = vectors_of([{0: 1, 2: 3}, {}, {1: 2, FEATURES - 1: 5}, {2: 7}])
    items = vectors_of([{2: 1}, {0: 4, 2: 2, 9: 9}, {}, {FEATURES - 1: 1}])
    rows, others = np.repeat(np.arange(4), 4), np.tile(np.arange(4), 4)
    wanted = (dense(texts) @ dense(items).T)[rows, others]
    assert product(texts, items, rows, others).tolist() == wanted.tolist()
    assert product(texts, items, rows[[1, 1, 5, 9]], others[[1, 1, 1, 3]]).tolist() == [10, 10, 0, 5]


def test_no_pairs_have_no_products():
    nothing = np.zeros(0, np.int64)
    assert product(vectors_of([{1: 1}]), vectors_of([{1: 1}]), nothing, nothing).tolist() == []


@given(SPARSE, st.data())
def test_chosen_vectors_are_those_rows_again(rows, data):
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6))
    found, wanted = vectors_of(rows).of(np.array(chosen, np.int64)), vectors_of([rows[place] for place in chosen])
    for name in ("words", "values", "ends"):
        assert getattr(found, name).tolist() == getattr(wanted, name).tolist()


@settings(max_examples=40)
@given(SPARSE)
def test_squares_and_weights_are_those_of_each_vector(rows):
    found = vectors_of(rows)
    assert found.squares.tolist() == [sum(value**2 for value in row.values()) for row in rows]
    weights = np.linspace(1, 3, FEATURES)
    scaled = found.weighted(weights)
    for place, row in enumerate(rows):
        own = slice(scaled.ends[place], scaled.ends[place + 1])
        length = math.sqrt(sum((value * weights[word]) ** 2 for word, value in row.items()))
        wanted = [row[word] * weights[word] / length for word in sorted(row)]
        assert scaled.values[own].tolist() == pytest.approx(wanted)


def facets_of(*texts):
    return Facets.read(pa.array(texts), ["en"] * len(texts))


def test_numbers_are_told_once_and_those_of_every_formula_not_at_all():
    found = facets_of("Ann has 5 cats, 5 dogs and 0 or 1 of 12 cows.", "Twelve and five", "no numbers")
    assert found.numbers.counts.tolist() == [2, 2, 0]
    assert found.numbers.sums[0] == found.numbers.sums[1]
    assert found.neighbours.counts.tolist() == [2, 1, 0]  # 5 5, 5 12; 12 5
    assert found.bags.sums[0] != found.bags.sums[1]
    assert facets_of("Twelve and five").bags.sums[0] == facets_of("5 of 12").bags.sums[0]


def test_words_are_counted_by_feature():
    found = facets_of("cats and dogs and cats", "", "dogs")
    assert np.diff(found.words.ends).tolist() == [3, 0, 1]
    assert sorted(found.words.values[:3].tolist()) == [1, 2, 2]
    assert found.words.words[3] in found.words.words[:3]
    assert found.words.words[:3].tolist() == sorted(found.words.words[:3].tolist())


def test_a_drawing_is_noted_and_joints_are_those_of_formulas():
    found = facets_of('In [asy] label("5") [/asy] find $x + 3$.', "Find $y + 3$.", "Find $x - 3$.")
    assert found.drawn.tolist() == [True, False, False]
    assert found.joints.sums[0] == found.joints.sums[1] != found.joints.sums[2]


def test_features_are_the_last_bits_of_a_hash():
    assert features_of(np.array([0, FEATURES - 1, FEATURES, 2**64 - 1], np.uint64)).tolist() == [
        0,
        FEATURES - 1,
        0,
        FEATURES - 1,
    ]

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text import sets
from pipelines.text.sets import Sets, similarity

HASHES = [0, 1, 2, 7, 2**31, 2**32 - 1]
COLLECTIONS = st.lists(st.sets(st.sampled_from(HASHES)), min_size=1, max_size=6)


def sets_of(collections):
    lists = pa.array([sorted(one) for one in collections], pa.list_(pa.uint32()))
    return Sets.of(pa.chunked_array([lists]))


def jaccard(one, other):
    return len(one & other) / len(one | other) if one | other else 0.0


@given(COLLECTIONS, st.data())
def test_similarity_is_that_of_pythons_sets(collections, data):
    places = st.integers(0, len(collections) - 1)
    pairs = data.draw(st.lists(st.tuples(places, places), max_size=10))
    one, other = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    found = similarity(sets_of(collections), one, other)
    assert found.tolist() == [jaccard(collections[a], collections[b]) for a, b in pairs]


@pytest.mark.parametrize("chunk", [1, 3, 4, 5, 1000])
def test_similarity_does_not_depend_on_how_many_are_compared_at_a_time(monkeypatch, chunk):
    collections = [{0, 1, 2}, {1, 2}, set(), {7}, set(HASHES)]
    pairs = [(a, b) for a in range(5) for b in range(5)]
    monkeypatch.setattr(sets, "_CHUNK", chunk)
    one, other = np.array(pairs).T
    found = similarity(sets_of(collections), one, other)
    assert found.tolist() == [jaccard(collections[a], collections[b]) for a, b in pairs]


def test_two_empty_sets_are_unlike():
    assert similarity(sets_of([set(), set()]), np.array([0]), np.array([1])).tolist() == [0.0]


def test_sets_come_from_a_column_in_any_chunks():
    lists = pa.array([[1, 2], [], [7], [0, 1, 2]], pa.list_(pa.uint32()))
    for cut in range(5):
        found = Sets.of(pa.chunked_array([lists.slice(0, cut), lists.slice(cut)]))
        assert found.values.tolist() == [1, 2, 7, 0, 1, 2]
        assert found.offsets.tolist() == [0, 2, 2, 3, 6]
    assert Sets.of(pa.chunked_array([], lists.type)).offsets.tolist() == [0]


@given(COLLECTIONS, COLLECTIONS)
def test_joined_collections_are_numbered_one_after_another(first, second):
    joined, whole = Sets.joined(sets_of(first), sets_of(second)), sets_of([*first, *second])
    assert joined.values.tolist() == whole.values.tolist()
    assert joined.offsets.tolist() == whole.offsets.tolist()


@given(COLLECTIONS, st.data())
def test_gathered_values_are_those_of_the_asked_sets_in_their_order(collections, data):
    rows = data.draw(st.lists(st.integers(0, len(collections) - 1), max_size=8))
    values, begins = sets_of(collections).gathered(np.array(rows, np.int64))
    assert values.tolist() == [value for row in rows for value in sorted(collections[row])]
    assert begins.tolist() == [sum(len(collections[row]) for row in rows[:place]) for place in range(len(rows) + 1)]

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.postings import Postings, distinct

PAIRS = st.lists(st.tuples(st.sampled_from([0, 1, 5, 2**63, 2**64 - 1]), st.integers(0, 3)), max_size=12)


def postings(pairs):
    return Postings.of(np.array([key for key, _ in pairs], np.uint64), np.array([item for _, item in pairs], np.int64))


@settings(deadline=None)
@given(PAIRS, st.lists(st.sampled_from([0, 1, 2, 5, 2**63, 2**64 - 1]), max_size=8))
def test_hits_are_all_pairs_of_a_place_and_an_item_of_its_key(pairs, asked):
    places, items = postings(pairs).hits(np.array(asked, np.uint64))
    wanted = [(place, item) for place, key in enumerate(asked) for item in sorted({i for k, i in pairs if k == key})]
    assert list(zip(places.tolist(), items.tolist(), strict=True)) == wanted


@settings(deadline=None)
@given(PAIRS, st.lists(st.sampled_from([0, 1, 2, 5, 2**64 - 1]), max_size=8))
def test_holds_says_which_hashes_are_keys(pairs, asked):
    held = postings(pairs).holds(np.array(asked, np.uint64))
    assert held.tolist() == [any(key == one for key, _ in pairs) for one in asked]


def test_postings_survive_pickling():
    copy = pickle.loads(pickle.dumps(postings([(7, 1), (7, 2)])))
    assert copy.hits(np.array([7], np.uint64))[1].tolist() == [1, 2]


def test_distinct_sorts_and_drops_repeats():
    assert distinct(np.array([3, 1, 3, 2], np.int64)).tolist() == [1, 2, 3]
    assert distinct(np.zeros(0, np.int64)).tolist() == []

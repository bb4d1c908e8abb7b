from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.pack import deal, pack


def test_packs_are_filled_best_fit_first():
    assert pack([5, 4, 3, 2, 2], 8) == [[0, 2], [1, 3, 4]]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(40, 100))
def test_every_example_is_in_one_pack_and_none_overflows(lengths, capacity):
    packs = pack(lengths, capacity)
    assert sorted(i for members in packs for i in members) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in members) <= capacity for members in packs)
    assert all(lengths[a] >= lengths[b] for members in packs for a, b in pairwise(members))


def test_an_example_longer_than_a_pack_is_an_error_not_a_cut():
    with pytest.raises(ValueError, match="9 tokens does not fit into a pack of 8"):
        pack([3, 9], 8)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 5))
def test_ranks_share_all_packs_and_none_twice(lengths, world):
    packs = pack(lengths, 64)
    shares = deal(packs, lengths, world=world)
    assert sorted(chain.from_iterable(shares)) == sorted(packs)


def test_work_is_dealt_evenly():
    lengths = [100, 90, 80, 10, 10, 10]
    packs = [[i] for i in range(6)]
    loads = [sum(lengths[i] for p in share for i in p) for share in deal(packs, lengths, world=3)]
    assert loads == [100, 100, 100]

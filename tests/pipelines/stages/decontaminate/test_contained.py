import random

import pyarrow as pa
import pytest

from pipelines.stages.decontaminate.contained import item_windows, standing

ALPHABET = "abc+="
LONG = "".join(random.Random(0).choices(ALPHABET, k=50))


def found(texts, items, shortest=32):
    encoded = [item.encode() for item in items]
    pairs = list(standing(pa.array(texts, pa.large_string()), item_windows(encoded, shortest), encoded))
    assert len({*pairs}) <= len(pairs)
    return sorted({*pairs})


def test_items_are_found_where_pythons_in_finds_them():
    chance = random.Random(1)

    def text(length):
        return "".join(chance.choices(ALPHABET, k=length))

    items = [text(length) for length in (32, 33, 40, 41, 64, 200)]
    items += [items[0], items[4][10:50]]
    texts = [text(chance.randrange(80)) for _ in range(50)]
    texts += [text(chance.randrange(5)) + item + text(chance.randrange(5)) for item in items for _ in range(3)]
    texts += (
        [item[:-1] for item in items] + [item[1:] for item in items] + [item[:9] + "x" + item[10:] for item in items]
    )
    chance.shuffle(texts)
    wanted = [(at, place) for at, text in enumerate(texts) for place, item in enumerate(items) if item in text]
    assert len(wanted) > 24
    assert found(texts, items) == wanted


@pytest.mark.parametrize(("shortest", "pairs"), [(49, [(0, 0)]), (50, [(0, 0)]), (51, [])])
def test_items_shorter_than_the_bound_are_not_looked_for(shortest, pairs):
    assert found([f"a{LONG}b"], [LONG], shortest) == pairs


def test_an_item_does_not_stand_across_two_texts():
    assert found([LONG[:25], LONG[25:], LONG], [LONG]) == [(2, 0)]


def test_an_item_that_stands_twice_in_a_text_is_told_for_each_place():
    item = LONG.encode()
    pairs = standing(pa.array([LONG + "x" + LONG], pa.large_string()), item_windows([item], 32), [item])
    assert list(pairs) == [(0, 0), (0, 0)]


@pytest.mark.parametrize(
    ("before", "item", "after", "whole"),
    [
        ("", f"7{LONG}8", "", True),
        ("1", f"7{LONG}8", "", False),
        ("", f"7{LONG}8", "9", False),
        ("1.", f"7{LONG}8", "", False),
        ("", f"7{LONG}8", ".5", False),
        ("x.", f"7{LONG}8", ".so5", True),
        ("a", f"7{LONG}8", "b", True),
        ("1", f"a{LONG}b", "9", True),
        ("é", f"7{LONG}8", "é", True),
    ],
)
def test_no_number_of_an_item_is_cut_off(before, item, after, whole):
    neighbours = ["1", before + item + after, "9"]
    assert found(neighbours, [item]) == ([(1, 0)] if whole else [])


def test_nothing_stands_among_nothing():
    assert found([], [LONG]) == []
    assert found([""], [LONG]) == []
    assert found([LONG], []) == []
    assert found([LONG[:31]], [LONG[:31]]) == []


def test_a_slice_of_texts_is_looked_at_alone():
    texts = pa.array([LONG, "x" * 40, LONG], pa.large_string()).slice(1)
    assert list(standing(texts, item_windows([LONG.encode()], 32), [LONG.encode()])) == [(1, 0)]

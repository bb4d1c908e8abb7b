import pyarrow as pa

from pipelines.stages.decontaminate.short_items import ShortItems
from pipelines.text.words import words_of

ITEMS = ["Find x + 1.", "Evaluate $2^{10}$.", "Solve it.", "one", "a b c d e f g h i j"]
INDEX = ShortItems.build(words_of(pa.array(ITEMS)), [True, True, False, False, False], longest=9)


def found(*texts, strict=False):
    return list(INDEX.find(words_of(pa.array(texts)), strict=strict))


def test_short_items_are_found_whole_with_their_place():
    assert found("Now find x + 1. Then stop.", "find x + 2.") == [(0, 0, 1, 5)]


def test_two_words_with_a_number_are_found_unless_strictly():
    assert found("Please evaluate $2^{10}$. Solve it.") == [(0, 1, 1, 3)]
    assert found("Please evaluate $2^{10}$. Solve it.", strict=True) == []


def test_words_of_neighbouring_texts_make_no_item():
    assert found("Please evaluate", "$2^{10}$.") == []


def test_longer_items_are_none_of_them():
    assert found("a b c d e f g h i j") == []
    nothing = ShortItems.build(words_of(pa.array([], pa.string())), [], longest=9)
    assert list(nothing.find(words_of(pa.array(["Find x."])), strict=False)) == []

import numpy as np
import pyarrow as pa
import pytest

from validation.dataset.hashes import combined, distinct, hash_texts, single_spaced, without_space


def test_equal_texts_have_equal_hashes_wherever_they_stand():
    hashes = hash_texts(pa.chunked_array([["a", "b", None], ["b", "", "a "]]))
    assert [list(hashes).index(one) for one in hashes] == [0, 1, 2, 1, 2, 5]


def test_space_makes_no_difference_and_letters_do():
    texts = ["Ann has 3\n apples", "Annhas3apples", "两 个\u3000苹果", "两个苹果", "Ann has 4 apples", None, " \t"]
    hashes = hash_texts(pa.array(texts), form=without_space)
    assert hashes[0] == hashes[1]
    assert hashes[2] == hashes[3]
    assert hashes[5] == hashes[6]
    assert len(set(hashes.tolist())) == 4


@pytest.mark.parametrize("text", ["a b", "\x1c\x1d\x1e\x1fa\x0b\x0c\r\nb", "plain", ""])
def test_ascii_loses_the_same_space_as_any_text(text):
    assert without_space(text.encode()).decode() == "".join(text.split())
    assert without_space(f"{text}é".encode()).decode() == "".join(text.split()) + "é"


def test_single_spaced_texts_differ_where_words_do():
    assert single_spaced(b" x =\t1\n") == b"x = 1" != single_spaced(b"x=1")
    assert single_spaced("两\u3000个 ".encode()).decode() == "两 个"


def test_combined_hashes_tell_pairs_and_their_order_apart():
    a, b = np.array([1, 2, 1], np.uint64), np.array([2, 1, 2], np.uint64)
    both = combined(a, b)
    assert both[0] == both[2] != both[1]


def test_distinct_is_sorted_and_keeps_the_ends_of_the_range():
    ends = np.array([2**64 - 1, 5, 0, 5, 0], np.uint64)
    assert distinct(ends).tolist() == [0, 5, 2**64 - 1]
    assert distinct(ends[:0]).tolist() == []

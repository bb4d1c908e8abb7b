import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.text.words import ngrams_of, words_of

TEXTS = st.lists(st.text(alphabet="aB1+é \n\u00a0", max_size=12), max_size=6)


@settings(deadline=None)
@given(TEXTS)
def test_words_are_what_white_space_parts_in_lower_case(texts):
    words = words_of(pa.array(texts, pa.string()))
    split = [text.lower().split() for text in texts]
    flat = [word for one in split for word in one]
    assert words.offsets.tolist() == [sum(map(len, split[:place])) for place in range(len(texts) + 1)]
    assert len(words.hashes) == len(flat)
    assert len(set(words.hashes.tolist())) == len(set(flat))


@settings(deadline=None)
@given(TEXTS, st.integers(1, 4))
def test_ngrams_are_the_runs_of_words_inside_one_text(texts, n):
    words = words_of(pa.array(texts, pa.string()))
    split = [text.lower().split() for text in texts]
    wanted = [tuple(one[place : place + n]) for one in split for place in range(len(one) - n + 1)]
    hashes, places = ngrams_of(words, n)
    assert len(hashes) == len(places) == len(wanted)
    assert len(set(hashes.tolist())) == len(set(wanted))


def test_a_hash_of_a_word_never_changes():
    # stored signatures and indexes depend on it
    assert (
        words_of(pa.array(["Natalia sold 48"])).hashes.tolist()
        == words_of(pa.array([" natalia  SOLD 48 "])).hashes.tolist()
    )
    assert words_of(pa.array(["48"])).hashes.tolist() == [7974552038269814124]


def test_order_makes_another_ngram():
    one, other = (ngrams_of(words_of(pa.array([text])), 2)[0].tolist() for text in ("a b", "b a"))
    assert one != other


def test_every_character_of_a_script_without_spaces_is_a_word():
    assert len(words_of(pa.array(["三只 cats"])).hashes) == 3


def test_very_long_words_are_told_apart():
    texts = ["a" * 3000, "a" * 2999 + "b", "b" + "a" * 2999]
    assert len(set(words_of(pa.array(texts)).hashes.tolist())) == 3


def test_words_of_equal_sums_are_told_apart():
    eights = ["abcdefgi" + "bcdefghi", "bcdefghi" + "abcdefgi", "abcdefgh" + "bcdefghj"]
    assert len(set(words_of(pa.array(eights)).hashes.tolist())) == 3

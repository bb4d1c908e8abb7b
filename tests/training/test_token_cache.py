"""The cache of tokens: what was put in comes out, whoever filled it, and nothing else ever does."""

import os
import shutil

import numpy as np
import pytest

from schemas.config import FreshModel
from training import shards, token_cache
from training.chat import ChatLayout
from training.encode import EncodedExample
from training.encoder import Encoder
from training.fresh import fit_tokenizer
from training.token_cache import TokenCache, encoded_of, words_of

GIB = 2**30


def words(*tokens):
    return np.array(tokens, np.int32)


def cache_in(folder, key="k", *, limit=GIB):
    return TokenCache(key, 100, limit=limit, folder=folder)


def filled(folder, key="k", **settings):
    """A cache on disk that holds rows 3 and 70."""
    cache = cache_in(folder, key, **settings)
    cache.put(np.array([70, 3]), [words(5, -6), words(1, 2, -3)])
    cache.close()
    return cache


def lists(rows):
    return [None if row is None else row.tolist() for row in rows]


def test_words_hold_tokens_and_flags():
    example = EncodedExample(np.array([0, 7, 0], np.int32), np.array([0, 1, 1], np.uint8))
    assert words_of(example).tolist() == [0, -8, -1]
    encoded = encoded_of([words_of(example), words_of(example)])
    assert encoded.tokens.tolist() == [0, 7, 0] * 2
    assert encoded.supervised.tolist() == [0, 1, 1] * 2
    assert encoded.offsets.tolist() == [0, 3, 6]


def test_what_was_put_in_comes_out_before_and_after_it_is_written(tmp_path):
    cache = cache_in(tmp_path)
    cache.put(np.array([70, 3]), [words(5, -6), words(1, 2, -3)])
    asked = np.array([3, 4, 70, 3])
    expected = [[1, 2, -3], None, [5, -6], [1, 2, -3]]
    assert lists(cache.get(asked)) == expected
    cache.close()
    assert lists(cache.get(asked)) == expected
    assert lists(cache_in(tmp_path).get(asked)) == expected
    assert lists(cache_in(tmp_path, "another").get(asked)) == [None] * 4


def test_two_runs_fill_one_cache(tmp_path):
    first, second = cache_in(tmp_path), cache_in(tmp_path)
    first.put(np.array([1, 2]), [words(1), words(2)])
    second.put(np.array([2, 3]), [words(2), words(3)])
    first.close()
    second.close()
    assert lists(cache_in(tmp_path).get(np.arange(1, 5))) == [[1], [2], [3], None]


def damaged(tmp_path, change):
    filled(tmp_path)
    (path,) = (tmp_path / "k").glob("*.arrow")
    content = bytearray(path.read_bytes())
    change(content)
    path.unlink()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("part", range(10))
def test_a_flipped_bit_never_comes_out(tmp_path, part):
    def flip(content):
        content[len(content) * part // 10 + 3] ^= 0x10

    damaged(tmp_path, flip)
    found = lists(cache_in(tmp_path).get(np.array([3, 70])))
    assert found[0] in (None, [1, 2, -3])
    assert found[1] in (None, [5, -6])


def test_a_damaged_segment_is_removed_and_told_once(tmp_path, warnings_of):
    def flip_a_word(content):
        place = bytes(content).index(np.array([1, 2, -3], np.int32).tobytes())
        content[place] ^= 1

    path = damaged(tmp_path, flip_a_word)
    warned = warnings_of(token_cache)
    cache = cache_in(tmp_path)
    assert lists(cache.get(np.array([3, 70]))) == [None, None]
    assert not path.exists()
    assert warned == [f"{path}: damaged; removed, and its examples are encoded again"]
    cache.put(np.array([3]), [words(1, 2, -3)])
    cache.close()
    assert lists(cache_in(tmp_path).get(np.array([3]))) == [[1, 2, -3]]


def test_a_segment_cut_short_is_removed(tmp_path):
    path = damaged(tmp_path, lambda content: content.__delitem__(slice(200, None)))
    assert lists(cache_in(tmp_path).get(np.array([3]))) == [None]
    assert not path.exists()


def test_a_full_cache_is_one_line_and_nothing_is_lost(tmp_path, warnings_of, monkeypatch):
    monkeypatch.setattr(token_cache, "_SEGMENT_BYTES", 100)
    warned = warnings_of(token_cache)
    cache = cache_in(tmp_path, limit=1000)
    for row in range(60):
        cache.put(np.array([row]), [words(*range(20))])
    cache.close()
    (line,) = warned
    assert line.startswith(f"{tmp_path}: the cache of tokens is full (9.31e-07 GiB, train.token_cache_gb); the run")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.arrow")) < 3000
    assert lists(cache.get(np.array([0])))[0] == list(range(20))


def test_what_was_used_longest_ago_makes_room(tmp_path):
    for age, key in enumerate(("new", "old")):
        filled(tmp_path, key)
        os.utime(tmp_path / key, (1e9 - age, 1e9 - age))
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.arrow"))
    reader = cache_in(tmp_path, "old")
    os.utime(tmp_path / "old", (1e9 - 1, 1e9 - 1))
    filled(tmp_path, "now", limit=size + 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "now"]
    assert lists(reader.get(np.array([3]))) == [[1, 2, -3]]  # mapped, so it stays readable


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, warnings_of):
    (tmp_path / "file").write_text("no folder")
    warned = warnings_of(token_cache)
    cache = filled(tmp_path / "file")
    filled(tmp_path / "file")  # another split's
    (line,) = warned
    assert "the cache of tokens is cannot" not in line
    assert "Not a directory" in line
    assert lists(cache.get(np.array([3]))) == [None]


class _Counting(Encoder):
    counted = 0

    def _encode(self, indices):
        self.counted += len(indices)
        return super()._encode(indices)


def test_an_encoder_encodes_nothing_twice(data, tmp_path):
    examples = shards.open(data)
    layout = ChatLayout(fit_tokenizer(examples, FreshModel(vocabulary=400), context=256))
    plain = Encoder(examples, layout, supervise_think=True)(np.arange(48))
    orders = (np.arange(48), np.arange(47, -1, -1), np.array([5, 5, 9]))
    for again in (False, True):
        cache = TokenCache("k", 48, limit=GIB, folder=tmp_path)
        encoder = _Counting(examples, layout, supervise_think=True, cache=cache)
        for order in orders:
            encoded = encoder(order)
            for place, row in enumerate(order):
                assert np.array_equal(encoded[place].tokens, plain[row].tokens)
                assert np.array_equal(encoded[place].supervised, plain[row].supervised)
        assert encoder.counted == (0 if again else 48)
        encoder.close()
    shutil.rmtree(tmp_path / "k")
    assert encoder(np.arange(3)).tokens.tolist() == plain.tokens[: plain.offsets[3]].tolist()

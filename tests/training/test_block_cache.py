"""A cache of blocks: kept by hash, bounded, checked; without a place to write it is no cache, and no error."""

import multiprocessing
import os
from hashlib import sha256

import pytest

from schemas.block_table import Block
from tests.small_disk import small_disk
from training import block_cache
from training.block_cache import BlockCache


def block_of(content):
    return Block("shards/x.arrow", 0, 1, 0, len(content), sha256(content).hexdigest())


class Source:
    """Brings blocks, and counts how often."""

    def __init__(self, *contents):
        self.contents = {block_of(content).sha256: content for content in contents}
        self.brought = []

    def __call__(self, block):
        self.brought.append(block.sha256)
        return self.contents[block.sha256]


CONTENTS = [bytes([number]) * 1000 for number in range(10)]
BLOCKS = [block_of(content) for content in CONTENTS]


def kept(folder):
    return {path.name: path for path in (folder / "blocks").glob("??/*")}


def test_a_block_is_brought_once_by_all_that_share_a_folder(tmp_path):
    source = Source(*CONTENTS)
    first = BlockCache(tmp_path, 1 << 20)
    assert [first.get(block, source) for block in BLOCKS[:3] * 2] == CONTENTS[:3] * 2
    assert BlockCache(tmp_path, 1 << 20).get(BLOCKS[0], source) == CONTENTS[0]
    assert sorted(source.brought) == sorted(block.sha256 for block in BLOCKS[:3])
    assert {path.read_bytes() for path in kept(tmp_path).values()} == set(CONTENTS[:3])


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 1000])
def test_a_damaged_block_is_brought_again(tmp_path, damage, caplog):
    source = Source(*CONTENTS)
    BlockCache(tmp_path, 1 << 20).get(BLOCKS[0], source)
    path = kept(tmp_path)[BLOCKS[0].sha256]
    path.write_bytes(damage)
    assert BlockCache(tmp_path, 1 << 20).get(BLOCKS[0], source) == CONTENTS[0]
    assert len(source.brought) == 2
    assert f"{path}: damaged; it is fetched again" in caplog.text
    assert path.read_bytes() == CONTENTS[0]


def test_a_block_that_is_damaged_while_it_is_used_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(block_cache, "_IN_MEMORY", 0)  # so that each use reads the file
    source, cache = Source(*CONTENTS), BlockCache(tmp_path, 1 << 20)
    for block in BLOCKS[:2] * 2:
        cache.get(block, source)
    path = kept(tmp_path)[BLOCKS[0].sha256]
    path.write_bytes(b"x" * 1000)
    os.utime(path, ns=(1, 1))
    assert cache.get(BLOCKS[0], source) == CONTENTS[0]
    assert len(source.brought) == 3


def test_what_was_used_least_lately_goes_when_there_is_no_room(tmp_path):
    source = Source(*CONTENTS)
    for number, block in enumerate(BLOCKS[:5]):
        BlockCache(tmp_path, 5000).get(block, source)
        os.utime(kept(tmp_path)[block.sha256], ns=(number, number))
    BlockCache(tmp_path, 5000).get(BLOCKS[0], source)  # used: the first to go is now the second
    BlockCache(tmp_path, 5000).get(BLOCKS[5], source)
    assert set(kept(tmp_path)) == {BLOCKS[number].sha256 for number in (0, 3, 4, 5)}
    assert sum(path.stat().st_size for path in kept(tmp_path).values()) <= 5000


def test_memory_is_bounded_too(tmp_path, monkeypatch):
    monkeypatch.setattr(block_cache, "_IN_MEMORY", 3000)
    source, cache = Source(*CONTENTS), BlockCache(tmp_path, 1 << 20)
    assert [cache.get(block, source) for block in BLOCKS * 2] == CONTENTS * 2
    assert len(cache._known) <= 3
    assert len(source.brought) == 10


def test_a_cache_that_cannot_be_written_is_told_once_and_costs_time_alone(tmp_path, caplog):
    (tmp_path / "blocks").write_text("a file where a folder should be")
    source, cache = Source(*CONTENTS), BlockCache(tmp_path, 1 << 20)
    assert [cache.get(block, source) for block in BLOCKS] == CONTENTS
    assert caplog.text.count("the cache cannot be written") == 1


def test_a_full_disk_leaves_no_half_of_a_block(tmp_path, caplog):
    source, cache = Source(*CONTENTS), BlockCache(tmp_path, 1 << 20)
    with small_disk(500):
        assert [cache.get(block, source) for block in BLOCKS[:3]] == CONTENTS[:3]
    assert caplog.text.count("the cache cannot be written (File too large)") == 1
    assert kept(tmp_path) == {}


def test_what_could_not_be_brought_is_tried_again(tmp_path):
    source, cache = Source(CONTENTS[0]), BlockCache(tmp_path, 1 << 20)
    with pytest.raises(KeyError):
        cache.get(BLOCKS[1], source)
    source.contents[BLOCKS[1].sha256] = CONTENTS[1]
    assert cache.get(BLOCKS[1], source) == CONTENTS[1]


def test_a_fork_has_threads_of_its_own(tmp_path):
    source, cache = Source(*CONTENTS), BlockCache(tmp_path, 1 << 20)
    cache.get(BLOCKS[0], source)
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    child = fork.Process(target=lambda: sender.send([cache.get(block, source) for block in BLOCKS[:2]]), daemon=True)
    child.start()
    assert receiver.poll(20)
    assert receiver.recv() == CONTENTS[:2]
    child.join()

"""An order that a cache cannot hold is refused before step 1, with the key that helps."""

from hashlib import sha256
from types import SimpleNamespace

import numpy as np
import pytest

from schemas.block_table import Block
from schemas.exits import UserError
from schemas.split import Split
from tests.training.models import small_run
from training.cache_room import cache_of, notes_on_data, require_room

GB = 1 << 30


def opened(fetched, blocks=1000):
    none = SimpleNamespace(fetched_bytes=0, blocks=np.array([0]))
    return {Split.TRAIN: SimpleNamespace(fetched_bytes=fetched, blocks=np.arange(blocks + 1)), Split.HELDOUT: none}


def check(fetched, **settings):
    config = small_run(**settings).train
    require_room(config, opened(fetched), cache_of(config))


def test_the_order_by_rows_needs_room_for_all_of_the_data():
    check(2 * GB, data_cache_gb=2)
    with pytest.raises(
        UserError, match=r"^train.data_cache_gb 2: the data in stores has 3 GiB.* set train.order to blocks"
    ):
        check(3 * GB, data_cache_gb=2)


def test_the_order_by_blocks_needs_room_for_a_window_of_it():
    check(10 * GB, data_cache_gb=1.28, order="blocks")
    with pytest.raises(UserError, match=r"^train.data_cache_gb 1.2: 128 blocks of this data have 1.28 GiB"):
        check(10 * GB, data_cache_gb=1.2, order="blocks")
    check(0, data_cache_gb=0.001, order="blocks")


def test_a_cache_is_where_the_config_says(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_of(small_run(data_cache_gb=0.5).train).limit == GB // 2
    assert cache_of(small_run().train).folder == tmp_path / "xdg" / "mathmill" / "blocks"
    assert cache_of(small_run(data_cache=str(tmp_path / "own")).train).folder == tmp_path / "own" / "blocks"


class Opened(SimpleNamespace):
    def __len__(self):
        return int(self.blocks[-1])


def test_the_order_and_what_is_fetched_are_told(tmp_path):
    here = Opened(fetched_bytes=0, blocks=np.arange(0, 102_401, 1024))
    elsewhere = Opened(fetched_bytes=3 * GB, blocks=here.blocks)
    config = small_run(order="blocks", data_cache=str(tmp_path), data_cache_gb=8).train
    assert notes_on_data(small_run().train, here, cache_of(config)) == ()
    order, fetched = notes_on_data(config, elsewhere, cache_of(config))
    assert "takes examples from 64 of 100 blocks of neighbours at a time (about 65,536 examples)" in order
    assert fetched.startswith("3 GiB of the data lie elsewhere")
    assert f"kept in {tmp_path / 'blocks'} (up to 8 GiB)" in fetched


def test_of_a_cache_that_cannot_be_written_nobody_says_that_it_keeps_blocks(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    config = small_run(data_cache=str(tmp_path / "file")).train
    cache, elsewhere = cache_of(config), Opened(fetched_bytes=300_000, blocks=np.arange(0, 2049, 1024))
    cache.get(Block("shard", 0, 1, 0, 1, sha256(b"a").hexdigest()), lambda _: b"a")
    (fetched,) = notes_on_data(config, elsewhere, cache)
    assert fetched == "0.29 MiB of the data lie elsewhere: blocks are fetched as the order needs them and checked"

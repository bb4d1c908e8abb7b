"""The cache for data in a store, as a config asks for it, and whether the run's order can do with its size."""

from collections.abc import Mapping
from pathlib import Path

from schemas.config import Train
from schemas.copies import cache_folder
from schemas.exits import UserError
from schemas.split import Split
from training.block_cache import BlockCache
from training.plan import WINDOW
from training.shards import Examples

_GB = 1 << 30
_OPEN_BLOCKS = 2 * WINDOW  # those of the window, and of the steps that are prepared


def cache_of(config: Train) -> BlockCache:
    """The cache that a config names."""
    return BlockCache(
        Path(config.data_cache) if config.data_cache else cache_folder(), round(config.data_cache_gb * _GB)
    )


def notes_on_data(config: Train, examples: Examples, cache: BlockCache) -> tuple[str, ...]:
    """What a user is told of the order, and of data that is fetched.

    Args:
        config: the table `train`.
        examples: the train split.
        cache: where blocks are kept.
    """
    notes = []
    if config.order == "blocks":
        count = max(1, len(examples.blocks) - 1)
        some = min(WINDOW, count)
        notes.append(
            f"order by blocks: a step takes examples from {some:,} of {count:,} blocks of neighbours at a time (about "
            f"{len(examples) * some // count:,} examples)"
        )
    if examples.fetched_bytes:
        kept = f", and kept in {cache.folder} (up to {config.data_cache_gb:g} GiB)" if cache.can_be_written else ""
        notes.append(
            f"{_size(examples.fetched_bytes)} of the data lie elsewhere: blocks are fetched as the order needs them "
            f"and checked{kept}"
        )
    return tuple(notes)


def _size(count: int) -> str:
    return f"{count / _GB:.3g} GiB" if count >= _GB else f"{count / 2**20:.2g} MiB"


def require_room(config: Train, examples: Mapping[Split, Examples], cache: BlockCache) -> None:
    """Checks that an epoch need not fetch the same blocks again and again.

    Raises:
        UserError: the cache is smaller than the order needs.
    """
    needed = sum(split.fetched_bytes for split in examples.values())
    key = f"train.data_cache_gb {config.data_cache_gb:g}"
    if config.order == "rows" and needed > cache.limit:
        raise UserError(
            f"{key}: the data in stores has {needed / _GB:.3g} GiB, and each step takes examples from all of it; raise "
            "the key, or set train.order to blocks"
        )
    train = examples[Split.TRAIN]
    least = _OPEN_BLOCKS * train.fetched_bytes / max(1, len(train.blocks) - 1)
    if config.order == "blocks" and min(least, needed) > cache.limit:
        raise UserError(
            f"{key}: {_OPEN_BLOCKS} blocks of this data have {least / _GB:.3g} GiB, and so many are in use at a time; "
            "raise the key"
        )

"""Texts that stand whole inside others, found by one window of each: the hash of the 32 bytes in its middle."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.text.arrays import bytes_of
from pipelines.text.postings import Postings
from pipelines.text.words import Hashes, mixed

_NUMBER_BEFORE, _NUMBER_AFTER = re.compile(rb"\d\.?\Z"), re.compile(rb"\.?\d")
_WINDOW = 32  # bytes of an item's skeleton that are looked for; a power of two


def item_windows(items: Sequence[bytes], shortest: int) -> Postings:
    """The items of at least so many bytes, by the middle of each."""
    long = [place for place, item in enumerate(items) if len(item) >= shortest]
    middles = b"".join(items[place][_window_offset(items[place]) :][:_WINDOW] for place in long)
    hashes = _windows(np.frombuffer(middles, np.uint8))[::_WINDOW]
    return Postings.of(hashes, np.array(long, np.int64))


def standing(keys: pa.Array, windows: Postings, wanted: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """(text, item) where an item's skeleton stands whole inside a text's."""
    data, offsets = bytes_of(keys)
    places, items = windows.hits(_windows(data))
    for place, item in zip(places.tolist(), items.tolist(), strict=True):
        text = int(np.searchsorted(offsets, place, "right")) - 1
        if _stands_at(data, place, offsets[text], offsets[text + 1], wanted[item]):
            yield text, item


def _stands_at(data: npt.NDArray[np.uint8], place: int, begin: int, end: int, item: bytes) -> bool:
    """Whether the item whose window was found at `place` stands there whole, no number of it cut off."""
    first = place - _window_offset(item)
    last = first + len(item)
    if first < begin or last > end or data[first:last].tobytes() != item:
        return False
    before = bytes(data[max(begin, first - 2) : first])
    after = bytes(data[last : min(end, last + 2)])
    return not (_NUMBER_BEFORE.search(before) and item[:1].isdigit()) and not (
        _NUMBER_AFTER.match(after) and item[-1:].isdigit()
    )


def _window_offset(item: bytes) -> int:
    return (len(item) - _WINDOW) // 2


def _windows(data: npt.NDArray[np.uint8]) -> Hashes:
    """Hashes every run of `_WINDOW` bytes, doubling the length of the run at each step."""
    hashes = data.astype(np.uint64) + np.uint64(1)
    power, width = 0x9E3779B97F4A7C15, 1
    while width < _WINDOW:
        if len(hashes) <= width:
            return np.zeros(0, np.uint64)
        hashes = hashes[:-width] * np.uint64(power) + hashes[width:]
        power, width = power * power % 2**64, width * 2
    return mixed(hashes)

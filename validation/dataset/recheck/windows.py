"""Which texts may share ten words in a row with some others: an operation on bytes that misses none.

Words are cut finer here than where windows are compared (1,000 is two words), so that whoever shares a window there
shares ten of these in a row. A flagged text is looked at again by whoever asked.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SLICE_ROWS = 8_192
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_INVERSE = pow(_BASE, -1, 2**64)
_HINT_BITS = 22
_HINT_SHIFT = np.uint64(64 - _HINT_BITS)
_BETWEEN = r"[^\p{L}\p{N}]+"
_LOWER = np.array([ord(chr(byte).lower()) if byte < 128 else byte for byte in range(256)], np.uint8)
_IN_WORD = np.array([byte >= 128 or chr(byte).isalnum() for byte in range(256)])


class WindowFilter:
    """The windows of some texts, as hashes."""

    def __init__(self, texts: Sequence[str], length: int) -> None:
        """Indexes texts by every `length` words in a row."""
        self._length = length
        self._powers: tuple[np.ndarray, np.ndarray] = (np.zeros(0, np.uint64), np.zeros(0, np.uint64))
        hashes, _ = self._windows(pa.array(texts, pa.string()))
        self._known = np.unique(hashes)
        self._hints = np.zeros(1 << _HINT_BITS, np.bool_)
        self._hints[self._known >> _HINT_SHIFT] = True

    def may_share(self, texts: pa.ChunkedArray) -> np.ndarray:
        """Whether each text may share a window: bool[len(texts)]; null shares none."""
        flags = np.zeros(len(texts), np.bool_)
        for start in range(0, len(texts), _SLICE_ROWS):
            hashes, rows = self._windows(pa.concat_arrays(texts.slice(start, _SLICE_ROWS).chunks))
            flags[start + rows[self._are_known(hashes)]] = True
        return flags

    def _are_known(self, hashes: np.ndarray) -> np.ndarray:
        """Positions of the hashes that are known: by their leading bits first, which clears nearly all."""
        hinted = np.flatnonzero(self._hints[hashes >> _HINT_SHIFT])
        return hinted[np.isin(hashes[hinted], self._known)]

    def _windows(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of all windows of all texts, and the text of each."""
        letters, starts, ends, rows = _words(texts)
        last = self._length - 1
        inside = np.flatnonzero(rows[: len(rows) - last] == rows[last:]) if len(rows) > last else np.zeros(0, np.int64)
        powers, inverses = self._powers_up_to(len(letters))
        sums = np.zeros(len(letters) + 1, np.uint64)
        np.cumsum(powers * letters, out=sums[1:])
        first = starts[inside]
        return (sums[ends[inside + last]] - sums[first]) * inverses[first], rows[inside]

    def _powers_up_to(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The powers of the base and of its inverse, kept for the next slice."""
        if len(self._powers[0]) < number:
            self._powers = _powers(_BASE, number), _powers(_INVERSE, number)
        return self._powers[0][:number], self._powers[1][:number]


def _powers(base: int, number: int) -> np.ndarray:
    powers: np.ndarray = np.cumprod(np.full(number, base, np.uint64))
    return powers


def _words(texts: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The bytes of all words without what stands between; start, end and text of each word."""
    texts = _plain(texts)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    content = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] if data is not None else np.zeros(0, np.uint8)
    offsets = offsets - offsets[0]
    inside = _IN_WORD[content]
    fresh = inside.copy()
    fresh[1:] &= ~inside[:-1]
    begins = offsets[:-1][offsets[:-1] < offsets[1:]]
    fresh[begins] = inside[begins]
    places = np.flatnonzero(fresh)
    starts = (np.cumsum(inside) - 1)[places]
    ends = np.append(starts[1:], inside.sum())
    rows = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(places, offsets)))
    return _LOWER[content[inside]], starts, ends, rows


def _plain(texts: pa.Array) -> pa.Array:
    """Folds the texts that are not ASCII: NFKC, lower case, a space for what is neither letter nor digit."""
    texts = pc.fill_null(texts, "")
    odd = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(odd).as_py():
        return texts
    folded = pc.utf8_lower(pc.utf8_normalize(texts.filter(odd), form="NFKC"))
    return pc.replace_with_mask(texts, odd, pc.replace_substring_regex(folded, _BETWEEN, " "))

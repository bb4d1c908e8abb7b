"""Which texts may share ten words in a row with some others: an operation on bytes that misses none.

Words are cut finer here than where windows are compared (1,000 is two words), so that whoever shares a window there
shares ten of these in a row. A flagged text is looked at again by whoever asked.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SLICE_ROWS = 2_048  # their bytes, as hashes, stay in a core's cache
_BASE = 0x9E3779B1  # odd, so that it has an inverse modulo 2^32
_INVERSE = pow(_BASE, -1, 2**32)
_HINT_BITS = 22
_HINT_SHIFT = np.uint32(32 - _HINT_BITS)
_BETWEEN = r"[^\p{L}\p{N}]+"
_LETTERS = np.array(
    [ord(chr(byte).lower()) if byte < 128 and chr(byte).isalnum() else byte * (byte >= 128) for byte in range(256)],
    np.uint8,
)
"""The bytes of words in lower case; 0 for what stands between words."""


class WindowFilter:
    """The windows of some texts, as 32-bit hashes: sums of words times powers, so that each is one subtraction."""

    def __init__(self, texts: Sequence[str], length: int) -> None:
        """Indexes texts by every `length` words in a row."""
        self._length = length
        self._powers = (np.zeros(0, np.uint32), np.zeros(0, np.uint32))
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
        values = hashes[hinted]
        nearest = np.searchsorted(self._known[:-1], values)
        return hinted[self._known[nearest] == values] if len(hinted) else hinted

    def _windows(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of all windows of all texts, and the text of each."""
        words, rows = self._words(texts)
        last = self._length - 1
        first = np.flatnonzero(rows[: len(rows) - last] == rows[last:]) if len(rows) > last else np.zeros(0, np.int64)
        return self._sums(words, first, first + self._length), rows.take(first)

    def _words(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of all words of all texts, and the text of each."""
        letters, offsets = _letters(texts)
        edges = np.flatnonzero(np.diff(letters != 0, prepend=False))
        starts, ends = edges[::2], edges[1::2]
        words = self._sums(letters, starts, ends)
        words ^= words >> np.uint32(15)  # not linear, so that a word is more than its letters shifted
        return words, np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(starts, offsets)))

    def _sums(self, values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Hashes of stretches of values, wherever they stand."""
        powers, inverses = self._powers_up_to(len(values))
        sums = np.zeros(len(values) + 1, np.uint32)
        np.cumsum(powers * values, dtype=np.uint32, out=sums[1:])
        return (sums.take(ends) - sums.take(starts)) * inverses.take(starts)

    def _powers_up_to(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The powers of the base and of its inverse, kept for the next slice."""
        if len(self._powers[0]) < number:
            self._powers = _powers(_BASE, number), _powers(_INVERSE, number)
        return self._powers[0][:number], self._powers[1][:number]


def _powers(base: int, number: int) -> np.ndarray:
    powers: np.ndarray = np.cumprod(np.full(number, base, np.uint32), dtype=np.uint32)
    return powers


def _letters(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of all texts as `_LETTERS`, something between any two texts, and where each text starts."""
    texts = pc.binary_join_element_wise(_plain(texts), "", " ")
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = texts.buffers()[2]
    content = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] if data is not None else np.zeros(0, np.uint8)
    return _LETTERS.take(content), offsets - offsets[0]


def _plain(texts: pa.Array) -> pa.Array:
    """Folds the texts that are not ASCII: NFKC, lower case, a space for what is neither letter nor digit."""
    texts = pc.fill_null(texts, "")
    odd = pc.invert(pc.string_is_ascii(texts))
    if not pc.any(odd).as_py():
        return texts
    folded = pc.utf8_lower(pc.utf8_normalize(texts.filter(odd), form="NFKC"))
    return pc.replace_with_mask(texts, odd, pc.replace_substring_regex(folded, _BETWEEN, " "))

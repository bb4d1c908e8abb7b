"""Words and runs of words as 64-bit hashes, for whole batches at once: what n-gram rules and MinHash are made of.

A word is what stands between white space, in lower case, as in DeepSeekMath's ten-gram rule: digits, operators and
LaTeX stay in it. Scripts that put no spaces between words have a word for every character.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.text.arrays import bytes_of

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_SPACE = ord(" ")
_OTHER_SPACE = r"[\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.array([2 ** (8 * size) - 1 for size in range(9)], np.uint64)  # masks: so many bytes of eight
_LONG = 64  # bytes from which the rest of a run is hashed by itself


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of texts.

    Attributes:
        hashes: one hash per word, text after text.
        offsets: [texts + 1], where each text's words begin.
    """

    hashes: Hashes
    offsets: Places


def words_of(texts: pa.Array) -> Words:
    """Hashes every word of every text. Nulls have no words."""
    data, offsets = bytes_of(_lowered(texts))
    if not len(data):
        return Words(np.zeros(0, np.uint64), np.zeros(len(offsets), np.int64))
    inside = data > _SPACE
    begins, ends = inside.copy(), inside.copy()
    begins[1:] &= ~inside[:-1]
    ends[:-1] &= ~inside[1:]
    filled = offsets[:-1][np.diff(offsets) > 0]
    begins[filled] = inside[filled]
    ends[filled[1:] - 1] = inside[filled[1:] - 1]
    starts = np.flatnonzero(begins)
    return Words(run_hashes(data, starts, np.flatnonzero(ends) + 1 - starts), np.searchsorted(starts, offsets))


def run_hashes(data: npt.NDArray[np.uint8], starts: Places, lengths: Places) -> Hashes:
    """Hashes runs of bytes, eight bytes of all runs at a time; a run holds no NUL at its end, and none is empty."""
    eights = eights_of(data)
    hashes = first_eight(eights, starts, lengths)
    longer, done = np.flatnonzero(lengths > 8), 8
    while len(longer) and done < _LONG:
        hashes[longer] = mixed(hashes[longer]) + first_eight(eights, starts[longer] + done, lengths[longer] - done)
        done += 8
        longer = longer[lengths[longer] > done]
    hashes[longer] = mixed(hashes[longer])
    for run in longer.tolist():
        hashes[run] ^= np.uint64(xxhash.xxh3_64_intdigest(data[starts[run] + done : starts[run] + lengths[run]].data))
    return mixed(hashes)


def eights_of(data: npt.NDArray[np.uint8]) -> Hashes:
    """The eight bytes from every place on, NUL behind the last."""
    return np.ndarray(len(data), "<u8", np.concatenate((data, np.zeros(7, np.uint8))), strides=(1,))


def first_eight(eights: Hashes, starts: Places, lengths: Places) -> Hashes:
    """The first eight bytes of each run, fewer of a shorter one."""
    return eights[starts] & _FIRST[np.minimum(lengths, 8)]


def ngrams_of(words: Words, n: int) -> tuple[Hashes, Places]:
    """Hashes every run of `n` words inside a text: the hashes, and the place of each run's first word in `words`."""
    count = len(words.hashes) - n + 1
    if count <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    runs = words.hashes[:count].copy()
    for shift in range(1, n):
        runs *= _STEP
        runs += words.hashes[shift : shift + count]
    ends = np.repeat(words.offsets[1:], np.diff(words.offsets))
    places = np.flatnonzero(np.arange(count) + n <= ends[:count])
    return mixed(runs[places]), places


def owners(places: Places, offsets: Places) -> Places:
    """Which text each place belongs to; `places` ascend, and text `i` is `offsets[i] : offsets[i + 1]`."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(np.searchsorted(places, offsets)))


def mixed(hashes: Hashes) -> Hashes:
    """Spreads every bit of a hash over all bits (MurmurHash3's finaliser)."""
    hashes = hashes ^ (hashes >> np.uint64(33))
    hashes *= np.uint64(0xFF51AFD7ED558CCD)
    hashes ^= hashes >> np.uint64(33)
    hashes *= np.uint64(0xC4CEB9FE1A85EC53)
    hashes ^= hashes >> np.uint64(33)
    return hashes


def _lowered(texts: pa.Array) -> pa.Array:
    foreign = pc.invert(pc.fill_null(pc.string_is_ascii(texts), True))
    if pc.any(foreign).as_py():
        plain = pc.replace_substring_regex(texts.filter(foreign), _OTHER_SPACE, " ")
        plain = pc.replace_substring_regex(plain, _UNSPACED, r" \0 ")
        texts = pc.replace_with_mask(texts, foreign, plain)
    return pc.utf8_lower(texts)

"""Arrow string arrays as one run of bytes and back, without a Python object per text."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Texts = TypeVar("Texts", pa.Array, pa.RecordBatch)

_ASCII = 0x7F  # the last of its bytes
_SLICE = 1 << 19  # bytes of text worked on at a time


def bytes_of(texts: pa.Array) -> tuple[Bytes, Offsets]:
    """The UTF-8 bytes of all texts and the offsets [n + 1] that part them. Nulls are empty. Views where possible."""
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    large = texts.cast(pa.large_string())
    _, ends, data = large.buffers()
    if not len(large) or data is None:
        return np.zeros(0, np.uint8), np.zeros(len(large) + 1, np.int64)
    offsets = np.frombuffer(ends, np.int64, len(large) + 1, large.offset * 8)
    return np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]], offsets - offsets[0]


def sliced(texts: Texts) -> Iterator[Texts]:
    """Cuts texts, or a batch of them, into slices whose temporary arrays, eight bytes for a byte, stay in the cache."""
    rows = max(1, len(texts) * _SLICE // max(1, texts.nbytes))
    return (texts.slice(start, rows) for start in range(0, len(texts), rows))


def texts_of(data: Bytes, offsets: Offsets) -> pa.Array:
    """The inverse of `bytes_of`: a large_string array over the bytes."""
    ends = pa.py_buffer(np.ascontiguousarray(offsets, np.int64))
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, ends, pa.py_buffer(np.ascontiguousarray(data)))


def rewritten(texts: pa.Array, where: str, rules: Sequence[tuple[str, str]]) -> pa.Array:
    """Applies rules (pattern and replacement, RE2's) in their order to the texts that match `where`."""
    matching = pc.fill_null(pc.match_substring_regex(texts, where), False)
    if not pc.any(matching).as_py():
        return texts
    rows = texts.filter(matching)
    for pattern, replacement in rules:
        rows = pc.replace_substring_regex(rows, pattern, replacement)
    return pc.replace_with_mask(texts, matching, rows)


def changed_where(texts: pa.Array, where: str, change: Callable[[str], str]) -> pa.Array:
    """Applies a change to the texts that match `where` (RE2's)."""
    matching = pc.fill_null(pc.match_substring_regex(texts, where), False)
    if not pc.any(matching).as_py():
        return texts
    rows = pa.array(map(change, texts.filter(matching).to_pylist()), texts.type)
    return pc.replace_with_mask(texts, matching, rows)


def foreign_runs(texts: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Applies a change to each run of characters beyond ASCII, with the ASCII character before it that a mark may join.

    So `change` of a text must be what it is of such runs, apart from ASCII that it leaves alone or that its caller
    changes alike.
    """
    data, offsets = bytes_of(texts)
    foreign = np.flatnonzero(data > _ASCII)
    if not len(foreign):
        return texts
    content, pieces, gains, done = data.tobytes(), list[bytes](), list[int](), 0
    begins, ends = _runs_of(foreign, offsets)
    known: dict[bytes, bytes] = {}
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        run = content[begin:end]
        if (new := known.get(run)) is None:
            new = known[run] = change(run.decode()).encode()
        pieces += (content[done:begin], new)
        gains.append(len(new) - len(run))
        done = end
    pieces.append(content[done:])
    gained = np.concatenate(([0], np.cumsum(gains)))
    changed = texts_of(np.frombuffer(b"".join(pieces), np.uint8), offsets + gained[np.searchsorted(begins, offsets)])
    return _like(texts, changed)


def joined_segments(segments: pa.ListArray, texts: pa.Array, sign: str) -> pa.Array:
    """The segments of each candidate as one text, a sign between them; a null list is an empty text.

    Args:
        segments: lists[candidates], as a part has them.
        texts: strings[segments of all candidates], one for each, in their order.
        sign: what stands between two.
    """
    lengths = pc.fill_null(pc.list_value_length(segments), 0).to_numpy(zero_copy_only=False)
    ends = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(ends, texts), sign)


def _runs_of(places: Offsets, offsets: Offsets) -> tuple[Offsets, Offsets]:
    """Where runs of neighbouring places begin, a place earlier where their text has one, and where they end."""
    first = np.concatenate(([True], np.diff(places) > 1)) | np.isin(places, offsets)
    begins, ends = places[first], places[np.append(first[1:], True)] + 1
    return begins - ~np.isin(begins, offsets), ends


def _like(texts: pa.Array, changed: pa.Array) -> pa.Array:
    """Gives changed texts the type and the nulls of the texts that they were."""
    changed = changed.cast(texts.type)
    return pc.if_else(texts.is_valid(), changed, None) if texts.null_count else changed

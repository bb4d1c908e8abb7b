"""Arrow string arrays as one run of bytes and back, without a Python object per text."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]


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


def texts_of(data: Bytes, offsets: Offsets) -> pa.Array:
    """The inverse of `bytes_of`: a large_string array over the bytes."""
    ends = pa.py_buffer(np.ascontiguousarray(offsets, np.int64))
    return pa.LargeStringArray.from_buffers(len(offsets) - 1, ends, pa.py_buffer(np.ascontiguousarray(data)))


def rewritten(texts: pa.Array, where: str, rules: Sequence[tuple[str, str]]) -> pa.Array:
    """Applies rules (pattern and replacement, RE2's) in their order to the texts that match `where`."""
    matching = pc.match_substring_regex(texts, where)
    if not pc.any(matching).as_py():
        return texts
    rows = texts.filter(matching)
    for pattern, replacement in rules:
        rows = pc.replace_substring_regex(rows, pattern, replacement)
    return pc.replace_with_mask(texts, matching, rows)


def foreign_lines(change: Callable[[str], str], text: str) -> str:
    """Applies a change that looks at no line end and leaves ASCII alone, to the lines that are not ASCII."""
    return "\n".join(line if line.isascii() else change(line) for line in text.split("\n"))

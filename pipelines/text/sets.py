"""Sets of 32-bit hashes, many in two arrays, and the exact Jaccard similarity of pairs of them.

Shapes: S sets, V values of all sets together, P pairs.

    values[V]          the hashes, set after set
    offsets[S + 1]     where each set begins in `values`
    left[P], right[P]  the sets of each pair, as places 0 to S - 1
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.text.words import Places

Hashes32 = npt.NDArray[np.uint32]


_CHUNK = 1 << 21  # shingles of pairs that are compared at a time


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of 32-bit hashes, one after another."""

    values: Hashes32
    offsets: Places

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Sets":
        """The sets of a column of lists."""
        lists = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
        return cls(lists.flatten().to_numpy(), np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))))

    @classmethod
    def joined(cls, *collections: "Sets") -> "Sets":
        """Several collections of sets as one, numbered one after another."""
        sizes = np.concatenate([np.diff(sets.offsets) for sets in collections])
        return cls(np.concatenate([sets.values for sets in collections]), np.concatenate(([0], np.cumsum(sizes))))

    def gathered(self, rows: Places) -> tuple[Hashes32, Places]:
        """The values of some sets one after another, and where each begins among them [rows + 1]."""
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        begins = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(begins[-1]) + np.repeat(self.offsets[rows] - begins[:-1], lengths)
        return self.values[places], begins


def similarity(shingles: Sets, left: Places, right: Places) -> npt.NDArray[np.float64]:
    """Exact Jaccard similarity of pairs of sets; two empty sets are unlike."""
    sizes = np.diff(shingles.offsets)
    total = sizes[left] + sizes[right]
    shared = np.zeros(len(left), np.int64)
    cuts = np.searchsorted(np.cumsum(total), np.arange(_CHUNK, total.sum(), _CHUNK))
    for begin, end in itertools.pairwise(np.unique(np.concatenate(([0], cuts, [len(left)]))).tolist()):
        shared[begin:end] = _shared(shingles, left[begin:end], right[begin:end])
    return shared / np.maximum(total - shared, 1)


def _shared(shingles: Sets, left: Places, right: Places) -> Places:
    keys = []
    for rows in (left, right):
        values, begins = shingles.gathered(rows)
        keys.append((np.repeat(np.arange(len(rows), dtype=np.uint64), np.diff(begins)) << np.uint64(32)) | values)
    both = np.sort(np.concatenate(keys))
    twice = both[:-1][both[1:] == both[:-1]]
    return np.bincount((twice >> np.uint64(32)).astype(np.int64), minlength=len(left))

"""What an epoch of the mixture weighs, told before step 1: rows and J exactly, tokens from the examples of a sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.encoder import Rows
from training.plan import Plan
from training.results import Mixture, MixtureLine
from training.shards import Examples

SAMPLED = 1000  # examples whose tokens are measured: shares within 3 points (95 %), in a third of a second
_BATCHES = 64  # of labels that are counted together: about a megabyte


@dataclass(frozen=True, slots=True)
class _Tally:
    """Examples of one name that enter, and the sum of their weights."""

    examples: int
    weight: float


def sample_of(plan: Plan, weights: NDArray[np.float64], *, limit: int = SAMPLED) -> NDArray[np.int64]:
    """The examples to measure: all that enter where they are few, else the first of the order, which come first."""
    entering = int(np.count_nonzero(weights))
    return np.flatnonzero(weights) if entering <= limit else plan.first(0, limit).astype(np.int64)


def mixture(
    examples: Examples, weights: NDArray[np.float64], sample: Rows, *, objective: str, dropped: dict[str, int]
) -> Mixture:
    """Says what an epoch weighs: J counts examples, token_mean counts supervised tokens.

    Args:
        examples: the split.
        weights: expected appearances of each example.
        sample: the examples of `sample_of`, encoded.
        objective: what is optimised.
        dropped: examples that are too long, by length.
    """
    whole = len(sample.indices) == np.count_nonzero(weights)
    drawn = weights[sample.indices] if whole else np.ones(len(sample.indices))  # an order draws by weight
    tokens, supervised = drawn * sample.encoded.lengths, drawn * sample.encoded.supervised_lengths
    labels = {"format": sample.labels.formats, "source": sample.labels.sources}
    tallied = _tallies(examples, list(labels), weights)
    kinds = [(kind, named, tallied[kind]) for kind, named in labels.items()]
    if len(examples.parts) > 1:
        kinds.append(("data", _parts_of(examples, sample.indices), _tallies_of_parts(examples, weights)))
    lines = []
    for kind, named, tallies in kinds:
        total = sum(tally.weight for tally in tallies.values())
        for name, tally in tallies.items():
            chosen = np.array([label == name for label in named])
            rows = tally.weight / total
            pull = _share(supervised, chosen) if objective == "token_mean" else rows
            lines.append(MixtureLine(kind, name, tally.examples, rows, _share(tokens, chosen), pull))
    lengths = sample.encoded.supervised_lengths
    measured = None if whole else len(sample.indices)
    return Mixture(tuple(lines), int(lengths.min()), int(lengths.max()), dropped, measured)


def _parts_of(examples: Examples, indices: NDArray[np.int64]) -> tuple[str, ...]:
    """The name of the data set that each of some examples comes from."""
    ends = np.cumsum([part.rows for part in examples.parts])
    return tuple(examples.parts[place].name for place in np.searchsorted(ends, indices, side="right"))


def _tallies_of_parts(examples: Examples, weights: NDArray[np.float64]) -> dict[str, _Tally]:
    """What enters by data set; one that is named twice is one."""
    tallies: dict[str, _Tally] = {}
    start = 0
    for part in examples.parts:
        share, known = weights[start : start + part.rows], tallies.get(part.name, _Tally(0, 0.0))
        tallies[part.name] = _Tally(known.examples + int((share > 0).sum()), known.weight + float(share.sum()))
        start += part.rows
    return {name: tally for name, tally in tallies.items() if tally.examples}


def _share(amounts: NDArray[np.float64], chosen: NDArray[np.bool_]) -> float:
    return float(amounts[chosen].sum() / amounts.sum())


def _tallies(examples: Examples, columns: list[str], weights: NDArray[np.float64]) -> dict[str, dict[str, _Tally]]:
    """What enters by name, in the order of the data, for each column."""
    tallies: dict[str, dict[str, _Tally]] = {column: {} for column in columns}
    once = bool((weights == 1).all())
    for start, rows in _together(examples.scan(*columns)):
        for column in columns:
            labels = pa.chunked_array([batch.column(column) for batch in rows])
            share = None if once else weights[start : start + len(labels)]
            for name, tally in _tally(labels, share):
                known = tallies[column].get(name, _Tally(0, 0.0))
                tallies[column][name] = _Tally(known.examples + tally.examples, known.weight + tally.weight)
    return tallies


def _together(batches: Iterator[tuple[int, pa.RecordBatch]]) -> Iterator[tuple[int, list[pa.RecordBatch]]]:
    """Batches by many, with the index of the first row: a call costs as much as counting the rows of a batch."""
    while some := list(islice(batches, _BATCHES)):
        yield some[0][0], [batch for _, batch in some]


def _only(labels: pa.ChunkedArray) -> str | None:
    """The name of all rows where they have one, as neighbours often do: a third of the time that counting takes."""
    first = labels[0]
    return str(first) if first == labels[-1] and pc.all(pc.equal(labels, first), skip_nulls=False).as_py() else None


def _tally(labels: pa.ChunkedArray, weights: NDArray[np.float64] | None) -> Iterator[tuple[str, _Tally]]:
    """Examples and weights of each label; without weights each example weighs 1."""
    if weights is None and (name := _only(labels)) is not None:
        yield name, _Tally(len(labels), float(len(labels)))
        return
    if weights is None:
        found = labels.value_counts()
        for name, count in zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True):
            yield name, _Tally(count, float(count))
        return
    encoded = labels.combine_chunks().dictionary_encode()
    codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    counts = np.bincount(codes, weights > 0, minlength=len(names)).tolist()
    sums = np.bincount(codes, weights, minlength=len(names)).tolist()
    for name, count, weight in zip(names, counts, sums, strict=True):
        if count:
            yield name, _Tally(int(count), weight)

"""Which problems stand for all: lazy-greedy facility location over the questions of a sample.

Each step takes the question that raises the mean similarity of all questions to the nearest one taken the most
(Minoux 1978: a gain never grows, so only the greatest stale ones are measured again). Vectors hold small whole numbers:
gains are exact sums, and do not depend on the order in which a machine adds.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SAMPLE = 20_000  # most questions among which facility location chooses
MOST = 2_000  # most that it chooses: 50 ms each among 20,000, and by then the rest adds little
_DIMENSIONS = 64
_STEPS = 127  # a vector's length in whole numbers
_BLOCK = 64  # columns of the similarity matrix at a time: never all of it

Vectors = npt.NDArray[np.float32]


def vectors_of(questions: Sequence[str]) -> Vectors:
    """Questions as directions in 64 dimensions, of whole numbers: vectors[questions, at most 64].

    TF-IDF of words and symbols, reduced by a truncated SVD. Questions without a word in common are at right angles.
    """
    from sklearn.decomposition import TruncatedSVD  # deferred: two seconds that few runs need
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not questions:
        return np.zeros((0, 1), np.float32)
    words = TfidfVectorizer(token_pattern=r"\\[A-Za-z]+|[^\W\d_]+|\d+|[^\w\s]", sublinear_tf=True)
    weights = words.fit_transform(questions)
    if weights.shape[1] > _DIMENSIONS < weights.shape[0]:
        dense = TruncatedSVD(_DIMENSIONS, random_state=0).fit_transform(weights)
    else:
        dense = weights.toarray()
    lengths = np.linalg.norm(dense, axis=1, keepdims=True)
    return np.rint(dense / np.where(lengths > 0, lengths, 1) * _STEPS).astype(np.float32)


def choose(vectors: Vectors, number: int, *, taken: Sequence[int] = ()) -> list[int]:
    """Chooses questions that cover all.

    Args:
        vectors: as `vectors_of` makes them.
        number: how many to choose in all.
        taken: places that are chosen already; the first ones count.

    Returns:
        Places of the chosen, those that were taken first, then in the order in which they were chosen.
    """
    chosen = list(taken[:number])
    nearest = np.zeros(len(vectors), np.float32)
    for start in range(0, len(chosen), _BLOCK):
        block = vectors @ vectors[chosen[start : start + _BLOCK]].T
        nearest = np.maximum(nearest, block.max(axis=1))
    bounds = _gains(vectors, np.arange(len(vectors)), nearest)
    bounds[chosen] = -1.0
    while len(chosen) < min(number, len(vectors)):
        best = _best(vectors, bounds, nearest)
        chosen.append(best)
        bounds[best] = -1.0
        nearest = np.maximum(nearest, vectors @ vectors[best])
    return chosen


def _best(vectors: Vectors, bounds: npt.NDArray[np.float64], nearest: Vectors) -> int:
    """The place with the greatest gain, the first of equals; the gains measured on the way become the new bounds."""
    fresh = np.zeros(len(bounds), bool)
    while True:
        best = int(np.argmax(bounds))
        if fresh[best]:
            return best
        block = min(_BLOCK, len(bounds))
        stale = np.argpartition(-bounds, block - 1)[:block]
        stale = np.union1d(stale[~fresh[stale] & (bounds[stale] >= 0)], [best])
        bounds[stale] = _gains(vectors, stale, nearest)
        fresh[stale] = True


def _gains(vectors: Vectors, places: npt.NDArray[np.int64], nearest: Vectors) -> npt.NDArray[np.float64]:
    """How much each place would add to the similarity of all questions to their nearest: gains[places]."""
    gains = np.empty(len(places), np.float64)
    for start in range(0, len(places), _BLOCK):
        block = vectors @ vectors[places[start : start + _BLOCK]].T
        gains[start : start + _BLOCK] = np.maximum(block - nearest[:, None], 0).sum(axis=0, dtype=np.float64)
    return gains


def mean_similarity(vectors: Vectors, chosen: Sequence[int]) -> float:
    """The mean cosine similarity of all questions to the nearest chosen one."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
    nearest = np.zeros(len(vectors), np.float32)
    for start in range(0, len(chosen), _BLOCK):
        nearest = np.maximum(nearest, (unit @ unit[list(chosen[start : start + _BLOCK])].T).max(axis=1))
    return float(nearest.mean())

"""Near-duplicates: the same problem and solution in nearly the same words, decided by exact Jaccard similarity.

    1  guard   candidates are brought together by their guard (`guard`): numbers, operators, symbols, asking words. What
               differs in one of them is no duplicate at any similarity, so no pair across guards is ever looked at.
               That of the question first: the solution of a candidate that alone asks so is not read
    2  net     within a guard of few members all pairs; within a larger one those that MinHash bands bring together
    3  verify  exact Jaccard similarity of 5-word shingles, no asking word exchanged for another of its class
               (`exchanges`), and answers that are not known to differ
    4  stars   best survivor first, a candidate falls when it is that similar to one that stays. A chain A~B~C never
               deletes C for the sake of A

The guard goes first because it is the sharper knife: on 20,000 labelled problems (5 % of them variants with one other
number) no group of equal guards mixes two problems, and most candidates stand alone and need no signature at all.
Results depend on the candidates only: no order, no partition that keeps guards together.

Legend: C candidates of a partition whose guard another one has, sorted by guard and, within it, best survivor first;
P pairs (better[P], worse[P]) of their rows; S sets of a crowd. Three rows, at a threshold of 0.5:

    row  guard  shingles            better  worse  score            loser  survivor
      0      7  {1 2 3 4}                0      1    3/5               1         0
      1      7  {1 2 3 5}        ->      0      2    1/7       ->
      2      7  {1 5 6 7}                1      2    2/6

Row 2 is far from row 0. Were it near to row 1 alone, it would stay: row 1 falls, and who falls takes nobody along.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.stages.duplicates.exchanges import exchanged, terms_of
from pipelines.stages.duplicates.guard import guards
from pipelines.stages.duplicates.survivors import LOSS_SCHEMA, survivor_order
from pipelines.text.arrays import joined_segments, sliced
from pipelines.text.postings import distinct
from pipelines.text.sets import Sets, similarity
from pipelines.text.words import Hashes, Places, mixed, ngrams_of, owners, words_of

SHINGLE = 5  # words; the unit of the similarity that is promised
BANDS, ROWS = 28, 4  # a pair of similarity 0.7 meets in some band with probability 0.9996, one of 0.5 with 0.84
PERMUTATIONS = BANDS * ROWS
GROUP_CAP = 64
"""Members of a guard or of a band up to which all pairs are looked at; beyond it, pairs with one of the best so many.

That keeps a crowd linear. Who stands behind it in a crowd is told (`near_duplicates`): two such may be nearly equal.
"""

Shingles32 = npt.NDArray[np.uint32]
Answers = Callable[[str, str], bool]

NEAR_SCHEMA = pa.schema(
    [
        pa.field("asked", pa.uint64(), nullable=False),
        pa.field("guard", pa.uint64(), nullable=False),
        pa.field("shingles", pa.list_(pa.uint32()), nullable=False),
        pa.field("terms", pa.list_(pa.uint32()), nullable=False),
    ]
)
NEAR_LOSS_SCHEMA = pa.schema(
    [
        *LOSS_SCHEMA,
        pa.field("partner_part", pa.int64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
    ]
)

_RANDOM = np.random.Generator(np.random.PCG64(0x6A2C4D))  # fixed for ever: stored signatures depend on it
_FACTORS = _RANDOM.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32) | np.uint32(1)
_SHIFTS = _RANDOM.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32)


def near_keys(batch: pa.RecordBatch) -> pa.RecordBatch:
    """What is compared of each candidate (`NEAR_SCHEMA`). Needs the columns question, system, format and segments."""
    asked = asked_keys(batch)
    columns = [asked, guard_keys(batch, asked), shingle_keys(batch), terms_of(batch.column("question"))]
    return pa.RecordBatch.from_arrays(columns, schema=NEAR_SCHEMA)


def asked_keys(batch: pa.RecordBatch) -> pa.Array:
    """A guard of each question, with its system turn, its format and the kinds of segments: uint64[candidates]."""
    question = pc.dictionary_encode(pc.fill_null(batch.column("question"), ""))
    questions = pa.RecordBatch.from_arrays([question.dictionary], ["question"])
    asked = [np.zeros(0, np.uint64), *(guards(chunk.column(0), words=True) for chunk in sliced(questions))]
    kinds = _field_joined(batch, "kind", "-")
    shape = words_of(pc.binary_join_element_wise(pc.fill_null(batch.column("format"), "-"), kinds, "-"))
    return pa.array(mixed(np.concatenate(asked)[question.indices] + shape.hashes + _system_hashes(batch)))


def _system_hashes(batch: pa.RecordBatch) -> Hashes:
    """A number for each system turn, its space aside; 0 where there is none."""
    system = pc.dictionary_encode(batch.column("system"))
    texts = (text.split() for text in system.dictionary.to_pylist())
    hashes = np.array([*(xxhash.xxh3_64_intdigest(" ".join(words).encode()) for words in texts), 0], np.uint64)
    return hashes[pc.fill_null(system.indices, len(hashes) - 1).to_numpy()]


def guard_keys(batch: pa.RecordBatch, asked: pa.Array) -> pa.Array:
    """The guard of each candidate, which holds that of its question (`asked_keys`): uint64[candidates]."""
    solved = [np.zeros(0, np.uint64), *map(_solution_guards, sliced(batch.select(["segments"])))]
    return pa.array(mixed(asked.to_numpy() + np.concatenate(solved)))


def _solution_guards(batch: pa.RecordBatch) -> Hashes:
    return guards(_field_joined(batch, "text", "\n"), words=False)


def shingle_keys(batch: pa.RecordBatch) -> pa.ListArray:
    """The shingles of each candidate: question and solution as one text."""
    slices = sliced(batch.select(["question", "segments"]))
    return pa.chunked_array(map(_shingle_keys, slices), NEAR_SCHEMA.field("shingles").type).combine_chunks()


def _shingle_keys(batch: pa.RecordBatch) -> pa.ListArray:
    question, solution = pc.fill_null(batch.column("question"), ""), _field_joined(batch, "text", "\n")
    return shingles_of(pc.binary_join_element_wise(question, solution, "\n\n"))


def shingles_of(texts: pa.Array) -> pa.ListArray:
    """The set of 5-word shingles of each text as sorted 32-bit hashes; a text of fewer words is one shingle."""
    words = words_of(texts)
    hashes, places = ngrams_of(words, SHINGLE)
    rows = owners(places, words.offsets)
    lengths = np.diff(words.offsets)
    short = np.flatnonzero((lengths > 0) & (lengths < SHINGLE))
    whole = [
        mixed(np.add.reduce(words.hashes[words.offsets[row] : words.offsets[row + 1]], keepdims=True)) for row in short
    ]
    hashes = np.concatenate([hashes, *whole])
    rows = np.concatenate((rows, short))
    keys = np.sort((rows.astype(np.uint64) << np.uint64(32)) | (hashes >> np.uint64(32)))
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)]]
    offsets = np.searchsorted(keys, np.arange(len(lengths) + 1, dtype=np.uint64) << np.uint64(32))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(keys.astype(np.uint32)))


def near_duplicates(
    candidates: pa.Table, *, threshold: float, differ: Answers
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Every candidate that is nearly equal to a better one that stays, and who was not compared with all.

    Args:
        candidates: the columns of `NEAR_SCHEMA`, those of `exact_duplicates` but content, answer (null: unknown) and
            earlier (whether it stands in earlier data and so never falls); all candidates of a guard together.
        threshold: Jaccard similarity of the shingles from which two candidates are nearly equal.
        differ: whether two answers are known to differ.

    Returns:
        The losers with their similarity (`NEAR_LOSS_SCHEMA`), and part and index of those whom `GROUP_CAP` kept from
        some comparison; both in the order of (part, index).
    """
    _, places, counts = np.unique(candidates.column("guard").to_numpy(), return_inverse=True, return_counts=True)
    table = candidates.filter(pa.array(counts[places] > 1))
    table = table.take(survivor_order(table, "guard"))
    shingles = Sets.of(table.column("shingles"))
    earlier = table.column("earlier").to_numpy()
    better, worse, crowded = _pairs(table.column("guard").to_numpy(), shingles)
    better, worse, crowded = better[~earlier[worse]], worse[~earlier[worse]], crowded[~earlier[crowded]]
    score = similarity(shingles, better, worse)
    near = score >= threshold
    answers, terms = (table.column(name).to_pylist() for name in ("answer", "terms"))
    stars = _stars(better[near], worse[near], score[near], answers, terms, differ)
    losers, winners, scores = (list(column) for column in zip(*stars, strict=True)) if stars else ([], [], [])
    lost = table.select(["part", "index"]).take(pa.array(losers, pa.int64()))
    won = table.select(["id", "source_row", "part"]).take(pa.array(winners, pa.int64()))
    columns = [*lost.columns, *won.columns, pa.chunked_array([pa.array(scores, pa.float64())])]
    losses = pa.table(
        [column.cast(field.type) for column, field in zip(columns, NEAR_LOSS_SCHEMA, strict=True)], NEAR_LOSS_SCHEMA
    )
    return _in_order(losses), _in_order(table.select(["part", "index"]).take(pa.array(crowded)))


def _in_order(rows: pa.Table) -> pa.RecordBatch:
    batches = rows.sort_by([("part", "ascending"), ("index", "ascending")]).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], rows.schema)


def _pairs(guard: Hashes, shingles: Sets) -> tuple[Places, Places, Places]:
    """Pairs worth a look: better[P], worse[P], and crowded rows.

    Args:
        guard: guard[C], ascending.
        shingles: sets of the same C candidates.
    """
    starts = np.flatnonzero(np.concatenate(([True], guard[1:] != guard[:-1])))
    sizes = np.diff(starts, append=len(guard))
    few, many = sizes <= GROUP_CAP, sizes > GROUP_CAP
    found = [(*_all_pairs(starts[few], sizes[few]), np.zeros(0, np.int64))]
    for start, size in zip(starts[many], sizes[many], strict=True):
        found.append(_banded_pairs(np.arange(start, start + size), shingles))
    better, worse, crowded = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return better, worse, crowded


def _all_pairs(starts: Places, sizes: Places) -> tuple[Places, Places]:
    """All pairs within runs of neighbouring rows, each row with at most the first `GROUP_CAP` of its run."""
    better, worse = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for place in range(min(GROUP_CAP, int(sizes.max(initial=0)) - 1)):
        long = sizes > place + 1
        count = sizes[long] - place - 1
        firsts = np.repeat(starts[long] + place, count)
        within = np.arange(len(firsts)) - np.repeat(np.cumsum(count) - count, count)
        better.append(firsts)
        worse.append(firsts + 1 + within)
    return np.concatenate(better), np.concatenate(worse)


def _banded_pairs(rows: Places, shingles: Sets) -> tuple[Places, Places, Places]:
    """The pairs of a large group that share a band of their MinHash signatures, and the rows behind the cap of one."""
    values, begins = shingles.gathered(rows)
    keys = bands(signatures(values, begins))
    better, worse = [], []
    crowded = np.zeros(len(rows), np.bool_)
    for band in keys.T:
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.concatenate(([True], np.diff(band[order]) != 0)))
        sizes = np.diff(starts, append=len(order))
        firsts, seconds = _all_pairs(starts, sizes)
        rank = np.arange(len(order)) - np.repeat(starts, sizes)
        crowded[order[(rank >= GROUP_CAP) & (np.repeat(sizes, sizes) > GROUP_CAP + 1)]] = True
        better.append(rows[order[firsts]])
        worse.append(rows[order[seconds]])
    pairs = distinct((np.concatenate(better) << 32) | np.concatenate(worse))
    return pairs >> 32, pairs & 0xFFFFFFFF, rows[crowded]


def signatures(values: Shingles32, offsets: Places) -> Shingles32:
    """MinHash signatures uint32[sets, PERMUTATIONS]: the share of equal places estimates the Jaccard similarity."""
    signed = np.full((len(offsets) - 1, PERMUTATIONS), np.iinfo(np.uint32).max, np.uint32)
    filled = np.flatnonzero(np.diff(offsets))
    starts = offsets[filled]
    for place, (factor, shift) in enumerate(zip(_FACTORS, _SHIFTS, strict=True)):
        if len(starts):
            permuted = values * factor
            permuted += shift
            permuted ^= permuted >> np.uint32(15)
            signed[filled, place] = np.minimum.reduceat(permuted, starts)
    return signed


def bands(signed: Shingles32) -> Hashes:
    """Band keys uint64[sets, BANDS]; two sets share one with probability 1 - (1 - J^ROWS)^BANDS."""
    rows = signed.reshape(len(signed), BANDS, ROWS).astype(np.uint64)
    keys = np.zeros((len(signed), BANDS), np.uint64)
    for row in range(ROWS):
        keys = mixed(keys + rows[:, :, row])
    return keys


def _stars(
    better: Places,
    worse: Places,
    score: npt.NDArray[np.float64],
    answers: Sequence[str | None],
    terms: Sequence[Sequence[int]],
    differ: Answers,
) -> list[tuple[int, int, float]]:
    """(loser, survivor, similarity) of each candidate that falls. Rows are numbered by survival within their guard."""
    stars: dict[int, tuple[int, int, float]] = {}
    order = np.lexsort((better, worse))
    for winner, loser, near in zip(better[order].tolist(), worse[order].tolist(), score[order].tolist(), strict=True):
        if winner in stars or loser in stars or exchanged(terms[winner], terms[loser]):
            continue
        if not known_to_differ(answers[winner], answers[loser], differ):
            stars[loser] = loser, winner, near
    return list(stars.values())


def known_to_differ(left: str | None, right: str | None, differ: Answers) -> bool:
    """Whether two answers, either perhaps unknown, differ by all that is known."""
    return left is not None and right is not None and left != right and differ(left, right)


def _field_joined(batch: pa.RecordBatch, field: str, sign: str) -> pa.Array:
    """The texts, or the kinds, of each candidate's segments as one text."""
    segments = batch.column("segments")
    return joined_segments(segments, pc.struct_field(segments.flatten(), field), sign)

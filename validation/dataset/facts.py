"""Facts about a data set that add up over shards: exact, mergeable, by column operations.

A fact is a number that nobody has to trust a sample for: counts by category, lengths as a histogram, how much one
problem or template weighs, shares of rows, characters and of the objective J.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.problem import Format
from schemas.requirements import Quota
from schemas.split import Split
from validation.dataset.spreads import Spread, merge_spreads, spreads

CATEGORIES = ("format", "source", "topic", "difficulty", "language", "licence", "author", "split")
VERIFICATION = ("verdict", "path", "reference", "decision")
BIAS = ("annotator", "reviewer", "votes", "answer_kind", "leading_digit")
CROSSES = (
    ("format", "source"),
    ("topic", "difficulty"),
    ("reference", "format"),
    ("path", "format"),
    ("licence", "source"),
    ("decision", "annotator"),
)
LENGTHS = ("question_chars", "solution_chars", "supervised_chars")
BY_FORMAT = {form: f"solution_chars|{form}" for form in Format}
TENTHS = 10
BINS_PER_DOUBLING = 2
NONE = "(none)"


@dataclass(slots=True)
class Facts:
    """Counts that add up. `weigh` maps a format or source to its rows, supervised characters and sampling weight.

    Attributes:
        counts: column -> value -> rows.
        crosses: "a|b" -> value of a -> value of b -> rows.
        lengths: column, or "solution_chars|format" -> bin -> rows; bin b holds lengths from 2^(b/2) to 2^((b+1)/2).
        quality: quality facts by name.
    """

    rows: int = 0
    characters: int = 0
    supervised: int = 0
    shortest: int = 0
    longest: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    crosses: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    lengths: dict[str, Counter[int]] = field(default_factory=dict)
    weigh: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    quality: dict[str, Spread] = field(default_factory=dict)

    def merge(self, other: "Facts") -> None:
        """Adds another part of the data set."""
        shortest = [value for value in (self.shortest, other.shortest) if value]
        self.shortest = min(shortest, default=0)
        self.longest = max(self.longest, other.longest)
        self.rows += other.rows
        self.characters += other.characters
        self.supervised += other.supervised
        for column, counts in other.counts.items():
            self.counts.setdefault(column, Counter()).update(counts)
        for cross, table in other.crosses.items():
            for value, counts in table.items():
                self.crosses.setdefault(cross, {}).setdefault(value, Counter()).update(counts)
        for column, bins in other.lengths.items():
            self.lengths.setdefault(column, Counter()).update(bins)
        for column, groups in other.weigh.items():
            mine = self.weigh.setdefault(column, {})
            for value, numbers in groups.items():
                mine[value] = [a + b for a, b in zip(mine.get(value, [0.0] * 3), numbers, strict=True)]
        merge_spreads(self.quality, other.quality)


def measure(flat: pa.Table) -> Facts:
    """Measures a flattened batch (`frame.flatten`)."""
    supervised = flat["supervised_chars"]
    facts = Facts(
        rows=flat.num_rows,
        characters=_sum(flat["question_chars"]) + _sum(flat["solution_chars"]),
        supervised=_sum(supervised),
        shortest=_positive_min(supervised),
        longest=pc.max(supervised).as_py() or 0,
        quality=spreads(flat),
    )
    for column in (*CATEGORIES, *VERIFICATION, *BIAS):
        facts.counts[column] = _count(flat[column])
    for first, second in CROSSES:
        facts.crosses[f"{first}|{second}"] = _cross(flat, first, second)
    for column in LENGTHS:
        facts.lengths[column] = length_bins(flat[column].to_numpy(zero_copy_only=False))
    for form, name in BY_FORMAT.items():
        mine = flat["solution_chars"].filter(pc.equal(flat["format"], form.value))
        facts.lengths[name] = length_bins(mine.to_numpy())
    for column in ("agreement", "confidence"):
        facts.counts[column] = _tenths(flat[column])
    for column in ("format", "source", "topic"):
        facts.weigh[column] = _weigh(flat, column)
    return facts


def _sum(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def _positive_min(column: pa.ChunkedArray) -> int:
    return int(pc.min(column.filter(pc.greater(column, 0))).as_py() or 0)


def _named(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(column.cast(pa.string()), NONE)


def _count(column: pa.ChunkedArray) -> Counter[str]:
    return Counter({entry["values"]: entry["counts"] for entry in pc.value_counts(_named(column)).to_pylist()})


def _cross(flat: pa.Table, first: str, second: str) -> dict[str, Counter[str]]:
    table = pa.table({"a": _named(flat[first]), "b": _named(flat[second])})
    crossed: dict[str, Counter[str]] = {}
    for entry in table.group_by(["a", "b"]).aggregate([([], "count_all")]).to_pylist():
        crossed.setdefault(entry["a"], Counter())[entry["b"]] += entry["count_all"]
    return crossed


def _tenths(column: pa.ChunkedArray) -> Counter[str]:
    """Shares by tenths: "0.9" counts those from 0.9 up to 1; 1 stands alone."""
    shares = column.drop_null().to_numpy(zero_copy_only=False)
    floors, numbers = np.unique(np.floor(shares * TENTHS + 1e-9) / TENTHS, return_counts=True)
    known = {f"{floor:g}": int(count) for floor, count in zip(floors, numbers, strict=True)}
    return Counter(known | ({NONE: column.null_count} if column.null_count else {}))


def length_bins(lengths: np.ndarray) -> Counter[int]:
    """Counts lengths by bin of a logarithmic axis (`bin_edges`)."""
    bins = np.floor(np.log2(np.maximum(lengths, 1)) * BINS_PER_DOUBLING).astype(int)
    values, numbers = np.unique(bins, return_counts=True)
    return Counter(dict(zip(values.tolist(), numbers.tolist(), strict=True)))


def _weigh(flat: pa.Table, column: str) -> dict[str, list[float]]:
    table = pa.table({"group": _named(flat[column]), "chars": flat["supervised_chars"], "weight": flat["weight"]})
    sums = table.group_by("group").aggregate([([], "count_all"), ("chars", "sum"), ("weight", "sum")])
    return {
        entry["group"]: [float(entry["count_all"]), float(entry["chars_sum"]), float(entry["weight_sum"] or 0)]
        for entry in sums.to_pylist()
    }


def count_quotas(flat: pa.Table, quotas: Sequence[Quota]) -> Counter[int]:
    """Counts the rows of a flattened batch (`frame.flatten`) that each quota counts: the first that matches."""
    free = np.ones(flat.num_rows, np.bool_)
    counts: Counter[int] = Counter()
    for position, quota in enumerate(quotas):
        matches = free & _matches(flat, quota.where)
        counts[position] = int(matches.sum())
        free &= ~matches
    return counts


def _matches(flat: pa.Table, where: Mapping[str, Any]) -> np.ndarray:
    matches = np.ones(flat.num_rows, np.bool_)
    for name, value in where.items():
        if name in flat.column_names:
            equal = pc.fill_null(pc.equal(flat[name].cast(pa.string()), str(value)), False)
            matches &= equal.to_numpy(zero_copy_only=False)
    return matches


def bin_edges(number: int) -> tuple[float, float]:
    """The lengths that a histogram bin holds: from, and up to but not including."""
    return math.pow(2, number / BINS_PER_DOUBLING), math.pow(2, (number + 1) / BINS_PER_DOUBLING)


def position_of(length: float) -> float:
    """Where a length lies on the axis of bins."""
    return math.log2(max(length, 1)) * BINS_PER_DOUBLING


def bin_of(length: float) -> int:
    """The bin that holds a length."""
    return math.floor(position_of(length))


def quantile(bins: Mapping[int, int], share: float) -> float:
    """The length below which a share of the rows lies, as if those of a bin were spread evenly over it."""
    wanted = share * sum(bins.values())
    for number in sorted(bins):
        if 0 < bins[number] >= wanted:
            return math.pow(2, (number + wanted / bins[number]) / BINS_PER_DOUBLING)
        wanted -= bins[number]
    return 0.0


@dataclass(frozen=True, slots=True)
class Concentration:
    """How much of the data set one value holds: distinct values, and the greatest share of rows."""

    distinct: int
    largest: int
    share: float


def concentration(hashes: np.ndarray) -> Concentration:
    """Measures concentration over hashes of values, one per row."""
    if not len(hashes):
        return Concentration(0, 0, 0.0)
    _, numbers = np.unique(hashes, return_counts=True)
    return Concentration(len(numbers), int(numbers.max()), float(numbers.max() / len(hashes)))


FACT_NAMES = frozenset(
    {
        "rows",
        "train_rows",
        "heldout_rows",
        "exact_duplicate_rate",
        "largest_template_share",
        "largest_problem_share",
        "largest_source_share",
        "largest_author_share",
        "largest_annotator_share",
        "distinct_problems",
        "distinct_templates",
        "independent_share",
        "human_share",
        "topic_entropy",
        "source_entropy",
        "format_shares",
        "topic_counts",
    }
)
"""Columns of the facts table: what an expectation of the user's own may name."""


def facts_table(facts: Facts, *, problems: np.ndarray, templates: np.ndarray, texts: np.ndarray) -> pa.Table:
    """The facts as a table of one row, for the fact rules of the suite."""
    rows = facts.rows
    problem, template, text = concentration(problems), concentration(templates), concentration(texts)
    counts = {column: facts.counts.get(column, Counter()) for column in CATEGORIES}
    topics = _without_none(counts["topic"])
    reference = facts.counts.get("reference", Counter())
    row: dict[str, float | int | str | None] = {
        "rows": rows,
        "train_rows": counts["split"][Split.TRAIN],
        "heldout_rows": counts["split"][Split.HELDOUT],
        "exact_duplicate_rate": 1 - text.distinct / rows if rows else 0.0,
        "largest_template_share": template.share,
        "largest_problem_share": problem.share,
        "largest_source_share": _largest(counts["source"], rows),
        "largest_author_share": _largest(counts["author"], rows),
        "largest_annotator_share": _largest(_without_none(facts.counts.get("annotator", Counter())), rows),
        "distinct_problems": problem.distinct,
        "distinct_templates": template.distinct,
        "independent_share": reference["independent"] / rows if rows else 0.0,
        "human_share": counts["author"]["human"] / rows if rows else 0.0,
        "topic_entropy": normalised_entropy(topics) if topics else None,
        "source_entropy": normalised_entropy(counts["source"]),
        "format_shares": json.dumps({name: number / rows for name, number in sorted(counts["format"].items())}),
        "topic_counts": json.dumps(topics, sort_keys=True) if topics else None,
    }
    assert set(row) == FACT_NAMES, set(row) ^ FACT_NAMES
    return pa.Table.from_pylist([row])


def _largest(counts: Counter[str], rows: int) -> float:
    return max(counts.values(), default=0) / rows if rows else 0.0


def _without_none(counts: Counter[str]) -> Counter[str]:
    return Counter({name: number for name, number in counts.items() if name != NONE})


def normalised_entropy(counts: Mapping[str, float]) -> float:
    """Shannon entropy of the shares, divided by that of equal shares; 1 for fewer than two categories."""
    total = sum(counts.values())
    shares = [count / total for count in counts.values() if count > 0]
    if len(shares) < 2:
        return 1.0
    return -sum(share * math.log(share) for share in shares) / math.log(len(shares))

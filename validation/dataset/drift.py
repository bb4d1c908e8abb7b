"""What changed against another data set, as effect sizes: how much, not whether it could be chance.

With a million rows every difference is significant; what matters is how far the mixture moved. Categories: total
variation distance, the share of rows that would have to change hands, and Cohen's h of the value that moved most.
Lengths: the Kolmogorov-Smirnov distance over the bins of the report.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from schemas.exits import UserError, one_line
from schemas.manifest import Manifest, read_manifest
from validation.dataset.facts import BY_FORMAT, LENGTHS, Facts, bin_edges, facts_table, measure
from validation.dataset.frame import flatten
from validation.dataset.hashes import distinct, hash_texts
from validation.dataset.shard import Findings
from validation.dataset.streams import read_chunks

CATEGORIES = (
    "format",
    "source",
    "topic",
    "difficulty",
    "answer_kind",
    "leading_digit",
    "language",
    "licence",
    "author",
    "annotator",
    "reference",
    "path",
)
CONCENTRATIONS = (
    "topic_entropy",
    "source_entropy",
    "largest_problem_share",
    "largest_template_share",
    "largest_source_share",
    "largest_author_share",
    "largest_annotator_share",
)
Key = TypeVar("Key", str, int)
SIZES = ((0.02, "none"), (0.1, "small"), (0.25, "medium"), (1.01, "large"))
"""Words for distances between 0 and 1. Ours: no literature fixes them."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Another data set, measured."""

    manifest: Manifest
    facts: Facts
    ids: np.ndarray
    problems: np.ndarray
    templates: np.ndarray


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one measure moved.

    Attributes:
        distance: total variation distance or Kolmogorov-Smirnov distance, 0 to 1.
        value: the category, or the length, at which the difference is greatest.
        before, now: its share of rows; of lengths, the share of rows up to it.
        cohen_h: effect size of that one share (Cohen 1988: 0.2 small, 0.5 medium, 0.8 large).
    """

    name: str
    kind: str
    distance: float
    size: str
    value: str
    before: float
    now: float
    cohen_h: float


def read_baseline(folder: Path) -> Baseline:
    """Measures the shards of another data set.

    Raises:
        UserError: not a data set, or a shard that cannot be read.
    """
    manifest = read_manifest(folder)
    facts, columns = Facts(), ("id", "problem_id", "template_id")
    hashes = {name: [np.zeros(0, np.uint64)] for name in columns}
    for shard in manifest.shards:
        try:
            for rows in read_chunks(folder / shard.path):
                facts.merge(measure(flatten(rows)))
                for name in columns:
                    hashes[name].append(hash_texts(rows[name]))
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            reason = one_line(str(error))[:160]
            raise UserError(f"--baseline: {folder / shard.path} cannot be read: {reason}") from error
    return Baseline(manifest, facts, *(np.concatenate(hashes[name]) for name in columns))


def compare(baseline: Baseline, findings: Findings) -> dict[str, Any]:
    """Compares the data set that was judged with the baseline: the numbers of the report, the greatest drift first."""
    before, now = baseline.facts, findings.facts
    drifts = [category_drift(name, before.counts.get(name, {}), now.counts.get(name, {})) for name in CATEGORIES]
    lengths = (*LENGTHS, *BY_FORMAT.values())
    drifts += [length_drift(name, before.lengths.get(name, {}), now.lengths.get(name, {})) for name in lengths]
    ids, problems = distinct(findings.hashes("ids")), distinct(findings.hashes("problems"))
    return {
        "fingerprint": baseline.manifest.fingerprint,
        "rows": {"before": before.rows, "now": now.rows},
        "examples": _moved(distinct(baseline.ids), ids),
        "problems": _moved(distinct(baseline.problems), problems),
        "concentrations": _concentrations(baseline, findings),
        "measures": [asdict(drift) for drift in sorted(drifts, key=lambda drift: (-drift.distance, drift.name))],
    }


def _concentrations(baseline: Baseline, findings: Findings) -> dict[str, dict[str, float | None]]:
    """How even both data sets are, and how much their largest template, source, author and annotator hold."""
    nothing = np.zeros(0, np.uint64)
    (before,), (now,) = (
        facts_table(facts, problems=problems, templates=templates, texts=nothing).to_pylist()
        for facts, problems, templates in (
            (baseline.facts, baseline.problems, baseline.templates),
            (findings.facts, findings.hashes("problems"), findings.hashes("templates")),
        )
    )
    return {name: {"before": before[name], "now": now[name]} for name in CONCENTRATIONS}


def _moved(before: np.ndarray, now: np.ndarray) -> dict[str, int]:
    both = len(np.intersect1d(before, now, assume_unique=True))
    return {"in both": both, "new": len(now) - both, "gone": len(before) - both}


def category_drift(name: str, before: Mapping[str, int], now: Mapping[str, int]) -> Drift:
    """Compares two mixtures of categories; one without rows is as far as can be from one with rows."""
    first, second = _shares(before), _shares(now)
    values = sorted({*first, *second})
    moves = {value: abs(first.get(value, 0.0) - second.get(value, 0.0)) for value in values}
    distance = 1.0 if bool(first) != bool(second) else sum(moves.values()) / 2
    value = max(values, key=lambda value: (moves[value], value), default="")
    return _drift(name, "total variation", distance, value, first.get(value, 0.0), second.get(value, 0.0))


def length_drift(name: str, before: Mapping[int, int], now: Mapping[int, int]) -> Drift:
    """Compares two histograms of lengths by their greatest difference in cumulated shares."""
    first, second = _shares(before), _shares(now)
    bins = sorted({*first, *second})
    below = np.array([[shares.get(at, 0.0) for at in bins] for shares in (first, second)]).cumsum(axis=1)
    gaps = np.abs(below[0] - below[1])
    if not len(gaps):
        return _drift(name, "Kolmogorov-Smirnov", 0.0, "", 0.0, 0.0)
    at = int(gaps.argmax())
    upto = f"up to {round(bin_edges(bins[at])[1]):,}"
    return _drift(name, "Kolmogorov-Smirnov", float(gaps[at]), upto, float(below[0, at]), float(below[1, at]))


def _shares(counts: Mapping[Key, int]) -> dict[Key, float]:
    total = sum(counts.values())
    return {value: count / total for value, count in counts.items() if count} if total else {}


def _drift(name: str, kind: str, distance: float, value: str, before: float, now: float) -> Drift:
    distance = round(distance, 4)
    size = next(word for limit, word in SIZES if distance < limit)
    return Drift(name, kind, distance, size, value, round(before, 4), round(now, 4), round(_h(before, now), 4))


def _h(before: float, now: float) -> float:
    """Cohen's h: the difference of two shares after the arcsine transform, which makes it comparable at both ends."""
    first, second = (2 * math.asin(math.sqrt(min(max(share, 0.0), 1.0))) for share in (before, now))
    return second - first

"""How far the people who reviewed agree: Krippendorff's alpha, and each annotator beside the others.

Read from `reviews.arrow`, which curation leaves beside the shards: who said what about which row.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import numpy.typing as npt

from schemas.arrow_files import read_stream
from schemas.problem import Decision

REVIEWS = "reviews.arrow"
_LEAST_VOTES = 10  # fewer equal decisions in a row are no habit
_CHANCE = 0.01  # that somebody who decides like the others says the same so often
_RESAMPLES = 200
_Z95 = 1.959964
_MOST_COMMENTS, _MOST_COMMENT = 200, 500


def annotators(folder: Path) -> dict[str, Any] | None:
    """Measures who reviewed a data set; None when nobody did.

    Returns:
        Counts of decisions; `comments`, the first 200; `alpha` with its 95 % interval (bootstrap over rows), null when
        fewer than two people decided about one row or all say the same; and for each annotator, by name: votes, the
        share of acceptances, agreement with the majority of the others and accuracy on control items as [share, low,
        high, rows] (95 % Wilson intervals), and `always`, the one decision that somebody gives whatever the row.
    """
    path = folder / REVIEWS
    if not path.is_file():
        return None
    rows = read_stream(path).to_pylist()
    decided = [row for row in rows if row["decided"] or row.get("answer")]
    standing = [row for row in decided if not row["superseded"] and row["known"]]
    votes = [row for row in standing if row["reviewer"] is None and row["decided"] is not None]
    units: defaultdict[tuple[object, object], dict[str, Decision]] = defaultdict(dict)
    for row in votes:
        units[row["key"], row["row"]][_name(row)] = Decision(row["decided"])
    return {
        "decisions": len(decided),
        "superseded": sum(row["superseded"] for row in decided),
        "unknown": sum(not row["known"] and not row.get("changed") for row in rows),
        "adjudications": sum(row["reviewer"] is not None for row in standing),
        "rows": len({(row["key"], row["row"]) for row in standing}),
        "changed": sum(bool(row.get("changed")) for row in rows),
        "comments": _comments(rows),
        "alpha": alpha(list(units.values())),
        "annotators": {name: _annotator(name, votes, units) for name in sorted({_name(row) for row in votes})},
    }


def _comments(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What people wrote beside decisions that stand: who, about which row, and what was decided."""
    written = [row for row in rows if row.get("comment") and not row["superseded"]]
    return [
        {
            "who": str(row["reviewer"] or _name(row)),
            "row": row.get("row_id") or row["row"],
            "decided": row["decided"],
            "comment": str(row["comment"])[:_MOST_COMMENT],
        }
        for row in written[:_MOST_COMMENTS]
    ]


def _name(row: Mapping[str, Any]) -> str:
    return str(row["annotator"] or f"somebody ({row['file']})")


def alpha(units: Sequence[Mapping[str, Decision]]) -> list[float] | None:
    """Krippendorff's nominal alpha over rows with two votes or more, and its 95 % interval: [alpha, low, high]."""
    counts = np.array(
        [[list(unit.values()).count(decision) for decision in Decision] for unit in units if len(unit) > 1], np.int64
    ).reshape(-1, len(Decision))
    measured = _alpha(counts)
    if measured is None:
        return None
    drawn = np.random.default_rng(0).integers(0, len(counts), (_RESAMPLES, len(counts)))
    resampled = [value for value in (_alpha(counts[rows]) for rows in drawn) if value is not None]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return [measured, float(low), float(high)]


def _alpha(counts: npt.NDArray[np.int64]) -> float | None:
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return None  # no two values to tell apart
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def _annotator(
    name: str, votes: Sequence[Mapping[str, Any]], units: Mapping[tuple[object, object], Mapping[str, Decision]]
) -> dict[str, Any]:
    mine = {unit: decisions[name] for unit, decisions in units.items() if name in decisions}
    others = {unit: [decision for who, decision in units[unit].items() if who != name] for unit in mine}
    majorities = {unit: _majority(decisions) for unit, decisions in others.items()}
    agreed = [mine[unit] is majority for unit, majority in majorities.items() if majority is not None]
    weights = [row["weight"] for row in votes if _name(row) == name]
    beside = [decision for decisions in others.values() for decision in decisions] or [
        decision for decisions in units.values() for who, decision in decisions.items() if who != name
    ]
    return {
        "votes": len(mine),
        "accepted": sum(decision is Decision.ACCEPTED for decision in mine.values()) / len(mine),
        "agreement": wilson(sum(agreed), len(agreed)),
        "weight": weights[0],
        "always": _always(list(mine.values()), beside),
    }


def _majority(decisions: Iterable[Decision]) -> Decision | None:
    counts = Counter(decisions).most_common()
    return counts[0][0] if counts and (len(counts) == 1 or counts[0][1] > counts[1][1]) else None


def _always(mine: Sequence[Decision], others: Sequence[Decision]) -> str | None:
    """The decision that somebody always gives, when nobody who decides like the others would."""
    if len(mine) < _LEAST_VOTES or len(set(mine)) > 1 or not others:
        return None
    rate = others.count(mine[0]) / len(others)
    return mine[0].value if rate ** len(mine) < _CHANCE else None


def wilson(hits: int, total: int) -> list[float] | None:
    """A share with its 95 % Wilson interval: [share, low, high, total]; None of nothing."""
    if not total:
        return None
    share, spread = hits / total, _Z95**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return [share, max(0.0, middle - half), min(1.0, middle + half), total]

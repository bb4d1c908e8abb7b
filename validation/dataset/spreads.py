"""How solutions read: the quality facts of all rows, and of each fact the rows that stand out most.

Facts are measured where shards are written (`schemas.example.QUALITY`); here they are added up. None of them closes the
gate: a long explanation is no fault, and a repeated sentence may be meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

WORST = 3  # rows kept of each fact
FACTS: Mapping[str, tuple[bool, str]] = {
    "words_per_step": (False, "words of prose per step"),
    "repetition": (True, "share of the prose that repeats itself"),
    "branching": (True, "wait, alternatively, let me check and their like"),
    "equations_unparsed": (True, "equations that the judge could not read"),
    "equations_checked": (True, "equations that the judge calculated"),
    "trailing_chars": (True, "characters behind the final answer"),
}
"""Facts by name: whether the greatest values stand out, or the least; and what is counted."""


@dataclass(slots=True)
class Spread:
    """One fact over some rows.

    Attributes:
        rows: those that have it; a row whose fact is null has nothing to measure.
        total: the sum of its values.
        positive: rows where it is not zero.
        worst: (value, id) of the rows that stand out most, the worst first.
    """

    rows: int = 0
    total: float = 0.0
    positive: int = 0
    worst: list[tuple[float, str]] = field(default_factory=list)

    def merge(self, other: "Spread", *, greatest: bool) -> None:
        """Adds the same fact over other rows."""
        self.rows += other.rows
        self.total += other.total
        self.positive += other.positive
        sign = -1 if greatest else 1
        self.worst = sorted([*self.worst, *other.worst], key=lambda row: (sign * row[0], row[1]))[:WORST]


def spreads(flat: pa.Table) -> dict[str, Spread]:
    """Measures the facts of a flattened batch (`frame.flatten`)."""
    return {name: _spread(flat, f"quality_{name}", greatest=greatest) for name, (greatest, _) in FACTS.items()}


def _spread(flat: pa.Table, column: str, *, greatest: bool) -> Spread:
    some = flat.select([column, "id"]).filter(pc.is_valid(flat[column]))
    values = some[column]
    order = [(column, "descending" if greatest else "ascending"), ("id", "ascending")]
    worst = some.take(pc.select_k_unstable(some, k=min(WORST, len(some)), sort_keys=order)) if len(some) else some
    pairs = zip(worst[column].to_pylist(), worst["id"].to_pylist(), strict=True)
    return Spread(
        rows=len(some),
        total=float(pc.sum(values).as_py() or 0),
        positive=int(pc.sum(pc.greater(values, 0)).as_py() or 0),
        worst=[(float(value), str(id_)) for value, id_ in pairs if value > 0 or not greatest],
    )


def merge_spreads(mine: dict[str, Spread], others: Mapping[str, Spread]) -> None:
    """Adds facts over other rows to facts over some."""
    for name, other in others.items():
        mine.setdefault(name, Spread()).merge(other, greatest=FACTS[name][0])


def worst_ids(measured: Mapping[str, Spread]) -> list[str]:
    """The rows that stand out most: the worst of each fact, then the second of each."""
    ranked = [measured[name].worst for name in FACTS if name in measured]
    return [worst[at][1] for at in range(WORST) for worst in ranked if at < len(worst)]

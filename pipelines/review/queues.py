"""Which rows are asked about, and in which order. A queue holds places in the ledger: 12 bytes a row.

quarantined   what a person could settle, by cause, the largest cause first
doubtful      the same question asked elsewhere with another answer, references that solutions contradict, examples
              that nothing verified, and those that a list names (the losses of a run)
audit         some of what was kept, and some of what fell to each reason, drawn at random: is the rule right?
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.review.causes import Group, group_of
from pipelines.review.opened import OpenedData, places_of_ids
from schemas.exits import UserError
from schemas.problem import Decision
from schemas.reason import Outcome, Reason

Places = npt.NDArray[np.int64]
KEPT = "kept"
"""the group of audited rows that no reason stopped"""


class QueueName(StrEnum):
    """The queues that a page offers."""

    QUARANTINED = "quarantined"
    DOUBTFUL = "doubtful"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows to ask about.

    Attributes:
        places: of the rows in the ledger, in the order in which they are asked; control items stand last.
        group_of: of each, which of `groups` it belongs to.
        controls: what is right about the control items, by their position here.
    """

    name: QueueName
    places: Places
    group_of: npt.NDArray[np.int32]
    groups: tuple[Group, ...]
    controls: Mapping[int, Decision]

    @property
    def asked(self) -> int:
        """Rows without the control items."""
        return len(self.places) - len(self.controls)

    def group_at(self, position: int) -> Group:
        """The group of the row at a position."""
        return self.groups[self.group_of[position]]

    def start(self, group: int) -> int:
        """The position of the first row of a group."""
        return int(np.argmax(self.group_of == group))


def quarantined(data: OpenedData, controls: Mapping[str, Decision] | None = None) -> Queue:
    """The rows that a person could settle: one entry a row, causes and groups by size, then by name."""
    mask = pc.equal(data.ledger["outcome"], Outcome.QUARANTINED.value)
    return _grouped(QueueName.QUARANTINED, data, _first_of_each_row(data, mask), controls or {})


_SUSPECT = (Reason.SUSPECT_GOLD, Reason.ANSWER_CONFLICT)


def doubtful(data: OpenedData, listed: Sequence[str], controls: Mapping[str, Decision] | None = None) -> Queue:
    """Rows worth a second look: first those that a list names, in its order, then suspects and what was not verified.

    Args:
        data: the data set.
        listed: ids of candidates, as `to_look_at.jsonl` of a training run has them.
        controls: what is right about control items, by row id.
    """
    named = places_of_ids(data, listed)
    suspects = pc.is_in(data.ledger["reason"], value_set=pa.array([reason.value for reason in _SUSPECT]))
    unverified = [
        identity
        for shard in data.examples
        for identity in shard.filter(pc.equal(pc.struct_field(shard["verification"], "verdict"), "unverified"))["id"]
        .combine_chunks()
        .to_pylist()
    ]
    rest = [*_first_of_each_row(data, suspects), *places_of_ids(data, unverified)]
    order = [*dict.fromkeys(int(place) for place in (*named, *rest) if place >= 0)]
    return _queue(QueueName.DOUBTFUL, data, np.array(order, np.int64), controls or {})


def audit(data: OpenedData, sample: int, seed: int = 0) -> Queue:
    """Draws at random: up to `sample` rows of each reason, and as many that were kept, one of each in turn."""
    codes = pc.fill_null(data.ledger["reason"], KEPT)
    drawn: list[tuple[float, str, int]] = []
    generator = np.random.default_rng(seed)
    for reason in sorted(pc.unique(codes).to_pylist()):
        places = _first_of_each_row(data, pc.equal(codes, reason))
        chosen = generator.permutation(places)[:sample]
        drawn += [(turn, reason, int(place)) for turn, place in enumerate(chosen)]
    reasons = sorted({reason for _, reason, _ in drawn})
    order = sorted(drawn)
    numbers = {reason: at for at, reason in enumerate(reasons)}
    return Queue(
        QueueName.AUDIT,
        np.array([place for *_, place in order], np.int64),
        np.array([numbers[reason] for _, reason, _ in order], np.int32),
        tuple(Group(reason) for reason in reasons),
        {},
    )


def read_listed(path: Path) -> list[str]:
    """The ids that a list of JSON lines names (`losses/to_look_at.jsonl` of a run), in its order.

    Raises:
        UserError: the file cannot be read, or a line of it names no id.
    """
    return [str(row["id"]) for row in _json_lines(path, "--look-at", "id")]


def read_controls(path: Path) -> dict[str, Decision]:
    """Control items: row ids with what is right about them, from JSON lines of `row_id` and `expected`.

    Raises:
        UserError: the file cannot be read, or a line of it says no such thing.
    """
    controls = {}
    for number, row in enumerate(_json_lines(path, "--controls", "row_id"), 1):
        expected = row.get("expected")
        if expected not in set(Decision):
            raise UserError(f"--controls {path}, line {number}: expected is accepted or rejected, not {expected!r}")
        controls[str(row["row_id"])] = Decision(str(expected))
    return controls


def _json_lines(path: Path, option: str, needed: str) -> list[dict[str, object]]:
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8-sig").split("\n") if line.strip()]
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{option} {path}: not JSON lines: {error}") from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not row.get(needed):
            raise UserError(f"{option} {path}, line {number}: no {needed}")
    return rows


def _first_of_each_row(data: OpenedData, mask: pa.ChunkedArray) -> Places:
    """The places that a mask chooses, the first of those with one row id."""
    places = np.flatnonzero(np.asarray(pc.fill_null(mask, False)))
    _, first = np.unique(data.row_numbers[places], return_index=True)
    return places[np.sort(first)]


def _grouped(name: QueueName, data: OpenedData, places: Places, controls: Mapping[str, Decision]) -> Queue:
    """A queue in which causes stand together, the largest first, and in a cause its groups."""
    groups = _groups_at(data, places)
    sizes = Counter(groups)
    causes: defaultdict[str, int] = defaultdict(int)
    for group, rows in sizes.items():
        causes[group.reason] += rows
    ranked = sorted(sizes, key=lambda group: (-causes[group.reason], group.reason, -sizes[group], group.name))
    rank = {group: at for at, group in enumerate(ranked)}
    order = np.argsort(np.array([rank[group] for group in groups], np.int64), kind="stable")
    return _queue(name, data, places[order], controls)


def _queue(name: QueueName, data: OpenedData, places: Places, controls: Mapping[str, Decision]) -> Queue:
    """A queue of rows in their order, with the control items that stand in this data set behind them."""
    known = places_of_ids(data, [*controls], "row_id")
    of_control = {int(place): decision for place, decision in zip(known, controls.values(), strict=True) if place >= 0}
    hidden = np.array([*of_control], np.int64)
    places = places[~np.isin(data.row_numbers[places], data.row_numbers[hidden])]
    asked = len(places)
    places = np.concatenate([places, hidden])
    groups = _groups_at(data, places)
    numbers = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    return Queue(
        name,
        places,
        np.array([numbers[group] for group in groups], np.int32),
        tuple(numbers),
        {asked + at: decision for at, decision in enumerate(of_control.values())},
    )


def _groups_at(data: OpenedData, places: Iterable[int]) -> list[Group]:
    columns = data.ledger.select(["reason", "rule", "benchmark", "detail"]).take(pa.array(places, pa.int64()))
    return [group_of(row) if row["reason"] else Group(KEPT) for row in columns.to_pylist()]

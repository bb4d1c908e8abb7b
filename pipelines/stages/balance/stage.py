"""Caps and quotas: how many examples may share a template, a problem, a source, an author or a condition.

Bounds apply one after the other, so what one takes no longer counts for the next. Within a bound what a human accepted
stays first, then a keyed hash decides: the choice depends neither on order nor on length. A quota may ask for the
highest scores instead, or for the questions that cover all others best (`coverage`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.line import Done, Line, Step, across_parts
from pipelines.engine.overlays import read_keys, with_labels
from pipelines.engine.store import PartRef, Store, read_batch
from pipelines.engine.tags import PLACED_SCHEMA, alive_after, key_items, whereabouts
from pipelines.stages.balance.coverage import MOST, SAMPLE, choose, vectors_of
from schemas.exits import UserError
from schemas.reason import Outcome, Reason, Stage
from schemas.requirements import Balance

_WHERE = ("format", "language", "source", "author", "licence", "topic", "difficulty")


@dataclass(frozen=True, slots=True)
class Bound:
    """One cap or quota.

    Attributes:
        group: key column (`problem`, `template`) or text column whose equal values share the bound; null: all that
        match. unit: what is counted: `candidate`, or `problem` for the cap on templates. where: column: value pairs
        that a candidate must match to be counted, beside those that earlier quotas took. limit: most units of a group;
        null when `share` bounds. share: greatest share of all candidates that still live. select: who stays: hash,
        score, coverage.
    """

    name: str
    reason: Reason
    group: tuple[str, ...] = ()
    unit: str = "candidate"
    where: tuple[tuple[str, str | int], ...] = ()
    earlier: tuple[tuple[tuple[str, str | int], ...], ...] = ()
    limit: int | None = None
    share: float | None = None
    select: str = "hash"


def bounds_of(settings: Balance) -> Iterator[Bound]:
    """The bounds of a config in the order in which they apply: caps, from the narrowest, then quotas.

    Raises:
        UserError: a quota on a column that examples do not have.
    """
    caps = settings.caps
    if caps.problem is not None:
        yield Bound("cap-problem", Reason.SOLUTION_CAP, ("problem", "format"), limit=caps.problem)
    if caps.template is not None:
        yield Bound("cap-template", Reason.TEMPLATE_CAP, ("template",), unit="problem", limit=caps.template)
    if caps.source is not None:
        yield Bound("cap-source", Reason.OVER_QUOTA, ("source",), limit=caps.source)
    if caps.author is not None:
        yield Bound("cap-author", Reason.OVER_QUOTA, ("author",), limit=caps.author)
    earlier: tuple[tuple[tuple[str, str | int], ...], ...] = ()
    for position, quota in enumerate(settings.quotas):
        if unknown := set(quota.where) - set(_WHERE):
            raise UserError(
                f"balance.quotas.{position}.where: {sorted(unknown)[0]}: no such column; one of {', '.join(_WHERE)}"
            )
        where = tuple(sorted(quota.where.items()))
        yield Bound(
            f"quota-{position}",
            Reason.OVER_QUOTA,
            where=where,
            earlier=earlier,
            limit=quota.max,
            share=quota.share,
            select=quota.select,
        )
        earlier = (*earlier, where)


def steps(line: Line) -> Iterator[Step]:
    """One step a bound."""
    if line.skips(Stage.BALANCE):
        return
    for bound in bounds_of(line.settings.balance):
        yield across_parts(line, Stage.BALANCE, bound.name, partial(_apply, line, bound))


def _apply(line: Line, bound: Bound, done: Done) -> "ApplyBound":
    return ApplyBound(line.store, done.folders, bound, line.settings.seed)


@dataclass(frozen=True, slots=True)
class ApplyBound:
    """A bound as a stage across parts: what it shuffles, and whom it tags."""

    store: Store
    before: tuple[str, ...]
    bound: Bound
    seed: int

    def index(self, part: PartRef) -> pa.RecordBatch:
        """The living candidates of a part by group, each with its place in the queue."""
        keys = read_keys(self.store, part, ["problem", "template", "accepted", "row_id", "format"])
        texts = with_labels(self.store, part, self.store.read_part(part, [*_WHERE, "score"]))
        matches = _matches(texts, self.bound.where)
        for where in self.bound.earlier:
            matches &= ~_matches(texts, where)
        columns = {
            "key": pa.array(self._groups(keys, texts), pa.binary(16)),
            "unit": keys.column("problem"),
            "queue": pa.array(self._queue(keys), pa.uint64()),
            "accepted": keys.column("accepted"),
            "matches": pa.array(matches),
            "score": texts.column("score") if self.bound.select == "score" else pa.nulls(part.rows, pa.float64()),
            "file": pa.array([part.key] * part.rows),
            **whereabouts(part),
        }
        alive = alive_after(self.store, part, self.before)
        counted = alive if self.bound.share is not None else alive & matches
        return pa.RecordBatch.from_pydict(columns).filter(pa.array(counted))

    def _groups(self, keys: pa.RecordBatch, texts: pa.RecordBatch) -> list[bytes]:
        columns = [(keys if name in ("problem", "template") else texts).column(name) for name in self.bound.group]
        if not columns:
            return [_hash(self.bound.name)] * len(keys)
        return [_hash(self.bound.name, *values) for values in zip(*(c.to_pylist() for c in columns), strict=True)]

    def _queue(self, keys: pa.RecordBatch) -> list[int]:
        names = ["problem"] if self.bound.unit == "problem" else ["row_id", "format"]
        rows = zip(*(keys.column(name).to_pylist() for name in names), strict=True)
        return [int.from_bytes(_hash(self.seed, *row)[:8]) for row in rows]

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Tags what stands behind the bound in each group's queue. One group may hold all rows: no row is an object."""
        queue = [("key", "ascending"), ("accepted", "descending"), ("score", "descending"), ("queue", "ascending")]
        order = pc.sort_indices(rows, sort_keys=[*queue, ("part", "ascending"), ("index", "ascending")])
        rows = rows.take(order)
        if self.bound.select == "coverage":
            rows = rows.take(pa.array(self._covering_first(rows)))
        _, group, totals = np.unique(key_items(rows.column("key")), return_inverse=True, return_counts=True)
        limits = np.array([self._limit(int(total)) for total in totals], np.int64)
        matching = np.flatnonzero(np.asarray(rows.column("matches")))
        units = key_items(rows.column("unit")) if self.bound.unit == "problem" else np.arange(len(rows))
        behind = matching[_ranks(group[matching], units[matching]) >= limits[group[matching]]]
        return self._tags(rows.take(pa.array(behind)), limits[group[behind]])

    def _covering_first(self, rows: pa.Table) -> np.ndarray:
        """The order in which the candidates that cover the others best stand first, behind what a human accepted."""
        matching = np.flatnonzero(np.asarray(rows.column("matches")))
        limit = self._limit(len(rows))
        if limit >= len(matching):
            return np.arange(len(rows))
        human = int(np.asarray(rows.column("accepted"))[matching].sum())
        sample = matching[: max(SAMPLE, human)]
        drawn = rows.select(["file", "index", "accepted"]).take(pa.array(sample))
        accepted = np.flatnonzero(np.asarray(drawn.column("accepted"))).tolist()
        questions = self.store.questions_at(*(drawn.column(name).to_pylist() for name in ("file", "index")))
        chosen = sample[choose(vectors_of(questions), max(len(accepted), min(limit, MOST)), taken=accepted)]
        return np.concatenate([chosen, np.setdiff1d(np.arange(len(rows)), chosen)])

    def _limit(self, total: int) -> int:
        if self.bound.limit is not None:
            return self.bound.limit
        assert self.bound.share is not None, self.bound
        return int(self.bound.share * total)

    def _tags(self, rows: pa.Table, limits: np.ndarray) -> pa.Table:
        name = self.bound.name.replace("-", " ")
        texts = {limit: f"{name}: {limit:,} are kept" for limit in np.unique(limits).tolist()}
        known = {
            "part": rows.column("part"),
            "index": rows.column("index"),
            "reason": pa.array([self.bound.reason.value] * len(rows), pa.string()),
            "detail": pa.array([texts[limit] for limit in limits.tolist()], pa.string()),
        }
        nothing = {field.name: pa.nulls(len(rows), field.type) for field in PLACED_SCHEMA}
        return pa.table([(nothing | known)[name] for name in PLACED_SCHEMA.names], schema=PLACED_SCHEMA)


def _ranks(group: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The place of each row's unit in the queue of its group, from 0; equal units of a group have one place.

    Three rows of one group, the first two of one problem: places 0, 0, 1.
    """
    _, codes = np.unique(units, return_inverse=True)
    _, first, unit = np.unique(group * (len(group) + 1) + codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    owner = group[first[order]]
    starts = np.searchsorted(owner, owner)  # groups ascend in the queue
    places = np.empty(len(first), np.int64)
    places[order] = np.arange(len(first)) - starts
    return places[unit]


def achieved(settings: Balance, parts: Sequence[PartRef], store: Store) -> list[dict[str, object]]:
    """What each quota asked for and what the data set holds in the end: for the manifest."""
    if not settings.quotas:
        return []
    kept, total = [0] * len(settings.quotas), 0
    for part in parts:
        outcomes = read_batch(store.decisions_path(part), ["outcome"]).column(0)
        left = np.asarray(pc.equal(outcomes, Outcome.KEPT.value))
        total += int(left.sum())
        texts = with_labels(store, part, store.read_part(part, list(_WHERE)))
        for position, quota in enumerate(settings.quotas):
            mine = left & _matches(texts, tuple(quota.where.items()))
            kept[position] += int(mine.sum())
            left &= ~mine
    return [
        {**quota.model_dump(mode="json"), "kept": number, "kept_share": round(number / total, 6) if total else 0.0}
        for quota, number in zip(settings.quotas, kept, strict=True)
    ]


def _matches(texts: pa.RecordBatch, where: tuple[tuple[str, str | int], ...]) -> np.ndarray:
    matches = np.ones(len(texts), bool)
    for name, value in where:
        matches &= np.asarray(pc.fill_null(pc.equal(texts.column(name).cast(pa.string()), str(value)), False))
    return matches


def _hash(*values: object) -> bytes:
    return blake2b(repr(values).encode(), digest_size=16).digest()

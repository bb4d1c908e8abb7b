"""Caps and quotas: how many examples may share a template, a problem, a source, an author or a condition.

Bounds apply one after the other, so what one takes no longer counts for the next. Within a bound what a human accepted
stays first, then a keyed hash decides: the choice depends neither on order nor on length. A quota may ask for the
highest scores instead, or for the questions that cover all others best (`coverage`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.line import Done, Line, Step, across_parts
from pipelines.engine.overlays import read_keys, with_labels
from pipelines.engine.store import PartRef, Store, read_batch
from pipelines.engine.tags import PLACED_SCHEMA, alive_after, whereabouts
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
        """Tags what stands behind the bound in each group's queue."""
        queue = [("key", "ascending"), ("accepted", "descending"), ("score", "descending"), ("queue", "ascending")]
        order = pc.sort_indices(rows, sort_keys=[*queue, ("part", "ascending"), ("index", "ascending")])
        tags: list[dict[str, object]] = []
        group, taken, seen = None, 0, set[object]()
        totals = dict(zip(*(pc.value_counts(rows.column("key")).field(i).to_pylist() for i in (0, 1)), strict=True))
        waiting = rows.take(order).to_pylist()
        if self.bound.select == "coverage":
            waiting = self._covering_first(waiting, self._limit(len(waiting)))
        for row in waiting:
            if row["key"] != group:
                group, taken, seen = row["key"], 0, set()
            if not row["matches"]:
                continue
            unit = row["unit"] if self.bound.unit == "problem" else (row["part"], row["index"])
            limit = self._limit(totals[group])
            if unit not in seen and taken >= limit:
                tags.append(self._tag(row, limit))
            elif unit not in seen:
                seen.add(unit)
                taken += 1
        return pa.Table.from_pylist(tags, schema=PLACED_SCHEMA)

    def _covering_first(self, waiting: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
        """Puts the candidates that cover the others best before them, behind those that a human accepted."""
        matching = [row for row in waiting if row["matches"]]
        sample = matching[: max(SAMPLE, sum(row["accepted"] for row in matching))]
        if limit >= len(matching):
            return waiting
        accepted = [at for at, row in enumerate(sample) if row["accepted"]]
        questions = self.store.questions_at([row["file"] for row in sample], [row["index"] for row in sample])
        chosen = choose(vectors_of(questions), max(len(accepted), min(limit, MOST)), taken=accepted)
        first = [sample[at] for at in chosen]
        places = {(row["part"], row["index"]) for row in first}
        return [*first, *(row for row in waiting if (row["part"], row["index"]) not in places)]

    def _limit(self, total: int) -> int:
        if self.bound.limit is not None:
            return self.bound.limit
        assert self.bound.share is not None, self.bound
        return int(self.bound.share * total)

    def _tag(self, row: dict[str, object], limit: int) -> dict[str, object]:
        detail = f"{self.bound.name.replace('-', ' ')}: {limit:,} are kept"
        nothing = {"partner": None, "partner_row": None, "score": None}
        return {"part": row["part"], "index": row["index"], "reason": self.bound.reason, "detail": detail, **nothing}


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

"""The ledger read once: how candidates ended, counted anew, with an example or two of each reason."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

from schemas.exits import one_line
from schemas.ledger import LEDGER_SCHEMA, with_items
from schemas.reason import Outcome, Reason, rule_of
from validation.dataset.hashes import hash_texts
from validation.dataset.streams import chunks, opened

LEAKS = (
    Reason.BENCHMARK_EXACT.value,
    Reason.BENCHMARK_NGRAM.value,
    Reason.BENCHMARK_PARAPHRASE.value,
    Reason.BENCHMARK_VARIANT.value,
)
EXAMPLES = 5  # examples of each reason in the report


@dataclass(slots=True)
class Ledger:
    """What all ledger files say.

    Attributes:
        ended: (source, format, outcome, stage, reason) -> candidates; null is the empty text.
        rows: source -> distinct source rows.
        leaks: (benchmark, reason) -> candidates; the reason is `kept` for variants that were only reported.
        kept: hashes of the ids of kept candidates; `candidates` of all.
        examples: reason -> a few rows of the ledger, drawn by keyed hash.
        contradictions: ids whose outcome and reason do not go together.
        unreadable: file -> why.
        later: a later mathmill made it, whose reasons need not be known here.
    """

    ended: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    leaks: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: list[np.ndarray] = field(default_factory=list)
    candidates: list[np.ndarray] = field(default_factory=list)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    later: bool = False

    def count(self, **where: str) -> int:
        """Candidates that ended so: any of source, format, outcome, stage and reason."""
        names = ("source", "format", "outcome", "stage", "reason")
        at = [(names.index(name), value) for name, value in where.items()]
        return sum(number for key, number in self.ended.items() if all(key[i] == value for i, value in at))

    def by(self, name: str, **where: str) -> Counter[str]:
        """Candidates that ended so, counted by one more column."""
        names = ("source", "format", "outcome", "stage", "reason")
        at = [(names.index(key), value) for key, value in where.items()]
        counts: Counter[str] = Counter()
        for key, number in self.ended.items():
            if all(key[i] == value for i, value in at):
                counts[key[names.index(name)]] += number
        return counts

    def hashes(self, name: str) -> np.ndarray:
        """The hashes of kept or of all candidates."""
        parts: list[np.ndarray] = getattr(self, name)
        return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def read_ledger(folder: Path, paths: Sequence[str], *, seed: int, later: bool = False) -> Ledger:
    """Reads all ledger files. One that cannot be read is named in `unreadable`."""
    ledger = Ledger(later=later)
    last: dict[str, int] = {}
    for path in paths:
        try:
            for rows in _chunks(folder / path):
                _add(ledger, rows, last, seed)
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            ledger.unreadable[path] = f"{type(error).__name__}: {one_line(str(error))[:160]}"
    return ledger


def _chunks(path: Path) -> Iterator[pa.Table]:
    with opened(path, LEDGER_SCHEMA) as reader:
        yield from map(with_items, chunks(reader))


def _add(ledger: Ledger, batch: pa.Table, last: dict[str, int], seed: int) -> None:
    keys = ["source", "format", "outcome", "stage", "reason"]
    named = pa.table({name: pc.fill_null(batch[name], "") for name in keys})
    for entry in named.group_by(keys).aggregate([([], "count_all")]).to_pylist():
        ledger.ended[tuple(entry[name] for name in keys)] += entry["count_all"]
    for source in pc.unique(named["source"]).to_pylist():
        rows = batch["row"].filter(pc.equal(named["source"], source)).to_numpy()
        ledger.rows[source] += int(np.count_nonzero(np.diff(rows, prepend=last.get(source, -1))))
        last[source] = rows[-1]
    ids = hash_texts(batch["id"])
    ledger.candidates.append(ids)
    ledger.kept.append(ids[np.asarray(pc.fill_null(pc.equal(batch["outcome"], Outcome.KEPT.value), False))])
    _count_leaks(ledger, batch)
    lost = batch.filter(pc.not_equal(batch["outcome"], Outcome.KEPT.value))
    _draw(ledger, lost, seed)
    _contradict(ledger, batch, named)


def _count_leaks(ledger: Ledger, batch: pa.Table) -> None:
    reasons = pc.fill_null(batch["reason"], Outcome.KEPT.value)
    about = pc.and_(
        pc.is_in(reasons, value_set=pa.array([*LEAKS, Outcome.KEPT.value])), pc.is_valid(batch["benchmark"])
    )
    items, codes = (column.filter(about).to_pylist() for column in (batch["benchmark"], reasons))
    ledger.leaks.update(zip(items, codes, strict=True))


def _draw(ledger: Ledger, lost: pa.Table, seed: int) -> None:
    for reason in pc.unique(lost["reason"]).to_pylist():
        rows = lost.filter(pc.equal(lost["reason"], reason)) if reason else lost.slice(0, 0)
        ids = rows["id"].to_pylist()
        keys = [xxh3_64_intdigest(id_.encode(), seed) for id_ in ids]
        first = nsmallest(EXAMPLES, range(len(ids)), key=keys.__getitem__)
        merged = [*ledger.examples.get(str(reason), []), *rows.take(pa.array(first, pa.int64())).to_pylist()]
        ledger.examples[str(reason)] = sorted(merged, key=lambda row: xxh3_64_intdigest(row["id"].encode(), seed))[
            :EXAMPLES
        ]


def _contradict(ledger: Ledger, batch: pa.Table, named: pa.Table) -> None:
    bad = set()
    for outcome, reason, stage in set(
        zip(*(named[name].to_pylist() for name in ("outcome", "reason", "stage")), strict=True)
    ):
        if not _agree(outcome, reason, stage, later=ledger.later):
            bad.add((outcome, reason, stage))
    if bad and len(ledger.contradictions) < EXAMPLES:
        columns = ("outcome", "reason", "stage")
        for id_, *key in zip(batch["id"].to_pylist(), *(named[name].to_pylist() for name in columns), strict=True):
            if tuple(key) in bad:
                ledger.contradictions.append(id_)


def _agree(outcome: str, reason: str, stage: str, *, later: bool) -> bool:
    """Whether outcome, reason and stage go together by the table of reasons.

    A policy may quarantine what the table removes and the other way round (`variants`), and a derived candidate falls
    at its parent's stage; but what is kept has no reason, and what is not kept has one that is known, if only to the
    later mathmill that made it.
    """
    if outcome == Outcome.KEPT:
        return not reason and not stage
    return outcome in set(Outcome) and bool(stage) and (rule_of(reason) is not None or (later and bool(reason)))

"""Near-duplicates of a sample of examples, found by comparing each with every example, shingle by shingle.

No signatures, no bands: exact Jaccard similarity of 5-word shingles. Two examples are called near-duplicates when they
have one format, one answer and the same numbers and are alike to `ALIKE`, far above curation's own threshold: its guard
lets more stand for good reasons, so this warns and does not close the gate.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from schemas.verdict import Check, Severity, Status
from validation.dataset.frame import flatten
from validation.dataset.recheck.contamination import numbers_of
from validation.dataset.shard import Row

ALIKE = 0.9
SHINGLE = 5  # words
MAX_ROWS = 200_000  # examples that the sample is compared with
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Pair(NamedTuple):
    """Two examples that are nearly the same."""

    id: str
    other: str
    similarity: float


class Compared(NamedTuple):
    """What was compared: pairs found, sampled examples, and how many each was compared with."""

    pairs: list[Pair]
    sampled: int
    rows: int


class _Text(NamedTuple):
    id: str
    format: str
    answer: str | None
    question: str
    solution: str

    @property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        return shingles_of(f"{self.question}\n{self.solution}")


def find_near_duplicates(folder: Path, shards: Sequence[str], sample: Sequence[Row]) -> Compared:
    """Compares each sampled example with the examples of all shards, up to `MAX_ROWS`."""
    ids = {str(row.values["id"]) for row in sample}
    chosen = list(_rows(folder, shards, lambda row: row.id in ids))
    answers = {(row.format, row.answer) for row in chosen}
    known = [row.shingles for row in chosen]
    holders: dict[tuple[str, ...], list[int]] = {}
    for at, shingles in enumerate(known):
        for shingle in shingles:
            holders.setdefault(shingle, []).append(at)
    pairs, rows = set[Pair](), 0
    for row in _rows(folder, shards, lambda _: True):
        rows += 1
        if rows > MAX_ROWS:
            break
        if (row.format, row.answer) not in answers:
            continue
        own = row.shingles
        shared = Counter(at for shingle in own for at in holders.get(shingle, ()))
        for at, count in shared.items():
            similarity = count / (len(known[at]) + len(own) - count)
            if similarity >= ALIKE and _same(chosen[at], row):
                pairs.add(Pair(*_ordered(chosen[at].id, row.id), round(similarity, 4)))
    return Compared(sorted(pairs), len(chosen), min(rows, MAX_ROWS))


def _rows(folder: Path, shards: Sequence[str], wanted: Callable[[_Text], bool]) -> Iterator[_Text]:
    for path in shards:
        with pa.OSFile(str(folder / path), "rb") as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                flat = flatten(pa.Table.from_batches([batch]))
                columns = (flat[name].to_pylist() for name in ("id", "format", "answer", "question", "solution"))
                for id_, one, answer, question, solution in zip(*columns, strict=True):
                    row = _Text(id_, one, answer, question or "", solution or "")
                    if wanted(row):
                        yield row


def shingles_of(text: str) -> frozenset[tuple[str, ...]]:
    """Every five tokens in a row; a shorter text is one shingle."""
    tokens = _TOKEN.findall(text.lower())
    return frozenset(tuple(tokens[at : at + SHINGLE]) for at in range(max(len(tokens) - SHINGLE + 1, 1)))


def _same(first: _Text, second: _Text) -> bool:
    if first.id == second.id or (first.format, first.answer) != (second.format, second.answer):
        return False
    return numbers_of(first.question) == numbers_of(second.question)


def _ordered(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)


def check_near_duplicates(compared: Compared, *, rows: int) -> Check:
    """Draws the verdict on near-duplicates."""
    found, sampled = compared.pairs, compared.sampled
    each = f"each of {sampled:,} sampled examples was compared with {compared.rows:,} of {rows:,} examples"
    check = Check(
        name="no_near_duplicates",
        group="recheck",
        status=Status.PASSED,
        severity=Severity.WARNING,
        detail=each,
        checked=sampled,
        unexpected=len(found),
        ids=sorted({pair.id for pair in found})[:20],
    )
    if not sampled:
        return check.model_copy(update={"status": Status.NOT_CHECKED, "detail": "no example was sampled"})
    if found:
        first = f"{found[0].id} and {found[0].other} are alike to {found[0].similarity}"
        detail = f"{len(found):,} pairs have one answer, the same numbers and nearly one text: {each}; {first}"
        return check.model_copy(update={"status": Status.WARNING, "detail": detail})
    return check

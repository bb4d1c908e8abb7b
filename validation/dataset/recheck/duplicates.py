"""Near-duplicates of a sample of examples, found by comparing each with every example, shingle by shingle.

No signatures, no bands: exact Jaccard similarity of 5-word shingles. Two examples are called near-duplicates when they
have one format, one answer and the same numbers and are alike to `ALIKE`, far above curation's own threshold: its guard
lets more stand for good reasons, so this warns and does not close the gate.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas.verdict import Check, Severity, Status
from schemas.wording import amount
from validation.dataset.frame import joined_text
from validation.dataset.recheck.contamination import numbers_of
from validation.dataset.shard import Row
from validation.dataset.streams import read_chunks

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
    system: str | None
    solution: str

    @property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        return shingles_of(f"{self.question}\n{self.solution}")


def find_near_duplicates(folder: Path, shards: Sequence[str], sample: Sequence[Row]) -> Compared:
    """Compares each sampled example with the examples of all shards, up to `MAX_ROWS`."""
    chosen = [_sampled(row) for row in sample]
    known = [row.shingles for row in chosen]
    holders: dict[tuple[str, ...], list[int]] = {}
    for at, shingles in enumerate(known):
        for shingle in shingles:
            holders.setdefault(shingle, []).append(at)
    keys = pa.array({_key(row.format, row.answer) for row in chosen}, pa.string())
    pairs, rows = set[Pair](), 0
    for table in _first_rows(folder, shards) if chosen else ():
        rows += table.num_rows
        for row in _texts(table.filter(pc.is_in(_keys(table), value_set=keys))):
            own = row.shingles
            shared = Counter(at for shingle in own for at in holders.get(shingle, ()))
            for at, count in shared.items():
                similarity = count / (len(known[at]) + len(own) - count)
                if similarity >= ALIKE and _same(chosen[at], row):
                    pairs.add(Pair(*_ordered(chosen[at].id, row.id), round(similarity, 4)))
    return Compared(sorted(pairs), len(chosen), rows)


def _sampled(row: Row) -> _Text:
    values = row.values
    solution = "\n".join(segment["text"] or "" for segment in values["segments"] or [])
    return _Text(values["id"], values["format"], values["answer"], values["question"] or "", values["system"], solution)


def _first_rows(folder: Path, shards: Sequence[str]) -> Iterator[pa.Table]:
    left = MAX_ROWS
    for path in shards:
        for table in read_chunks(folder / path):
            yield table.slice(0, left)
            left -= table.num_rows
            if left <= 0:
                return


def _key(solution_format: str, answer: str | None) -> str:
    return f"{solution_format}|{answer or ''}"


def _keys(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(table["format"], pc.fill_null(table["answer"], ""), "|")


def _texts(table: pa.Table) -> Iterator[_Text]:
    names = ("id", "format", "answer", "question", "system")
    solutions = joined_text(table["segments"].combine_chunks())
    columns = (column.to_pylist() for column in (*(table[name] for name in names), solutions))
    for id_, form, answer, question, system, solution in zip(*columns, strict=True):
        yield _Text(id_, form, answer, question or "", system, solution)


def shingles_of(text: str) -> frozenset[tuple[str, ...]]:
    """Every five tokens in a row; a shorter text is one shingle."""
    tokens = _TOKEN.findall(text.lower())
    return frozenset(tuple(tokens[at : at + SHINGLE]) for at in range(max(len(tokens) - SHINGLE + 1, 1)))


def _same(first: _Text, second: _Text) -> bool:
    if first.id == second.id:
        return False
    if (first.format, first.answer, first.system) != (second.format, second.answer, second.system):
        return False
    return numbers_of(first.question) == numbers_of(second.question)


def _ordered(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)


def check_near_duplicates(compared: Compared, *, rows: int) -> Check:
    """Draws the verdict on near-duplicates."""
    found, sampled = compared.pairs, compared.sampled
    each = f"each of {amount(sampled, 'sampled example')} compared with {compared.rows:,} of {amount(rows, 'example')}"
    check = Check(
        name="no_near_duplicates",
        group="recheck",
        status=Status.PASSED,
        severity=Severity.WARNING,
        detail=f"no pair: {each}",
        checked=sampled,
        unexpected=len(found),
        ids=sorted({pair.id for pair in found})[:20],
    )
    if not sampled:
        return check.model_copy(update={"status": Status.NOT_CHECKED, "detail": "no example was sampled"})
    if found:
        first = f"{found[0].id} and {found[0].other} are alike to {found[0].similarity}"
        detail = f"{amount(len(found), 'pair')} with one answer, the same numbers and nearly one text: {each}; {first}"
        return check.model_copy(update={"status": Status.WARNING, "detail": detail})
    return check

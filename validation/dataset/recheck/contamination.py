"""Leaks of benchmark items, found by brute force against the items that are stored with the data.

Every window of ten words of every question and solution is looked up among those of every item, whole texts too. A
shared window is a leak when question and item also hold the same numbers; where the item holds none, the window itself
must not be boilerplate ("express your answer as a common fraction in simplest form").
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from schemas.verdict import Check, Severity, Status

WINDOW = 10  # words; DeepSeekMath section 2.1
COMMON = 3  # a window that this many items share is wording of the benchmark, not of an item


class Leak(NamedTuple):
    """One example that holds a benchmark item. `tier`: exact (the item's whole text) | ngram."""

    id: str
    tier: str
    benchmark: str
    position: int
    shared: str
    item: str


@dataclass(frozen=True, slots=True)
class Item:
    """A benchmark item: its question's words and the numbers in it."""

    benchmark: str
    position: int
    question: str
    words: tuple[str, ...]
    numbers: Counter[Fraction]


_WORD = re.compile(r"[^\W_]+(?:[.,/][0-9]+)*|[+*/=<>^-]")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def words_of(text: str) -> list[str]:
    """Lower-case words, numbers and operators; everything else only separates."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def numbers_of(text: str) -> Counter[Fraction]:
    """The numbers written in digits, by value: 1,000 and 1000 are one."""
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return Counter(Fraction(number.replace(",", "").rstrip(".")) for number in found)


def whole_text(text: str) -> str:
    """A question without case, space, dollar signs and the punctuation at its end: what an exact copy keeps."""
    return "".join(text.lower().replace("$", "").split()).rstrip(".?!:;,。？")


class BenchmarkIndex:
    """Every window of every item."""

    def __init__(self, items: Sequence[Item]) -> None:
        """Indexes items; ones without a word are left out."""
        self.items = [item for item in items if item.words]
        self._whole = {whole_text(item.question): item for item in reversed(self.items)}
        self._windows: dict[str, list[int]] = {}
        for at, item in enumerate(self.items):
            for window in set(_windows(item.words)):
                self._windows.setdefault(window, []).append(at)

    @classmethod
    def read(cls, path: Path) -> "BenchmarkIndex":
        """Reads `benchmarks.arrow`."""
        with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
            rows = reader.read_all().select(["benchmark", "position", "question"]).to_pylist()
        return cls([_item(**row) for row in rows])

    def search(self, flat: pa.Table) -> list[Leak]:
        """Looks up every example of a flattened batch (`frame.flatten`)."""
        columns = (flat[name].to_pylist() for name in ("id", "question", "solution"))
        leaks = (self._look_up(*row) for row in zip(*columns, strict=True))
        return [leak for leak in leaks if leak]

    def _look_up(self, id_: str, question: str | None, solution: str | None) -> Leak | None:
        question = question or ""
        if (item := self._whole.get(whole_text(question))) is not None:
            return Leak(id_, "exact", item.benchmark, item.position, question[:200], item.question[:300])
        return self._shared(id_, question, whole=True) or self._shared(id_, solution or "", whole=False)

    def _shared(self, id_: str, text: str, *, whole: bool) -> Leak | None:
        hits: dict[int, str] = {}
        rare: set[int] = set()
        for window in _windows(words_of(text)):
            found = self._windows.get(window, ())
            for at in found:
                hits.setdefault(at, window)
                if len(found) < COMMON:
                    rare.add(at)
        if not hits:
            return None
        numbers = numbers_of(text)
        for at in sorted(hits):
            item = self.items[at]
            if _numbers_agree(item.numbers, numbers, whole=whole) if item.numbers else at in rare:
                return Leak(id_, "ngram", item.benchmark, item.position, hits[at], item.question[:300])
        return None


def _numbers_agree(item: Counter[Fraction], row: Counter[Fraction], *, whole: bool) -> bool:
    """Whether a question holds exactly the item's numbers; a solution, which holds more, all of them."""
    return item == row if whole else item <= row


def _item(benchmark: str, position: int, question: str | None) -> Item:
    question = question or ""
    return Item(benchmark, position, question, tuple(words_of(question)), numbers_of(question))


def _windows(words: Sequence[str]) -> Iterator[str]:
    for start in range(len(words) - WINDOW + 1):
        yield " ".join(words[start : start + WINDOW])


def check_contamination(leaks: Sequence[Leak], *, scanned: int, rows: int, items: int) -> Check:
    """Draws the verdict on contamination.

    Args:
        leaks: what was found.
        scanned: examples that were looked up.
        rows: examples that there are.
        items: benchmark items that they were looked up among.
    """
    check = Check(
        name="no_benchmark_leak",
        group="recheck",
        status=Status.PASSED,
        severity=Severity.CRITICAL,
        detail=f"no example holds one of {items:,} benchmark items (whole text, or ten words and the same numbers)",
        checked=scanned,
        unexpected=len(leaks),
        ids=[leak.id for leak in leaks[:20]],
    )
    if not items:
        detail = "no benchmark items are stored with the data: nothing to look examples up among"
        return check.model_copy(update={"status": Status.NOT_CHECKED, "severity": Severity.WARNING, "detail": detail})
    if leaks or scanned != rows:
        first = f"; {leaks[0].id} holds {leaks[0].benchmark} item {leaks[0].position}" if leaks else ""
        detail = (
            f"{len(leaks):,} of {scanned:,} examples hold a benchmark item ({rows - scanned:,} not looked at){first}"
        )
        return check.model_copy(update={"status": Status.FAILED, "detail": detail})
    return check

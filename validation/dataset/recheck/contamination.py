"""Leaks of benchmark items, found by brute force against the items that are stored with the data.

Every window of ten words of every question, solution and system turn is looked up among those of every item, whole
texts too. An example leaks an item when it is the item's text, or holds three quarters of its windows and its numbers.
A question that does not hold the whole item and has another answer, or spells another word, is another problem of its
template, such as `cos C` for `cos A`.

Fewer shared windows are common wording ("express your answer as a common fraction"): counted, shown, and no leak by
themselves. On 24,413 curated examples of GSM8K and MATH one window alone flagged 91 and half of them 5; none was an
item.
"""

import re
import unicodedata
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.verdict import Check, Severity, Status
from schemas.wording import amount
from validation.answers import Relation, compare_exactly
from validation.dataset.check import MAX_IDS, blind
from validation.dataset.hashes import without_space
from validation.dataset.recheck.windows import WindowFilter
from validation.dataset.streams import read_table

WINDOW = 10  # words; DeepSeekMath section 2.1
OVERLAP_SHARE = 0.1  # share of examples with common wording that shows as a warning; GSM8K + MATH has 0.027
_MOST_DIGITS = 1000  # of a number that is read; Python reads 4,300
COVERAGE = 0.75  # share of an item's windows that an example must hold


Number = Fraction | str
"""a number by its value, or one of more digits by these"""


class Leak(NamedTuple):
    """One example that holds a benchmark item, or shares words with one.

    `tier`: exact (the item's whole text) | ngram (most of its windows and its numbers) | overlap (a window: no leak).
    """

    id: str
    tier: str
    benchmark: str
    position: int
    shared: str
    item: str


@dataclass(frozen=True, slots=True)
class Item:
    """A benchmark item: its question's words and the numbers in it, and its answer where that is known."""

    benchmark: str
    position: int
    question: str
    words: tuple[str, ...]
    numbers: Counter[Number]
    answer: str | None = None


_ITEM = pa.schema(
    {"benchmark": pa.string(), "position": pa.int64(), "question": pa.string(), "answer": pa.string()}.items()
)
_WORD = re.compile(r"[^\W_]+(?:[.,/][0-9]+)*")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SPELLED = re.compile(r"\b(?:letters|words?)\b[^.?!$]{0,30}?\b([A-Z]{3,})\b")
"""the letters of the word LEVEL; a triangle ABC is another's under any name"""


def words_of(text: str) -> Iterator[str]:
    """Lower-case words and numbers, one at a time; everything else only separates."""
    return (word.group() for word in _WORD.finditer(unicodedata.normalize("NFKC", text).lower()))


_NUMBER_WORDS = {
    word: Fraction(value)
    for value, words in enumerate(
        (
            ("zero",),
            (),  # "one" is a pronoun more often than a number
            ("two", "twice"),
            ("three", "third"),
            ("four", "fourth"),
            ("five", "fifth"),
            ("six", "sixth"),
            ("seven", "seventh"),
            ("eight", "eighth"),
            ("nine", "ninth"),
            ("ten", "tenth"),
            ("eleven",),
            ("twelve",),
        )
    )
    for word in words
}


def _read(number: str) -> Number:
    plain = number.replace(",", "").rstrip(".")
    return Fraction(plain) if len(plain) <= _MOST_DIGITS else plain.lstrip("0")


def numbers_of(text: str) -> Counter[Number]:
    """The numbers in digits or, up to twelve, in English words, by value: 1,000 and 1000 are one."""
    text = unicodedata.normalize("NFKC", text)
    numbers = Counter(map(_read, _NUMBER.findall(text)))
    numbers.update(_NUMBER_WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _NUMBER_WORDS)
    return numbers


_END = ".?!:;,。？ \n\r\t\u3000"


def whole_text(text: str) -> bytes:
    """A question without case, space, dollar signs and the punctuation at its end: what an exact copy keeps."""
    return without_space(text.lower().replace("$", "").rstrip(_END).encode())


def read_items(path: Path) -> pa.Table:
    """Reads what examples are held against.

    Raises:
        OSError: the file cannot be read.
        KeyError: it lacks a column.
        pa.ArrowException: it is no Arrow stream, or holds what is no text.
    """
    items = read_table(path).select(_ITEM.names).cast(_ITEM)
    items.validate(full=True)
    return items


class BenchmarkIndex:
    """Every window of every item."""

    def __init__(self, items: Sequence[Item]) -> None:
        """Indexes items; ones without a word are left out."""
        self.items = [item for item in items if item.words]
        self._whole = {whole_text(item.question): item for item in reversed(self.items)}
        self._windows: dict[str, list[int]] = {}
        self._counts: list[int] = []
        self._filter = WindowFilter([item.question for item in self.items], WINDOW)
        for at, item in enumerate(self.items):
            windows = set(_windows(item.words))
            self._counts.append(len(windows))
            for window in windows:
                self._windows.setdefault(window, []).append(at)

    @classmethod
    def read(cls, path: Path) -> "BenchmarkIndex":
        """Reads `benchmarks.arrow`."""
        return cls([_item(**row) for row in read_items(path).to_pylist()])

    def search(self, flat: pa.Table) -> list[Leak]:
        """Looks up every example of a flattened batch (`frame.flatten`)."""
        suspect = self._suspects(flat["question"]) | self._suspects(flat["system"])
        suspect |= self._filter.may_share(flat["solution"])
        rows = flat.select(["id", "question", "solution", "system", "answer"]).filter(pa.array(suspect))
        columns = (column.to_pylist() for column in rows.columns)
        return [leak for row in zip(*columns, strict=True) if (leak := self._look_up(*row))]

    def _suspects(self, texts: pa.ChunkedArray) -> np.ndarray:
        """Whether each text may hold an item, or be one. What stands in many rows is looked at once."""
        encoded = pc.dictionary_encode(pc.fill_null(texts.combine_chunks(), ""))
        whole = (whole_text(text) in self._whole for text in encoded.dictionary.to_pylist())
        known = self._filter.may_share(pa.chunked_array([encoded.dictionary])) | np.fromiter(whole, np.bool_)
        return known.take(encoded.indices.to_numpy())

    def _look_up(
        self, id_: str, question: str | None, solution: str | None, system: str | None, answer: str | None
    ) -> Leak | None:
        for text in (question or "", system or ""):
            if (item := self._whole.get(whole_text(text))) is not None:
                return Leak(id_, "exact", item.benchmark, item.position, text[:200], item.question[:300])
        found = [
            self._shared(id_, question or "", whole=True, answer=answer),
            self._shared(id_, solution or "", whole=False),
            self._shared(id_, system or "", whole=False),
        ]
        return min((leak for leak in found if leak), key=lambda leak: TIERS.index(leak.tier), default=None)

    def _shared(self, id_: str, text: str, *, whole: bool, answer: str | None = None) -> Leak | None:
        hits: dict[int, list[str]] = {}
        for window in dict.fromkeys(_windows(words_of(text))):
            for at in self._windows.get(window, ()):
                hits.setdefault(at, []).append(window)
        if not hits:
            return None
        numbers = numbers_of(text)
        enough = (at for at in sorted(hits) if len(hits[at]) >= COVERAGE * self._counts[at])
        agreeing = (at for at in enough if _numbers_agree(self.items[at], text, numbers, whole=whole))
        leaking = [at for at in agreeing if not (whole and _is_another(self.items[at], text, answer))]
        at = leaking[0] if leaking else max(hits, key=lambda item: (len(hits[item]), -item))
        item = self.items[at]
        tier = "ngram" if leaking else OVERLAP
        return Leak(id_, tier, item.benchmark, item.position, hits[at][0], item.question[:300])


OVERLAP = "overlap"
TIERS = ("exact", "ngram", OVERLAP)


def severity(leak: Leak) -> tuple[int, Leak]:
    """Sorts what was found: the strongest evidence first, then by id."""
    return TIERS.index(leak.tier), leak


def _numbers_agree(item: Item, text: str, numbers: Counter[Number], *, whole: bool) -> bool:
    """Whether a question holds exactly the item's numbers; a solution, which holds more, all of them.

    A question with another number of plus signs is another one: 1 - i for 1 + i. A minus may be a hyphen.
    """
    if whole:
        return item.numbers == numbers and item.question.count("+") == text.count("+")
    return item.numbers <= numbers


def _is_another(item: Item, text: str, answer: str | None) -> bool:
    """Whether a question in an item's words, but not with all of it, spells another word or has another answer."""
    if whole_text(item.question) in whole_text(text):
        return False
    own, theirs = (set(_SPELLED.findall(question)) for question in (text, item.question))
    if own - theirs and theirs - own:
        return True
    known = bool(item.answer and answer)
    return known and compare_exactly(str(item.answer), str(answer)).outcome is Relation.NOT_EQUAL


def _item(benchmark: str, position: int, question: str | None, answer: str | None) -> Item:
    question = question or ""
    return Item(benchmark, position, question, tuple(words_of(question)), numbers_of(question), answer)


def _windows(words: Iterable[str]) -> Iterator[str]:
    window: deque[str] = deque(maxlen=WINDOW)
    for word in words:
        window.append(word)
        if len(window) == WINDOW:
            yield " ".join(window)


def check_contamination(
    found: Sequence[Leak], counts: Mapping[tuple[str, str], int], *, scanned: int, rows: int, items: int
) -> list[Check]:
    """Draws the verdict on contamination.

    Args:
        found: the gravest leaks and overlaps, as evidence.
        counts: how many there are by benchmark and tier.
        scanned: examples that were looked up.
        rows: examples that there are.
        items: benchmark items that they were looked up among.
    """
    overlaps = sum(number for (_, tier), number in counts.items() if tier == OVERLAP)
    number = sum(counts.values()) - overlaps
    leaks = [leak for leak in found if leak.tier != OVERLAP]
    check = Check(
        name="no_benchmark_leak",
        group="recheck",
        status=Status.PASSED if scanned else Status.NOT_CHECKED,
        severity=Severity.CRITICAL,
        detail=f"no example holds one of {amount(items, 'benchmark item')}",
        checked=scanned,
        unexpected=number,
        ids=[leak.id for leak in leaks[:MAX_IDS]],
    )
    if not items:
        detail = "no benchmark items are stored with the data: nothing to look examples up among"
        return [check.model_copy(update={"status": Status.NOT_CHECKED, "severity": Severity.WARNING, "detail": detail})]
    if not rows:
        return [blind(check, check.status, "there is no example")]
    if number or scanned != rows:
        first = f"; {leaks[0].id} holds {leaks[0].benchmark} item {leaks[0].position}" if leaks else ""
        detail = f"{number:,} of {scanned:,} examples hold a benchmark item ({rows - scanned:,} not looked at)"
        check = check.model_copy(update={"status": Status.FAILED, "detail": f"{detail}{first}"})
    return [check, _wording([leak for leak in found if leak.tier == OVERLAP], overlaps, scanned)]


def _wording(found: Sequence[Leak], number: int, scanned: int) -> Check:
    """Shared wording is no leak, but a data set full of it is worth a look."""
    many = number > OVERLAP_SHARE * scanned
    return Check(
        name="benchmark_wording",
        group="recheck",
        status=Status.WARNING if many else Status.PASSED,
        severity=Severity.WARNING,
        detail=f"{amount(number, 'example')} with ten words in a row of an item, but not its numbers or most of it",
        checked=scanned,
        unexpected=number,
        ids=[leak.id for leak in found[:MAX_IDS]] if many else [],
    )

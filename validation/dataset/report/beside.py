"""What was removed beside what it lost to: the original record, the partner's text, and the words that differ.

Records come from `rejected/`, partners from the shards or from the stored benchmark items. All of it is optional: what
is not found is not shown.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.benchmark import BENCHMARKS
from validation.dataset.gate import Judgement
from validation.dataset.recheck.contamination import read_items
from validation.dataset.rejected import read_rejected, rejected_lines
from validation.dataset.report.markup import Child, Markup, tag
from validation.dataset.report.mathml import rich_text
from validation.dataset.report.samples import fetch, highlighted

READ_BYTES = 64 * 2**20  # of `rejected/`: enough for the few records shown, whatever the size of the data
MAX_WORDS = 160
TELLING = 24  # characters of a second text that says something: `Level 4` does not
MARKED = 0.5  # texts less alike are not compared word by word
SOME_WORDS = 0.2  # of the words of two texts: fewer in common say nothing
_QUESTIONS = frozenset({"body", "instruction", "original_text", "problem", "prompt", "query", "question"})
_PROGRAM = re.compile(r"^(print\(|def \w+\(|import \w+|from \w+ import )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Texts of removed records (id -> field -> text) and of what they lost to (partner -> text)."""

    records: Mapping[str, Mapping[str, str]]
    partners: Mapping[str, str]


def gather(judgement: Judgement, rows: Sequence[Mapping[str, Any]]) -> Evidence:
    """Finds the texts for a few rows of the ledger."""
    wanted = frozenset(str(row["id"]) for row in rows)
    partners = {str(row["partner"]) for row in rows if row.get("partner")}
    items = {str(row["partner"]): (row["benchmark"], row["item"]) for row in rows if row.get("benchmark")}
    kept = fetch(judgement.folder, judgement.findings.read, sorted(partners))
    texts = {id_: str(row["question"]) for id_, row in kept.items()}
    questions = items_of(judgement.folder, items.values())
    texts |= {partner: questions[item] for partner, item in items.items() if item in questions}
    records = dict(_records(judgement.folder, wanted))
    texts |= {id_: _question_of(record) for id_, record in _records(judgement.folder, frozenset(partners - set(texts)))}
    return Evidence(records, texts)


def _records(folder: Path, wanted: frozenset[str]) -> Iterator[tuple[str, dict[str, str]]]:
    left = READ_BYTES
    for line in rejected_lines(folder) if wanted else ():
        left -= len(line)
        if left < 0:
            return
        marks, record = read_rejected(line)
        for id_ in sorted({str(mark.get("id")) for mark in marks} & wanted):
            yield id_, texts_of(record)


def texts_of(record: Mapping[str, Any]) -> dict[str, str]:
    """The prose in a record by name; a name that comes again is numbered."""
    texts: dict[str, str] = {}
    for name, text in _texts(record, ""):
        alike = sum(other.split(", ")[0] == name for other in texts)
        texts[f"{name}, {alike + 1}" if alike else name] = text
    return texts


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    """The prose in a record, however deep it lies; ids and numbers are none.

    It goes by the name of its outermost field, what is said in a conversation also by who says it.
    """
    if isinstance(value, str):
        if len(value.split()) > 1 or not value.isascii() or _PROGRAM.search(value):
            yield name, value
    elif isinstance(value, dict | list):
        said_by = (value.get("role") or value.get("from")) if isinstance(value, dict) and name else None
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in inner:
            yield from _texts(part, f"{name}: {said_by}" if isinstance(said_by, str) else name or str(key))


def items_of(folder: Path, items: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The questions of those benchmark items, (benchmark, position) each, that can be read beside the data."""
    wanted = set(items)
    try:
        table = read_items(folder / BENCHMARKS) if wanted else None
    except (OSError, KeyError, ValueError, pa.ArrowException):  # which the gate says
        table = None
    if table is None:
        return {}
    names = pa.array([name for name, _ in wanted], pa.string())
    rows = table.filter(pc.is_in(table["benchmark"], value_set=names)).to_pylist()
    texts = {(row["benchmark"], row["position"]): row["question"] for row in rows}
    return {item: texts[item] for item in wanted & texts.keys()}


def _question_of(record: Mapping[str, str]) -> str:
    return max(record.items(), key=lambda field: (field[0].lower() in _QUESTIONS, len(field[1])), default=("", ""))[1]


def beside(row: Mapping[str, Any], evidence: Evidence) -> Markup | None:
    """The record's text, beside its partner's when it has one, with differing words marked."""
    record = evidence.records.get(str(row["id"]), {})
    partner = evidence.partners.get(str(row.get("partner")))
    if not record:
        return tag("div", _side("what it lost to", _clipped(partner)), class_="beside") if partner else None
    if partner is None:
        first, *second = sorted(record, key=lambda name: -len(record[name]))[:2]
        telling = [first, *(name for name in second if _tells(name, record[name]))]
        shown = [name for name in record if name in telling]
        return tag("div", [_side(name, _laid_out(_clipped(record[name]))) for name in shown], class_="beside")
    field = max(record, key=lambda name: _likeness(name, record[name], partner))
    return pair(record[field], partner, labels=(field, "what it lost to"))


def _tells(name: str, text: str) -> bool:
    return len(text) >= TELLING or name.lower() in _QUESTIONS or _PROGRAM.search(text) is not None


def _likeness(name: str, text: str, partner: str) -> tuple[float, bool, int]:
    """The field that shares words with the partner; where none does, as between two languages, the question."""
    shared = _overlap(text, partner)
    return shared if shared > SOME_WORDS else 0.0, name.lower() in _QUESTIONS, len(text)


def _laid_out(text: str) -> Markup:
    return tag("pre", tag("code", highlighted(text))) if _PROGRAM.search(text) else rich_text(text)


def pair(text: str, other: str, *, labels: tuple[str, str] = ("", "")) -> Markup:
    """Two texts side by side, with the words that differ marked; where most differ, none is; equal ones stand once."""
    if text.split() == other.split():
        both = ": ".join(filter(None, [" and ".join(filter(None, labels)), "word for word the same"]))
        return tag("div", _side(both, rich_text(_clipped(text))), class_="beside")
    first, second = _marked(text, other)
    return tag("div", _side(labels[0], first), _side(labels[1], second), class_="beside")


def _side(label: str, text: Child) -> Markup:
    return tag("div", tag("span", label, class_="kind"), tag("div", text, class_="text", dir="auto"))


def _clipped(text: str | None) -> str:
    """The first words of a text as they are laid out: a program keeps its lines."""
    words = list(islice(re.finditer(r"\S+", text or ""), MAX_WORDS + 1))
    if not text or len(words) <= MAX_WORDS:
        return (text or "").strip()[:1500]
    return text[: words[-2].end()].strip()[:1500] + " …"


def _overlap(text: str, other: str) -> float:
    first, second = set(text.lower().split()), set(other.lower().split())
    return len(first & second) / max(len(first | second), 1)


def _marked(text: str, other: str) -> tuple[Child, Child]:
    first, second = _clipped(text).split(), _clipped(other).split()
    left: list[Child] = []
    right: list[Child] = []
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    if matcher.ratio() < MARKED:
        return rich_text(_clipped(text)), rich_text(_clipped(other))
    for kind, a, b, c, d in matcher.get_opcodes():
        for side, words in ((left, first[a:b]), (right, second[c:d])):
            if words:
                side += [" ".join(words) if kind == "equal" else tag("mark", " ".join(words)), " "]
    return left, right

"""One row's story: where it came from, what stopped it, and what it lost to, with the differences marked.

Numbers that differ are marked apart from words, and listed: without colours the list is what shows them.
"""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.text import Text

from pipelines.cli.terminal import show_signs
from pipelines.engine.store import WORK
from pipelines.engine.workfolder import STOPPED
from pipelines.output.own_ids import rows_with_id
from pipelines.output.reader import find_example, read_ledger, read_rejected
from pipelines.review.opened import PARTS, candidate_of
from pipelines.review.statements import statements_about
from schemas.arrow_files import read_stream
from schemas.benchmark import BENCHMARKS
from schemas.copies import SHARDS, copied
from schemas.exits import UserError
from schemas.ledger import ABOUT_QUESTION, ABOUT_SOLUTION, ABOUT_SYSTEM
from schemas.manifest import MANIFEST, Manifest, read_manifest, require_whole
from schemas.problem import Segment, SegmentKind
from schemas.reason import Outcome, Reason, meaning_of
from schemas.transcript import transcribe
from validation.answers import strip_annotations

_MOST_MATCHES = 8
_SHORT = 80  # characters of a field of a record that is shown beside what was compared
_VOTED = {"annotator": "voted on by"}  # those who voted did not all decide so
_OTHER_WORD, _OTHER_NUMBER = "bold yellow", "bold red"
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_WORDS = re.compile(rf"({_NUMBER}|\w+|\W)")


def print_trace(
    console: Console, data: Path, identity: str | None, *, reason: str | None = None, against: Sequence[Path] = ()
) -> None:
    """Prints the story of the candidates that are asked for.

    Args:
        console: where to.
        data: the data set.
        identity: an id of the ledger, its beginning, `SOURCE:ROW`, a source's name and a row's position, or what a row
            itself calls its id; None: any.
        reason: what stopped them; None: whatever became of them.
        against: the earlier data sets that it was held against, for the text of partners there.

    Raises:
        UserError: neither is given, or no candidate is such a one.
    """
    if identity is None and reason is None:
        raise UserError("name a row, by its id or as SOURCE:ROW, or a reason with --reason")
    show_signs(console)
    if (stopped := _stopped(data)) is not None:
        console.print(Text("nothing was published here; these are rows of the run that was stopped", style="yellow"))
        data = stopped
    with ExitStack() as stack:
        folder = stack.enter_context(copied(data, *PARTS))
        earlier = [stack.enter_context(copied(other, SHARDS)) for other in against]
        _print_trace(console, folder, identity, reason, earlier)


def _stopped(data: Path) -> Path | None:
    """The run that was stopped in a folder where nothing was published; None anywhere else."""
    stopped = data / WORK / STOPPED
    return stopped if not (data / MANIFEST).is_file() and (stopped / MANIFEST).is_file() else None


def _print_trace(
    console: Console, data: Path, identity: str | None, reason: str | None, against: Sequence[Path]
) -> None:
    manifest = read_manifest(data)
    require_whole(data, manifest, *PARTS)
    for other in against:
        require_whole(other, read_manifest(other), SHARDS)
    ledger = read_ledger(data, manifest)
    found = _of_reason(_of_row(ledger, identity, data), reason, data)
    for row in found.slice(0, _MOST_MATCHES).to_pylist():
        _print_candidate(console, data, manifest, row, _partner_of(data, manifest, ledger, row, against))
    if len(found) > _MOST_MATCHES:
        more = "the ledger has their ids" if identity is None else "give more characters of the id"
        console.print(f"... and {len(found) - _MOST_MATCHES:,} more; {more}")


def _of_row(ledger: pa.Table, identity: str | None, data: Path) -> pa.Table:
    if identity is None:
        return ledger
    source, colon, row = identity.rpartition(":")
    if colon and row.isdecimal():
        of_source = ledger.filter(pc.equal(ledger.column("source"), source))
        if not len(of_source):
            known = ", ".join(sorted(pc.unique(ledger.column("source")).to_pylist()))
            raise UserError(f"{data}: no source is called {source}; there are {known}")
        found = of_source.filter(pc.equal(of_source.column("row"), int(row)))
        if not len(found):
            last = pc.max(of_source.column("row")).as_py()
            raise UserError(f"{data}: {source} has no row {row}; its rows are 0 to {last}")
        return found
    found = ledger.filter(pc.starts_with(ledger.column("id"), identity))
    if not len(found):
        places = rows_with_id(data, identity)
        found = ledger.filter(pa.array([place in places for place in _places(ledger)], pa.bool_()))
    if not len(found):
        raise UserError(
            f"{data}: no candidate has an id that begins with {identity}, and no row has an id of its own that is "
            "this one; the ledger and the report have ids, and SOURCE:ROW is a row by its position"
        )
    return found


def _places(ledger: pa.Table) -> Iterator[tuple[str, int]]:
    return zip(ledger.column("source").to_pylist(), ledger.column("row").to_pylist(), strict=True)


def _of_reason(rows: pa.Table, reason: str | None, data: Path) -> pa.Table:
    if reason is None:
        return rows
    found = rows.filter(pc.equal(rows.column("reason"), reason))
    if not len(found):
        known = ", ".join(sorted(filter(None, pc.unique(rows.column("reason")).to_pylist()))) or "none"
        raise UserError(f"{data}: nothing fell to {reason}; reasons there are: {known}")
    return found


def _print_candidate(
    console: Console, data: Path, manifest: Manifest, row: dict[str, object], partner: "_Texts | None"
) -> None:
    console.rule(Text(str(row["id"])), align="left", style="cyan")
    console.print(Text(f"source {row['source']}, row {row['row']}, format {row['format'] or 'none'}"))
    example = _example_of(data, manifest, row)
    record = _record_of(data, row) if example is None or partner is not None else {}
    if example is not None:
        console.print(Text("kept", style="bold green"))
        for fact in _facts(example):
            console.print(Text(f"  {fact}"))
        if row["detail"]:
            console.print(Text(f"  {row['detail']}"))
    else:
        reason = str(row["reason"])
        console.print(Text(f"{row['outcome']} at {row['stage']}: {reason}", style="bold red"))
        console.print(Text(f"  {meaning_of(reason)}", style="dim"))
        console.print(Text(f"  {row['detail']}"))
    for sentence in statements_about(data, str(row["row_id"])):
        console.print(Text(f"  people: {sentence}"))
    if row["partner"] is not None:
        relation = "near to" if row["outcome"] == Outcome.KEPT else "lost to"
        console.print(Text(f"\n{relation} {row['partner']}", style="bold"))
    mine = _texts_of(manifest, row, example, record)
    if partner is None:
        if row["reason"] == Reason.DUPLICATE_OF_EARLIER:
            console.print(Text("it stands in earlier data: name that with --against to see it beside", style="dim"))
        console.print(Text(mine.text if example is not None else _readable(record)))
        return
    _print_beside(console, mine, partner, row["rule"])
    if left := _unsaid(record, mine.text):
        console.print(Text(f"\nelse in its record: {left}", style="dim"))


def _print_beside(console: Console, mine: "_Texts", partner: "_Texts", rule: object) -> None:
    """Prints what was compared side by side, its differences marked, and the rest of either plainly.

    All of both where no rule says what met: in own solutions of an item, and in ledgers before version 1.1.0.
    """
    left, right, rest, rest_of_other = mine.text, partner.text, "", ""
    if rule in ABOUT_QUESTION | ABOUT_SOLUTION | ABOUT_SYSTEM:
        left, right, rest = mine.question, partner.question, strip_annotations(mine.solution)
        if rule in ABOUT_SOLUTION:
            left, rest = mine.solution, f"in a solution of: {mine.question}"
        elif rule in ABOUT_SYSTEM:
            left, rest = mine.system or "", f"in the system turn before: {mine.question}"
        rest_of_other = f"answer: {partner.answer}"
    left, right = map(strip_annotations, (left, right))
    marked, marked_other = _marked(left, right)
    ours, others = (", ".join(_lacking(*pair)) or "none" for pair in ((left, right), (right, left)))
    if (ours, others) != ("none", "none"):
        console.print(Text(f"numbers that only this one has: {ours}; only the other: {others}", style=_OTHER_NUMBER))
    for name, text, plain in (("this one", marked, rest), ("the other", marked_other, rest_of_other)):
        console.print(Text(name, style="dim"))
        console.print(text)
        if plain:
            console.print(Text(f"\n{plain}"))


def _facts(example: dict[str, Any]) -> Iterator[str]:
    """What people and stages have said about an example."""
    human = example["selection"] or {}
    words = _VOTED if human.get("votes") else {}
    if fields := [f"{words.get(name, name)} {value}" for name, value in human.items() if value is not None]:
        yield f"select: {', '.join(fields)}"
    judged = example["verification"]
    ran = f", programs run: {judged['programs']}" if judged["programs"] else ""
    how = f" as {judged['path']}" if judged["path"] else ""
    yield f"verify: answer {example['answer']}, {judged['verdict']}{how}, reference {judged['reference']}{ran}"
    labels = [f"{name} {example[name]}" for name in ("topic", "difficulty") if example[name] is not None]
    yield f"write: {', '.join([*labels, 'split ' + example['split'], 'weight ' + str(example['weight'])])}"
    yield f"problem {example['problem_id']}, template {example['template_id']}"


@dataclass(frozen=True, slots=True)
class _Texts:
    """What a candidate or a benchmark item says; `answer` is a benchmark item's."""

    question: str
    solution: str
    answer: str | None = None
    system: str | None = None

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join(filter(None, (self.system, self.question, self.solution)))


def _texts_of(
    manifest: Manifest, row: dict[str, object], example: dict[str, Any] | None, record: dict[str, object]
) -> _Texts:
    """A candidate as it is kept, or as its record is read again; a record that cannot be read, field by field."""
    if example is None and row["format"] is not None and record:
        example = candidate_of(manifest, row, record)
    return _Texts("", _readable(record)) if example is None else _laid_out(example)


def _example_of(data: Path, manifest: Manifest, row: dict[str, object]) -> dict[str, Any] | None:
    return find_example(data, manifest, str(row["id"])) if row["outcome"] == Outcome.KEPT else None


def _laid_out(example: dict[str, Any]) -> _Texts:
    segments = [Segment(SegmentKind(segment["kind"]), segment["text"]) for segment in example["segments"]]
    return _Texts(example["question"], transcribe(segments).response, system=example["system"])


def _record_of(data: Path, row: dict[str, object]) -> dict[str, object]:
    """The record of a row of which nothing is kept; empty when there is none."""
    for why, record in read_rejected(data):
        if why["source"] == row["source"] and why["row"] == row["row"]:
            return record
    return {}


def _unsaid(record: dict[str, object], text: str) -> str:
    """The short fields of a record that do not stand in a text."""
    fields = ((key, str(value)) for key, value in record.items() if isinstance(value, str | int | float))
    short = ((key, value) for key, value in fields if 0 < len(value) <= _SHORT and "\n" not in value)
    return ", ".join(f"{key} {value}" for key, value in short if value not in text)


def _readable(record: dict[str, object]) -> str:
    return "\n".join(f"{key}: {_unfolded(value)}" for key, value in record.items())


def _unfolded(value: object) -> str:
    """A field to be read by people: lines of code in chats and lists stand as lines."""
    if not isinstance(value, dict | list):
        return str(value)
    try:
        text = json.dumps(value, indent=1, ensure_ascii=False)
    except RecursionError:
        return f"{type(value).__name__}, nested too deeply to be shown"
    return text.replace("\\n", "\n").replace("\\\\", "\\")


def _partner_of(
    data: Path, manifest: Manifest, ledger: pa.Table, row: dict[str, object], against: Sequence[Path]
) -> _Texts | None:
    partner = row["partner"]
    if partner is None:
        return None
    if row["reason"] == Reason.DUPLICATE_OF_EARLIER:
        examples = (find_example(folder, read_manifest(folder), str(partner)) for folder in against)
        return next((_laid_out(example) for example in examples if example is not None), None)
    if row["benchmark"] is not None:
        return _benchmark_item(data, row["benchmark"], row["item"])
    found = ledger.filter(pc.equal(ledger.column("id"), str(partner))).to_pylist()
    if not found:
        return None
    example = _example_of(data, manifest, found[0])
    return _texts_of(manifest, found[0], example, {} if example else _record_of(data, found[0]))


def _benchmark_item(data: Path, benchmark: object, position: object) -> _Texts | None:
    if not (data / BENCHMARKS).is_file():
        return None
    items = read_stream(data / BENCHMARKS)
    mask = pc.and_(pc.equal(items.column("benchmark"), benchmark), pc.equal(items.column("position"), position))
    found = items.filter(mask).to_pylist()
    return _Texts(found[0]["question"], found[0]["solution"] or "", str(found[0]["answer"])) if found else None


def _marked(text: str, other: str) -> tuple[Text, Text]:
    """Both texts with what stands in only one of them marked, numbers apart from the rest."""
    left, right = _words(text), _words(other)
    mine, theirs = Text(), Text()
    for operation, a, b, c, d in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for marked, words in ((mine, left[a:b]), (theirs, right[c:d])):
            for word in words:
                marked.append(word, "" if operation == "equal" else _style(word))
    return mine, theirs


def _style(word: str) -> str:
    return _OTHER_NUMBER if word[0].isdigit() else _OTHER_WORD


def _lacking(text: str, other: str) -> list[str]:
    """The numbers of a text that the other lacks, in its order."""
    left = Counter(re.findall(_NUMBER, other))
    lacking = []
    for number in re.findall(_NUMBER, text):
        left[number] -= 1
        if left[number] < 0:
            lacking.append(number)
    return lacking


def _words(text: str) -> list[str]:
    return [word for word in _WORDS.split(text) if word]

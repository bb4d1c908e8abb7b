"""Rows for other tools and their decisions back: Label Studio's JSON both ways, CSV, a page without a server.

What comes back is written into the journal as the page writes it, each decision once however often a file is read.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from pipelines.review.corrected import texts_of_row
from pipelines.review.desk import FACTS, facts_of
from pipelines.review.journal import Journal
from pipelines.review.opened import OpenedData
from pipelines.review.queues import Queue
from pipelines.review.votes import Vote
from pipelines.sources.adapters.decisions import DECISIONS, is_undecided
from schemas.exits import UserError

LABELS = """<View>
  <Header value="$group: $detail"/>
  <Text name="question" value="$question"/>
  <Text name="solution" value="$solution"/>
  <Header value="Reference: $reference"/>
  <Choices name="decision" toName="question" required="true">
    <Choice value="accepted"/><Choice value="rejected"/><Choice value="unsure"/>
  </Choices>
  <TextArea name="comment" toName="question" placeholder="comment"/>
  <TextArea name="corrected" toName="question" placeholder="the right answer, where the reference is wrong"/>
</View>
"""
"""the labelling interface for the tasks that are written, to be pasted into a project of Label Studio"""

_FILLED_IN = ("decision", "annotator", "comment", "corrected")
_COLUMNS = (*FACTS, "group", "detail", *_FILLED_IN, "question", "solution", "reference")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Fields = dict[str, Any]


def rows_to_ask(data: OpenedData, queue: Queue) -> Iterator[Fields]:
    """The rows of a queue with their texts, one after the other."""
    for at in range(queue.asked):
        row = data.row(int(queue.places[at]))
        texts = texts_of_row(data.candidate(row)) or {"question": json.dumps(data.record(row["row_id"]))}
        texts["reference"] = texts.pop("answer", "")  # an `answer` would be read as the annotator's own
        yield facts_of(row) | {"group": queue.group_at(at).name, "detail": row["detail"] or ""} | texts


def write_tasks(path: Path, rows: Iterator[Fields]) -> int:
    """Writes rows as tasks of Label Studio, one at a time; returns how many."""
    written = 0
    with path.open("wb") as file:
        file.write(b"[")
        for written, row in enumerate(rows, 1):
            file.write((b",\n" if written > 1 else b"\n") + orjson.dumps({"id": written, "data": row}))
        file.write(b"\n]\n")
    return written


def write_table(path: Path, rows: Iterator[Fields]) -> int:
    """Writes rows as CSV with empty fields to fill in; returns how many. No cell is a formula to a spreadsheet."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS, restval="")
        table.writeheader()
        for row in rows:
            table.writerow({name: _as_text(value) for name, value in row.items()})
            written += 1
    return written


def _as_text(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def read_decisions(path: Path) -> list[Fields]:
    """Reads the decisions of a file, in the words of the journal: `.json` of Label Studio, `.csv`, or JSON lines.

    Raises:
        UserError: it cannot be read, or a decision in it is none.
    """
    readers = {".json": _of_label_studio, ".csv": _of_table}
    try:
        text = path.read_text("utf-8-sig")
        rows = [*readers.get(path.suffix.lower(), _of_lines)(text)]
    except OSError as error:
        raise UserError(f"--import {path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise UserError(f"--import {path}: cannot be read: {type(error).__name__}: {error}") from error
    return [_checked(row, f"--import {path}, entry {number}") for number, row in enumerate(rows, 1)]


def _of_lines(text: str) -> Iterator[Fields]:
    yield from (dict(json.loads(line)) for line in text.splitlines() if line.strip())


def _of_table(text: str) -> Iterator[Fields]:
    for row in csv.DictReader(io.StringIO(text, newline="")):
        if (row.get("decision") or "").strip() or (row.get("corrected") or "").strip():
            corrected = _plain(row.get("corrected"))
            yield {name: _plain(row.get(name)) or None for name in (*FACTS, "decision", "annotator", "comment")} | (
                {"corrected": {"answer": corrected}} if corrected else {}
            )


def _plain(cell: str | None) -> str:
    text = (cell or "").strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _of_label_studio(text: str) -> Iterator[Fields]:
    for task in json.loads(text):
        about = {name: task["data"].get(name) for name in (*FACTS, "group")}
        for annotation in task.get("annotations") or ():
            if annotation.get("was_cancelled"):
                continue
            found = {entry["from_name"]: entry["value"] for entry in annotation.get("result") or ()}
            corrected = _first(found.get("corrected"), "text")
            yield about | {
                "decision": _first(found.get("decision"), "choices") or (Vote.ACCEPTED if corrected else Vote.UNSURE),
                "annotator": _who(annotation.get("completed_by")),
                "comment": _first(found.get("comment"), "text"),
                "time": annotation.get("updated_at") or annotation.get("created_at"),
                "seconds": annotation.get("lead_time"),
                **({"corrected": {"answer": corrected}} if corrected else {}),
            }


def _first(value: Mapping[str, Any] | None, kind: str) -> str | None:
    """The first text or choice of a result; Label Studio writes one text or a list of them."""
    entry = (value or {}).get(kind)
    return str(entry[0] if isinstance(entry, list) else entry).strip() or None if entry else None


def _who(completed_by: object) -> str:
    if isinstance(completed_by, dict):
        return str(completed_by.get("email") or completed_by.get("id"))
    return f"user {completed_by}" if isinstance(completed_by, int) else str(completed_by or "somebody")


def _checked(row: Fields, where: str) -> Fields:
    """A decision in the words of the journal, with a name of its own that the same decision has every time."""
    row = {name: value for name, value in row.items() if value is not None}
    word = str(row.get("decision", "")).strip().lower()
    if not row.get("row_id"):
        raise UserError(f"{where}: no row_id: which row is it about?")
    if row.get("corrected") and not word:
        word = Vote.ACCEPTED
    if word in DECISIONS:
        row["decision"] = DECISIONS[word].value
    elif is_undecided({"decision": word}, "decision"):
        row["decision"] = Vote.UNSURE.value
    else:
        raise UserError(f"{where}: decision is accepted, rejected or unsure, not {word[:40]!r}")
    person = str(row.pop("reviewer", None) or row.get("annotator") or "somebody")
    if row.get("corrected") or "annotator" not in row:
        row.pop("annotator", None)
        row["reviewer" if row.get("corrected") else "annotator"] = person
    return row


def imported(data: OpenedData, journal: Journal, rows: Sequence[Fields]) -> tuple[int, int]:
    """Appends decisions to a journal; returns how many, and how many stood there already.

    Raises:
        UserError: none of their rows is in the data set.
    """
    known = data.numbers_of([str(row["row_id"]) for row in rows]) >= 0
    if len(rows) and not known.any():
        raise UserError(f"none of these {len(rows):,} decisions is about a row of {data.name}: another data set's?")
    there = {line.get("act") for line in journal.lines()}
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    lines = {}
    for row, is_there in zip(rows, known, strict=True):
        act = str(row.get("act") or sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16])
        if is_there and act not in there:
            lines[act] = {"time": now} | row | {"act": act}
    journal.append(lines.values())
    return len(lines), int(known.sum()) - len(lines)

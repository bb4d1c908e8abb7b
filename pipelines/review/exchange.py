"""Rows for other tools and their decisions back: Label Studio's JSON both ways, CSV, a page without a server.

What comes back is written into the journal as the page writes it, each decision once however often a file is read.
"""

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from pipelines.review.corrected import EDITABLE, is_new_row, texts_of_row
from pipelines.review.desk import FACTS, facts_of
from pipelines.review.journal import Journal
from pipelines.review.opened import OpenedData, places_of_ids
from pipelines.review.queues import Queue
from pipelines.review.shell import MOST_NAME
from pipelines.review.tool_exports import OF_ACT, Entry, Fields, as_text, entries_of, text_of_file
from pipelines.review.votes import Vote
from pipelines.sources.adapters.decisions import DECISIONS, UNDECIDED
from pipelines.sources.adapters.fields import Unreadable, moment_of
from pipelines.sources.files.acts import whole_lines
from schemas.exits import UserError, one_line
from schemas.reason import Outcome, Reason

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
_ROW_ID = re.compile(r"([0-9a-f]{32})(?:-|$)")
_REASONS = frozenset(reason.value for reason in Reason)
_MOST_WORDS = 300  # of an error
_COLUMNS = (*FACTS, "group", "detail", *_FILLED_IN, "question", "solution", "reference")


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
            table.writerow({name: as_text(value) for name, value in row.items()})
            written += 1
    return written


@dataclass(frozen=True, slots=True)
class Incoming:
    """Decisions as they come from a file.

    Attributes:
        decisions: in the words of the journal, each with its place in the file.
        undecided: entries that say nothing: an unfinished queue has them.
        torn: bytes at the end of a journal of an act that was not written to its end.
    """

    decisions: Sequence[Entry]
    undecided: int
    torn: int


def read_decisions(path: Path) -> Incoming:
    """Reads the decisions of a file, whichever tool has written it.

    Raises:
        UserError: it cannot be read, or a decision in it is none.
    """
    try:
        content = path.read_bytes()
        whole = whole_lines(content)
        entries = [*entries_of(text_of_file(whole))]
    except OSError as error:
        raise UserError(f"--import {path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, csv.Error) as error:
        raise UserError(f"--import {path}: cannot be read: {one_line(str(error))[:_MOST_WORDS]}") from error
    checked = [(where, _checked(entry, f"--import {path}, {where}")) for where, entry in entries]
    decided = [(where, entry) for where, entry in checked if entry]
    if not decided and not any("row_id" in entry for _, entry in entries):
        raise UserError(f"--import {path}: no entry has a row_id, so none is about a row of a data set")
    return Incoming(_standing(decided), len(checked) - len(decided), len(content) - len(whole))


def _standing(entries: Sequence[Entry]) -> list[Entry]:
    """What stands of a journal's lines: neither what was taken back, nor the lines that took it back."""
    gone = {entry["undoes"] for _, entry in entries if "undoes" in entry}
    return [(where, entry) for where, entry in entries if "undoes" not in entry and entry.get("act") not in gone]


def _checked(entry: Fields, where: str) -> Fields:
    """A decision in the words of the journal; empty where nothing was decided.

    Raises:
        UserError: it cannot be one.
    """
    entry = {name: value for name, value in entry.items() if not _is_empty(value) and not _is_foreign(name, value)}
    if "verdict" in entry:
        raise UserError(f"{where}: a verdict of an audit, which is about a rule and decides no row")
    corrected = _corrected(entry.pop("corrected", None), where)
    vote = _vote(entry.pop("decision", None), where) or (_vote_of(corrected) if corrected else None)
    if vote is None and "undoes" not in entry:
        return {}
    reviewer, annotator = (" ".join(str(entry.pop(name, "")).split())[:MOST_NAME] for name in ("reviewer", "annotator"))
    checked: Fields = {
        "row_id": _row_id(entry, where),
        **{name: str(entry[name]) for name in ("id", "group", "reason", "comment") if name in entry},
        "decision": vote,
        "reviewer" if reviewer or corrected else "annotator": reviewer or annotator or "somebody",
        **{name: entry[name] for name in OF_ACT if name in entry},
        **_measured(entry, where),
    }
    if checked.get("reason") not in _REASONS:
        checked.pop("reason", None)  # a field of that name in another tool
    return checked | ({"corrected": corrected} if corrected else {})


def _is_empty(value: object) -> bool:
    """Whether a field says nothing; tables of numbers write an empty one as NaN."""
    return value is None or value == "" or value != value


def _is_foreign(name: str, value: object) -> bool:
    """Whether it is a field of another tool that only bears the name of one of ours."""
    return name in OF_ACT and isinstance(value, list | dict)


def _row_id(entry: Fields, where: str) -> str:
    """The row's id; where a spreadsheet took it for a number, the one that the candidate's begins with."""
    found = [str(entry.get(name, "")).strip() for name in ("row_id", "id")]
    whole = [match[1] for match in map(_ROW_ID.match, found) if match]
    if not whole and not found[0]:
        raise UserError(f"{where}: no row_id: which row is it about?")
    return whole[0] if whole else found[0]


def _vote(word: object, where: str) -> Vote | None:
    text = ("" if word is None else str(word)).strip().lower().removesuffix(".0")
    if text in DECISIONS:
        return Vote(DECISIONS[text])
    if text in ("", Vote.UNSURE):
        return Vote.UNSURE if text else None
    if text in UNDECIDED:
        return Vote.UNDONE if text == Vote.UNDONE else Vote.SKIPPED
    raise UserError(f"{where}: decision is accepted, rejected or unsure, not {text[:40]!r}")


def _vote_of(corrected: Mapping[str, str]) -> Vote:
    """A new text rejects the row that it replaces; a new reference accepts it."""
    return Vote.REJECTED if is_new_row(corrected) else Vote.ACCEPTED


def _corrected(value: object, where: str) -> dict[str, str]:
    """A right reference, or a whole row in its place."""
    given = value if isinstance(value, Mapping) else {"answer": value}
    texts = {str(name): str(text).strip() for name, text in given.items() if not _is_empty(text)}
    if texts.keys() - set(EDITABLE):
        raise UserError(f"{where}: corrected has answer, question and solution, not {', '.join(texts)[:60]}")
    if is_new_row(texts) and texts.keys() != set(EDITABLE):
        raise UserError(f"{where}: a row with a corrected text needs all of {', '.join(EDITABLE)}")
    return texts


def _measured(entry: Fields, where: str) -> Fields:
    """When it was decided, and how long that took where this is a time."""
    try:
        moment = moment_of(entry, "time")
        time = (
            {} if moment is None else {"time": datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")}
        )
    except (Unreadable, ValueError, OverflowError, OSError) as error:
        raise UserError(f"{where}: time is ISO 8601 or seconds, not {str(entry['time'])[:40]!r}") from error
    try:
        seconds = float(entry.get("seconds", "nan"))
    except (TypeError, ValueError):
        seconds = math.nan
    return time | ({"seconds": round(seconds, 2)} if 0 <= seconds < math.inf else {})


def imported(data: OpenedData, journal: Journal, entries: Sequence[Entry]) -> tuple[int, int]:
    """Appends decisions to a journal; returns how many, and how many stood there already.

    What a decision does not say of its row is taken from the data set.

    Raises:
        UserError: none of their rows is in the data set.
    """
    rows = [row for _, row in entries]
    numbers = data.numbers_of([row["row_id"] for row in rows])
    if len(rows) and not (numbers >= 0).any():
        raise UserError(f"none of these {len(rows):,} decisions is about a row of {data.name}: another data set's?")
    known = [row for row, number in zip(rows, numbers, strict=True) if number >= 0]
    there = {(line.get("act"), line.get("row_id")) for line in journal.lines()}
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    lines = {}
    for row, facts in zip(known, _facts(data, known), strict=True):
        act = str(row.get("act") or sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16])
        if (act, row["row_id"]) not in there:
            lines[act, row["row_id"]] = {"time": now} | facts | {**row, "id": facts["id"], "act": act}
    journal.append(lines.values())
    return len(lines), len(known) - len(lines)


def _facts(data: OpenedData, rows: Sequence[Fields]) -> list[dict[str, Any]]:
    """What the data set says of the rows of decisions: of the candidate that is named, else of one that is in question.

    Args:
        data: the data set.
        rows: decisions about rows that are in it.
    """
    in_question = np.asarray(data.ledger["outcome"].to_numpy(zero_copy_only=False) == Outcome.QUARANTINED.value)
    order = np.argsort(~in_question, kind="stable")
    _, first = np.unique(data.row_numbers[order], return_index=True)
    of_row = order[first][data.numbers_of([row["row_id"] for row in rows])]
    named = places_of_ids(data, [row.get("id", "") for row in rows])
    return data.rows(np.where(named >= 0, named, of_row), FACTS)

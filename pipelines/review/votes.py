"""What people have said about the rows of a data set, as it stands after every line of the journal so far.

Rows go by their number (`OpenedData.row_numbers`). A byte per row and person, and a byte per row: a hundred thousand
rows cost as little after the last decision as before the first.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np

from schemas.problem import Decision


class Vote(StrEnum):
    """What a person may say about a row, in the words of the journal."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNSURE = "unsure"
    SKIPPED = "skip"
    UNDONE = "undone"


class Code(IntEnum):
    """A vote as a byte; nothing was said yet: 0."""

    NONE = 0
    ACCEPTED = 1
    REJECTED = 2
    UNSURE = 3
    SKIPPED = 4


CODES = {
    Vote.ACCEPTED: Code.ACCEPTED,
    Vote.REJECTED: Code.REJECTED,
    Vote.UNSURE: Code.UNSURE,
    Vote.SKIPPED: Code.SKIPPED,
    Vote.UNDONE: Code.NONE,
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")
_LOOKS = frozenset({Code.ACCEPTED, Code.REJECTED, Code.UNSURE})


@dataclass(frozen=True, slots=True)
class Act:
    """What one press of a key did.

    Attributes:
        ruling: whether a reviewer's decision, over the votes.
        rows: one, or all of a group: their numbers, with the reason that each was asked about.
    """

    name: str
    ruling: bool
    rows: list[tuple[int, str | None]]


@dataclass
class Pace:
    """How long one person took for the rows that were decided one by one; a group settled at once has no pace."""

    seconds: float = 0.0
    rows: int = 0


class Votes:
    """The votes on the rows of a data set, by person.

    Attributes:
        looks: how many people have looked at each row and said more than `skip`.
        by_person: everybody's votes, a code a row.
        skipped: the rows that each person wants to see again, in the order of the skips.
        disputed: rows that nobody agrees on, the earliest first.
        ruled: what an adjudicator decided, by row.
        corrected: the lines of the journal that correct a row and stand, by row.
        comments: what people wrote, by row: who, and what.
        latest: when each person spoke last, as the journal writes a time.
    """

    def __init__(self, rows: int, overlap: int) -> None:
        self._rows, self._overlap = rows, overlap
        self.looks = bytearray(rows)
        self.by_person: dict[str, bytearray] = {}
        self.skipped: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self.disputed: dict[int, None] = {}
        self.ruled: dict[int, str] = {}
        self.corrected: dict[int, Mapping[str, Any]] = {}
        self.comments: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        self.latest: dict[str, str] = {}
        self.paces: defaultdict[str, Pace] = defaultdict(Pace)
        self._acts: defaultdict[str, list[Act]] = defaultdict(list)

    def of(self, person: str) -> bytearray:
        """The person's votes, a code a row."""
        if person not in self.by_person:
            self.by_person[person] = bytearray(self._rows)
        return self.by_person[person]

    def add(self, row: int, line: Mapping[str, Any]) -> None:
        """Counts a line of the journal about a row."""
        vote = Vote(line["decision"])
        ruling = line.get("reviewer")
        person = str(ruling or line["annotator"])
        if ruling:
            self._rule(row, vote, line)
        else:
            self._vote(row, person, CODES[vote])
        if vote is Vote.UNDONE and row in self.comments:
            self.comments[row] = [(who, text) for who, text in self.comments[row] if who != person]
        elif line.get("comment"):
            self.comments[row].append((person, str(line["comment"])))
        if _MOMENT.fullmatch(moment := str(line.get("time"))):
            self.latest[person] = max(moment, self.latest.get(person, moment))
        if line.get("seconds") is not None:
            self.paces[person].seconds += line["seconds"]
            self.paces[person].rows += 1
        self._remember(row, person, line)

    def last_act(self, person: str) -> Act | None:
        """What the person did last and has not undone."""
        acts = self._acts[person]
        return acts[-1] if acts else None

    def on(self, row: int) -> dict[str, Code]:
        """Who said what about a row."""
        codes = {who: Code(votes[row]) for who, votes in self.by_person.items()}
        return {who: code for who, code in codes.items() if code is not Code.NONE}

    def units(self) -> list[dict[str, Decision]]:
        """Who accepted and who rejected each row that two people or more decided: for measures of agreement."""
        several = (self.on(row) for row, looks in enumerate(self.looks) if looks > 1)
        units = [{who: _DECISIONS[code] for who, code in codes.items() if code in _DECISIONS} for codes in several]
        return [unit for unit in units if len(unit) > 1]

    def _vote(self, row: int, person: str, code: Code) -> None:
        mine = self.of(person)
        self.looks[row] += (code in _LOOKS) - (mine[row] in _LOOKS)
        mine[row] = code
        self.skipped[person].pop(row, None)
        if code is Code.SKIPPED:
            self.skipped[person][row] = None
        self._find_dispute(row)

    def _rule(self, row: int, vote: Vote, line: Mapping[str, Any]) -> None:
        self.corrected.pop(row, None)
        if line.get("corrected"):
            self.corrected[row] = line
        if vote in (Vote.ACCEPTED, Vote.REJECTED):
            self.ruled[row] = vote.value
        elif vote is Vote.UNDONE:
            self.ruled.pop(row, None)
        self._find_dispute(row)

    def _find_dispute(self, row: int) -> None:
        codes = {code for code in self.on(row).values() if code in _LOOKS}
        torn = len(codes) > 1 or (Code.UNSURE in codes and self.looks[row] >= self._overlap)
        if torn and row not in self.ruled:
            self.disputed.setdefault(row)
        else:
            self.disputed.pop(row, None)

    def _remember(self, row: int, person: str, line: Mapping[str, Any]) -> None:
        acts = self._acts[person]
        if "undoes" in line:
            if acts and acts[-1].name == line["undoes"]:
                acts.pop()
        elif acts and acts[-1].name == line["act"]:
            acts[-1].rows.append((row, line.get("reason")))
        else:
            acts.append(Act(line["act"], bool(line.get("reviewer")), [(row, line.get("reason"))]))
            del acts[:-_MOST_ACTS]


_DECISIONS = {Code.ACCEPTED: Decision.ACCEPTED, Code.REJECTED: Decision.REJECTED}
_MOST_ACTS = 200  # that can be undone, one by one


def codes_at(codes: bytearray, rows: np.ndarray) -> np.ndarray:
    """The bytes of some rows, by their numbers: uint8[rows]."""
    return np.frombuffer(codes, np.uint8)[rows]


_VOTES = frozenset(vote.value for vote in Vote)


def is_vote(line: Mapping[str, Any]) -> bool:
    """Whether a line is one that the page writes: files of votes by other hands may stand beside them."""
    known = isinstance(line.get("decision"), str) and line["decision"] in _VOTES
    measured = isinstance(line.get("seconds"), int | float | None) and isinstance(line.get("corrected"), dict | None)
    by = line.get("annotator") or line.get("reviewer")
    return known and measured and isinstance(line.get("act"), str) and isinstance(by, str)

"""Who gets which row next, and what a decision does: the rules of a queue, without a page and without a network.

A row that somebody looks at is reserved: nobody else gets it, unless several are to look at each row. A reservation
expires, so a browser that was closed keeps nothing back. A form counts once: its ticket is spent by the first answer.
"""

import secrets
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from pipelines.review.causes import Group
from pipelines.review.corrected import is_new_row
from pipelines.review.journal import Journal
from pipelines.review.opened import OpenedData
from pipelines.review.queues import Queue, QueueName
from pipelines.review.votes import Act, Code, Vote, Votes, codes_at, is_vote
from pipelines.sources.files.acts import TOGETHER
from schemas.problem import Decision

RESERVED_S = 600.0
SAMPLE = 5  # rows of a group that a person must have decided before the rest can be settled at once
_CONTROL_EVERY = 10
VERDICTS = {Vote.ACCEPTED: "right", Vote.REJECTED: "wrong"}
"""the words of an audit: it judges a rule, and is no decision about a row"""


class StaleFormError(Exception):
    """The form that was sent is not the one that is open: nothing was written."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at the page.

    Attributes:
        rules: as an adjudicator, who sees the votes on disputed rows and decides over them.
    """

    person: str
    rules: bool = False


@dataclass(slots=True)
class Ticket:
    """A row in front of somebody: `position` in the queue, when it was shown, and until when nobody else gets it."""

    name: str
    position: int
    shown: float
    until: float


@dataclass(frozen=True, slots=True)
class Left:
    """How much of a group is left to one person, and how much of it that person has decided."""

    group: Group
    rows: int
    left: int
    decided: int


class Desk:
    """One queue, with everybody who works on it."""

    def __init__(
        self,
        data: OpenedData,
        queue: Queue,
        journal: Journal,
        votes: Votes,
        *,
        overlap: int = 1,
        suite: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Opens a queue.

        Args:
            data: the data set that it is of.
            queue: the rows.
            journal: where decisions go.
            votes: what the journal said before.
            overlap: people who are to look at each row.
            suite: what judged the data set, for the journal.
            clock: seconds since 1970.
        """
        self.data, self.queue, self.votes, self.journal = data, queue, votes, journal
        self._overlap, self._clock = overlap, clock
        self._numbers = data.row_numbers[queue.places]
        self._positions = np.full(len(data.row_ids), -1, np.int32)  # of each row its first in the queue
        self._positions[self._numbers[::-1]] = np.arange(len(self._numbers), dtype=np.int32)[::-1]
        self._facts = {"queue": queue.name.value, "data": data.manifest.fingerprint[:16], "suite": suite}
        self._open: dict[Seat, Ticket] = {}
        self._cursor: defaultdict[str, int] = defaultdict(int)
        self._given: defaultdict[str, int] = defaultdict(int)

    @property
    def audits(self) -> bool:
        """Whether rules are judged here, not rows."""
        return self.queue.name is QueueName.AUDIT

    def current(self, seat: Seat) -> Ticket | None:
        """The row in front of somebody: the same until it is answered; None when nothing is left."""
        ticket = self._open.get(seat)
        if ticket is None:
            position = self.next_position(seat)
            if position is None:
                return None
            ticket = self._hand(seat, position)
        ticket.until = self._clock() + RESERVED_S
        return ticket

    def next_position(self, seat: Seat, *, behind: int | None = None) -> int | None:
        """Where the row stands that somebody would get next, or gets behind the one in front of them."""
        if seat.rules:
            return self._disputed(seat.person)
        control = self._control(seat.person) if behind is None else None
        return control if control is not None else self._next_free(seat.person, behind)

    def controls_by_row(self) -> dict[int, Decision]:
        """What is right about the control items, by the number of their row."""
        return {int(self._numbers[at]): decision for at, decision in self.queue.controls.items()}

    def decide(
        self,
        seat: Seat,
        ticket: str,
        vote: Vote,
        *,
        comment: str = "",
        corrected: Mapping[str, str] | None = None,
    ) -> None:
        """Writes a decision and frees the seat for the next row. A correction is a reviewer's decision.

        Raises:
            StaleFormError: the ticket is not the one that is open, or another person was quicker after it expired.
            OSError: the disk did not take it; the row stays open.
        """
        place = self._open.get(seat)
        if place is None or place.name != ticket:
            raise StaleFormError("that form was answered already, or is older than this server; nothing was written")
        if not self._is_free(place.position, seat):
            del self._open[seat]
            raise StaleFormError("somebody else decided that row meanwhile; nothing was written")
        ruling = seat.rules or bool(corrected)
        if corrected:
            vote = Vote.REJECTED if is_new_row(corrected) else Vote.ACCEPTED
        row = self.data.row(int(self.queue.places[place.position]))
        line = self._line(place.position, row, seat.person, vote, ruling=ruling, act=ticket)
        line["seconds"] = round(max(0.0, self._clock() - place.shown), 2)  # a clock may be set back
        if comment:
            line["comment"] = comment
        if corrected:
            line["corrected"] = dict(corrected)
        self._write(lambda: [(int(self._numbers[place.position]), line)], 1)
        del self._open[seat]
        self._given[seat.person] += 1

    def undo(self, seat: Seat) -> int:
        """Takes back what the person did last, and shows its row again; returns how many rows that was.

        Raises:
            OSError: the disk did not take it.
        """
        act = self.votes.last_act(seat.person)
        if act is None:
            return 0
        name = _new_name()
        self._write(
            lambda: ((row, self._undone(row, reason, seat.person, act, name)) for row, reason in act.rows),
            len(act.rows),
        )
        back = self._position_of(act.rows[0][0])
        self._open.pop(seat, None)
        if back is not None and self._is_free(back, seat):
            self._hand(seat, back)
        return len(act.rows)

    def settle(self, seat: Seat, group: int, vote: Vote) -> int:
        """Decides all that is left of a group to this person; returns how many rows that was.

        Raises:
            ValueError: there is no such group, or it is no decision.
            StaleFormError: the person has not seen a sample of it.
            OSError: the disk did not take it; nothing was decided.
        """
        if not 0 <= group < len(self.queue.groups) or vote not in VERDICTS:
            raise ValueError(f"group {group}, {vote}")
        seen = self.groups(seat)[group]
        if seen.decided < min(SAMPLE, seen.rows):
            raise StaleFormError(f"look at {min(SAMPLE, seen.rows)} rows of {seen.group.title} first")
        members = np.flatnonzero(self._open_rows(seat.person) & (self.queue.group_of[: self.queue.asked] == group))
        act = _new_name()
        self._write(lambda: self._group_lines(members, seat.person, vote, act), len(members))
        self._open.pop(seat, None)
        return len(members)

    def jump(self, seat: Seat, group: int) -> None:
        """Goes to the first row of a group that is left.

        Raises:
            ValueError: there is no such group.
        """
        if not 0 <= group < len(self.queue.groups):
            raise ValueError(f"group {group}")
        self._open.pop(seat, None)
        self._cursor[seat.person] = self.queue.start(group)

    def groups(self, seat: Seat) -> list[Left]:
        """The groups, with how much of each is left to a person."""
        group_of, mine = self.queue.group_of[: self.queue.asked], self._asked_codes(self.votes.of(seat.person))
        decided = (mine != Code.NONE) & (mine != Code.SKIPPED)
        masks = (np.ones_like(decided), self._open_rows(seat.person), decided)
        counts = [np.bincount(group_of[mask], minlength=len(self.queue.groups)).tolist() for mask in masks]
        return [Left(group, *found) for group, *found in zip(self.queue.groups, *counts, strict=True)]

    def left(self, seat: Seat) -> int:
        """Rows that are left to somebody."""
        if seat.rules:
            return sum(self._position_of(row) is not None for row in self.votes.disputed)
        return int(np.count_nonzero(self._open_rows(seat.person)))

    def decided(self, seat: Seat) -> int:
        """Rows of this queue that somebody has said anything about."""
        return int(np.count_nonzero(codes_at(self.votes.of(seat.person), self._numbers)))

    def _hand(self, seat: Seat, position: int) -> Ticket:
        now = self._clock()
        self._open[seat] = ticket = Ticket(_new_name(), position, now, now + RESERVED_S)
        if position < self.queue.asked and not seat.rules:
            self._cursor[seat.person] = position
        return ticket

    def _next_free(self, person: str, behind: int | None) -> int | None:
        asked, start = self.queue.asked, self._cursor[person] + (behind is not None)
        for step in range(asked):
            at = (start + step) % asked
            if self._is_left(at, person) and self._is_unreserved(at, person):
                return at
        again = (self._position_of(row) for row in self.votes.skipped[person])
        return next((at for at in again if at is not None and self._is_unreserved(at, person)), None)

    def _control(self, person: str) -> int | None:
        """A control item, where one is due: one row in ten, at another place for each person."""
        turn = zlib.crc32(person.encode()) % _CONTROL_EVERY
        if not self.queue.controls or self._given[person] % _CONTROL_EVERY != turn:
            return None
        mine = self.votes.of(person)
        return next((at for at in self.queue.controls if not mine[self._numbers[at]]), None)

    def _disputed(self, person: str) -> int | None:
        rows = (self._position_of(row) for row in self.votes.disputed)
        return next((at for at in rows if at is not None and not self._others_at(at, person)), None)

    def _is_free(self, position: int, seat: Seat) -> bool:
        """Whether a row that was handed out may still be answered."""
        if seat.rules or position in self.queue.controls:
            return True
        number = self._numbers[position]
        mine = self.votes.of(seat.person)[number]
        return number not in self.votes.ruled and (mine != Code.NONE or self.votes.looks[number] < self._overlap)

    def _is_left(self, position: int, person: str) -> bool:
        number = self._numbers[position]
        return not (
            self.votes.of(person)[number] or self.votes.looks[number] >= self._overlap or number in self.votes.ruled
        )

    def _is_unreserved(self, position: int, person: str) -> bool:
        return self._others_at(position, person) + self.votes.looks[self._numbers[position]] < self._overlap

    def _others_at(self, position: int, person: str) -> int:
        """How many others have a row in front of them."""
        now = self._clock()
        here = (
            seat.person
            for seat, ticket in self._open.items()
            if ticket.position == position and 0 < ticket.until - now <= RESERVED_S
        )
        return len({*here} - {person})

    def _open_rows(self, person: str) -> np.ndarray:
        """Which of the asked rows are left to a person: bool[asked]."""
        mine, looks = self._asked_codes(self.votes.of(person)), self._asked_codes(self.votes.looks)
        ruled = np.isin(
            self._numbers[: self.queue.asked], np.fromiter(self.votes.ruled, np.int64, len(self.votes.ruled))
        )
        return (mine == Code.NONE) & (looks < self._overlap) & ~ruled

    def _asked_codes(self, codes: bytearray) -> np.ndarray:
        return codes_at(codes, self._numbers[: self.queue.asked])

    def _position_of(self, row: int) -> int | None:
        position = int(self._positions[row])
        return None if position < 0 else position

    def _line(
        self, position: int, row: Mapping[str, Any], person: str, vote: Vote, *, ruling: bool, act: str
    ) -> dict[str, Any]:
        line = facts_of(row) | {"group": self.queue.group_at(position).name} | self._words_of(vote)
        line |= {"reviewer" if ruling else "annotator": person, "time": self._now(person), "act": act} | self._facts
        if position in self.queue.controls:
            line |= {"control": True, "expected": self.queue.controls[position].value}
        return line

    def _undone(self, row: int, reason: str | None, person: str, act: Act, name: str) -> dict[str, Any]:
        line = {"row_id": self.data.row_ids[row].as_py(), "reason": reason} | self._words_of(Vote.UNDONE)
        line |= {"reviewer" if act.ruling else "annotator": person, "time": self._now(person)}
        return line | {"act": name, "undoes": act.name} | self._facts

    def _words_of(self, vote: Vote) -> dict[str, str]:
        return {"verdict": VERDICTS.get(vote, vote.value)} if self.audits else {"decision": vote.value}

    def _now(self, person: str) -> str:
        """The time, never before what the person said last: of two decisions about a row the later one stands."""
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        return max(now, self.votes.latest.get(person, now))

    def _group_lines(
        self, members: np.ndarray, person: str, vote: Vote, act: str
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for start in range(0, len(members), _READ_TOGETHER):
            some = members[start : start + _READ_TOGETHER]
            rows = self.data.rows(self.queue.places[some], FACTS)
            for at, row in zip(some, rows, strict=True):
                yield int(self._numbers[at]), self._line(int(at), row, person, vote, ruling=False, act=act)

    def _write(self, make: Callable[[], Iterable[tuple[int, dict[str, Any]]]], rows: int) -> None:
        """Writes the lines of an act, then counts them; they are made twice: those of a large group are never held."""
        together = {TOGETHER: rows} if rows > 1 else {}
        self.journal.append(line | together for _, line in make())
        for row, line in make():
            self.votes.add(row, as_decision(line))


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a decision says of its row: which one it is, by bytes and by place, and why it is asked about."""
    return {name: row[name] for name in FACTS}


_READ_TOGETHER = 8192  # rows of a group
FACTS = ("row_id", "id", "source", "row", "format", "reason")
"""the fields of `facts_of`"""


def as_decision(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line of audits in the words of decisions."""
    verdict = line.get("verdict")
    if verdict is None:
        return line
    words = {word: vote.value for vote, word in VERDICTS.items()}
    return {**line, "decision": words.get(verdict, verdict)}


def replay(data: OpenedData, journal: Journal, votes: Votes) -> list[str]:
    """Counts the lines of a journal again; returns the ids of rows that are not in this data set."""
    strange: dict[str, None] = {}
    waiting: list[Mapping[str, Any]] = []

    def count() -> None:
        numbers = data.numbers_of([str(line["row_id"]) for line in waiting])
        for number, line in zip(numbers, waiting, strict=True):
            if number < 0:
                strange[str(line["row_id"])] = None
            else:
                votes.add(int(number), line)
        waiting.clear()

    for line in map(as_decision, journal.lines()):
        if is_vote(line) and "row_id" in line:
            waiting.append(line)
        if len(waiting) >= _REPLAYED:
            count()
    count()
    return [*strange]


_REPLAYED = 20_000  # lines that are looked up together


def _new_name() -> str:
    return secrets.token_hex(8)

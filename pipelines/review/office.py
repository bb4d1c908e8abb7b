"""All queues of one data set behind one door: what the page asks for, answered from desks, journals and rows.

Rows are rendered ahead: while a person reads one, the next is made ready, so that a key costs a write and no formula.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pipelines.review.applying import applying
from pipelines.review.corrected import correction, is_new_row, texts_of_row, write_corrected
from pipelines.review.desk import Desk, Seat, StaleFormError, Ticket, replay
from pipelines.review.journal import Journal
from pipelines.review.opened import OpenedData, Row
from pipelines.review.queues import Queue, QueueName
from pipelines.review.row_view import final_of, rerun_view, row_view
from pipelines.review.shell import ADJUDICATE, MOST_COMMENT, nothing_left
from pipelines.review.standing import Standing, standing_of
from pipelines.review.votes import Code, Vote, Votes
from schemas.exits import UserError, one_line
from schemas.problem import Format, SegmentKind
from schemas.verdict import require_judged
from schemas.wording import amount
from validation.answers import Relation, compare
from validation.programs import ServerError, run, run_blocks

_READY = 32  # rows that are kept rendered
_IN_AUDIT = ("Standing shows how often each rule was right.", "")


@dataclass(frozen=True, slots=True)
class Terms:
    """How people work together.

    Attributes:
        overlap: people who look at each row.
        adjudicators: the names of those who decide over the votes.
    """

    overlap: int = 1
    adjudicators: frozenset[str] = frozenset()


Rendered = tuple[str, dict[str, str] | None]
"""a row as HTML, and the texts of it that can be corrected"""


class Office:
    """The desks of one data set. Every method may be called by any thread."""

    def __init__(
        self, data: OpenedData, queues: Sequence[Queue], decisions: Journal, audits: Journal, terms: Terms
    ) -> None:
        """Opens the queues and counts what was decided before.

        Raises:
            UserError: the decisions are about another data set.
        """
        self.data, self.terms, self.path = data, terms, decisions.path
        self._votes = Votes(len(data.row_ids), terms.overlap)
        self._audited = Votes(len(data.row_ids), 1)
        self.strange = replay(data, decisions, self._votes)
        replay(data, audits, self._audited)
        if self.strange and not (self._votes.by_person or self._votes.ruled):
            raise UserError(
                f"{decisions.path}: these decisions are about another data set: none of their rows is in {data.name}; "
                "name another folder with --decisions"
            )
        _, verdict = require_judged(data.folder, draft=True)
        suite = None if verdict is None else verdict.suite_sha256[:16]
        self._desks = {
            queue.name: Desk(data, queue, audits, self._audited, suite=suite)
            if queue.name is QueueName.AUDIT
            else Desk(data, queue, decisions, self._votes, overlap=terms.overlap, suite=suite)
            for queue in queues
        }
        self._apply = ("Apply all decisions with", applying(data.name, self.path))
        self._lock = threading.RLock()
        self._ready: OrderedDict[tuple[int, bool], Rendered] = OrderedDict()
        self._unwritten = ""
        self._write_corrected()
        if self._unwritten:
            raise UserError(f"{self.path.parent}: {self._unwritten}")

    @property
    def command(self) -> str:
        """The command that applies what was decided."""
        return self._apply[1]

    def queues(self, person: str) -> list[str]:
        """The names of the queues that a person sees."""
        rules = person in self.terms.adjudicators
        return [name.value for name, desk in self._desks.items() if desk.queue.asked] + [ADJUDICATE] * rules

    def card(self, person: str, queue: str) -> dict[str, Any]:
        """The row in front of a person, as the page shows it.

        Raises:
            UserError: other data was made in this place since it was opened.
        """
        self.data.require_same()
        desk, seat = self._at(person, queue)
        with self._lock:
            ticket = desk.current(seat)
            left = desk.left(seat)
            decided = desk.decided(seat) if ticket is None else 0
        if ticket is None:
            shown = nothing_left(person, decided, _IN_AUDIT if desk.audits else self._apply, rules=seat.rules)
            return {"html": shown, "ticket": None, "left": left, "group": None, "texts": None}
        html, texts = self._rendered(desk, seat, ticket.position)
        group = desk.queue.group_at(ticket.position).name
        return {"html": html, "ticket": ticket.name, "left": left, "group": group, "texts": texts}

    def act(self, person: str, queue: str, action: str, form: Mapping[str, Any]) -> str:
        """Does what a key asks for, and says what was done.

        Raises:
            StaleFormError: the form is old; nothing was written.
            OSError: the disk did not take it; nothing was decided.
            KeyError, TypeError, ValueError: it is no form of ours.
        """
        desk, seat = self._at(person, queue)
        with self._lock:
            if action == "undo":
                with self._corrections():
                    back = desk.undo(seat)
                return f"undone: {amount(back, 'row')}" if back else "nothing to undo"
            if action == "jump":
                desk.jump(seat, int(form["group"]))
                return "here is the group"
            vote = Vote(form["vote"])
            if action == "settle":
                return f"{desk.settle(seat, int(form['group']), vote):,} rows {vote.value} at once; z takes it back"
            if action != "decide" or vote is Vote.UNDONE:
                raise ValueError(action)
            return self._decide(desk, seat, vote, form)

    def groups(self, person: str, queue: str) -> list[dict[str, Any]]:
        """The groups of a queue, with what is left of each."""
        desk, seat = self._at(person, queue)
        with self._lock:
            shown = enumerate(desk.groups(seat))
            return [
                {"at": at, "title": left.group.title, "rows": left.rows, "left": left.left, "decided": left.decided}
                for at, left in shown
            ]

    def rerun(self, person: str, queue: str) -> str:
        """Runs the programs of the row in front of a person, in isolation, beside what is recorded."""
        desk, seat = self._at(person, queue)
        with self._lock:
            ticket = desk.current(seat)
        candidate = None if ticket is None else self.data.candidate(self._row(desk, ticket))
        return str(rerun_view(*_ran(candidate)))

    def ahead(self, person: str, queue: str) -> None:
        """Makes the row ready that a person gets next; where the data was made anew, who asks for it is told."""
        desk, seat = self._at(person, queue)
        with self._lock:
            ticket = desk.current(seat)
            position = None if ticket is None or seat.rules else desk.next_position(seat, behind=ticket.position)
        if position is not None:
            with suppress(UserError):
                self._rendered(desk, seat, position)

    def standing(self) -> Standing:
        """How people and rules do."""
        with self._lock:
            audit = self._desks.get(QueueName.AUDIT)
            known = {row: right for desk in self._desks.values() for row, right in desk.controls_by_row().items()}
            return standing_of(self._votes, known, self._audited, audit, len(self.strange))

    def _decide(self, desk: Desk, seat: Seat, vote: Vote, form: Mapping[str, Any]) -> str:
        comment = str(form.get("comment") or "")[:MOST_COMMENT]
        corrected: dict[str, str] = {}
        ticket = desk.current(seat)
        if form.get("corrected") and ticket is not None:
            _, texts = self._rendered(desk, seat, ticket.position)
            texts = texts or {}
            corrected = correction(texts, {name: str(form["corrected"][name]) for name in texts})
            self._refuse_contradiction(self._row(desk, ticket), corrected)
        with self._corrections():
            desk.decide(seat, str(form["ticket"]), vote, comment=comment, corrected=corrected)
        if corrected:
            return "; ".join(filter(None, ("corrected", self._unwritten)))
        return {Vote.SKIPPED: "skipped"}.get(vote, vote.value)

    def _refuse_contradiction(self, row: Row, corrected: Mapping[str, str]) -> None:
        """Refuses a new reference that the solution, as it stands, does not arrive at."""
        candidate = None if is_new_row(corrected) or not corrected else self.data.candidate(row)
        final = None if candidate is None else final_of(candidate)
        if candidate is None or final is None:
            return
        if compare(corrected["answer"], final, str(candidate["question"])).outcome is Relation.NOT_EQUAL:
            raise StaleFormError(
                f"not written: the solution ends in {final}, so {corrected['answer']} would contradict it; correct the "
                "solution too, or reject the row"
            )

    @contextmanager
    def _corrections(self) -> Iterator[None]:
        """Writes the corrected rows again when what happens inside changes them."""
        before = dict(self._votes.corrected)
        yield
        if self._votes.corrected != before:
            self._write_corrected()

    def _write_corrected(self) -> None:
        """Writes the corrected rows; those that the disk does not take come with the next one, or at the next start."""
        try:
            write_corrected(self.path.parent, self._votes.corrected.values())
            self._unwritten = ""
        except OSError as error:
            self._unwritten = f"corrected rows cannot be written: {error.strerror or error}"

    def _at(self, person: str, queue: str) -> tuple[Desk, Seat]:
        if queue == ADJUDICATE and person in self.terms.adjudicators:
            seat = Seat(person, rules=True)
            first, *others = (desk for desk in self._desks.values() if not desk.audits)
            with self._lock:
                return next((desk for desk in others if not first.left(seat) and desk.left(seat)), first), seat
        return self._desks[QueueName(queue)], Seat(person)

    def _row(self, desk: Desk, ticket: Ticket) -> Row:
        return self.data.row(int(desk.queue.places[ticket.position]))

    def _rendered(self, desk: Desk, seat: Seat, position: int) -> Rendered:
        place = int(desk.queue.places[position])
        comments = self._comments(desk, seat, place)
        ready = None if comments else self._ready.get((place, desk.audits))
        if ready is not None:
            return ready
        row = self.data.row(place)
        candidate = self.data.candidate(row)
        made = (str(row_view(self.data, row, candidate, comments, audit=desk.audits)), texts_of_row(candidate))
        if not comments:
            self._ready[place, desk.audits] = made
            with suppress(KeyError):  # another thread was quicker
                while len(self._ready) > _READY:
                    self._ready.popitem(last=False)
        return made

    def _comments(self, desk: Desk, seat: Seat, place: int) -> list[tuple[str, str]]:
        """What is told about a row. Where several look at it, nobody but an adjudicator sees what others wrote."""
        number = int(self.data.row_numbers[place])
        here = list(desk.votes.comments.get(number, ()))
        if self.terms.overlap > 1 and not (seat.rules or desk.audits):
            return [written for written in here if written[0] == seat.person]
        known = {text for _, text in here}
        comments = [written for written in self.data.comments(number) if written[1] not in known] + here
        if not seat.rules:
            return comments
        votes = desk.votes.on(number).items()
        return [(who, code.name.lower()) for who, code in votes if code is not Code.SKIPPED] + comments


def _ran(candidate: Mapping[str, Any] | None) -> tuple[list[str], list[str]]:
    """The recorded outputs of a candidate's programs, and what they print here."""
    segments = candidate["segments"] if candidate else []
    programs = [part["text"] for part in segments if part["kind"] == SegmentKind.CODE]
    recorded = [part["text"] for part in segments if part["kind"] == SegmentKind.OUTPUT]
    if not candidate or not programs:
        return [], []
    try:
        executions = [run(programs[0])] if candidate["format"] == Format.POT else run_blocks(programs)
    except (ServerError, OSError) as error:
        return recorded, [f"programs cannot be run on this machine: {one_line(str(error))[-200:]}"]
    return recorded, [(ran.stdout or ran.value or "") + (ran.error or "") or ran.ending.value for ran in executions]

"""How well people and rules do: agreement, control items, and the precision of each reason, as it stands now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.review.desk import Desk
from pipelines.review.queues import KEPT
from pipelines.review.shell import document
from pipelines.review.votes import CODES, Code, Vote, Votes, codes_at
from schemas.problem import Decision
from schemas.reason import meaning_of
from validation.dataset.annotators import alpha, wilson
from validation.dataset.report.markup import Child, Markup, number, tag
from validation.dataset.report.section_parts import interval, table

Interval = Sequence[float] | None
"""share, low, high, of how many; None of nothing"""


@dataclass(frozen=True, slots=True)
class Person:
    """What one person did, and how often control items were judged right."""

    name: str
    accepted: int
    rejected: int
    unsure: int
    seconds: float | None
    controls: Interval


@dataclass(frozen=True, slots=True)
class Audited:
    """How often a rule was right, of the rows drawn for it that a person looked at."""

    reason: str
    precision: Interval
    unsure: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a campaign stands.

    Attributes:
        alpha: Krippendorff's, with its 95 % interval; None when nothing can be compared.
        compared: rows that two people or more decided.
        disputed: rows that wait for an adjudicator.
        changed: decisions about rows that are not in this data set: they changed since, and are not applied.
    """

    people: Sequence[Person]
    alpha: Sequence[float] | None
    compared: int
    disputed: int
    ruled: int
    changed: int
    audited: Sequence[Audited]


def standing_of(
    votes: Votes, controls: Mapping[int, Decision], audited: Votes, audit: Desk | None, changed: int
) -> Standing:
    """Measures how people and rules do.

    Args:
        votes: what people said about rows.
        controls: what is right about control items, by row.
        audited: what they said about rules.
        audit: the queue of that; None without one.
        changed: decisions about rows that are not here.
    """
    units = votes.units()
    people = [_person(name, votes, controls) for name in sorted(votes.by_person)]
    return Standing(
        [person for person in people if person.accepted + person.rejected + person.unsure],
        alpha(units) if units else None,
        len(units),
        len(votes.disputed),
        len(votes.ruled),
        changed,
        [] if audit is None else precisions(audit, audited),
    )


def _person(name: str, votes: Votes, controls: Mapping[int, Decision]) -> Person:
    mine = votes.of(name)
    accepted, rejected, unsure = (mine.count(code) for code in (Code.ACCEPTED, Code.REJECTED, Code.UNSURE))
    judged = [(mine[row], CODES[Vote(right)]) for row, right in controls.items()]
    judged = [(code, right) for code, right in judged if code in (Code.ACCEPTED, Code.REJECTED)]
    pace = votes.paces[name]
    return Person(
        name,
        accepted,
        rejected,
        unsure,
        pace.seconds / pace.rows if pace.rows else None,
        wilson(sum(code == right for code, right in judged), len(judged)),
    )


def precisions(audit: Desk, votes: Votes) -> list[Audited]:
    """The precision of each audited reason, as all people together see it; one that nobody looked at last.

    A row counts as right when more people call it so than wrong; where as many do, it counts as unsure.
    """
    numbers = audit.data.row_numbers[audit.queue.places]
    right, wrong = np.zeros(len(numbers), int), np.zeros(len(numbers), int)
    for everything in votes.by_person.values():
        codes = codes_at(everything, numbers)
        right += codes == Code.ACCEPTED
        wrong += codes == Code.REJECTED
    looked = codes_at(votes.looks, numbers) > 0
    found = []
    for group, cause in enumerate(audit.queue.groups):
        members = audit.queue.group_of == group
        hits = int(np.count_nonzero(members & (right > wrong)))
        misses = int(np.count_nonzero(members & (right < wrong)))
        unsure = int(np.count_nonzero(members & looked)) - hits - misses
        found.append(Audited(cause.reason, wilson(hits, hits + misses), unsure, int(np.count_nonzero(members))))
    return sorted(found, key=lambda audited: (audited.precision is None, audited.reason))


def standing_page(standing: Standing, name: str) -> Markup:
    """The page for the one who leads."""
    return document(
        f"Standing: {name}",
        tag("link", rel="stylesheet", href="/review.css"),
        tag("header", tag("span", "mathmill", class_="brand"), tag("a", "Back to the rows", href="/"), class_="topbar"),
        tag("main", tag("h1", "Standing"), _people(standing), _rules(standing), class_="standing"),
    )


def _people(standing: Standing) -> list[Child]:
    rows = [
        [
            tag("bdi", person.name),
            number(person.accepted),
            number(person.rejected),
            number(person.unsure),
            "–" if person.seconds is None else f"{person.seconds:.1f}",
            interval(person.controls) or "none seen",
        ]
        for person in standing.people
    ]
    head = ["Person", "Accepted", "Rejected", "Unsure", "Seconds a row", "Right on control items"]
    return [
        tag("h2", "People"),
        tag("p", _agreement(standing), class_="lead"),
        table(head, rows, class_="stack") if rows else None,
        tag("p", f"{number(standing.changed)} decisions are about rows that have changed since: they are not applied.")
        if standing.changed
        else None,
    ]


def _agreement(standing: Standing) -> str:
    dispute = f"{number(standing.disputed)} rows wait for an adjudicator, {number(standing.ruled)} were decided by one."
    if standing.alpha is None:
        return f"Nothing can be compared yet: no row has two votes, or all are alike. {dispute}"
    measured, low, high = standing.alpha
    return (
        f"Krippendorff's alpha is {measured:.2f} ({low:.2f} to {high:.2f}) over {number(standing.compared)} rows; "
        f"1 is agreement, 0 is chance. {dispute}"
    )


def _rules(standing: Standing) -> list[Child]:
    rows = [
        [
            tag("code", audited.reason),
            "no reason stopped it" if audited.reason == KEPT else meaning_of(audited.reason),
            interval(audited.precision) or "nobody looked yet",
            number(audited.unsure),
            number(audited.drawn),
        ]
        for audited in standing.audited
    ]
    lead = (
        "How often a rule was right, of rows drawn at random for it, with the 95 % interval of Wilson. "
        "Audits judge rules; no row is decided by them."
    )
    head = ["Reason", "Meaning", "Right", "Unsure", "Drawn"]
    return [tag("h2", "Rules"), tag("p", lead, class_="lead"), table(head, rows, class_="stack")]

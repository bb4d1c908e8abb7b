"""Do the candidates of one problem agree on its answer? Three ways in which they do not, for a person to settle.

    answer_conflict      the question stands with references that differ by value: every side is quarantined
    suspect_gold         more rows end in one and the same other answer than end in the reference: what ends in the
                         reference is quarantined (what does not has failed verification already)
    format_disagreement  the formats of one row end in answers that differ: the row is quarantined

A group is all candidates of one problem, those that verification removed among them: they are the witnesses against a
wrong reference. Unknown comparisons accuse nobody, and models alone accuse no person. The order of the members does
not matter.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from pipelines.engine.rejection import Rejection
from schemas.reason import Reason
from validation.answers import Relation, compare, compare_exactly

WITNESSES = 2  # rows that must agree against a reference: one is an error of its own

_MOST_VALUES, _MOST_LONG_VALUES = 64, 8
"""answers of a question that every other one is compared with: a short one, and a long one, which may be a list"""
_LONG = 60  # characters
_FEW_ANSWERS = 3
"""answers of a question up to which the symbolic child is asked: each pair may cost it seconds"""

Compare = Callable[[str, str], Relation]


@dataclass(frozen=True, slots=True)
class Member:
    """A candidate among those of its problem.

    Attributes:
        id: the candidate's id, for the other side's evidence.
        gold: the reference; None when the row has none of its own.
        own: what its solution or program ends in; None when unknown.
        rank: of its source.
        derived: built from another solution of the row, so no witness of its own.
        human: a person wrote it; models alone never accuse it.
    """

    id: str
    row_id: str
    row: int
    format: str
    gold: str | None
    own: str | None
    rank: int = 0
    derived: bool = False
    human: bool = True


Classes = Sequence[tuple[str, Sequence[Member]]]
"""members by the value of their answer"""


def disagreements(members: Sequence[Member], compare: Compare | None = None) -> dict[str, Rejection]:
    """What speaks against the members of one problem, by id; the first of the three reasons that holds.

    Args:
        members: of one problem.
        compare: of two answers; None takes the judge's.
    """
    compare = compare or _comparer(members)
    ordered = sorted(members, key=lambda member: (member.rank, member.row, member.row_id, member.format, member.id))
    found: dict[str, Rejection] = {}
    for id_, rejection in (
        *_conflicts(ordered, compare),
        *_suspicions(ordered, compare),
        *_format_disagreements(ordered, compare),
    ):
        found.setdefault(id_, rejection)
    return found


def _comparer(members: Sequence[Member]) -> Compare:
    answers = {answer for member in members for answer in (member.gold, member.own) if answer is not None}
    judge = compare if len(answers) <= _FEW_ANSWERS else compare_exactly
    return lru_cache(maxsize=None)(lambda left, right: judge(left, right).outcome)


def _conflicts(members: Sequence[Member], compare: Compare) -> Iterator[tuple[str, Rejection]]:
    classes = _by_value(((member, member.gold or member.own) for member in members), compare)
    rivals = {human: list(islice(_rivals(classes, human=human), _MOST_VALUES)) for human in (True, False)}
    for value, holders in classes:
        for human in (True, False):
            accused = [holder for holder in holders if holder.human is human]
            others = rivals[human][: _most_values(value)] if accused else ()
            found = next((rival for rival in others if compare(value, rival[0]) is Relation.NOT_EQUAL), None)
            if found is None:
                continue
            answer, rival = found
            detail = f"answer {value:.60}; the same question has {answer:.60} elsewhere"
            for holder in accused:
                yield holder.id, Rejection(Reason.ANSWER_CONFLICT, detail, rival.id, rival.row)


def _rivals(classes: Classes, *, human: bool) -> Iterator[tuple[str, Member]]:
    """Answers, each with the first who gives it and may speak against people: they alone; against models any may."""
    for answer, group in classes:
        speaker = next((member for member in group if member.human or not human), None)
        if speaker is not None:
            yield answer, speaker


def _suspicions(members: Sequence[Member], compare: Compare) -> Iterator[tuple[str, Rejection]]:
    golds = [(member, member.gold) for member in members if member.gold is not None]
    for gold, holders in _by_value(golds, compare):
        ends = _by_value(((member, member.own) for member in holders if not member.derived), compare)
        loyal = {member.row_id for value, group in ends if compare(gold, value) is Relation.EQUAL for member in group}
        unaccused = {True, False}
        for value, against in ends:
            if compare(gold, value) is not Relation.NOT_EQUAL:
                continue
            for human in sorted(unaccused):
                witnesses = [witness for witness in against if witness.human or not human]
                rows = {witness.row_id for witness in witnesses}
                if len(rows) < WITNESSES or len(rows) <= len(loyal):
                    continue
                unaccused.remove(human)
                detail = f"{len(rows)} rows end in {value:.60}, {len(loyal)} in the reference {gold:.60}"
                for member in holders:
                    misses = member.own is not None and compare(gold, member.own) is Relation.NOT_EQUAL
                    if member.human is human and not misses:
                        yield member.id, Rejection(Reason.SUSPECT_GOLD, detail, witnesses[0].id, witnesses[0].row)


def _format_disagreements(members: Sequence[Member], compare: Compare) -> Iterator[tuple[str, Rejection]]:
    rows: defaultdict[str, list[Member]] = defaultdict(list)
    for member in members:
        if member.own is not None:
            rows[member.row_id].append(member)
    for siblings in rows.values():
        firsts = {(sibling.format, sibling.own): sibling for sibling in reversed(siblings)}
        rivals = list(islice(reversed(firsts.values()), _MOST_VALUES))
        for member in siblings:
            for rival in rivals:
                differing = rival.format != member.format
                if differing and compare(str(rival.own), str(member.own)) is Relation.NOT_EQUAL:
                    detail = f"{member.format} ends in {member.own:.60}, {rival.format} in {rival.own:.60}"
                    yield member.id, Rejection(Reason.FORMAT_DISAGREEMENT, detail, rival.id, rival.row)
                    break


def _by_value(pairs: Iterable[tuple[Member, str | None]], compare: Compare) -> list[tuple[str, list[Member]]]:
    """Members by the value of their answer; a class is known by its first. Members without an answer are left out.

    Equal texts are one class; values are compared with the first `_most_values` classes: a question that has more
    answers than that is at odds with itself however the rest would fall together. So is what differs looked for among
    as many, and a group of any size costs what its members do.
    """
    classes: dict[str, list[Member]] = {}
    class_of: dict[str, str] = {}
    for member, answer in pairs:
        if answer is None:
            continue
        if answer not in class_of:
            first = islice(classes, _most_values(answer))
            equal = (value for value in first if compare(value, answer) is Relation.EQUAL)
            class_of[answer] = next(equal, answer)
        classes.setdefault(class_of[answer], []).append(member)
    return list(classes.items())


def _most_values(answer: str) -> int:
    return _MOST_VALUES if len(answer) <= _LONG else _MOST_LONG_VALUES

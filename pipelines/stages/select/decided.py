"""Reviews: files of decisions by people, and what all of them together say about one row.

Annotators vote: one vote per person and row, the later by time, counted by value (1/2 and 0.5 are one vote). A reviewer
adjudicates: that decision stands over the votes. Control items weigh annotators by how often they were right. An
acceptance that names a reason of quarantine overrules that reason and no other: nobody accepts what they did not see.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pyarrow as pa

from pipelines.sources.adapters.decisions import decision_by_value, decision_of, is_undecided
from pipelines.sources.adapters.fields import Unreadable, find, is_marked, moment_of, optional_text, share_of
from pipelines.sources.adapters.registry import check_fields, has_header
from pipelines.sources.files.acts import passed_over, whole_acts
from pipelines.sources.files.places import open_bytes
from pipelines.sources.files.scan import FileScan, Kind, read_records, scan
from pipelines.stages.select.ballots import Record, gathered, is_decided, moment, person_of
from schemas.exits import UserError
from schemas.manifest import InputFile
from schemas.place import public_name
from schemas.policy import Policy, is_overrulable
from schemas.problem import Decision, Selection
from schemas.pseudonyms import People
from schemas.reviews import Reviews
from validation.answers import Relation, compare_exactly

_LAST = 2**63 - 1  # the last position that a column holds
_NAMED = People(names="keep")


def read_reviews(
    reviews: Sequence[str | Reviews],
    votes: Iterable[Record] = (),
    people: People = _NAMED,
    *,
    on_note: Callable[[str], None] = lambda _: None,
) -> tuple[pa.Table, list[InputFile]]:
    """Reads all files of reviews (`REVIEW_SCHEMA`, in the order of the config) and names them for the manifest.

    Lines without a decision and without an answer, as an unfinished queue has them, say nothing and are left out. One
    that says in words that nothing was decided (unsure, skip, undone) takes back what the person decided before. An act
    that a kill, or a writer who is still there, left half-written at the end of a file is passed over as a whole.

    Args:
        reviews: files, or tables that name their fields.
        votes: decisions that stand in the sources themselves; they come first.
        people: what the people in the files are called.
        on_note: told in a line what was passed over.

    Raises:
        UserError: a file, or one line of it, that cannot be read: naming file, line and what is allowed.
    """
    read: list[tuple[Reviews, list[FileScan]]] = []
    for entry in reviews:
        settings = Reviews(path=entry) if isinstance(entry, str) else entry
        names = list(settings.columns.model_dump().values())
        scans = [_whole(file, on_note) for file in scan(settings.path, header=has_header(names), may_be_empty=True)]
        first = (record for file in scans for split in file.splits for record in read_records(split))
        check_fields(f"curate.reviews: {public_name(settings.path)}", [settings.columns.row], first)
        read.append((settings, scans))
    files = [
        InputFile(path=_named(settings, scans, file), bytes=file.bytes, sha256=file.sha256)
        for settings, scans in read
        for file in scans
    ]
    rows = (people.renamed(row) for settings, scans in read for file in scans for row in _rows_of(settings, file))
    return gathered(chain(votes, rows)), files


def _whole(file: FileScan, on_note: Callable[[str], None]) -> FileScan:
    """A file up to the end of its last whole act."""
    if not file.rows:
        on_note(f"{file.name}: holds no decision")
    if any(split.kind is not Kind.JSONL or split.compression for split in file.splits):
        return file
    with open_bytes(file.path) as stream:
        end = whole_acts(stream, file.bytes)
    if end < file.bytes:
        on_note(f"{file.name}: {passed_over(file.bytes - end)}")
    splits = (replace(split, end=min(split.end, end)) for split in file.splits if split.start < end)
    return replace(file, splits=tuple(splits))


def _named(settings: Reviews, scans: Sequence[FileScan], file: FileScan) -> str:
    return public_name(settings.path) if len(scans) == 1 else file.name


def _rows_of(settings: Reviews, file: FileScan) -> Iterator[Record]:
    for split in file.splits:
        for record in read_records(split):
            where = f"curate.reviews: {public_name(settings.path)}, record {record.row + 1}"
            if record.value is None:
                raise UserError(f"{where}: {record.reason}: {record.detail}")
            try:
                row = _row_of(settings, record.value, where)
                undecided = is_undecided(record.value, settings.columns.decision)
            except Unreadable as error:
                raise UserError(f"{where}: {error.detail}") from error
            if is_decided(row) or undecided:
                yield row


def _row_of(settings: Reviews, value: dict[str, object], where: str) -> Record:
    names = settings.columns
    row = optional_text(value, names.row)
    if row is None:
        raise UserError(f"{where}: no {names.row}: which row is it about?")
    expected = optional_text(value, names.expected)
    reason = optional_text(value, names.reason)
    decision, corrected = decision_of(value, names.decision), optional_text(value, names.corrected)
    annotator, reviewer = optional_text(value, names.annotator), optional_text(value, names.reviewer)
    if corrected is not None and not is_undecided(value, names.decision):
        decision = decision or Decision.ACCEPTED
        annotator, reviewer = (None, annotator) if reviewer is None else (annotator, reviewer)
    return {
        "file": public_name(settings.path),
        "key": settings.key,
        "row": row,
        "annotator": annotator,
        "reviewer": reviewer,
        "decision": decision,
        "answer": optional_text(value, names.answer),
        "confidence": share_of(value, names.confidence),
        "time": moment_of(value, names.time),
        "control": is_marked(value, names.control) or expected is not None,
        "expected": expected,
        "reason": reason,
        "comment": _plain_text(find(value, names.comment)),
        "corrected": corrected,
        **_looked_at(settings, value),
    }


def _looked_at(settings: Reviews, value: dict[str, object]) -> Record:
    """What a review says about the row as it was then; other things in fields of these names say nothing."""
    names, position = settings.columns, find(value, settings.columns.position)
    return {
        "seen": None if settings.key is None or names.seen == names.row else _plain_text(find(value, names.seen)),
        "source": _plain_text(find(value, names.source)),
        "position": position if type(position) is int and 0 <= position <= _LAST else None,
    }


def _plain_text(value: object) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


_MOST_VALUES = 64  # answers of a row that every vote is compared with


@dataclass(frozen=True, slots=True)
class Settled:
    """What all reviews of one row come to.

    Attributes:
        tied: votes stand equal and nobody adjudicated.
        overruled: reasons of quarantine that were accepted.
        corrected: the reference that the reviewer gives instead of the row's own.
        voted: where votes stand, who rejected the row and who did not.
        decisions: by place in the given reviews; null where an answer could not be compared.
    """

    selection: Selection
    control: bool
    tied: bool
    overruled: tuple[str, ...]
    decisions: tuple[Decision | None, ...]
    corrected: str | None = None
    voted: str | None = None

    @property
    def remark(self) -> str | None:
        """What the ledger says of an adjudicated row: whose decision stands over how many votes."""
        human = self.selection
        if not human.adjudicated:
            return None
        return f"adjudicated by {human.reviewer} over {human.votes} vote{'s' if human.votes != 1 else ''}"


def settle(
    reviews: Sequence[Record],
    reference: str | None,
    question: str,
    language: str,
    policy: Mapping[str, Policy],
) -> Settled:
    """Counts the votes on one row and lets a reviewer's decision stand over them.

    Args:
        reviews: rows of `REVIEW_SCHEMA` about it.
        reference: its answer, which answers given as votes are compared with.
        question: its question.
        language: ISO 639-1 code.
        policy: the run's, which says what an acceptance settles.
    """
    decisions = tuple(_decision(row, reference, question, language) for row in reviews)
    both = zip(reviews, decisions, strict=True)
    standing = [(row, decision) for row, decision in both if is_decided(row) and not row["superseded"]]
    # One person may name a row by its id and by a key: the later stands.
    standing.sort(key=lambda review: moment(review[0]))
    votes = list({person_of(row): (row, decision) for row, decision in standing if row["reviewer"] is None}.values())
    verdicts = [(row, ruling) for row, ruling in standing if row["reviewer"] is not None and ruling is not None]
    weight: defaultdict[Decision | None, float] = defaultdict(float)
    for row, vote in votes:
        weight[vote] += float(str(row["weight"]))
    accepted, rejected = weight[Decision.ACCEPTED], weight[Decision.REJECTED]
    tied = not verdicts and accepted == rejected > 0
    decision = None if accepted == rejected else Decision.ACCEPTED if accepted > rejected else Decision.REJECTED
    final = verdicts[-1] if verdicts else None
    if final is not None:
        decision = final[1]
    deciding = [row for row, _ in ([final] if final else votes)]
    confidences = [float(str(row["confidence"])) for row in deciding if row["confidence"] is not None]
    people = sorted({str(row["annotator"]) for row, _ in standing if row["annotator"]})
    selection = Selection(
        decision=decision,
        annotator=", ".join(people) or None,
        reviewer=None if final is None else str(final[0]["reviewer"]),
        confidence=sum(confidences) / len(confidences) if confidences else None,
        votes=len(votes) or None,
        agreement=_agreement([row for row, _ in votes], question, language),
        time=max((moment(row) for row in deciding if row["time"] is not None), default=None),
    )
    overruled = (
        str(row["reason"])
        for row, ruling in zip(reviews, decisions, strict=True)
        if ruling is Decision.ACCEPTED and not row["withdrawn"] and is_overrulable(policy, _optional(row["reason"]))
    )
    return Settled(
        selection,
        any(row["control"] for row in reviews),
        tied,
        tuple(sorted(set(overruled))) if decision is Decision.ACCEPTED else (),
        decisions,
        _optional(final[0]["corrected"]) if final is not None and decision is Decision.ACCEPTED else None,
        _voted([(person_of(row), vote) for row, vote in votes]),
    )


def _voted(votes: Sequence[tuple[str, Decision | None]]) -> str | None:
    """Who rejected a row, and who accepted it all the same."""
    rejecting, accepting = (
        ", ".join(sorted(person for person, vote in votes if vote is decision))
        for decision in (Decision.REJECTED, Decision.ACCEPTED)
    )
    if not rejecting:
        return None
    return f"{rejecting}; accepted by {accepting}" if accepting else rejecting


def _optional(value: object) -> str | None:
    return None if value is None else str(value)


def _decision(row: Record, reference: str | None, question: str, language: str) -> Decision | None:
    if row["decision"] is not None:
        return Decision(str(row["decision"]))
    if reference is None or row["answer"] is None:
        return None
    return decision_by_value(reference, str(row["answer"]), question, language)


def _agreement(votes: Sequence[Record], question: str, language: str) -> float | None:
    """Share of the weight of the value that most agree on: answers equal by value are one, else the decision counts."""
    classes: list[tuple[str, float]] = []
    for row in votes:
        value, weight = str(row["answer"] or row["decision"]), float(str(row["weight"]))
        for at, (known, total) in enumerate(classes[:_MOST_VALUES]):
            if known == value or (
                row["answer"] and compare_exactly(known, value, question, language).outcome is Relation.EQUAL
            ):
                classes[at] = (known, total + weight)
                break
        else:
            classes.append((value, weight))
    total = sum(weight for _, weight in classes)
    return max(weight for _, weight in classes) / total if total else None

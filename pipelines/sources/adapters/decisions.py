"""Decisions in the words that people use for them, and decisions that an answer makes by its value."""

from typing import Any

from pipelines.sources.adapters.fields import Unreadable, find, only, optional_text
from schemas.problem import Decision
from schemas.reason import Reason
from validation.answers import Relation, compare


def decision_by_value(reference: str, answer: str, question: str = "", language: str = "en") -> Decision | None:
    """What is right about an answer: to accept it exactly if it equals the reference. None where that is unknown."""
    match compare(reference, answer, question, language).outcome:
        case Relation.EQUAL:
            return Decision.ACCEPTED
        case Relation.NOT_EQUAL:
            return Decision.REJECTED
        case _:
            return None


DECISIONS = {
    **dict.fromkeys(("accepted", "accept", "yes", "true", "1", "keep", "approved"), Decision.ACCEPTED),
    **dict.fromkeys(("rejected", "reject", "no", "false", "0", "drop", "declined"), Decision.REJECTED),
}

UNDECIDED = frozenset({"unsure", "skip", "skipped", "ignore", "ignored", "undone"})
"""what people write who looked and did not decide, or took a decision back"""


def is_undecided(record: dict[str, Any], name: str | None) -> bool:
    """Whether a person says in so many words that nothing was decided."""
    value = None if name is None else find(record, name)
    return isinstance(value, str) and value.strip().lower() in UNDECIDED


def decision_of(record: dict[str, Any], name: str | None) -> Decision | None:
    """Returns a decision in any of the words that people use for it, None when nothing was decided.

    Raises:
        Unreadable: it is another word.
    """
    value = None if name is None else only(find(record, name), name)
    if isinstance(value, bool):
        return Decision.ACCEPTED if value else Decision.REJECTED
    text = optional_text(record, name)
    if text is None or text.lower() in UNDECIDED:
        return None
    if text.lower() not in DECISIONS:
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is accepted, rejected, unsure or empty, not {text[:40]!r}")
    return DECISIONS[text.lower()]

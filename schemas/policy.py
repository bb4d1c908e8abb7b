"""What a run's policy may make of a reason: one table for what is kept, set aside for people, or removed.

Only what is safe can be chosen. A leak, a duplicate, a structure that no trainer could read, and a program that fails
are no matter of taste; of what no stage came to judge nobody knows what it would have been.
"""

from collections.abc import Mapping
from enum import StrEnum

from schemas.reason import CRASHES, RULES, Outcome, Reason


class Policy(StrEnum):
    """What a run does with a reason."""

    KEEP = "keep"
    QUARANTINE = "quarantine"
    REMOVE = "remove"


ABOUT_TEXT = frozenset(
    {Reason.BAD_LATEX, Reason.TRUNCATED, Reason.NEEDS_FIGURE, Reason.PROOF_ONLY, Reason.WRONG_LANGUAGE}
    | {Reason.DEGENERATE, Reason.TEMPLATE_TOKENS, Reason.PLACEHOLDER, Reason.GARBLED_TEXT, Reason.NO_OPTIONS}
    | {Reason.ANSWER_ONLY, Reason.NO_MATHEMATICS}
)
"""reasons of the screen that say what a text is like: any policy"""
_OUTCOMES = {Policy.QUARANTINE: Outcome.QUARANTINED, Policy.REMOVE: Outcome.REMOVED}


def choices(reason: Reason) -> tuple[Policy, ...]:
    """The policies that a run may choose for a reason; none where there is nothing to choose."""
    if reason in ABOUT_TEXT:
        return tuple(Policy)
    if RULES[reason].outcome is Outcome.QUARANTINED and reason not in CRASHES:
        return (Policy.QUARANTINE, Policy.REMOVE)
    return ()


def outcomes_under(policy: Mapping[Reason, Policy]) -> dict[Reason, Outcome]:
    """How a candidate ends by each reason; a reason that is kept stops none."""
    return {reason: _OUTCOMES.get(policy.get(reason, Policy.KEEP), rule.outcome) for reason, rule in RULES.items()}


def overrulable(policy: Mapping[Reason, Policy]) -> frozenset[str]:
    """What a person may settle: all that is quarantined, but for rows that a stage or the judge never came to judge."""
    outcomes = outcomes_under(policy)
    return frozenset(reason for reason, end in outcomes.items() if end is Outcome.QUARANTINED and reason not in CRASHES)


def kept_by(policy: Mapping[Reason, Policy]) -> frozenset[Reason]:
    """The reasons that stop no candidate."""
    return frozenset(reason for reason, chosen in policy.items() if chosen is Policy.KEEP)

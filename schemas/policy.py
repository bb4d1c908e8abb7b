"""What a run's policy may make of a reason: one table for what is kept, set aside for people, or removed.

Only what is safe can be chosen. A leak, a duplicate, a structure that no trainer could read, and a program that fails
are no matter of taste; of what no stage came to judge nobody knows what it would have been. A rule of the run's own may
do anything.
"""

import difflib
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from schemas.reason import CRASHES, OWN_CODE_IN_WORDS, OWN_PREFIX, Outcome, Reason, is_own, rule_of


class Policy(StrEnum):
    """What a run does with a reason."""

    KEEP = "keep"
    QUARANTINE = "quarantine"
    REMOVE = "remove"


ABOUT_TEXT = frozenset(
    {Reason.BAD_LATEX, Reason.TRUNCATED, Reason.NEEDS_FIGURE, Reason.PROOF_ONLY, Reason.WRONG_LANGUAGE}
    | {Reason.DEGENERATE, Reason.TEMPLATE_TOKENS, Reason.PLACEHOLDER, Reason.GARBLED_TEXT, Reason.NO_OPTIONS}
    | {Reason.ANSWER_ONLY, Reason.NO_MATHEMATICS, Reason.REFERS_ELSEWHERE}
)
"""reasons of the screen that say what a text is like: any policy"""
KEPT_UNLESS_TOLD = frozenset({Reason.REFERS_ELSEWHERE})
"""reasons that stop none unless the policy says so: the solution is right, only its question leans on another"""
_OUTCOMES = {Policy.QUARANTINE: Outcome.QUARANTINED, Policy.REMOVE: Outcome.REMOVED}


def _known_code(code: str) -> str:
    if is_own(code):
        return code
    if code.startswith(OWN_PREFIX):
        raise ValueError(OWN_CODE_IN_WORDS)
    if rule_of(code) is None:
        nearest = difflib.get_close_matches(code, Reason, n=1, cutoff=0)
        raise ValueError(f"no reason is called that; did you mean `{nearest[0]}`? A rule of your own gives `rule:CODE`")
    return code


ReasonCode = Annotated[str, AfterValidator(_known_code)]


def choices(reason: str) -> tuple[Policy, ...]:
    """The policies that a run may choose for a reason; none where there is nothing to choose."""
    rule = rule_of(reason)
    if is_own(reason) or reason in ABOUT_TEXT:
        return tuple(Policy)
    if rule is not None and rule.outcome is Outcome.QUARANTINED and reason not in CRASHES:
        return (Policy.QUARANTINE, Policy.REMOVE)
    return ()


def outcome_under(policy: Mapping[str, Policy], reason: str) -> Outcome | None:
    """How a candidate ends by a reason, None for a reason not known here; a reason that is kept stops none."""
    rule = rule_of(reason)
    return None if rule is None else _OUTCOMES.get(policy.get(reason, Policy.KEEP), rule.outcome)


def is_overrulable(policy: Mapping[str, Policy], reason: str | None) -> bool:
    """Whether a person may settle it: all that is quarantined, but for what no stage and no judge came to judge."""
    if reason is None or reason in CRASHES:
        return False
    return outcome_under(policy, reason) is Outcome.QUARANTINED


def kept_by(policy: Mapping[str, Policy]) -> frozenset[str]:
    """The reasons that stop no candidate."""
    kept = {reason for reason, chosen in policy.items() if chosen is Policy.KEEP}
    return frozenset(kept | (KEPT_UNLESS_TOLD - policy.keys()))

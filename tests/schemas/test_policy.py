import pytest
from pydantic import ValidationError

from schemas.config import Curate
from schemas.policy import Policy, choices, is_overrulable, kept_by, outcome_under
from schemas.reason import RULES, Outcome, Reason

SOURCE = {"name": "mine", "path": "x", "adapter": "gsm8k", "licence": "MIT"}


def test_without_a_policy_every_reason_does_what_its_table_says():
    assert {reason: outcome_under({}, reason) for reason in RULES} == {r: rule.outcome for r, rule in RULES.items()}
    assert (outcome_under({}, "rule:easy"), outcome_under({}, "of_a_later_version")) == (Outcome.REMOVED, None)
    assert kept_by({}) == {Reason.REFERS_ELSEWHERE}


def test_a_policy_changes_its_reasons_only():
    policy = {Reason.TRUNCATED: Policy.QUARANTINE, Reason.NO_OPTIONS: Policy.REMOVE, Reason.NEEDS_FIGURE: Policy.KEEP}
    outcomes = {reason: outcome_under(policy, reason) for reason in RULES}
    assert (outcomes[Reason.TRUNCATED], outcomes[Reason.NO_OPTIONS]) == (Outcome.QUARANTINED, Outcome.REMOVED)
    changed = {reason for reason, rule in RULES.items() if outcomes[reason] is not rule.outcome}
    assert changed == {Reason.TRUNCATED, Reason.NO_OPTIONS}
    assert kept_by(policy) == {Reason.NEEDS_FIGURE, Reason.REFERS_ELSEWHERE}
    assert kept_by(policy | {Reason.REFERS_ELSEWHERE: Policy.QUARANTINE}) == {Reason.NEEDS_FIGURE}


@pytest.mark.parametrize(
    ("reason", "settled"),
    [
        ("truncated", True),
        ("no_options", False),
        ("answer_conflict", True),
        ("rule:easy", True),
        ("rule:hard", False),
        ("judge_crash", False),
        ("stage_crash", False),
        ("benchmark_exact", False),
        ("too_short", False),
        ("of_a_later_version", False),
        (None, False),
    ],
)
def test_people_settle_what_the_policy_quarantines(reason, settled):
    policy = {"truncated": Policy.QUARANTINE, "no_options": Policy.REMOVE, "rule:easy": Policy.QUARANTINE}
    assert is_overrulable(policy, reason) is settled


@pytest.mark.parametrize(
    ("reason", "policies"),
    [
        (Reason.TRUNCATED, ("keep", "quarantine", "remove")),
        (Reason.ANSWER_CONFLICT, ("quarantine", "remove")),
        ("rule:easy", ("keep", "quarantine", "remove")),
        (Reason.BENCHMARK_EXACT, ()),
        (Reason.BAD_SEGMENTS, ()),
        (Reason.STAGE_CRASH, ()),
        (Reason.ANSWER_MISMATCH, ()),
    ],
)
def test_only_what_is_safe_can_be_chosen(reason, policies):
    assert choices(reason) == policies
    for policy in Policy:
        table = {"sources": [SOURCE], "policy": {str(reason): policy.value}}
        if policy in policies:
            assert Curate.model_validate(table).policy == {reason: policy}
        else:
            with pytest.raises(ValidationError, match=f"{reason} (can be|is no matter of policy)"):
                Curate.model_validate(table)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("truncatd", "did you mean `truncated`"),
        ("rule:Easy", "lower-case letters, digits and `_`"),
        ("easy", "rule:CODE"),
    ],
)
def test_a_reason_that_nobody_gives_is_refused(code, words):
    with pytest.raises(ValidationError, match=words):
        Curate.model_validate({"sources": [SOURCE], "policy": {code: "keep"}})

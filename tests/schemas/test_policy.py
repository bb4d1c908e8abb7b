import pytest
from pydantic import ValidationError

from schemas.config import Curate
from schemas.policy import Policy, choices, kept_by, outcomes_under, overrulable
from schemas.reason import RULES, Outcome, Reason

SOURCE = {"name": "mine", "path": "x", "adapter": "gsm8k", "licence": "MIT"}


def test_without_a_policy_every_reason_does_what_its_table_says():
    assert outcomes_under({}) == {reason: rule.outcome for reason, rule in RULES.items()}
    assert kept_by({}) == frozenset()


def test_a_policy_changes_its_reasons_only():
    policy = {Reason.TRUNCATED: Policy.QUARANTINE, Reason.NO_OPTIONS: Policy.REMOVE, Reason.NEEDS_FIGURE: Policy.KEEP}
    outcomes = outcomes_under(policy)
    assert (outcomes[Reason.TRUNCATED], outcomes[Reason.NO_OPTIONS]) == (Outcome.QUARANTINED, Outcome.REMOVED)
    changed = {reason for reason, rule in RULES.items() if outcomes[reason] is not rule.outcome}
    assert changed == {Reason.TRUNCATED, Reason.NO_OPTIONS}
    assert kept_by(policy) == {Reason.NEEDS_FIGURE}


def test_people_settle_what_the_policy_quarantines():
    settled = overrulable({Reason.TRUNCATED: Policy.QUARANTINE, Reason.NO_OPTIONS: Policy.REMOVE})
    assert "truncated" in settled
    assert "no_options" not in settled
    assert "answer_conflict" in settled
    assert settled.isdisjoint({"judge_crash", "stage_crash", "benchmark_exact", "too_short"})


@pytest.mark.parametrize(
    ("reason", "policies"),
    [
        (Reason.TRUNCATED, ("keep", "quarantine", "remove")),
        (Reason.ANSWER_CONFLICT, ("quarantine", "remove")),
        (Reason.BENCHMARK_EXACT, ()),
        (Reason.BAD_SEGMENTS, ()),
        (Reason.STAGE_CRASH, ()),
        (Reason.ANSWER_MISMATCH, ()),
    ],
)
def test_only_what_is_safe_can_be_chosen(reason, policies):
    assert choices(reason) == policies
    for policy in Policy:
        table = {"sources": [SOURCE], "policy": {reason.value: policy.value}}
        if policy in policies:
            assert Curate.model_validate(table).policy == {reason: policy}
        else:
            with pytest.raises(ValidationError, match=f"{reason.value} (can be|is no matter of policy)"):
                Curate.model_validate(table)

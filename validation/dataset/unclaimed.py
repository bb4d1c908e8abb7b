"""A judgement on data that mathmill did not make: what such data never claimed cannot have been checked."""

from dataclasses import replace

from schemas.verdict import Check, Severity, Status
from schemas.wording import amount
from validation.dataset.gate import Judgement

_CLAIMS = frozenset(
    {
        "manifest_sealed",
        "shards_complete",
        "shards_unchanged",
        "ledger_complete",
        "ledger_unchanged",
        "others_unchanged",
        "not_a_draft",
        "shards_readable",
        "schema_equals_contract",
        "required_values_present",
        "sum_adds_up",
        "ledger_consistent",
        "reasons_agree",
        "formats_agree",
        "sources_agree",
        "shards_hold_what_is_claimed",
        "ledger_agrees_with_shards",
        "ids_unique",
        "ledger_ids_unique",
        "splits_as_filed",
        "no_stage_skipped",
        "benchmarks_stored",
    }
)
"""Checks of what a manifest claims. Here it was written to be able to look: a failure is our own mistake and stays."""

_FILLED_IN = frozenset(
    {
        "id_present",
        "problem_id_present",
        "template_id_present",
        "source_present",
        "source_row_counted",
        "split_known",
        "author_known",
        "licence_present",
        "language_coded",
        "weight_positive",
        "question_chars_agree",
        "train_present",
        "heldout_present",
        "splits_disjoint_by_problem",
        "splits_disjoint_by_question",
        "splits_disjoint_by_template",
    }
)
"""Checks of what the data may well have but its adapter does not read."""


def as_foreign(judgement: Judgement) -> Judgement:
    """Returns the judgement without claims, bound to the files that were read."""
    checks = [_unclaimed(check) for check in judgement.verdict.checks]
    failed = any(check.status is Status.FAILED for check in checks)
    manifest = judgement.manifest.model_copy(update={"shards": [], "ledger": []})
    verdict = judgement.verdict.model_copy(
        update={
            "status": Status.FAILED if failed else Status.PASSED,
            "shards": {file.path: file.sha256 for file in manifest.inputs},
            "checks": [*checks, _all_read(judgement)],
        }
    )
    return replace(judgement, verdict=verdict, manifest=manifest, foreign=True)


def _unclaimed(check: Check) -> Check:
    claimed = check.name in _CLAIMS and check.status is not Status.FAILED
    if not claimed and check.name not in _FILLED_IN:
        return check
    cause = "data that mathmill did not make claims nothing of the kind"
    nothing = {"status": Status.NOT_CHECKED, "severity": Severity.WARNING, "detail": cause, "cause": cause}
    return check.model_copy(update=nothing | {"checked": 0, "unexpected": 0, "ids": []})


def _all_read(judgement: Judgement) -> Check:
    counts = judgement.manifest.counts
    return Check(
        name="rows_readable",
        group="recheck",
        status=Status.WARNING if counts.removed else Status.PASSED,
        severity=Severity.WARNING,
        detail=f"{counts.removed:,} of {amount(counts.candidates, 'candidate')} could not be read by the adapter",
        checked=counts.candidates,
        unexpected=counts.removed,
    )

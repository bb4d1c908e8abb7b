"""What data of others never claimed is not checked; what was found wrong with it stays."""

from pathlib import Path
from typing import Any

import pytest

from schemas.requirements import Recheck, Validate
from schemas.verdict import Check, Severity, Status
from tests.validation.dataset.handmade import examples, write_data
from validation.dataset.gate import Judgement, judge
from validation.dataset.unclaimed import as_foreign


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    rows = [row | {"weight": 0.0} if row["id"] == "r0002-cot" else row for row in examples()]
    return judge(write_data(tmp_path_factory.mktemp("data"), rows), Validate(recheck=Recheck(sample=0)))


def statuses(judgement: Judgement) -> dict[str, Status]:
    return {check.name: check.status for check in judgement.verdict.checks}


def with_check(judgement: Judgement, name: str, **changes: Any) -> Judgement:
    checks = [check.model_copy(update=changes) if check.name == name else check for check in judgement.verdict.checks]
    judgement.verdict = judgement.verdict.model_copy(update={"checks": checks})
    return judgement


def test_claims_and_columns_that_were_filled_in_are_not_checked(judged: Judgement) -> None:
    before, after = statuses(judged), statuses(as_foreign(judged))
    assert (before["manifest_sealed"], after["manifest_sealed"]) == (Status.PASSED, Status.NOT_CHECKED)
    assert (before["licence_present"], after["licence_present"]) == (Status.PASSED, Status.NOT_CHECKED)
    assert (before["question_present"], after["question_present"]) == (Status.PASSED, Status.PASSED)


def test_what_is_not_checked_counts_no_rows_and_says_why(judged: Judgement) -> None:
    check = next(one for one in as_foreign(judged).verdict.checks if one.name == "ids_unique")
    assert (check.checked, check.unexpected, check.ids, check.severity) == (0, 0, [], Severity.WARNING)
    assert "claims nothing of the kind" in check.detail


def test_a_column_that_the_adapter_does_not_read_closes_no_gate(judged: Judgement) -> None:
    assert statuses(judged)["weight_positive"] is judged.verdict.status is Status.FAILED
    assert as_foreign(judged).verdict.status is Status.PASSED


@pytest.mark.parametrize("name", ["shards_readable", "question_present"])
def test_a_failure_of_our_own_reading_or_of_the_data_stays(tmp_path: Path, name: str) -> None:
    judgement = judge(write_data(tmp_path), Validate(recheck=Recheck(sample=0)))
    failed = as_foreign(with_check(judgement, name, status=Status.FAILED))
    assert (statuses(failed)[name], failed.verdict.status) == (Status.FAILED, Status.FAILED)


def test_the_verdict_is_bound_to_the_files_that_were_read(judged: Judgement) -> None:
    after = as_foreign(judged)
    assert after.verdict.shards == {"stories.jsonl": "0" * 64}
    assert (after.manifest.shards, after.manifest.ledger, after.foreign) == ([], [], True)
    assert (judged.foreign, len(judged.manifest.shards)) == (False, 2)


def test_rows_that_could_not_be_read_show_and_close_no_gate(judged: Judgement) -> None:
    check = as_foreign(judged).verdict.checks[-1]
    assert check == Check(
        name="rows_readable",
        group="recheck",
        status=Status.WARNING,
        severity=Severity.WARNING,
        detail="3 of 76 candidates could not be read by the adapter",
        checked=76,
        unexpected=3,
    )

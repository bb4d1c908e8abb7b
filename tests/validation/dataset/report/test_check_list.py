"""What failed stands first, and checks that saw nothing for one cause share a line."""

import re

from schemas.verdict import Check, Severity, Status, Verdict
from validation.dataset.report.check_list import checks, gravest_first, linked_ids, spaced


def check(name: str, status: Status, *, checked: int = 9, ids: int = 0, cause: str | None = None) -> Check:
    return Check(
        name=name,
        group="recheck",
        status=status,
        severity=Severity.CRITICAL,
        detail=f"as it is: {cause}" if cause else "as it is",
        checked=checked,
        unexpected=ids,
        ids=[f"{name}-{at}" for at in range(ids)],
        cause=cause,
    )


def shown(*all_: Check, linked: frozenset[str] = frozenset()) -> str:
    verdict = Verdict(
        status=Status.FAILED,
        draft=False,
        schema_version="1",
        judge_version="1",
        suite_sha256="0",
        manifest_sha256="0",
        shards={},
        checks=list(all_),
    )
    return checks(verdict, linked)


def codes(page: str, class_: str) -> list[str]:
    return re.findall(rf'<div class="{class_}">.*?<code>([^<]+)</code>', page)


def test_what_was_found_wrong_stands_before_what_could_not_be_looked_at() -> None:
    blind, seen = check("blind", Status.FAILED, checked=0), check("seen", Status.FAILED)
    assert gravest_first([blind, seen]) == [seen, blind]
    assert codes(shown(blind, check("good", Status.PASSED), seen), "failure") == ["seen", "blind"]


def test_more_than_two_checks_that_failed_for_one_cause_share_a_box() -> None:
    lost = [check(f"c{at}", Status.FAILED, checked=0, cause="no shard") for at in range(3)]
    assert "3 checks could not be made" in shown(*lost)
    assert shown(*lost).count('class="failure"') == 1
    assert shown(*lost[:2]).count('class="failure"') == 2


def test_what_was_not_checked_for_one_cause_shares_a_line() -> None:
    skipped = [check(f"c{at}", Status.NOT_CHECKED, checked=0, cause="nothing <known>") for at in range(3)]
    page = shown(*skipped, check("alone", Status.WARNING))
    assert page.count("<li>") == 2
    assert "3 checks: nothing &lt;known&gt;" in page


def test_checks_share_a_line_by_their_cause_whatever_their_details_say() -> None:
    one_cause = [check(f"c{at}", Status.FAILED, checked=0, cause="ValueError: 'a: b'") for at in range(3)]
    reworded = [entry.model_copy(update={"detail": f"{entry.name} went wrong"}) for entry in one_cause]
    assert "<p>ValueError: &#x27;a: b&#x27;</p>" in shown(*reworded).replace("&#39;", "&#x27;")
    uncaused = [entry.model_copy(update={"cause": None, "detail": "lost: no shard"}) for entry in one_cause]
    assert shown(*uncaused).count('class="failure"') == 3


def test_a_failure_names_eight_ids_and_a_warning_three() -> None:
    failed, warned = check("f", Status.FAILED, ids=10), check("w", Status.WARNING, ids=10)
    assert (len(linked_ids(failed)), len(linked_ids(warned))) == (8, 3)
    page = shown(failed, linked=frozenset({"f-0"}))
    assert '<a href="#example-f-0"><code>f-0</code></a>' in page
    assert '<a href="#example-f-1">' not in page
    assert " and 2 more" in page


def test_numbers_in_a_detail_are_written_as_everywhere() -> None:
    assert spaced("1,234 of 5,678,901 rows, 3,4 of `a<b`") == (
        "1\u202f234 of 5\u202f678\u202f901 rows, 3,4 of <code>a&lt;b</code>"
    )


def test_a_check_that_passed_stands_only_in_the_list_of_all() -> None:
    page = shown(check("good", Status.PASSED))
    assert "1 of 1 checks passed." in page
    assert 'class="failure"' not in page
    assert page.index("Every check") < page.index("<code>good</code>")

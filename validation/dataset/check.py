"""A check drawn from the problems that were found: any fails, none passes, unless nothing was looked at."""

from collections.abc import Sequence

from schemas.verdict import Check, Severity, Status

MAX_IDS = 20
SHOWN = 4  # problems that the detail spells out


def check_of(
    name: str,
    group: str,
    good: str,
    problems: Sequence[str],
    *,
    checked: int,
    unexpected: int | None = None,
    ids: Sequence[str] = (),
) -> Check:
    """Returns a critical check; one that looked at nothing and found nothing is not checked.

    Args:
        name: unique in the verdict.
        group: files | schema | suite | facts | recheck.
        good: what the check says when nothing is wrong.
        problems: what is wrong, one sentence each.
        checked: how many files, rows or numbers were looked at.
        unexpected: how many of them are wrong, where that is not one for each problem.
        ids: examples that break it.
    """
    shown = "; ".join(problems[:SHOWN]) + (f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else "")
    check = Check(
        name=name,
        group=group,
        status=Status.FAILED if problems else Status.PASSED,
        severity=Severity.CRITICAL,
        detail=shown if problems else good,
        checked=checked,
        unexpected=len(problems) if unexpected is None else unexpected,
        ids=list(ids)[:MAX_IDS],
    )
    return check if checked or problems else blind(check, Status.NOT_CHECKED, "nothing to look at")


def blind(check: Check, status: Status, cause: str) -> Check:
    """Returns a check that had nothing to look at, with the cause in its field and behind what it says."""
    return check.model_copy(update={"status": status, "detail": f"{check.detail}: {cause}", "cause": cause})


def unchecked(name: str, group: str, detail: str) -> Check:
    """Returns a check that could not be made: it shows, and closes nothing."""
    return Check(name=name, group=group, status=Status.NOT_CHECKED, severity=Severity.WARNING, detail=detail)

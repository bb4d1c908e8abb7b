"""A check drawn from the problems that were found: any fails, none passes, unless nothing was looked at."""

from collections.abc import Sequence

from schemas.verdict import Check, Severity, Status

MAX_IDS = 20
SHOWN = 4  # problems that the detail spells out


def check_of(
    name: str, group: str, good: str, problems: Sequence[str], *, checked: int, ids: Sequence[str] = ()
) -> Check:
    """Returns a critical check; one that looked at nothing and found nothing is not checked.

    Args:
        name: unique in the verdict.
        group: files | schema | suite | facts | recheck.
        good: what the check says when nothing is wrong.
        problems: what is wrong, one sentence each.
        checked: how many files, rows or numbers were looked at.
        ids: examples that break it.
    """
    shown = "; ".join(problems[:SHOWN]) + (f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else "")
    cause = None if checked or problems else "nothing to look at"
    return Check(
        name=name,
        group=group,
        status=Status.FAILED if problems else Status.NOT_CHECKED if cause else Status.PASSED,
        severity=Severity.CRITICAL,
        detail=shown if problems else f"{good}: {cause}" if cause else good,
        checked=checked,
        unexpected=len(problems),
        ids=list(ids)[:MAX_IDS],
        cause=cause,
    )

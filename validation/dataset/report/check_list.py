"""The section about the checks: what failed first, then what warns or was not checked, then all of them."""

import re
from collections.abc import Sequence

from schemas.verdict import Check, Status, Verdict
from schemas.wording import amount
from validation.dataset.report.markup import Markup, coded, join, number, tag
from validation.dataset.report.section_parts import section, table

_WORDS = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.WARNING: "warning",
    Status.NOT_CHECKED: "not checked",
}
_GROUPS = {
    "files": "Files",
    "schema": "Schema and nulls",
    "suite": "Suite, row by row",
    "facts": "Facts of the whole",
    "recheck": "Independent re-checks",
}


def checks(verdict: Verdict, linked: frozenset[str]) -> Markup:
    """What failed first, then warnings and what was not checked, then everything.

    Args:
        verdict: the verdict.
        linked: ids of examples that stand further down.
    """
    by_status = {status: [check for check in verdict.checks if check.status is status] for status in Status}
    failed, passed = by_status[Status.FAILED], len(by_status[Status.PASSED])
    open_points = by_status[Status.WARNING] + by_status[Status.NOT_CHECKED]
    lead = f"{passed} of {len(verdict.checks)} checks passed. What could not be looked at never counts as passed."
    return section(
        "checks",
        "What was checked",
        lead,
        _failures(failed, linked),
        tag("ul", _points(open_points, linked), class_="points") if open_points else None,
        tag("details", tag("summary", "Every check"), [_group(name, verdict.checks) for name in _GROUPS]),
    )


def gravest_first(failed: Sequence[Check]) -> list[Check]:
    """What was looked at and found wrong stands before what could not be looked at."""
    return sorted(failed, key=lambda check: not check.checked)


def _failures(failed: Sequence[Check], linked: frozenset[str]) -> list[Markup]:
    """One box a failure; but checks that saw nothing for one and the same cause share a box."""
    shared = _for_one_cause(failed)
    together = {check.name for checks in shared.values() for check in checks}
    alone = [_failure(check, linked) for check in gravest_first(failed) if check.name not in together]
    return alone + [_blind(cause, checks) for cause, checks in shared.items()]


def _for_one_cause(checks: Sequence[Check]) -> dict[str, list[Check]]:
    """Checks that saw nothing by their cause, where more than two have the same."""
    blind: dict[str, list[Check]] = {}
    for check in checks:
        if not check.checked and check.cause:
            blind.setdefault(check.cause, []).append(check)
    return {cause: members for cause, members in blind.items() if len(members) > 2}


def _blind(cause: str, checks: Sequence[Check]) -> Markup:
    return tag(
        "div",
        tag("h3", tag("span", "failed", class_="status failed"), f"{number(len(checks))} checks could not be made"),
        tag("p", coded(cause)),
        tag("p", [join([tag("code", check.name), " "]) for check in checks], class_="fine"),
        class_="failure",
    )


def spaced(detail: str) -> Markup:
    """A check's detail, its numbers spaced as everywhere on the page."""
    return coded(re.sub(r"(?<=\d),(?=\d{3}\b)", "\u202f", detail))


def _failure(check: Check, linked: frozenset[str]) -> Markup:
    counts = f"{number(check.unexpected)} of {number(check.checked)}" if check.checked else "nothing was looked at"
    about = _GROUPS[check.group] if check.group == "facts" else f"{_GROUPS[check.group]} · {counts}"
    return tag(
        "div",
        tag("h3", tag("span", "failed", class_="status failed"), tag("code", check.name)),
        tag("p", spaced(check.detail)),
        tag("p", about, _ids(check, linked), class_="fine"),
        class_="failure",
    )


def linked_ids(check: Check) -> list[str]:
    """The ids that the page shows of a check: a failure shows more than a warning."""
    return check.ids[: 8 if check.status is Status.FAILED else 3]


def _ids(check: Check, linked: frozenset[str]) -> Markup:
    ids = linked_ids(check)
    shown = [tag("a", tag("code", id_), href=f"#example-{id_}") if id_ in linked else tag("code", id_) for id_ in ids]
    more = (
        f" and {len(check.ids) - len(ids)} more" if check.status is Status.FAILED and len(check.ids) > len(ids) else ""
    )
    return join([" · ", [join([link, " "]) for link in shown], more]) if shown else Markup()


def _points(checks: Sequence[Check], linked: frozenset[str]) -> list[Markup]:
    """One line a check, and one for all that were not made for one and the same cause."""
    shared = _for_one_cause(checks)
    together = {check.name for members in shared.values() for check in members}
    alone = [_point(check, linked) for check in checks if check.name not in together]
    return alone + [_unmade(cause, members) for cause, members in shared.items()]


def _unmade(cause: str, checks: Sequence[Check]) -> Markup:
    names = [join([tag("code", check.name), " "]) for check in checks]
    return tag(
        "li",
        tag("span", _WORDS[Status.NOT_CHECKED], class_="status not-checked"),
        tag("span", f"{amount(len(checks), 'check')}: ", coded(cause), tag("span", names, class_="names fine")),
    )


def _point(check: Check, linked: frozenset[str]) -> Markup:
    name = check.status.value.replace("_", "-")
    return tag(
        "li",
        tag("span", _WORDS[check.status], class_=f"status {name}"),
        tag("span", tag("code", check.name), " ", spaced(check.detail), _ids(check, linked)),
    )


def _group(group: str, checks: Sequence[Check]) -> Markup:
    rows = [
        [
            tag("span", _WORDS[check.status], class_=f"status {check.status.value.replace('_', '-')}"),
            tag("code", check.name),
            spaced(check.detail),
            number(check.checked),
            number(check.unexpected),
        ]
        for check in checks
        if check.group == group
    ]
    if not rows:
        return Markup()
    head = ["Status", "Check", "What it says", "Looked at", "Found"]
    return join([tag("h3", _GROUPS[group]), table(head, rows, class_="stack checks")])

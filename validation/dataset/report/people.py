"""The section about the people who reviewed: how far they agree, and who does not look at what they decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from validation.dataset.report.markup import Markup, number, percent, tag
from validation.dataset.report.tables import section, table


def people(numbers: Mapping[str, Any]) -> Markup:
    """Alpha, and a line for each annotator."""
    measured = numbers["annotators"]
    if measured is None:
        return section("people", "Who selected", "No file of reviews was joined (curate.reviews).")
    notes = [f"{number(measured[name])} {meaning}" for name, meaning in _NOTES if measured[name]]
    rows = [
        [
            name,
            number(one["votes"]),
            percent(one["accepted"]),
            f"{one['weight']:.2f}",
            _interval(one["agreement"]),
            tag("strong", f"always {one['always']}") if one["always"] else "",
        ]
        for name, one in sorted(measured["annotators"].items(), key=lambda pair: (not pair[1]["always"], pair[0]))
    ]
    lead = f"{number(measured['decisions'])} decisions on {number(measured['rows'])} rows. {_alpha(measured['alpha'])}"
    head = ["Annotator", "Votes", "Accepted", "Weight", "Agrees with the others' majority", "Habit"]
    return section(
        "people",
        "Who selected",
        lead,
        tag("p", "; ".join(notes), class_="fine") if notes else None,
        table(head, rows, class_="stack") if rows else None,
    )


_NOTES = (
    ("adjudications", "by a reviewer, over the votes"),
    ("superseded", "taken again later by the same person"),
    ("unknown", "about rows that are not in the sources"),
)


def _alpha(measured: Sequence[float] | None) -> str:
    if measured is None:
        return "Krippendorff's alpha cannot be told: no row has two votes, or all votes are equal."
    alpha, low, high = measured
    return f"Krippendorff's alpha is {alpha:.2f} ({low:.2f} to {high:.2f}); 1 is agreement, 0 is chance."


def _interval(measured: Sequence[float] | None) -> str:
    if measured is None:
        return "nobody else decided"
    share, low, high, rows = measured
    return f"{percent(share)} ({percent(low)} to {percent(high)}) of {number(rows)}"

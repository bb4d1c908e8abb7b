"""The section about the people who reviewed: how far they agree, and who does not look at what they decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from validation.dataset.facts import NONE
from validation.dataset.report.figures import bar
from validation.dataset.report.markup import Markup, coded, join, number, percent, tag
from validation.dataset.report.section_parts import interval, long_table, section, table


def people(numbers: Mapping[str, Any]) -> Markup:
    """Alpha, and a line for each annotator."""
    measured, recorded = numbers["annotators"], _recorded(numbers)
    if measured is None:
        none = coded("No file of reviews was joined (`curate.reviews`), so nobody's votes can be compared.")
        return section("people", "Who selected", none, recorded)
    notes = [f"{number(measured[name])} {meaning}" for name, meaning in _NOTES if measured[name]]
    rows = [
        [
            name,
            number(annotator["votes"]),
            percent(annotator["accepted"]),
            f"{annotator['weight']:.2f}",
            interval(annotator["agreement"]) or "nobody else decided",
            tag("strong", f"always {annotator['always']}") if annotator["always"] else "",
        ]
        for name, annotator in sorted(measured["annotators"].items(), key=lambda pair: (not pair[1]["always"], pair[0]))
    ]
    lead = f"{number(measured['decisions'])} decisions on {number(measured['rows'])} rows. {_alpha(measured['alpha'])}"
    head = ["Annotator", "Votes", "Accepted", "Weight", "Agrees with the others' majority", "Habit"]
    return section(
        "people",
        "Who selected",
        lead,
        tag("p", "; ".join(notes), class_="fine") if notes else None,
        table(head, rows, class_="stack") if rows else None,
        _comments(measured["comments"]),
        recorded,
    )


def _comments(comments: Sequence[Mapping[str, Any]]) -> Markup | None:
    """What people wrote, a row each."""
    rows = [
        [
            tag("bdi", entry["who"]),
            entry["decided"] or "not decided",
            tag("span", entry["comment"], dir="auto"),
            entry["row"],
        ]
        for entry in comments
    ]
    return long_table("What people wrote", ["Who", "Decided", "Comment", "Row"], rows, "comment") if rows else None


def _recorded(numbers: Mapping[str, Any]) -> Markup | None:
    """Votes and agreement that examples carry, whoever counted them."""
    votes, agreement = (_known(numbers["categories"].get(name, {})) for name in ("votes", "agreement"))
    total = sum(votes.values())
    if not total:
        return None
    agreed = number(sum(agreement.values()))
    lead = f"{number(total)} examples say how many people voted on them, {agreed} how far these agreed."
    return join(
        [
            tag("h3", "Votes that examples carry"),
            tag("p", lead, class_="fine"),
            _shares("Votes", votes),
            _shares("Agreement", {_TENTHS.get(name, f"from {name}"): count for name, count in agreement.items()}),
        ]
    )


_TENTHS = {"1": "all alike"}


def _known(counts: Mapping[str, int]) -> dict[str, int]:
    return {
        name: counts[name] for name in sorted(counts, key=lambda name: (len(name.split(".")[0]), name)) if name != NONE
    }


def _shares(name: str, counts: Mapping[str, int]) -> Markup:
    total = sum(counts.values())
    rows = [
        [value, number(count), bar(count / total, series="s4"), percent(count / total)]
        for value, count in counts.items()
    ]
    return table([name, "Examples", "Share", ""], rows, class_="wide-bars")


_NOTES = (
    ("adjudications", "by a reviewer, over the votes"),
    ("superseded", "taken again later by the same person"),
    ("unknown", "about rows that are not in the sources"),
    ("changed", "about rows that have changed since, and not applied"),
)


def _alpha(measured: Sequence[float] | None) -> str:
    if measured is None:
        return "Krippendorff's alpha cannot be told: no row has two votes, or all votes are equal."
    alpha, low, high = measured
    return f"Krippendorff's alpha is {alpha:.2f} ({low:.2f} to {high:.2f}); 1 is agreement, 0 is chance."

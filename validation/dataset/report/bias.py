"""The section on bias and concentration: who and what the data is made of, and how evenly."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from validation.dataset.facts import NONE
from validation.dataset.report.figures import bar
from validation.dataset.report.markup import Child, Markup, counted, join, number, percent, tag
from validation.dataset.report.section_parts import section, table

SHOWN = 8
_BENFORD = {str(digit): math.log10(1 + 1 / digit) for digit in range(1, 10)}
_CATEGORIES = ("source", "author", "annotator", "topic", "language", "licence", "decision")


def bias(numbers: Mapping[str, Any]) -> Markup:
    """How much one problem, template, author, annotator or licence holds; answer types and leading digits."""
    rows = [
        [name, number(groups["distinct"]), number(groups["largest"]), bar(groups["share"]), percent(groups["share"])]
        for name, groups in numbers["concentration"].items()
    ]
    return section(
        "concentration",
        "Bias and concentration",
        "Which problems, people, topics and licences weigh most. All licences bind who passes the data on.",
        table(["What", "Distinct", "Largest holds", "Share of all", ""], rows, class_="wide-bars"),
        _evenness(numbers),
        tag("h3", "By source, author, annotator, topic, language, licence and decision"),
        table(["Column", "Value", "Examples", "Share of all", ""], _categories(numbers), class_="wide-bars categories"),
        tag("h3", "Licences by source"),
        _licences(numbers),
        tag("h3", "Answer types"),
        _answer_kinds(numbers),
        tag("h3", "Leading digits of numeric answers"),
        _leading_digits(numbers["categories"].get("leading_digit", {})),
    )


def _evenness(numbers: Mapping[str, Any]) -> Markup | None:
    """Entropies of what has more than one value."""
    entropies = [
        f"{column}s {numbers['facts'][f'{column}_entropy']:.2f}"
        for column in ("topic", "source")
        if len(set(numbers["categories"].get(column, {})) - {NONE}) > 1
    ]
    if not entropies:
        return None
    words = "; ".join(entropies)
    return tag("p", f"Evenness (entropy of the shares; 1: all are equal, near 0: one rules): {words}.", class_="fine")


def _categories(numbers: Mapping[str, Any]) -> list[Sequence[Child]]:
    total = max(numbers["rows"], 1)
    rows: list[Sequence[Child]] = []
    for column in _CATEGORIES:
        counts = _ranked(numbers["categories"].get(column, {}))
        if [name for name, _ in counts] == [NONE]:
            continue
        shown = counts[:SHOWN]
        if left := counts[SHOWN:]:
            shown = [*shown, (f"{number(len(left))} more", sum(count for _, count in left))]
        rows += [
            [column if at == 0 else "", name, number(count), bar(count / total, series="s4"), percent(count / total)]
            for at, (name, count) in enumerate(shown)
        ]
    return rows


def _licences(numbers: Mapping[str, Any]) -> Markup:
    by_licence = numbers["crosses"].get("licence|source", {})
    rows = [
        [
            licence,
            number(sum(sources.values())),
            counted(_ranked(sources)),
        ]
        for licence, sources in by_licence.items()
    ]
    return table(["Licence", "Examples", "From"], rows)


def _answer_kinds(numbers: Mapping[str, Any]) -> Markup:
    total = max(numbers["rows"], 1)
    rows = [
        [name, number(count), bar(count / total, series="s5"), percent(count / total)]
        for name, count in _ranked(numbers["categories"].get("answer_kind", {}))
    ]
    return table(["Type", "Examples", "Share of all", ""], rows, class_="wide-bars")


def _leading_digits(counts: Mapping[str, int]) -> Markup:
    total = sum(count for digit, count in counts.items() if digit in _BENFORD)
    if not total:
        return tag("p", "No answer is a plain number.", class_="fine")
    rows = [
        [
            digit,
            number(counts.get(digit, 0)),
            bar(counts.get(digit, 0) / total, series="s5"),
            percent(counts.get(digit, 0) / total),
            percent(law),
        ]
        for digit, law in _BENFORD.items()
    ]
    head = ["Digit", "Examples", "Share of all", "", "Benford"]
    lead = (
        "A model learns which answers are likely. Numbers of many sizes follow Benford's law; word problems "
        "favour small round ones."
    )
    return join([tag("p", lead, class_="fine"), table(head, rows, class_="wide-bars")])


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

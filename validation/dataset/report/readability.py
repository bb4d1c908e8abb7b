"""The section about how solutions read: the quality facts, and the rows that stand out most."""

from collections.abc import Mapping
from typing import Any

from validation.dataset.report.markup import Markup, join, number, percent, tag
from validation.dataset.report.section_parts import section, table
from validation.dataset.spreads import FACTS, Spread


def quality(numbers: Mapping[str, Any]) -> Markup:
    """A line for each fact; the rows that stand out most stand among the examples."""
    if not any(fact["rows"] for fact in numbers["quality"].values()):
        return section(
            "quality", "How solutions read", "Not measured: these examples carry no facts about their solutions."
        )
    rows = []
    for name, (greatest, meaning) in FACTS.items():
        measured = numbers["quality"].get(name)
        if not measured or not measured["rows"]:
            rows.append([meaning, "0", "–", "–", "not measured"])
            continue
        worst = [_worst(name, row) for row in measured["worst"]]
        rows.append(
            [
                meaning,
                number(measured["rows"]),
                _value(name, measured["total"] / measured["rows"]),
                percent(measured["positive"] / measured["rows"]),
                join(["most: " if greatest else "least: ", *worst]) if worst else "none",
            ]
        )
    return section(
        "quality",
        "How solutions read",
        "Facts, not judgements. Each link leads to an example that stands out.",
        table(["Fact", "Examples", "Mean", "Above 0", "Stand out"], rows, class_="stack"),
    )


def outstanding(measured: Mapping[str, Spread], example: str) -> list[str]:
    """By what facts an example stands out, in words."""
    found = [
        (name, value)
        for name, spread in measured.items()
        for value, id_ in spread.worst
        if id_ == example and name in FACTS
    ]
    return [f"{FACTS[name][1]}: {_value(name, value)}" for name, value in found]


def _worst(name: str, row: Mapping[str, Any]) -> Markup:
    return join([tag("a", _value(name, row["value"]), href=f"#example-{row['id']}"), " "])


def _value(name: str, value: float) -> str:
    return percent(value) if name == "repetition" else number(float(f"{value:.3g}"))

"""What sections are made of: a heading with a sentence, and tables that read well on a phone."""

import re
from collections.abc import Sequence

from schemas.wording import amount
from validation.dataset.report.markup import Child, Markup, join, number, percent, tag

OPEN_ROWS = 12
MOST_ROWS = 200
_NUMERIC = re.compile(r"[<>≈−+-]?[\d\u202f.]+(\u202f%)?|–|")


def section(anchor: str, title: str, lead: Child, *body: Child) -> Markup:
    """One section: a heading, one sentence that says what it means, and what it shows."""
    return tag("section", tag("h2", title), tag("p", lead, class_="lead") if lead else None, *body, id=anchor)


def table(head: Sequence[str], rows: Sequence[Sequence[Child]], *, class_: str = "") -> Markup:
    """A table; without rows it says so. Numbers stand right.

    On a narrow screen it scrolls; one of the class `stack` shows each row as a block instead, its values behind the
    names of their columns.
    """
    if not rows:
        return tag("p", "Nothing to show.", class_="fine")
    numeric = [at > 0 and all(_is_number(row[at]) for row in rows) for at in range(len(head))]
    columns = [*zip(head, numeric, strict=True)]
    header = tag("tr", [_heading(name, right) for name, right in columns])
    body = [
        tag(
            "tr",
            [
                tag("td", cell, class_=_class(cell, right), data_name=name if _is_words(cell) else None)
                for cell, (name, right) in zip(row, columns, strict=True)
            ],
        )
        for row in rows
    ]
    inner = tag("table", tag("thead", header), tag("tbody", body), class_=class_ or None)
    return tag("div", inner, class_="scroll", tabindex="0")


def _heading(name: str, right: bool) -> Markup:
    """The head of a column; one of bars beside its number has none, and a cell without words is no heading."""
    return tag("th", name, scope="col", class_=_class(name, right)) if name else tag("td")


def long_table(title: str, head: Sequence[str], rows: Sequence[Sequence[Child]], noun: str) -> Markup:
    """A table under its heading; one of many rows is folded, one of very many cut, and says so."""
    shown = table(head, rows[:MOST_ROWS], class_="stack")
    if len(rows) > MOST_ROWS:
        rest = f"{amount(len(rows) - MOST_ROWS, f'more {noun}')}: see report.json."
        shown = join([shown, tag("p", rest, class_="fine")])
    if len(rows) > OPEN_ROWS:
        shown = tag("details", tag("summary", amount(len(rows), noun)), shown, class_="long")
    return join([tag("h3", title), shown])


def interval(measured: Sequence[float] | None) -> str:
    """A share, its interval and of how many, in words; empty of nothing."""
    if measured is None:
        return ""
    share, low, high, total = measured
    return f"{percent(share)} ({percent(low)} to {percent(high)}) of {number(total)}"


def _is_number(cell: Child) -> bool:
    return isinstance(cell, str) and _NUMERIC.fullmatch(cell) is not None


def _is_words(cell: Child) -> bool:
    return isinstance(cell, str) and not isinstance(cell, Markup)


def _class(cell: Child, right: bool) -> str | None:
    special = {"–": " none", "0": " zero"}.get(cell, "") if isinstance(cell, str) else ""
    return f"number{special}" if right else None

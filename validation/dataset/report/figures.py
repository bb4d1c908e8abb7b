"""Figures as inline SVG: sized in per cent, so that bars stretch with the page while text keeps its size.

No style attributes: the page's security policy forbids them. Colours are classes.
"""

from collections.abc import Mapping, Sequence

from validation.dataset.facts import NONE, bin_edges, bin_of, position_of
from validation.dataset.report.markup import Markup, number, percent, tag


def bar(share: float, *, series: str = "s1", label: str = "") -> Markup:
    """One share as a bar on its track."""
    return stacked([(share, series, label or percent(share))])


def stacked(parts: Sequence[tuple[float, str, str]]) -> Markup:
    """Shares side by side; each is (share of the whole width, series, label)."""
    drawn, start = [tag("rect", class_="track", width="100%", height="100%")], 0.0
    for share, series, label in parts:
        title = tag("title", label)
        width = max(share * 100, 0.15 if share else 0)
        drawn.append(
            Markup(f'<rect class="{series}" x="{start:.3f}%" width="{width:.3f}%" height="100%">{title}</rect>')
        )
        start += share * 100
    words = ", ".join(label for _, _, label in parts)
    return tag("svg", *drawn, class_="bar", role="img", aria_label=words)


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """What the series of a figure are."""
    marks = [tag("li", tag("span", class_=f"swatch {series}", aria_hidden="true"), label) for series, label in entries]
    return tag("ul", marks, class_="legend")


def histogram(series: Sequence[tuple[str, Mapping[int, int], str]], *, mark: float | None = None) -> Markup:
    """Lengths on a logarithmic axis, one figure for each of (name, bins, class).

    Args:
        series: what to draw.
        mark: a length to draw a line at.
    """
    places = [at for _, bins, _ in series for at in bins] + ([bin_of(mark)] if mark else [])
    low, high = min(places, default=0), max(places, default=0) + 1
    width = 100 / max(high - low, 1)
    figures = []
    for name, bins, colour in series:
        top = max(bins.values(), default=1)
        columns = [
            _column(at, count / top, (at - low) * width, width, count, colour) for at, count in sorted(bins.items())
        ]
        line = _line((position_of(mark) - low) * width) if mark else None
        drawing = tag(
            "svg", columns, line, class_="histogram", role="img", aria_label=f"{name}: distribution of lengths"
        )
        figures.append(tag("figure", tag("figcaption", name), drawing, _axis(low, high, width)))
    return tag("div", figures, class_="figures")


def _line(x: float) -> Markup:
    return tag("line", class_="mark", x1=f"{x:.2f}%", x2=f"{x:.2f}%", y1="0", y2="100%")


def _column(at: int, share: float, x: float, width: float, count: int, colour: str) -> Markup:
    first, last = bin_edges(at)
    title = tag("title", f"{number(round(first))} to {number(round(last))}: {number(count)}")
    height = max(share * 100, 1.0)
    place = f'x="{x + width * 0.06:.3f}%" y="{100 - height:.2f}%" width="{width * 0.88:.3f}%" height="{height:.2f}%"'
    return Markup(f'<rect class="{colour}" {place} rx="2">{title}</rect>')


def _axis(low: int, high: int, width: float) -> Markup:
    step = 1 if high - low < 6 else max(2, 2 * round((high - low) / 10))
    first = low if step == 1 else low + low % 2
    ticks = [
        Markup(f'<text x="{(at - low) * width:.2f}%" y="14">{number(round(bin_edges(at)[0]))}</text>')
        for at in range(first, high, step)
    ]
    return tag("svg", ticks, class_="axis", aria_hidden="true")


def heat(
    rows: Sequence[str], columns: Sequence[str], counts: Mapping[str, Mapping[str, int]], *, corner: str
) -> Markup:
    """A table whose cells are the darker the more they hold; empty cells are marked."""
    known = [(row, column) for row in rows for column in columns if NONE not in (row, column)]
    top = max((counts.get(row, {}).get(column, 0) for row, column in known), default=0)
    head = tag("tr", tag("th", corner, scope="col"), [tag("th", column, scope="col") for column in columns])
    body = [
        tag(
            "tr",
            tag("th", row, scope="row"),
            [_cell(counts.get(row, {}).get(column, 0), 0 if NONE in (row, column) else top) for column in columns],
        )
        for row in rows
    ]
    return tag(
        "div", tag("table", tag("thead", head), tag("tbody", body), class_="heat"), class_="scroll", tabindex="0"
    )


def _cell(count: int, top: int) -> Markup:
    if not count:
        return tag("td", "·", class_="empty", title="none")
    level = 1 + round(7 * (count / top) ** 0.5) if top else 0
    return tag("td", number(count), class_=f"h{level}")

"""RUN/curves.html: the curves of a run as one self-contained page, drawn from metrics.jsonl. No script, no network.

Each point of a curve is the mean of the steps that fall on it; a measurement on heldout examples is a point of its own.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from schemas.files import write_text
from schemas.wording import amount
from validation.dataset.report.markup import Markup, policy, tag

CURVES = "curves.html"
"""of RUN"""

Point: TypeAlias = tuple[float, float]

_WIDTH, _HEIGHT, _MOST_POINTS = 640.0, 220.0, 320
_GRID = (0.25, 0.5, 0.75)
_COLOURS, _DASHES = 6, 3
_WHOLE = 1000  # from here on digits behind the point say nothing
_STYLES = (("validation.dataset.report", "report.css"), ("training", "curves.css"))


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart: points (step, value)."""

    name: str
    points: list[Point]


def write_curves(run: Path, metrics: Path) -> None:
    """Writes the page of what a run has measured so far.

    Args:
        run: RUN.
        metrics: its metrics.jsonl.
    """
    if metrics.is_file():
        write_text(run / CURVES, page_of(run.name, list(_lines(metrics))))


def _lines(metrics: Path) -> Iterator[dict[str, Any]]:
    with metrics.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def page_of(name: str, lines: Sequence[dict[str, Any]]) -> str:
    """The page.

    Args:
        name: of the run.
        lines: those of metrics.jsonl.
    """
    steps = [line for line in lines if not line["heldout"]]
    heldout = [line for line in lines if line["heldout"]]
    charts = [
        ("J and J on heldout examples", [_plain("train", steps, "objective"), _plain("heldout", heldout, "objective")]),
        ("J by format", _sliced(steps, "formats")),
        ("J by source", _sliced(steps, "sources")),
        ("pass@1 by format", _rates(heldout)),
        ("gradient norm before clipping", [_plain("norm", steps, "gradient_norm")]),
        ("learning rate", [_plain("rate", steps, "learning_rate")]),
        ("tokens per second", [_plain("tokens per second", steps, "tokens_per_second")]),
        ("tokens right", [_plain("train", steps, "token_accuracy"), _plain("heldout", heldout, "token_accuracy")]),
    ]
    last = steps[-1]["step"] if steps else 0
    style = "\n".join(files(room).joinpath(file).read_text("utf-8") for room, file in _STYLES)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Curves of {name}"),
        tag("style", Markup(style)),
    )
    measured = f"{amount(last, 'step')}, {amount(len(heldout), 'measurement')} on heldout examples."
    figures = [_chart(title, [curve for curve in curves if curve.points]) for title, curves in charts]
    body = tag(
        "main",
        tag("h1", f"Curves of {name}"),
        tag("p", measured, class_="lead"),
        tag("div", figures, class_="figures") if steps else None,
    )
    return f"<!doctype html>{tag('html', head, tag('body', body), lang='en')}\n"


def _curve(name: str, values: Iterable[tuple[int, Any]]) -> Curve:
    """The values that are numbers."""
    return Curve(name, [(step, value) for step, value in values if _is_number(value)])


def _plain(name: str, lines: Sequence[dict[str, Any]], key: str) -> Curve:
    return _curve(name, ((line["step"], line.get(key)) for line in lines))


def _sliced(lines: Sequence[dict[str, Any]], kind: str) -> list[Curve]:
    names = dict.fromkeys(name for line in lines for name in line.get(kind, {}))
    return [
        _curve(name, ((line["step"], line[kind][name]["objective"]) for line in lines if name in line.get(kind, {})))
        for name in sorted(names)
    ]


def _rates(heldout: Sequence[dict[str, Any]]) -> list[Curve]:
    names = dict.fromkeys(name for line in heldout for name in line.get("pass_at_1", {}))
    return [
        _curve(name, ((line["step"], line.get("pass_at_1", {}).get(name)) for line in heldout))
        for name in sorted(names)
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _chart(title: str, curves: Sequence[Curve]) -> Markup | None:
    """A figure with its legend and its ends; nothing where nothing was measured."""
    if not curves:
        return None
    xs, ys = ([point[axis] for curve in curves for point in curve.points] for axis in (0, 1))
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    grid = [tag("line", x1=0, x2=_WIDTH, y1=part * _HEIGHT, y2=part * _HEIGHT, class_="grid") for part in _GRID]
    lines = [
        tag("polyline", class_=_line_class(n), points=_path(curve, left, right, low, high))
        for n, curve in enumerate(curves)
    ]
    drawing = tag(
        "svg",
        grid,
        lines,
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{title}: {', '.join(curve.name for curve in curves)}, from {_figure(low)} to {_figure(high)}",
    )
    return tag(
        "figure",
        tag("figcaption", title),
        tag("ul", [_key(n, curve) for n, curve in enumerate(curves)], class_="legend"),
        tag("div", tag("span", _figure(high)), class_="ends"),
        drawing,
        tag("div", tag("span", _figure(low)), tag("span", f"step {left:,.0f} to {right:,.0f}"), class_="ends"),
    )


def _key(number: int, curve: Curve) -> Markup:
    """A curve's line of the legend: its colour and dash, its name, its first and last value."""
    stroke = tag("line", x1=0, x2=24, y1=5, y2=5, class_=_line_class(number))
    sample = tag("svg", stroke, viewBox="0 0 24 10", class_="sample", aria_hidden="true")
    first, last = (_figure(curve.points[at][1]) for at in (0, -1))
    return tag("li", sample, f" {curve.name} ", tag("b", first, Markup(" &rarr; "), last))


def _line_class(number: int) -> str:
    """How a curve is drawn: six colours, then the same ones dashed."""
    return f"c{number % _COLOURS} d{number // _COLOURS % _DASHES}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.4g}"


def _path(curve: Curve, left: float, right: float, low: float, high: float) -> str:
    """The points of a polyline, a level one half way up; a single one is a dash that can be seen."""
    across, up, top = (right - left) or 1.0, (high - low) or 1.0, high if high > low else high + 0.5
    points = [((x - left) / across * _WIDTH, (top - y) / up * _HEIGHT) for x, y in _thinned(curve.points)]
    if len(points) == 1:
        points.append((points[0][0] + 4.0, points[0][1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _thinned(points: list[Point]) -> list[Point]:
    """Means of neighbours, so that no curve has more points than can be seen."""
    size = -(-len(points) // _MOST_POINTS)
    groups = (points[start : start + size] for start in range(0, len(points), size))
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]

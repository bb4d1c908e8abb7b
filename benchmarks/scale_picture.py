"""The growth of a run as a picture, docs/scale.svg: CPU seconds and peak memory over rows, both axes logarithmic."""

import math
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.measuring import REPOSITORY, Cost

PICTURE = REPOSITORY / "docs" / "scale.svg"
Lines = Mapping[str, Sequence[tuple[int, Cost]]]
"""(rows, cost) of each step that was measured"""
TITLES = {
    "curate": "curate",
    "validate": "validate",
    "added": "a tenth more rows added",
    "alone": "these rows alone",
}
COLOURS = {"curate": "#3b78b5", "validate": "#b5653b", "added": "#3b9b5d", "alone": "#8a8a8a"}
PANEL, HEIGHT, LEFT, TOP, GAP = 300, 220, 52, 40, 70


def picture(lines: Lines) -> str:
    """An SVG of two panels, a line for each step."""
    panels = (("CPU seconds", "cpu_s", LEFT), ("peak memory, MiB", "peak_mb", LEFT + PANEL + GAP))
    parts = [part for title, name, left in panels for part in _panel(lines, title, name, left)]
    for place, (step, title) in enumerate(TITLES.items()):
        x, y = LEFT + place * 165, TOP + HEIGHT + 44
        parts.append(
            f'<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{COLOURS[step]}" stroke-width="3"/>'
        )
        parts.append(f'<text x="{x + 24}" y="{y}">{title}</text>')
    width, height = LEFT + 2 * PANEL + GAP + 30, TOP + HEIGHT + 60
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#444"'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{ground}{"".join(parts)}</svg>\n'


def _panel(lines: Lines, title: str, name: str, left: int) -> Iterator[str]:
    values = [getattr(cost, name) for points in lines.values() for _, cost in points]
    rows = [count for points in lines.values() for count, _ in points]
    across, up = _decades(rows), _decades(values)
    yield f'<text x="{left}" y="{TOP - 16}" font-weight="600">{title}</text>'
    for decade in range(across[0], across[1] + 1):
        x = left + _share(10**decade, across) * PANEL
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{TOP + HEIGHT}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{10**decade:,}</text>'
    for decade in range(up[0], up[1] + 1):
        y = TOP + HEIGHT - _share(10**decade, up) * HEIGHT
        yield f'<line x1="{left}" x2="{left + PANEL}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{10**decade:,}</text>'
    for step, points in lines.items():
        places = [
            (left + _share(count, across) * PANEL, TOP + HEIGHT - _share(getattr(cost, name), up) * HEIGHT)
            for count, cost in points
        ]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{drawn}" fill="none" stroke="{COLOURS[step]}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[step]}"/>' for x, y in places)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that hold all values; they differ."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _share(value: float, decades: tuple[int, int]) -> float:
    return (math.log10(value) - decades[0]) / (decades[1] - decades[0])

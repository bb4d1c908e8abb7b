"""The figures as a picture, docs/outcome.svg: python -m benchmarks.outcome.picture."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from benchmarks.measuring import REPOSITORY

PICTURE = REPOSITORY / "docs" / "outcome.svg"
KEPT = REPOSITORY / "benchmarks" / "results" / "outcome.json"
TITLES = {
    "objective": "J_SFT against the mean over tokens",
    "mistakes": "curated against raw rows, every second program wrong",
    "faults": "curated against raw rows, one in three faulty, three times as long",
    "curation": "curated against raw rows, one in nine faulty",
    "outputs": "tool outputs masked against trained on",
}
FORMATS = ("pot", "tir")
"""CoT of so small a model stays below 5 %: it cannot calculate"""
WIDTH, LEFT, RIGHT, LINE = 760, 210, 30, 15
COLOURS = {True: "#8a8a8a", False: "#3b78b5"}
"""of the control, and of what is compared with it"""


def picture(arms: list[dict[str, Any]]) -> str:
    """An SVG: a line for each arm, format and seed, its dot at pass@1, its bar the 95 % interval."""
    parts: list[str] = []
    y = 26
    for experiment, title in TITLES.items():
        mine = [arm for arm in arms if arm["experiment"] == experiment]
        if mine:
            halo = 'font-weight="600" stroke="#fff" stroke-width="4" paint-order="stroke"'
            parts.append(f'<text x="8" y="{y + 4}" {halo}>{escape(title)}</text>')
            y += LINE + 5
            for form in FORMATS:
                for arm in sorted((arm for arm in mine if form in arm["formats"]), key=lambda arm: arm["seed"]):
                    parts += _line(arm, form, y)
                    y += LINE
            y += LINE // 2
    parts = [*_axis(y), *parts]
    size = f'width="{WIDTH}" height="{y + 24}" viewBox="0 0 {WIDTH} {y + 24}"'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#444"'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{ground}{"".join(parts)}</svg>\n'


def _line(arm: dict[str, Any], form: str, y: int) -> Iterator[str]:
    figures = arm["formats"][form]
    colour = COLOURS[arm["control"] is None]
    yield f'<text x="16" y="{y + 4}">{form} · {escape(arm["arm"])} · seed {arm["seed"]}</text>'
    ends = f'x1="{_x(figures["low"])}" x2="{_x(figures["high"])}" y1="{y}" y2="{y}"'
    yield f'<line {ends} stroke="{colour}" stroke-width="3" stroke-linecap="round" opacity="0.45"/>'
    yield f'<circle cx="{_x(figures["pass_at_1"])}" cy="{y}" r="4" fill="{colour}"/>'


def _axis(y: int) -> Iterator[str]:
    for percent in range(0, 101, 20):
        x = _x(percent / 100)
        yield f'<line x1="{x}" x2="{x}" y1="14" y2="{y}" stroke="#ddd"/>'
        yield f'<text x="{x}" y="{y + 15}" text-anchor="middle">{percent} %</text>'


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


if __name__ == "__main__":
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    PICTURE.write_text(picture(kept["arms"]), encoding="utf-8")

"""The page of curves: self-contained, nothing runs, nothing loads, every series is there."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

from tests.training.models import small_run
from training.curves_page import CURVES, page_of, write_curves
from training.train import train


def line(step, objective, *, heldout=False, **more):
    part = {"objective": objective}
    plain = {
        "gradient_norm": 1.0 / step,
        "learning_rate": 1e-3,
        "tokens_per_second": 900.0,
        "token_accuracy": 0.5,
        "formats": {"cot": part, "<pot>": part},
        "sources": {"gsm": part},
        "pass_at_1": {},
    }
    return {"step": step, "heldout": heldout, "objective": objective} | plain | more


LINES = [line(step, -2.0 / step) for step in range(1, 2001)]
LINES += [line(1000, -0.5, heldout=True, pass_at_1={"cot": 0.25}), line(2000, -0.4, heldout=True, pass_at_1={})]


def test_every_series_is_drawn_with_its_ends():
    page = page_of("RUN", LINES)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions == [
        "J and J on heldout examples",
        "J by format",
        "J by source",
        "pass@1 by format",
        "gradient norm before clipping",
        "learning rate",
        "tokens per second",
        "tokens right",
    ]
    assert "heldout <b>-0.5 &rarr; -0.4</b>" in page
    assert "&lt;pot&gt;" in page
    assert "<pot>" not in page
    assert "2,000 steps, 2 measurements" in page


def test_a_long_curve_is_thinned_and_a_chart_without_points_is_left_out():
    page = page_of("RUN", [line(step, -1.0) for step in range(1, 5001)])
    longest = max(len(points.split()) for points in re.findall(r'points="([^"]*)"', page))
    assert 250 <= longest <= 320
    assert "pass@1" not in page
    assert "polyline" not in page_of("RUN", []).split("</style>")[1]


def test_curves_beyond_the_colours_are_told_apart_by_their_dashes():
    names = [f"source {number}" for number in range(13)]
    page = page_of("RUN", [line(1, -1.0, sources={name: {"objective": -1.0} for name in names})])
    chart = page.split("J by source</figcaption>")[1].split("</figure>")[0]
    drawn = re.findall(r'<polyline class="([^"]*)"', chart)
    assert drawn == re.findall(r'<line [^>]*class="(c[^"]*)"', chart)
    assert len(set(drawn)) == 13


def test_large_values_are_whole_and_a_level_curve_stands_half_way_up():
    page = page_of("RUN", [line(1, -1.0, tokens_per_second=31_560.4), line(2, -1.0, tokens_per_second=31_560.4)])
    chart = page.split("tokens per second</figcaption>")[1].split("</figure>")[0]
    assert "31,560 &rarr; 31,560" in chart
    assert 'points="0.0,110.0 640.0,110.0"' in chart


def test_the_policy_lets_in_this_style_and_nothing_else():
    page = page_of("RUN", LINES)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    allowed = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["style-src"] == f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    assert allowed["script-src"] == f"'sha256-{b64encode(sha256(b'').digest()).decode()}'"
    assert not re.findall(r"<script|\bstyle=|https?:|\bon\w+=|src=|href=", page)


def test_values_that_are_no_numbers_are_left_out():
    page = page_of("RUN", [line(1, -1.0), line(2, float("nan")), line(3, -0.5)])
    assert "nan" not in page


def test_a_run_writes_its_page(data, tmp_path):
    train(small_run(steps=3, heldout_every=1), [data], tmp_path / "RUN")
    page = (tmp_path / "RUN" / CURVES).read_text()
    count = sum(not json.loads(row)["heldout"] for row in (tmp_path / "RUN" / "metrics.jsonl").read_text().splitlines())
    assert f"{count:,} steps" in page
    assert "J by format" in page


def test_a_run_without_figures_has_no_page(tmp_path):
    write_curves(tmp_path, tmp_path / "metrics.jsonl")
    assert not (tmp_path / CURVES).exists()

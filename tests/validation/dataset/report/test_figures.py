import re

from validation.dataset.facts import NONE
from validation.dataset.report.figures import bar, heat, histogram, legend, stacked


def widths(markup: str) -> list[str]:
    return re.findall(r'<rect class="s\d"[^>]* width="([^"]+)"', markup)


def test_a_bar_is_as_wide_as_its_share_and_a_small_share_is_seen() -> None:
    assert widths(bar(0.25)) == ["25.000%"]
    assert widths(bar(0.00001)) == ["0.150%"]
    assert widths(bar(0.0)) == ["0.000%"]


def test_shares_stand_side_by_side_and_are_read_aloud() -> None:
    drawn = stacked([(0.25, "s1", "cot"), (0.5, "s2", "<pot>")])
    assert re.findall(r' x="([^"]+)"', drawn) == ["0.000%", "25.000%"]
    assert 'aria-label="cot, &lt;pot&gt;"' in drawn
    assert "<title>&lt;pot&gt;</title>" in drawn


def test_a_figure_has_no_style_attribute() -> None:
    drawn = bar(0.5) + histogram([("a", {4: 3, 6: 1}, "s1")], mark=7) + legend([("s1", "a")])
    assert "style=" not in drawn + heat(["a"], ["b"], {"a": {"b": 1}}, corner="c")


def test_the_tallest_column_fills_the_height_and_its_edges_are_told() -> None:
    drawn = histogram([("lengths", {6: 4, 7: 1}, "s1")])
    assert re.findall(r'<rect class="s1"[^>]* height="([^"]+)"', drawn) == ["100.00%", "25.00%"]
    assert "<title>8 to 11: 4</title>" in drawn
    assert 'class="mark"' not in drawn


def test_a_mark_beyond_all_lengths_widens_the_axis() -> None:
    near, far = histogram([("a", {6: 1}, "s1")]), histogram([("a", {6: 1}, "s1")], mark=4096)
    assert widths(near) == ["88.000%"]
    assert widths(far) == [f"{88 / 19:.3f}%"]
    assert 'class="mark"' in far


def test_cells_darken_with_what_they_hold_and_empty_ones_are_marked() -> None:
    drawn = heat(["a", NONE], ["x", "y"], {"a": {"x": 100, "y": 49}, NONE: {"x": 900}}, corner="topic")
    assert '<td class="h8">100</td>' in drawn
    assert '<td class="h6">49</td>' in drawn
    assert '<td class="h0">900</td>' in drawn
    assert drawn.count('title="none"') == 1

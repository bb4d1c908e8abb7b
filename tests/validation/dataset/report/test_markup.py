"""Nothing that data says becomes markup, and numbers read as people write them."""

import pytest

from validation.dataset.report.markup import Markup, coded, counted, join, number, percent, tag

HOSTILE = "<script>\"'&"
ESCAPED = "&lt;script&gt;&quot;&#x27;&amp;"


def test_text_and_attributes_are_escaped_and_markup_is_not() -> None:
    assert tag("p", HOSTILE, title=HOSTILE) == f'<p title="{ESCAPED}">{ESCAPED}</p>'
    assert tag("p", tag("b", HOSTILE)) == f"<p><b>{ESCAPED}</b></p>"
    assert tag("p", title=Markup("<b>")) == '<p title="&lt;b&gt;"></p>'


def test_attributes_are_named_as_html_names_them_and_false_ones_are_left_out() -> None:
    assert tag("input", class_="a", aria_label="b", hidden=True, id=None, open=False, size=3) == (
        '<input class="a" aria-label="b" hidden size="3">'
    )
    assert tag("rect", x=1) == '<rect x="1"/>'


def test_children_are_joined_however_deep_and_none_is_nothing() -> None:
    assert join(["a", None, [Markup("<br>"), ["&"]]]) == "a<br>&amp;"
    assert join(None) == ""


def test_backticks_make_code_of_escaped_text() -> None:
    assert coded("set `a<b` here") == "set <code>a&lt;b</code> here"


def test_a_name_from_right_to_left_keeps_its_number() -> None:
    assert counted([("<a>", 1200), ("b", 2)]) == "<bdi>&lt;a&gt;</bdi>\u00a01\u202f200, <bdi>b</bdi>\u00a02"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (1234567, "1\u202f234\u202f567"), (2.0, "2"), (1234.5, "1\u202f234"), (0.12345, "0.123")],
)
def test_numbers_are_written_with_thin_spaces(value: float, written: str) -> None:
    assert number(value) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0.0, "0\u202f%"),
        (1.0, "100\u202f%"),
        (0.5, "50.0\u202f%"),
        (0.0005, "<\u202f0.1\u202f%"),
        (0.001, "0.1\u202f%"),
        (0.9995, ">\u202f99.9\u202f%"),
        (0.999, "99.9\u202f%"),
    ],
)
def test_no_share_is_rounded_to_nothing_or_to_all(share: float, written: str) -> None:
    assert percent(share) == written


def test_what_steers_or_reorders_is_shown_as_its_code_and_other_scripts_stay() -> None:
    assert tag("td", "a\x00b\u202ec\x1b[1m", title="\u2067x") == (
        '<td title="\\u2067x">a\\u0000b\\u202ec\\u001b[1m</td>'
    )
    assert tag("p", "שלום\n\u200dनमस्ते\t—") == "<p>שלום\n\u200dनमस्ते\t—</p>"

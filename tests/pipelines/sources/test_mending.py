import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.mending import (
    in_its_encoding,
    mended,
    with_line_ends,
    without_entities,
    without_forum_marks,
    without_tags,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("x &lt; 9 &amp; y &gt; 7", "x < 9 & y > 7"),
        ("&amp;lt;", "<"),
        ("3 &times; 4 &#61; 12&#x21;", "3 × 4 = 12!"),
        ("a &foo; b, R&D; &c", "a &foo; b, R&D; &c"),
        ("\\begin{array}{cc} 1 & 2 \\\\ 3 & x \\end{array};", "\\begin{array}{cc} 1 & 2 \\\\ 3 & x \\end{array};"),
    ],
)
def test_entities_are_what_they_stand_for(text, plain):
    assert without_entities(text) == plain


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (r"12 pens.\nHow many?", ["12 pens.", "How many?"]),
        (r"5 + 2 = 7.\n\nSo 7.\n", ["5 + 2 = 7.", "", "So 7.", ""]),
        (r"one\r\n2", ["one", "2"]),
        (r"First.\nSecond\nthen \neq, \nu, \not", ["First.", "Second", r"then \neq, \nu, \not"]),
        (r"so\n\[x\]", ["so", r"\[x\]"]),
    ],
)
def test_a_literal_line_end_is_one(text, lines):
    assert with_line_ends(text).split("\n") == lines


@pytest.mark.parametrize(
    "text",
    [
        r"a \neq b, \nu, \nabla, \nRightarrow c, \nVdash",
        r"\begin{matrix} 1 \\n & 2 \end{matrix}",
        r"text\nthen",
        r'print("a\nB")',
        r"the string 'a\nB' has 3 signs",
    ],
)
def test_commands_and_programs_keep_theirs(text):
    assert with_line_ends(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[hide=Solution]It is [b]9[/b].[/hide]", "It is 9."),
        (
            '[quote="a baker"]Find x.[/quote] [color=#f00]x[/color] is [url=https://a.b/c]here[/url].',
            "Find x. x is here.",
        ),
        ("[tex]x^2[/tex] is 9", "$x^2$ is 9"),
        ("[HIDE][hide]9[/hide][/HIDE]", "9"),
        ("the class [b] of b, and [i] of i", "the class [b] of b, and [i] of i"),
        ("[b] is [i]not[/i] [u]", "[b] is not [u]"),
        ("[asy]draw(A--B);[/asy] and [1,2]", "[asy]draw(A--B);[/asy] and [1,2]"),
    ],
)
def test_marks_of_forums_go_where_they_have_an_end(text, plain):
    assert without_forum_marks(text) == plain
    assert mended(pa.array([text])).to_pylist() == [plain]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<b>12</b> cm<sup>2</sup>, a<sub>1</sub>", "12 cm^{2}, a_{1}"),
        ("5 pens.<br/>How many?<BR>Say.", "5 pens.\nHow many?\nSay."),
        ('<p class="q">5 pens.</p><p>How many?</p>', "\n5 pens.\n\nHow many?\n"),
        ("<span style='x'>9 <i>x</i></span>", "9 x"),
        ("if a <b and c> d, so <b> and <i>", "if a <b and c> d, so <b> and <i>"),
        ("a<b</b", "a<b</b"),
        ("| 1 <br> 2 | 3 |", "| 1 <br> 2 | 3 |"),
        ("<think>9</think> <image>", "<think>9</think> <image>"),
    ],
)
def test_tags_of_layout_go_where_they_have_an_end(text, plain):
    assert without_tags(text) == plain
    assert mended(pa.array([text])).to_pylist() == [plain]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("caf\u00c3\u00a9 at \u00e2\u201a\u00ac3", "café at €3"),
        ("12 \u00c3\u2014 3, x \u00e2\u2030\u00a4 5", "12 × 3, x ≤ 5"),
        ("Le café coûte 2 € à Mâcon.", "Le café coûte 2 € à Mâcon."),
        ("Åsa, Ömer and Zoë: 5° north", "Åsa, Ömer and Zoë: 5° north"),
        ("Сколько стоит?", "Сколько стоит?"),
        ("小明有2个苹果。", "小明有2个苹果。"),
        ("“curly” ﬁ １２ …", "“curly” ﬁ １２ …"),
    ],
)
def test_letters_are_read_in_their_own_encoding(text, right):
    assert in_its_encoding(text) == right


def test_a_column_is_mended_text_by_text_and_nulls_stay():
    texts = pa.array(["3 &times; 4", None, r"a.\nB", "caf\u00c3\u00a9", "plain"])
    assert mended(texts).to_pylist() == ["3 × 4", None, "a.\nB", "café", "plain"]


@given(st.text(st.sampled_from("a&lt;#3 \\nAé\u00c3\u00a9\n"), max_size=20))
def test_it_is_idempotent(text):
    once = mended(pa.array([text]))
    assert mended(once) == once


@pytest.mark.parametrize("text", ["Коробка и ручки.", "Решение: 5 + 6."])
def test_cyrillic_that_was_read_as_cp1251_is_mended(text):
    assert mended(pa.array([text.encode().decode("cp1251"), text])).to_pylist() == [text, text]

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stages.decontaminate.formulas import in_plain_signs


def plain(text):
    return " ".join(in_plain_signs(pa.array([text]))[0].as_py().split())


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"$\frac{1}{7}\cdot\theta$", "$ 1/7 * x $"),
        (r"\frac {a b} {2.5}", "a b/2.5"),
        (r"\frac{\alpha}{\beta}", "x / x"),
        (r"\frac{\frac{1}{2}}{3}", r"\frac{ 1/2 }{3}"),
        (r"a \times b \div 2", "a * b / 2"),
        (r"\varepsilon \varphi \omega", "x x x"),
        (r"\psi\chi", "x x"),
        (r"\pi \sin \eta", r"\pi \sin x"),
        (r"\numeral \timeserver \rhombus", r"\numeral \timeserver \rhombus"),
        ("no command: alpha, 3/4", "no command: alpha, 3/4"),
        ("", ""),
    ],
)
def test_letters_fractions_and_products_are_written_plainly(text, written):
    assert plain(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('see [asy] draw((0,0)--(3.5,8)); label("$45^\\circ$", a); label("a", b); [/asy] it', "see $45^\\circ$ it"),
        ('[asy] label("3") [/asy] and [asy] label("4") [/asy]', "3 and 4"),
        ('[asy]\nlabel("5");\n', "5"),
        ('label("5")', 'label("5")'),
    ],
)
def test_of_a_drawing_only_labels_with_numbers_stay(text, written):
    assert plain(text) == written


@given(st.lists(st.none() | st.sampled_from([r"\frac{1}{2}", "[asy]", "[/asy]", '"1"', "x", r"\cdot"]), max_size=6))
def test_a_text_is_written_as_it_is_alone(texts):
    alone = [None if text is None else in_plain_signs(pa.array([text]))[0].as_py() for text in texts]
    assert in_plain_signs(pa.array(texts, pa.string())).to_pylist() == alone

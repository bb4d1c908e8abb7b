import re

import pytest

from validation.dataset.report.mathml import rich_text


@pytest.mark.parametrize(
    ("text", "mathml"),
    [
        ("so $x^2$ grows", "<msup>"),
        (r"\[\frac{1}{2}\]", 'display="block"'),
        (r"\(a_1\)", "<msub>"),
        ("$$a+b$$", 'display="block"'),
        (r"it is \boxed{\frac{1}{2}}.", 'class="boxed"'),
        (r"\[\begin{aligned}a&=1\\b&=2\end{aligned}\]", "<mtable"),
        (r"$\begin{pmatrix}1&2\\3&4\end{pmatrix}$", "<mtable"),
        (r"Solve \begin{align*}x&=1\\y&=2\end{align*} now", "<mtable"),
        (r"\begin{gather}x=1\\y=2\end{gather}", "</mtr><mtr>"),
        (r"\begin{eqnarray*}x&=&1\\y&=&2\end{eqnarray*}", "</mtr><mtr>"),
        (r"\begin{equation}x=1\end{equation}", 'display="block"'),
    ],
)
def test_formulas_become_mathml(text, mathml):
    assert mathml in rich_text(text)


def test_a_drawing_is_a_program_and_no_formula():
    shown = rich_text('See $x$. [asy]\nlabel("$A$",A,W); // </code>\n[/asy] Find $y$.')
    assert shown.count("<math") == 2
    assert 'class="drawing"' in shown
    assert "$A$" in shown
    assert "// &lt;/code&gt;" in shown
    assert "drawing" not in rich_text("[asy] without an end")


@pytest.mark.parametrize(
    "text",
    ["$5 and $6 make $11", "It costs $3, or $ 4.", r"a price of \$5", "from $5-$6 upwards"],
)
def test_dollars_that_are_money_stay_text(text):
    assert rich_text(text) == text


def test_a_formula_with_a_command_that_is_not_known_stays_text():
    table = r"\begin{array}{cc}\multicolumn{2}{r}{x}\\ \cline{1-2} 1&2\end{array}"
    assert rich_text(rf"\[{table}\]") == rf'<code class="tex">\[{table.replace("&", "&amp;")}\]</code>'
    assert "<mtable" in rich_text(r"\[\begin{array}{c|c}i \backslash j&2\\ \hline 3&4\end{array}\]")


def test_thousands_are_one_number():
    assert "<mn>12,345</mn>" in rich_text("$12,345$")
    assert "<mn>1,2</mn>" not in rich_text("$1,2$")


@pytest.mark.parametrize("formula", [r"\frac{1}{", r"\begin{align}x", r"\left(", r"}{", r"\nosuchcommand{"])
def test_broken_latex_falls_back_to_its_text_or_draws_something_safe(formula):
    shown = rich_text(f"before ${formula}$ after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "<script" not in shown


def test_a_formula_of_100_kb_stays_text_and_costs_nothing():
    formula = "x+" * 50_000 + "x"
    assert f'<code class="tex">${formula}$</code>' in rich_text(f"${formula}$")


@pytest.mark.parametrize(
    "text",
    [
        r"$\href{javascript:alert(1)}{x}$",
        r"$\text{</math><script>alert(1)</script>}$",
        r"$\style{color:red}{x}$",
        r"$\class{evil}{x}$",
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
    ],
)
def test_nothing_out_of_data_becomes_markup(text):
    shown = rich_text(text)
    assert "<script" not in shown
    assert "<img" not in shown
    assert "href=" not in shown.replace("\\href", "")
    assert "style=" not in shown
    assert 'class="evil"' not in shown


def test_a_long_inline_formula_may_break_before_a_sign_and_a_short_one_not():
    long = rich_text(r"$f(a+b+c+d)=a+b+c-d$")
    pieces = re.findall(r"<math.*?</math>", long)
    assert [re.sub(r"<[^>]*>", "", piece) for piece in pieces] == ["f(a+b+c+d)", "=a", "+b", "+c", "\u2212d"]
    assert long.count("\u200b") == 4
    assert all('form="infix"' in piece for piece in pieces[1:])
    assert rich_text("$a+b=c$").count("<math") == 1
    assert rich_text(r"$$f(a+b+c+d)=a+b+c-d$$").count("<math") == 1


def test_no_empty_line_follows_a_display_formula():
    assert rich_text("Add:\n$$1+1$$\nSo 2.").endswith("</math>So 2.")

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.adapters.expressions import (
    LONGEST,
    MOST_SIGNS,
    NotPythonError,
    plain_number,
    translate,
    write_program,
)
from validation.answers.arithmetic import calculate


@pytest.mark.parametrize(
    ("arithmetic", "exact", "expression", "value"),
    [
        ("48/2", Fraction(24), "48 // 2", 24),
        ("5/2", Fraction(5, 2), "5 / 2", 2.5),
        ("0.1*3", Fraction(3, 10), "round(0.1 * 3, 1)", 0.3),
        ("-(2+3)*4", Fraction(-20), "-(2 + 3) * 4", -20),
        ("2**3", Fraction(8), "2 ** 3", 8),
        ("7//2", Fraction(3), "7 // 2", 3),
    ],
)
def test_arithmetic_is_written_as_python_of_the_same_value(arithmetic, exact, expression, value):
    assert translate(arithmetic, exact) == (expression, value)


def test_a_number_that_is_a_result_becomes_its_variable():
    assert translate("48+24.0", Fraction(72), {"24": "clips"}, {"clips": 24}) == ("48 + clips", 72)
    assert translate("48+24", Fraction(72), {"240": "clips"}, {"clips": 240}) == ("48 + 24", 72)


@pytest.mark.parametrize(
    ("arithmetic", "exact"),
    [
        ("48/2", Fraction(25)),
        ("1/3", Fraction(1, 3)),
        ("x+1", Fraction(2)),
        ("2(3)", Fraction(6)),
        ("1/0", Fraction(0)),
        ("(1+2", Fraction(3)),
        ("", Fraction(0)),
        ("__import__", Fraction(0)),
    ],
)
def test_what_is_not_python_of_that_value_is_not_translated(arithmetic, exact):
    with pytest.raises(NotPythonError):
        translate(arithmetic, exact)


SUMS = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({''.join(parts)})"),
    max_leaves=6,
)


@given(SUMS)
def test_a_translation_comes_out_at_the_exact_value(arithmetic):
    exact = calculate(arithmetic)
    if exact is None:
        return
    try:
        expression, value = translate(arithmetic, exact)
    except NotPythonError:
        return
    assert eval(expression, {"round": round}) == value
    assert Fraction(repr(value)) == exact


@pytest.mark.parametrize(
    ("equation", "line"),
    [
        ("x=44*20", "answer = 44 * 20"),
        ("44*20=x", "answer = 44 * 20"),
        ("( 76.0 - 25.0 )", "answer = 76 - 25"),
        ("x=[(3+2)×2]÷5", "answer = (3 + 2) * 2 // 5"),
        ("x=50%*3", "answer = 50 / 100 * 3"),
        ("x=2^3", "answer = 2 ** 3"),
        ("1/3", "answer = Fraction(1, 3)"),
        ("0.1/3", "answer = Fraction(Fraction('0.1'), 3)"),
    ],
)
def test_an_equation_column_becomes_a_program(equation, line):
    *before, answer, last = write_program(equation).split("\n")
    assert (answer, last) == (line, "print(answer)")
    assert before == (["from fractions import Fraction", ""] if "Fraction" in line else [])


@pytest.mark.parametrize("equation", ["", "x", "x+y", "1/0", "x=5=5", "many"])
def test_an_equation_that_is_no_arithmetic_is_refused(equation):
    with pytest.raises(NotPythonError):
        write_program(equation)


@pytest.mark.parametrize(
    ("text", "plain"), [("007", "7"), (".50", "0.5"), ("0", "0"), ("10.0", "10"), ("1.20", "1.2"), ("100", "100")]
)
def test_equal_decimals_are_equal_texts(text, plain):
    assert plain_number(text) == plain


@pytest.mark.parametrize("sign", ["-", "1+", "2**", "(", "9"])
def test_arithmetic_that_is_too_long_is_refused_before_it_is_parsed(sign):
    for length in (LONGEST + 1, 100_000):
        with pytest.raises(NotPythonError):
            write_program((sign * length)[:length])
        with pytest.raises(NotPythonError):
            translate((sign * length)[:length], Fraction(1))


def test_arithmetic_as_deep_as_it_may_be_is_translated():
    assert translate("-" * MOST_SIGNS + "11", Fraction(11))[1] == 11
    with pytest.raises(NotPythonError):
        translate("-" * (MOST_SIGNS + 2) + "11", Fraction(11))
    assert translate("1+" * MOST_SIGNS + "1", Fraction(MOST_SIGNS + 1))[1] == MOST_SIGNS + 1

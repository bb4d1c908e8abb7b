"""Calculator annotations, checked exactly."""

from fractions import Fraction

import pytest

from validation.answers import calculate, check_annotations, strip_annotations
from validation.answers.arithmetic import Calculation, stated_value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("48/2", Fraction(24)),
        ("0.2*50", Fraction(10)),
        ("100-50-30-15", Fraction(5)),
        ("(1+2)*3", Fraction(9)),
        ("1/3+1/6", Fraction(1, 2)),
        ("2^10", Fraction(1024)),
        ("2**3", Fraction(8)),
        ("-3+5", Fraction(2)),
        ("2*-3", Fraction(-6)),
        ("25%", Fraction(1, 4)),
        ("200*25%", Fraction(50)),
        ("1,200/4", Fraction(300)),
        (".5*4", Fraction(2)),
        ("560//100", Fraction(5)),
        ("$12*3", Fraction(36)),
        ("3(4+1)", Fraction(15)),
        ("12/60*50", Fraction(10)),
        ("0.1+0.2", Fraction(3, 10)),
        ("2-3-4", Fraction(-5)),
        ("16/4/2", Fraction(2)),
        ("1/0", None),
        ("x+1", None),
        ("2+", None),
        ("(2+3", None),
        ("", None),
        ("9^9^9^9", None),
        ("__import__('os')", None),
        ("1 2", None),
    ],
)
def test_an_expression_has_an_exact_value_or_none(expression, value):
    assert calculate(expression) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24", 24),
        ("1,200", 1200),
        (".5", Fraction(1, 2)),
        ("-3", -3),
        ("1/3", Fraction(1, 3)),
        ("25%", Fraction(1, 4)),
        ("$5", 5),
        ("x", None),
        ("", None),
        ("1/0", None),
    ],
)
def test_a_stated_value(text, value):
    assert stated_value(text) == value


def test_annotations_are_checked_in_order():
    text = "He sold 48/2 = <<48/2=24>>24 clips, <<48+24=73>>73 in all and <<x+1=5>>5 more."
    assert check_annotations(text) == [
        Calculation("48/2", "24", Fraction(24), True),
        Calculation("48+24", "73", Fraction(72), False),
        Calculation("x+1", "5", None, False),
    ]


def test_rounding_is_not_exact():
    assert not check_annotations("<<10/3=3.33>>")[0].exact


def test_nested_expressions_do_not_exhaust_the_stack():
    assert calculate("(" * 900 + "1" + ")" * 900) in (None, 1)


def test_annotations_are_removed():
    assert strip_annotations("48/2 = <<48/2=24>>24 clips") == "48/2 = 24 clips"

"""What would outgrow its length is told from what would not, and the child is asked about the latter alone."""

import pytest

from validation.answers import Relation, compare
from validation.answers.growth import DEEPEST, LARGEST, outgrows
from validation.answers.outcome import CLOCK


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (f"7^{{{LARGEST}}}", f"7^{{{LARGEST + 1}}}"),
        ("7**99", "7**9**9"),
        ("((x^{10})^{10})^{2}", "((x^{10})^{10})^{3}"),
        ("e^{x^{2}}", "e^{2^{x}}"),
        ("2^{n}", "2^{n!}"),
        (f"{LARGEST}!", f"{LARGEST + 1}!"),
        ("(n+1)!", "(3!)!"),
        ("(9+9)!", "(9*9)!"),
        ("5!+3!", "5!!!"),
        (r"\binom{n}{5}", r"\binom{99999}{45}"),
        ("x^{-1/3}", "x^{-1/99999}"),
        ("1E+99", "1E+999"),
        ("(a+b)^{20}", "(a+b+c+d)^{20}"),
        ("((x+y)^2+z)^2", "((x+y)^9+z)^9"),
        ("(" * DEEPEST + "x" + ")" * DEEPEST, "(" * (DEEPEST + 1) + "x" + ")" * (DEEPEST + 1)),
        (r"\tan(x+y+z)", r"\tan(a+b+c+d+g+h+k+m)"),
    ],
)
def test_each_way_to_grow_has_a_bound(within: str, beyond: str) -> None:
    assert (outgrows(within), outgrows(beyond)) == (False, True)


@pytest.mark.parametrize("answer", ["10^{10^{10}}", "((10!)!)!", "(x+y+z+w)^{60}", "1E+10000000"])
def test_what_grows_is_unknown_by_its_own_word_and_never_by_a_clock(answer: str) -> None:
    compared = compare("y=2", f"y={answer}")
    assert (compared.outcome, compared.path) == (Relation.UNKNOWN, "symbolic")
    assert compared.detail == "grows beyond bounds when it is worked out"


def test_the_child_is_still_asked_about_what_does_not() -> None:
    compared = compare(r"\sqrt{t^2+6t+9}", "t+3")
    assert (compared.path, compared.detail) != (CLOCK, "grows beyond bounds when it is worked out")
    assert compared.path == "symbolic"

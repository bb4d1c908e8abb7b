"""References that a solution states in another form than their own, and what looks alike and states another value."""

import pytest

from validation.answers.restated import asked_names
from validation.answers.stated import find_stated

BEHIND = " It can be checked." * 40
NAMED, BOUND, OPENING = "Determine whole numbers $p$ and $q$ with this sum.", "Find the least $N$.", "Compute $F(4,3)$"
TRIPLES = "Determine all triples $(u, v, w)$."
CASES = "If $d=-4$, then $u=9, v=5$ and $w=1$.\n\nIf $d=2$, then $u=3, v=5$ and $w=7$.\n\n(We may check both.)"
UNION = "In summary, it holds for those $x$ with $-5<x<-2$ and those $x$ with $\\sqrt{7}<x<9$."
HEADING = "Thus, the four words are:\n\n$(1,2,2)$ and its reverse, $(2,2,1)$\n\n$(3,1,4)$ and its reverse, $(4,1,3)$"


@pytest.mark.parametrize(
    ("text", "reference", "question"),
    [
        ("Therefore $p=31$ and $q=6$ satisfy it.", "31,6", NAMED),
        ("As $2q+r=1$, $r=1$ and $q=0$. So $p=19$ as was given.", "19,0,1", "What are the values of $p, q$ and $r$?"),
        ("so q = 3 and p = 5", "(5,3)", "Find the ordered pair $(p, q)$."),
        ("Hence $f(n)=2n$ for all $n$. From this it follows that $g(n)=3$.", "$f(n)=2n$, $g(n)=3$", None),
        (CASES, "$(9,5,1), (3,5,7)$", TRIPLES),
        (UNION, "$(-5,-2)\\cup (\\sqrt{7},9)$", None),
        (HEADING, "(1,2,2),(2,2,1),(3,1,4),(4,1,3)", None),
        ("Hence $N=\\deg Q \\geq 4 n$, as desired.", "$4 n$", BOUND),
        ("Hence $N \\leq 12$.", "12", "Find the largest $N$."),
        ("$F(4,3)=2$. Notice that 1 is too few." + BEHIND, "2", OPENING),
        ("Since 5x is less than 15, x is less than 3.", "x < 3", None),
        ("Therefore, $x$ must be greater than or equal to $-5$.", "x \\ge -5", None),
        ("So t is greater than negative 4 and at most 2.", "-4<t\\le2", None),
        ("So x is equal to negative 3.", "-3", None),
        ("So the area is 15 and the perimeter is 16.", "area 15, perimeter 16", None),
        ("Its area is 15 cm. Therefore its Perimeter is 16.", "area: 15 and perimeter: 16", None),
        ("So Tom has 5 pens and Ann has 7.", "Tom 5, Ann 7", None),
    ],
)
def test_a_reference_in_another_form_is_found(text: str, reference: str, question: str | None) -> None:
    found = find_stated(text, reference, question, "en")
    assert found is not None
    assert 0 <= found[1] < found[2] <= len(text)


@pytest.mark.parametrize(
    ("text", "reference", "question"),
    [
        ("Therefore $p=31$ and $q=6$ satisfy it.", "6,31", NAMED),
        ("Therefore $p=31$ and $q=6$. But $q$ is odd, so $q=7$.", "31,6", NAMED),
        ("Hence $f(n)=2n$ for all $n$, and $g(n)=4$.", "$f(n)=2n$, $g(n)=3$", None),
        (CASES, "$(9,5,1), (3,5,8)$", TRIPLES),
        (CASES, "$(9,5,1), (3,5,7), (5,5,5)$", TRIPLES),
        (UNION, "$(-5,-2)\\cup (\\sqrt{7},10)$", None),
        (HEADING, "(1,2,2),(2,2,1),(3,1,4)", None),
        ("Hence $N \\geq 4 n$, as desired.", "$4 n$", "Find the largest $N$."),
        ("Hence $N \\geq 4 n$, which is not sharp yet.", "$4 n$", BOUND),
        ("$F(4,3)=2$. Notice that 1 is too few." + BEHIND, "2", "Compute $F(4,5)$"),
        ("$F(4,3)=2$ is tempting, but $F(4,3)=6$." + BEHIND, "2", OPENING),
        ("$3 x + 6 = 0$, so $x=-2$.", "0", "The solution of the equation $3 x + 6 = 0$ is ____ ?"),
        ("Since 5x is less than 15, x is less than 3.", "x > 3", None),
        ("So x is at least 3.", "x > 3", None),
        ("So x is not greater than 3.", "x > 3", None),
        ("So x is equal to negative 3.", "3", None),
        ("So the area is 15 and the perimeter is 16.", "area 16, perimeter 15", None),
        ("So the area is 15.", "area 15, perimeter 16", None),
        ("So Tom has 5 pens and Ann has 7. No, Ann has 8.", "Tom 5, Ann 7", None),
        ("So x is not equal to 3.", "3", None),
        ("She has 10 minus 3 pens.", "3", None),
    ],
)
def test_what_states_another_value_is_not_found(text: str, reference: str, question: str | None) -> None:
    assert find_stated(text, reference, question, "en") is None


def test_names_are_read_where_a_question_asks_for_as_many() -> None:
    assert asked_names("Determine the values of $x, y$ and $z$.", 3) == ["x", "y", "z"]
    assert asked_names("Determine the values of $x, y$ and $z$.", 2) == []
    assert asked_names("Find a number that Ann and Bea like.", 2) == []
    assert asked_names(None, 2) == []

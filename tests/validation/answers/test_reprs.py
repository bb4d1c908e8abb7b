"""What programs print of a value, beside references as people write them."""

import pytest

from validation.answers import Relation, compare
from validation.answers.reprs import without_repr

EQUAL, NOT_EQUAL, UNKNOWN = Relation.EQUAL, Relation.NOT_EQUAL, Relation.UNKNOWN
MATRIX = r"\begin{pmatrix} 5 & -2 \\ 0 & 7 \end{pmatrix}"


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ("np.float64(7.5)", "7.5"),
        ("[Decimal('2'), np.int64(-4)]", "[2, -4]"),
        ("array([1, 2], dtype=int32)", "[1, 2]"),
        ("FiniteSet(4, sqrt(2))", r"\{4, sqrt(2)\}"),
        ("Eq(y, Max(2, 3))", "y = Max(2, 3)"),
        ("Union({6}, Interval.Ropen(7, oo))", r"\{6\} \cup [7, oo)"),
        ("Complement(Reals, {5})", r"\mathbb{R} \setminus \{5\}"),
        ("Interval(-oo, sqrt(7))", "(-oo, sqrt(7)]"),
        ("((-oo < x) & (x < 3)) | ((8 <= x) & (x < oo))", "x < 3 or 8 <= x"),
        ("Or(And(2 <= x, x < 3), x > 9)", "2 <= x and x < 3 or x > 9"),
        ("Interval(2, 7, True, False)", "(2, 7]"),
        ("Interval(2)", "Interval(2)"),
        ("mpc(real='1.5', imag='-2.0')", "1.5-2.0j"),
        ('{"final_answer": "3/8"}', "3/8"),
        ('{"p": 3, "q": 8}', "{p: 3, q: 8}"),
        ("Poly(x**2 - 5, x, domain='ZZ')", "x**2 - 5"),
        ("f'(2) = 3", "f'(2) = 3"),
        (r"\{x | x < 2 \}", r"\{x | x < 2 \}"),
        ("Eq(" * 30 + "x", "Eq(" * 30 + "x"),
        ("", ""),
    ],
)
def test_a_printed_value_is_written_as_people_write_it(printed: str, written: str) -> None:
    assert without_repr(printed) == written


@pytest.mark.parametrize(
    ("gold", "printed", "outcome"),
    [
        ("6", "np.float64(6.0)", EQUAL),
        ("6", "np.float64(6.5)", NOT_EQUAL),
        (r"\frac{2}{3}", "np.float64(0.6666666666666666)", EQUAL),
        (r"\frac{2}{3}", "np.float64(0.666)", UNKNOWN),
        ("7", "Decimal('7.00')", EQUAL),
        ("7", "Decimal('7.01')", NOT_EQUAL),
        (r"\sqrt{5}", "mpf('2.2360679774997898')", EQUAL),
        ("yes", "np.False_", NOT_EQUAL),
        (MATRIX, "[[ 5 -2]\n [ 0  7]]", EQUAL),
        (MATRIX, "array([[ 5., -2.],\n       [ 0.,  7.]])", EQUAL),
        (MATRIX, "Matrix([\n[5, -2],\n[0,  7]])", EQUAL),
        (MATRIX, "[[ 5  0]\n [-2  7]]", NOT_EQUAL),
        (r"3 \pm 4i", "[3.+4.j 3.-4.j]", EQUAL),
        (r"3 \pm 4i", "[3.+4.j 3.+4.j]", NOT_EQUAL),
        (r"-\frac12+\frac{\sqrt3}{2}i", "-0.5 + 0.866025403784439*I", EQUAL),
        (r"-\frac12+\frac{\sqrt3}{2}i", "-0.5 - 0.866025403784439*I", NOT_EQUAL),
        ("4", "[[4]]", EQUAL),
        ("4", "[[5]]", NOT_EQUAL),
        (r"\frac17, \frac67", "[0.14285714 0.85714286]", UNKNOWN),
        (r"\frac17, \frac67", "[0.14285714 0.95714286]", NOT_EQUAL),
    ],
)
def test_numbers_and_arrays(gold: str, printed: str, outcome: Relation) -> None:
    assert compare(gold, printed).outcome is outcome


@pytest.mark.parametrize(
    ("gold", "printed", "outcome"),
    [
        ("x = 4", "[{x: 4}]", EQUAL),
        ("4", "[{x: 4}]", EQUAL),
        ("x = 4", "[{y: 4}]", UNKNOWN),
        ("x=4, y=1", "[{x: 4, y: 1}]", EQUAL),
        ("x=4, y=1", "[{x: 1, y: 4}]", NOT_EQUAL),
        ("(4, 1)", "[(4, 1)]", EQUAL),
        ("(4, 1)", "FiniteSet((4, 1))", EQUAL),
        ("(4, 1)", "{(1, 4)}", NOT_EQUAL),
        ("(4, 1), (1, 4)", "{(1, 4), (4, 1)}", EQUAL),
        ("4, 9", "FiniteSet(9, 4)", EQUAL),
        ("4, 9", "FiniteSet(9, 5)", NOT_EQUAL),
        ("no solution", "[0]", NOT_EQUAL),
        ("y = 3x - 8", "Eq(y, 3*x - 8)", EQUAL),
        ("y = 3x - 8", "Eq(y, 3*x + 8)", NOT_EQUAL),
        (r"(-\infty, 2] \cup [6, \infty)", "Union(Interval(-oo, 2), Interval(6, oo))", EQUAL),
        (r"(-\infty, 2) \cup [6, \infty)", "Union(Interval(-oo, 2), Interval(6, oo))", NOT_EQUAL),
        ("2 < x < 6", "(2 < x) & (x < 6)", EQUAL),
        ("2 < x < 6", "(2 <= x) & (x < 6)", NOT_EQUAL),
        (r"\mathbb{R}", "Reals", EQUAL),
        ("(4, 1)", "Point2D(4, 1)", EQUAL),
        (r"2^3 \cdot 5", "{2: 3, 5: 1}", UNKNOWN),
        ("e+8", "8 + E", EQUAL),
        ("E+8", "E + 8", EQUAL),
        ("e+8", "9 + E", NOT_EQUAL),
        ("14", "E) 14", EQUAL),
        ("14", "E) 15", NOT_EQUAL),
        ("14", "E) 15 - 2", NOT_EQUAL),
        ("x=4, y=1", "x = 4 y = 1", EQUAL),
        ("x=4, y=1", "x = 4 y = 2", NOT_EQUAL),
    ],
)
def test_solutions_sets_and_equations(gold: str, printed: str, outcome: Relation) -> None:
    assert compare(gold, printed).outcome is outcome


@pytest.mark.parametrize(
    ("gold", "printed", "outcome"),
    [
        ("64", '{"answer": 64}', EQUAL),
        ("64", '{\n  "answer": "64 cm"\n}', EQUAL),
        ("64", '{"answer": 46}', NOT_EQUAL),
        ("64", '{"a": 64, "b": 46}', NOT_EQUAL),
        ("64", "'64'", EQUAL),
        ("64", "ANSWER: 64", EQUAL),
        ("64", "number_of_ways = 64", EQUAL),
        ("64", "number_of_ways = 46", NOT_EQUAL),
        ("64", "The value of x is 64.0", EQUAL),
        ("64", "The value of x is 64.5", NOT_EQUAL),
        ("3, 5", "Roots: [3. 5.]", EQUAL),
        ("3, 5", "Roots: [3. 6.]", NOT_EQUAL),
        ("5", "Solution: {x: 5}", EQUAL),
        ("5", "Case: x = 5", UNKNOWN),
        (r"\frac18", "1/8 (0.125)", EQUAL),
        (r"\frac18", "1/8 (0.25)", NOT_EQUAL),
    ],
)
def test_labels_and_records(gold: str, printed: str, outcome: Relation) -> None:
    assert compare(gold, printed).outcome is outcome


@pytest.mark.parametrize(
    ("printed", "question", "outcome"),
    [
        ("m + n = 31", "The probability is $m/n$. Find $m+n$.", EQUAL),
        ("n+m: 31", "The probability is $m/n$. Find $m+n$.", EQUAL),
        ("m + n = 13", "The probability is $m/n$. Find $m+n$.", NOT_EQUAL),
        ("m - n = 31", "The probability is $m/n$. Find $m+n$.", UNKNOWN),
        ("x + y = 31", "If $x+y=31$ and $x-y=1$, find $x$.", UNKNOWN),
    ],
)
def test_a_formula_that_is_asked_for_may_stand_before_its_value(printed: str, question: str, outcome: Relation) -> None:
    assert compare("31", printed, question).outcome is outcome


@pytest.mark.parametrize(
    ("gold", "printed", "outcome"),
    [
        ("2^{90}", "1.2379400392853803e+27", EQUAL),
        ("2^{90}", "1.23794e+27", UNKNOWN),
        ("2^{90}", "1.2379400392853803e+28", NOT_EQUAL),
        (r"\frac{x}{3}+2", "0.333333333333333*x + 2.0", EQUAL),
        (r"\sqrt3 x", "1.73205*x", UNKNOWN),
        (r"\frac{x}{3}+2", "0.333333333333333*x + 2.5", NOT_EQUAL),
        (r"\frac{x}{3}+2", "0.333333333333333*y + 2.0", NOT_EQUAL),
    ],
)
def test_decimals_of_large_numbers_and_in_formulas(gold: str, printed: str, outcome: Relation) -> None:
    assert compare(gold, printed).outcome is outcome

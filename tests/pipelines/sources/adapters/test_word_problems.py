import pytest

from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal


def test_svamps_equation_is_the_program():
    row = {"Body": "He has 8 eggs", "Question": "How many are left?", "Equation": "( 8.0 - 3.0 )", "Answer": 5.0}
    problem = read("svamp", {**row, "Type": "Subtraction"})
    assert problem.question == "He has 8 eggs. How many are left?"
    assert laid_out(problem) == [("code", "answer = 8 - 3\nprint(answer)")]
    assert (problem.answer, problem.independent, problem.topic) == ("5", True, "Subtraction")
    assert refusal("svamp", {**row, "Equation": "x + y"}) == (Reason.UNSUPPORTED, "Equation is no arithmetic: 'x + y'")


@pytest.mark.parametrize(
    ("equation", "line"),
    [
        ("x=44*20", "answer = 44 * 20"),
        ("x=120*80%*15%", "answer = round(120 * (80 / 100) * (15 / 100), 1)"),
        ("x=3.14*[(3+2)^2-3^2]", "answer = 3.14 * ((3 + 2) ** 2 - 3 ** 2)"),
        ("x=5(7/10)+1", "answer = 5 + 7 / 10 + 1"),
        ("x=24/7", "answer = Fraction(24, 7)"),
        ("x=0.1/(3/10)", "answer = Fraction(Fraction('0.1'), Fraction(3, 10))"),
    ],
)
def test_math23ks_equation_is_the_program(equation, line):
    problem = read("math23k", {"original_text": "多少？", "equation": equation, "ans": "1"})
    assert laid_out(problem)[0][1].split("\n")[-2] == line
    assert problem.language == "zh"


def test_aqua_is_a_rationale_with_a_letter():
    row = {"question": "What?", "options": ["A)5", "B)6"], "rationale": "It is 5.\nAnswer: A", "correct": "A"}
    problem = read("aqua", row)
    assert (problem.question, problem.answer, problem.independent) == ("What?\n(A) 5\n(B) 6", "A", True)
    assert laid_out(problem) == [("text", "It is 5.\nThe answer is \\boxed{A}.")]
    assert refusal("aqua", {**row, "options": [["5", "6"]]})[0] is Reason.UNSUPPORTED


@pytest.mark.parametrize(
    "statement",
    [
        "Answer D",
        "ANS:D",
        "Correct answer - D",
        "CORRECT OPTION:OPTION D",
        "Answer (D)",
        "So, the correct option is D.",
    ],
)
def test_aquas_last_line_becomes_one_statement(statement):
    row = {"question": "What?", "options": ["D)5"], "rationale": f"x = 5. {statement}", "correct": "D"}
    assert laid_out(read("aqua", row)) == [("text", "x = 5.\nThe answer is \\boxed{D}.")]


@pytest.mark.parametrize("rationale", ["x = 5", "They answer a dog", "Option price is 5", "the vitamin D"])
def test_aqua_rationales_without_a_letter_stay(rationale):
    row = {"question": "What?", "options": ["D)5"], "rationale": rationale, "correct": "D"}
    assert laid_out(read("aqua", row)) == [("text", rationale)]


def test_answers_without_solutions_have_none():
    cmath = read("cmath", {"grade": 3, "question": "多少？", "golden": "45"})
    assert (cmath.solutions, cmath.answer, cmath.difficulty, cmath.language) == ((), "45", 3, "zh")
    mgsm = read("mgsm", {"0": "Wie viele?", "1": "3"}, language="de")
    assert (mgsm.question, mgsm.solutions, mgsm.answer, mgsm.language) == ("Wie viele?", (), "3", "de")
    assert read("mgsm", {"0": "Wie viele?", "1": "114,200"}, language="de").answer == "114200"

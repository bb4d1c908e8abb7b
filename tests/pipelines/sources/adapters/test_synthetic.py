import pytest

from schemas.problem import Format
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ("It is 5.\n#### 5\nThe answer is: 5", "It is 5.\nThe answer is \\boxed{5}."),
        ("It is $\\boxed{5}$.\nThe answer is: 5", "It is $\\boxed{5}$."),
        ("The answer is: 5", "The answer is \\boxed{5}."),
        ("It is 6.\n#### 6\nThe answer is: 5", "It is 6.\n#### 6\nThe answer is: 5"),
    ],
)
def test_metamath_ends_in_one_statement_of_the_answer_unless_two_differ(response, words):
    problem = read("metamath", {"query": "q?", "response": response, "type": "GSM_AnsAug"})
    assert laid_out(problem) == [("text", words)]
    assert (problem.answer, problem.independent, problem.topic) == ("5", False, "GSM_AnsAug")
    assert refusal("metamath", {"query": "q", "response": "It is 5."})[0] is Reason.MISSING_FIELD


def test_mathinstruct_tells_programs_from_words():
    program = {
        "instruction": "How many? Let's write a Python program to solve it.",
        "output": "print(5)",
        "source": "data/PoT/gsm_gpt4.json",
    }
    problem = read("mathinstruct", program)
    assert (problem.question, problem.solutions[0].format) == ("How many?", Format.POT)
    words = {"instruction": "How many?", "output": "The answer is 5", "source": "data/CoT/gsm.json"}
    assert read("mathinstruct", words).solutions[0].format is Format.COT


def test_openmathinstruct_1_and_2():
    first = {"question": "q?", "generated_solution": "<llm-code>\nprint(5)\n</llm-code>\n<llm-code-output>\n5\n"}
    first["generated_solution"] += "</llm-code-output>\nIt is \\boxed{5}."
    problem = read("openmathinstruct", {**first, "expected_answer": "5", "dataset": "gsm8k"})
    assert problem.solutions[0].format is Format.TIR
    assert problem.independent
    second = {"problem": "q?", "generated_solution": "It is \\boxed{5}.", "expected_answer": "5"}
    problem = read("openmathinstruct", {**second, "problem_source": "augmented_math"})
    assert (problem.solutions[0].format, problem.answer, problem.independent) == (Format.COT, "5", False)


@pytest.mark.parametrize(("answer", "meant"), [("5", "5"), ("notfound", None), ("proof", "proof"), (None, None)])
def test_numinas_sentinels(answer, meant):
    problem = read(
        "numina", {"problem": "q?", "solution": "It is \\boxed{5}.", "answer": answer, "problem_type": "Algebra"}
    )
    assert (problem.answer, problem.independent, problem.topic) == (meant, False, "Algebra")


def test_openr1_has_thoughts_and_leaves_out_what_was_cut_off():
    row = {
        "problem": "q?",
        "answer": "5",
        "generations": ["<think>\nHm.\n</think>\n\nIt is \\boxed{5}.", "<think>\nHm, and"],
        "is_reasoning_complete": [True, False],
    }
    problem = read("openr1", row)
    assert len(problem.solutions) == 1
    assert laid_out(problem) == [("think", "Hm."), ("text", "It is \\boxed{5}.")]
    assert refusal("openr1", {**row, "is_reasoning_complete": [False, False]})[1] == "no generation that ends"

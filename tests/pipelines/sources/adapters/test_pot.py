from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal


def test_a_program_of_thought_prints_its_answer():
    row = {"question": "How much?", "generated": ["a = 2\nans = a * 3"], "answer": 6.0, "executed": 6.0}
    problem = read("pot", row)
    assert laid_out(problem) == [("code", "a = 2\nans = a * 3\nprint(ans)")]
    assert (problem.answer, problem.independent) == ("6", True)


def test_a_program_that_prints_is_left_alone():
    assert laid_out(read("pot", {"question": "q", "generated": "ans = 6\nprint(ans)"})) == [
        ("code", "ans = 6\nprint(ans)")
    ]
    assert laid_out(read("pot", {"question": "q", "generated": "# print(it)\nans = 6"}))[0][1].endswith("print(ans)")


def test_passage_and_options_belong_to_the_question():
    row = {"question": "How many?", "passage": "There are 5 eggs", "generated": ["ans = 5"]}
    assert read("pot", row).question == "There are 5 eggs. How many?"
    row = {"question": "How many?", "options": ["A)5 eggs", "B) 6"], "generated": "ans = 5", "answer": "A"}
    problem = read("pot", row)
    assert (problem.question, problem.answer) == ("How many?\n(A) 5 eggs\n(B) 6", "A")


def test_the_first_line_of_the_pot_files_is_no_row():
    assert refusal("pot", {"prompt": "Question: ..."})[0] is Reason.MISSING_FIELD


def test_pal_calls_its_function_and_its_target_is_no_evidence():
    problem = read("pal", {"input": "How many?", "code": "\ndef solution():\n    return 5\n\n\n", "target": 5.0})
    assert laid_out(problem) == [("code", "def solution():\n    return 5\n\n\nprint(solution())")]
    assert (problem.answer, problem.independent) == ("5", False)

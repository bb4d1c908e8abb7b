import pytest

from pipelines.sources.adapters.registry import ADAPTERS
from pipelines.sources.files.scan import read_records, scan
from schemas.problem import Segment, SegmentKind
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import laid_out, read, refusal, source

ROW = {
    "problem": "Compute $1+1$.",
    "level": "Level 3",
    "type": "Algebra",
    "solution": "First $\\boxed{1}$, then $\\boxed{\\frac{4}{2}}$.",
}


def test_the_answer_is_the_last_box():
    problem = read("math", ROW)
    assert (problem.answer, problem.independent) == ("\\frac{4}{2}", False)
    assert (problem.topic, problem.difficulty) == ("Algebra", 3)
    assert laid_out(problem) == [("text", ROW["solution"])]


def test_an_answer_of_its_own_is_independent():
    problem = read("math", {**ROW, "answer": "2"})
    assert (problem.answer, problem.independent) == ("2", True)


@pytest.mark.parametrize("solution", ["no box", "open \\boxed{5", "empty \\boxed{}"])
def test_without_a_box_there_is_no_answer(solution):
    assert read("math", {**ROW, "solution": solution}).answer is None


def test_an_unknown_level_is_none():
    assert read("math", {**ROW, "level": "Level ?"}).difficulty is None


def test_a_row_without_solution_says_so():
    reason, detail = refusal("math", {"problem": "p", "answer": "5"})
    assert (reason, detail) == (Reason.MISSING_FIELD, "no solution; the record has problem, answer")


def test_math_boxes_are_the_answers(real_data):
    math = source("math")
    (file,) = scan(str(real_data / "cot" / "math_train_3000_solutions.jsonl"))
    rows = [record.value for split in file.splits for record in read_records(split) if record.value is not None]
    problems = [ADAPTERS["math"].read(row, math) for row in rows]
    assert len(problems) == 3000
    assert all(problem.answer for problem in problems)
    assert all(
        problem.solutions[0].segments == (Segment(SegmentKind.TEXT, row["solution"].strip()),)
        for problem, row in zip(problems, rows, strict=True)
    )
    assert {problem.difficulty for problem in problems} >= {1, 2, 3, 4, 5}

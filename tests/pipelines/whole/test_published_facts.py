"""What published files of model outputs hold when judged again: adapters, programs and answers at work together.

pytest tests/pipelines/whole/test_published_facts.py
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from pipelines.sources.adapters.dialogues import read_mathcoder, read_tora
from pipelines.sources.adapters.pot import read_pot
from pipelines.stages.verify.finals import Case, find_final
from schemas.config import Source
from schemas.problem import Problem, SegmentKind
from validation.answers import close_symbolic, compare
from validation.programs import Ending, Execution, Limits, Pool

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pool():
    with Pool() as pool:
        yield pool
    close_symbolic()


def source(adapter: str) -> Source:
    return Source(name=adapter, path="rows.jsonl", adapter=adapter, licence="MIT")


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def texts(problem: Problem, kind: SegmentKind) -> list[str]:
    return [segment.text for segment in problem.solutions[0].segments if segment.kind is kind]


def final_verdict(problem: Problem) -> str:
    solution = problem.solutions[0]
    segments = tuple((segment.kind, segment.text) for segment in solution.segments)
    rest = (problem.answer, problem.independent, problem.language, solution.annotations)
    final = find_final(Case(0, solution.format, problem.question, segments, *rest))[1].answer
    return compare(problem.answer, final, problem.question).outcome.value if final else "none"


def test_toras_outputs_are_what_its_programs_print(real_data: Path, pool: Pool):
    problems = [read_tora(row, source("tora")) for row in rows(real_data / "tir" / "tora70b_gsm8k_test_outputs.jsonl")]
    recorded = [texts(problem, SegmentKind.OUTPUT) for problem in problems]
    ran = pool.map_blocks([texts(problem, SegmentKind.CODE) for problem in problems], Limits())
    pairs = [
        (said, execution.stdout)
        for outputs, executions in zip(recorded, ran, strict=True)
        for said, execution in zip(outputs, executions, strict=False)
    ]
    assert len(pairs) == sum(map(len, recorded)) == 1318
    assert sum(said.strip() == printed.strip() for said, printed in pairs) == 1316
    assert Counter(map(final_verdict, problems))["equal"] == 1112


def test_codex_programs_on_gsm8k(real_data: Path, pool: Pool):
    lines = rows(real_data / "pot" / "pot_codex_gsm8k_fewshot.jsonl")
    problems = [read_pot(row, source("pot")) for row in lines if "generated" in row]  # two lines are prompts
    ran = pool.map([texts(problem, SegmentKind.CODE)[0] for problem in problems], Limits(cpu_s=2))
    ends = Counter(map(how_it_ended, problems, ran))
    assert ends == {"right": 941, "rounded": 1, "wrong": 352, "NameError": 11, "no ans": 8, "timeout": 4, "error": 1}


def how_it_ended(problem: Problem, execution: Execution) -> str:
    """The harness asked for `ans`: a program without it, no error here, was a NameError there (11 + 8 = 19)."""
    if execution.ending is not Ending.OK:
        return "NameError" if "NameError" in (execution.error or "") else execution.ending.value
    if execution.value is None:
        return "no ans"
    verdict = compare(problem.answer, execution.value, problem.question)
    if verdict.outcome != "equal":
        return "wrong"
    return "rounded" if verdict.path == "rounded" else "right"  # 33.333... where the question asks to round


def test_mathcoders_rows_called_correct_contain_wrong_ones(real_data: Path):
    found = rows(real_data / "tir" / "mathcoder_L7b_math_test_correct.jsonl")
    problems = [read_mathcoder(row, source("mathcoder")) for row in found]
    verdicts = Counter(
        compare(problem.answer, row["completion"], problem.question).outcome.value
        for problem, row in zip(problems, found, strict=True)
    )
    assert (len(problems), verdicts["not_equal"]) == (1179, 18)  # and 62 decimals that are cut short
    assert verdicts["unknown"] <= 7 + 62
    assert Counter(map(final_verdict, problems))["equal"] >= 1080

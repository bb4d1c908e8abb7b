import ast
import re
import subprocess
import sys
from fractions import Fraction
from random import Random

import pytest

from demo import layout
from demo.template import Draft, Template, draw
from demo.templates import TEMPLATES
from pipelines.sources.adapters.segments import parse_segments
from schemas.problem import Format
from schemas.transcript import transcribe
from validation.answers.arithmetic import check_annotations

DRAWS = 30


def drafts_of(template: Template) -> list[Draft]:
    rng = Random(template.name)
    return [draw(template, rng, top=top) for top in (9, 49) for _ in range(DRAWS)]


def test_there_are_at_least_forty_templates_of_distinct_names_with_several_wordings_each():
    assert len(TEMPLATES) >= 40
    assert len({template.name for template in TEMPLATES}) == len(TEMPLATES)
    assert all(len(template.questions) >= 2 and len(template.solutions) >= 2 for template in TEMPLATES)
    wordings = [question for template in TEMPLATES for question in template.questions]
    assert len(set(wordings)) == len(wordings)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_rationale_states_exact_calculations_whose_last_one_is_the_answer(template):
    for draft in drafts_of(template):
        calculations = check_annotations(draft.rationale)
        assert len(calculations) == len(draft.steps)
        assert all(calculation.exact for calculation in calculations)
        assert calculations[-1].value == draft.answer
        assert layout.cot(draft).endswith(f"\n#### {draft.answer}")
        assert layout.words(draft).endswith(f"\\boxed{{{draft.answer}}}.")
        assert "<<" not in layout.words(draft)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_program_computes_the_answer_of_its_rationale(template):
    for draft in drafts_of(template):
        assert value_of_program(layout.pot(draft)) == draft.answer


def test_real_python_prints_the_answer_of_every_template():
    chosen = [drafts_of(template)[-1] for template in TEMPLATES]
    program = "\n".join(layout.pot(draft) for draft in chosen)
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert [int(line) for line in printed.split()] == [draft.answer for draft in chosen]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_dialogue_holds_the_program_its_output_and_the_answer(template):
    for draft in drafts_of(template)[:5]:
        text = layout.tir(draft, Random(0))
        segments = parse_segments(text, Format.TIR)
        assert [segment.kind for segment in segments] == ["text", "code", "output", "text"]
        assert value_of_program(segments[1].text) == int(segments[2].text) == draft.answer
        assert segments[3].text == f"The answer is \\boxed{{{draft.answer}}}."
        assert transcribe(segments).response == text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_question_names_every_number_and_leaves_no_placeholder(template):
    for draft in drafts_of(template):
        numbers = [int(number) for number in re.findall(r"\d+", draft.question)]
        assert sorted(numbers) == list(draft.key[2])
        assert not re.search(r"[{}\[\]]", draft.question + draft.rationale)
        assert min(numbers) >= 2
        assert draft.answer >= 2


def test_the_same_seed_draws_the_same_problem_and_another_seed_another():
    def drawn(seed: int) -> list[str]:
        rng = Random(seed)
        return [draw(template, rng, top=9).question for template in TEMPLATES]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_the_gift_template_reads_like_a_problem():
    gift = next(template for template in TEMPLATES if template.name == "gift")
    draft = draw(gift, Random(3), top=9)
    total = sum(draft.key[2])
    assert draft.answer == total
    assert re.search(r"\bHow many (\w+) (does|are)\b", draft.question)
    assert f"<<{draft.steps[0].left_value}+{draft.steps[0].right_value}={total}>>" in draft.rationale


def value_of_program(code: str) -> int:
    """Interprets assignments and one print by hand: a second opinion that shares no code with the generators."""
    names: dict[str, Fraction] = {}

    def value(node: ast.expr) -> Fraction:
        match node:
            case ast.Constant(value=int() as number):
                return Fraction(number)
            case ast.Name(id=name):
                return names[name]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return value(left) + value(right)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return value(left) - value(right)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return value(left) * value(right)
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return value(left) / value(right)
        raise AssertionError(ast.dump(node))

    *assignments, last = ast.parse(code).body
    for assignment in assignments:
        assert isinstance(assignment, ast.Assign)
        assert isinstance(assignment.targets[0], ast.Name)
        names[assignment.targets[0].id] = value(assignment.value)
    assert isinstance(last, ast.Expr)
    assert isinstance(last.value, ast.Call)
    result = value(last.value.args[0])
    assert result.denominator == 1
    return int(result)

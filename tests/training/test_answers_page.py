import re
from pathlib import Path

import pytest

from training.answers_page import MOST_PROBLEMS, write_page
from training.generations import Other, apart, result_of
from training.results import EvalResult


def row(number, *, sample=0, passed=False, **changes):
    values = {
        "suite": "mine",
        "id": f"mine-{number}",
        "problem_id": f"mine-{number}",
        "format": "tir",
        "sample": sample,
        "question": f"Question {number}: what is $\\frac{{1}}{{2}}$ of 10?",
        "reference": "5",
        "language": "en",
        "topic": "sums",
        "difficulty": str(number % 2),
        "response": "We halve.\n```python\nprint(10 // 2)\n```\n```output\n5\n```\nSo \\boxed{5}.",
        "answer": "5",
        "outcome": "equal" if passed else "not_equal",
        "detail": "number",
        "passed": passed,
        "ended": True,
        "tokens": 20,
        "tool_calls": 1,
    }
    return values | changes


@pytest.fixture
def page(tmp_path):
    def write(rows, other=()):
        figures = {"mine": {"tir": result_of(rows, seed=0, contamination="unknown")}}
        compared = apart(rows, other, seed=0) if other else {}
        result = EvalResult("RUN", tmp_path, {}, 1.0, figures, compared)
        beside = Other(Path("OLD"), "an older model", tuple(other)) if other else None
        write_page(tmp_path / "index.html", result, rows, beside)
        return (tmp_path / "index.html").read_text(encoding="utf-8")

    return write


def test_wrong_answers_come_first_with_formulas_programs_and_verdicts(page):
    text = page([row(0, passed=True), row(1)])
    assert text.index("Question 1") < text.index("Question 0")
    assert "<mfrac>" in text
    assert "print(10 // 2)" in text
    assert "contamination unknown" in text
    assert 'data-outcome="not_equal"' in text


def test_a_problem_in_the_list_shows_its_formulas_too(page):
    summary = page([row(1)]).split('class="answered"')[1].split("</summary>")[0]
    assert "<mfrac>" in summary
    assert "frac{1}" not in summary


def test_what_a_model_writes_cannot_become_markup(page):
    text = page([row(0, response="</script><script>alert(1)</script>", question="<img src=x onerror=a>\u202e")])
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    policy = text.replace("&#x27;", "'")
    assert re.search(r"default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'", policy)


def test_two_models_stand_side_by_side_and_where_they_differ_is_marked(page):
    alone = page([row(0), row(1)])
    text = page([row(0), row(1)], [row(0, passed=True), row(1)])
    assert text.count("an older model") == 2
    assert (text.count("data-differs"), alone.count("data-differs")) == (1, 0)
    assert "-50.0 (" in text


def test_samples_are_shown_with_how_many_are_right(page):
    text = page([row(0, sample=0), row(0, sample=1, passed=True), row(0, sample=2)])
    assert "1/3" in text
    assert "pass@3" in text
    assert "2 of 3: " in text
    assert 'data-outcome="not_equal equal"' in text


def test_a_page_of_thousands_keeps_the_wrong_ones_and_says_so(page):
    text = page([row(n, passed=n > 3) for n in range(MOST_PROBLEMS + 50)])
    assert text.count('class="answered"') == MOST_PROBLEMS
    assert "50 more, all of them with more right answers" in text

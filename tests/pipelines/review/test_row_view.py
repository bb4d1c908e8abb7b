import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.review.opened import OpenedData, opened_data
from pipelines.review.row_view import rerun_view, row_view, underlined, wrong_calculations


def view(data: OpenedData, row: dict[str, Any], **more: Any) -> str:
    return str(row_view(data, row, data.candidate(row), **more))


def rows_of(data: OpenedData, **wanted: str) -> list[dict[str, Any]]:
    return [row for row in data.ledger.to_pylist() if all(row[name] == value for name, value in wanted.items())]


def test_the_wrong_calculation_is_underlined_and_the_reason_said_in_words(opened: OpenedData) -> None:
    row = rows_of(opened, outcome="quarantined")[0]
    shown = view(opened, row)
    assert 'First <mark class="wrong">12-2=13</mark>. 12+7=19.' in shown
    assert '<h1 id="why">arithmetic error</h1>' in shown
    assert "a calculation written in the solution is wrong" in shown
    assert '<dt>reference</dt><dd dir="auto">19</dd>' in shown


def test_a_row_stands_beside_what_it_met(tiny_data: Path) -> None:
    with opened_data(tiny_data) as data:
        (leak,) = rows_of(data, reason="benchmark_exact", format="cot")
        shown = view(data, leak)
        assert "Beside what it met" in shown
        assert "bench, item 0" in shown
        assert "answer of bench, item 0: <b>108</b>" in shown
        conflict = rows_of(data, reason="answer_conflict", format="cot")[0]
        shown = view(data, conflict)
        assert "<mark>" in shown
        assert "What else there is of this problem: " in shown


def test_a_record_that_makes_no_candidate_shows_its_fields(tiny_data: Path) -> None:
    with opened_data(tiny_data) as data:
        (unread,) = rows_of(data, reason="missing_field")
        assert "1+1=" in view(data, unread)


def test_what_people_wrote_is_shown_and_an_audit_asks_about_the_rule(opened: OpenedData) -> None:
    row = rows_of(opened, outcome="quarantined")[0]
    shown = view(opened, row, comments=[("ana <b>", "13 & not 11")], audit=True)
    assert "ana &lt;b&gt;" in shown
    assert "13 &amp; not 11" in shown
    assert "Is it right that it was quarantined?" in shown
    assert "Is it right" not in view(opened, row)


def test_nothing_of_a_row_becomes_markup(opened: OpenedData) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\u202e"
    row = rows_of(opened, outcome="quarantined")[0]
    candidate = dict(opened.candidate(row) or {})
    candidate |= {"question": evil, "answer": evil, "segments": [{"kind": "text", "text": evil}], "topic": evil}
    shown = str(row_view(opened, {**row, "detail": evil, "source": evil, "partner": evil}, candidate, [(evil, evil)]))
    assert "<script" not in shown
    assert "<img" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("text", "parts", "marked"),
    [
        ("so 48/2 = 25 left", ["48/2=25"], 'so <mark class="wrong">48/2 = 25</mark> left'),
        ("so 48/2 = 24 left", ["48/2=25"], "so 48/2 = 24 left"),
        ("a<b, 1+1=3", ["1+1=3"], 'a&lt;b, <mark class="wrong">1+1=3</mark>'),
        ("1+1=3 and 1+1=3", ["1+1=3", "1+1 = 3"], '<mark class="wrong">1+1=3</mark> and 1+1=3'),
        ("it cost 192*100=$1920", ["192*100 = 1920"], 'it cost <mark class="wrong">192*100=$1920</mark>'),
        ("$5 each, so 2*5=$11", ["2*5=11"], '$5 each, so <mark class="wrong">2*5=$11</mark>'),
        ("nothing", [], "nothing"),
    ],
)
def test_parts_are_underlined_however_their_spaces_stand(text: str, parts: list[str], marked: str) -> None:
    assert underlined(text, parts) == marked


def test_a_part_of_a_formula_marks_the_formula_whole() -> None:
    shown = underlined("Now $3 + 1+1=3 + x$ holds.", ["1+1=3"])
    assert shown.startswith('Now <mark class="wrong"><math')
    assert shown.endswith("</mark> holds.")


def test_calculations_that_left_the_text_count_too() -> None:
    candidate = {"segments": [{"kind": "text", "text": "It is 13."}], "annotations": ["12-2=13", "1+1=2"]}
    assert wrong_calculations(candidate) == ("12-2=13",)


def test_outputs_stand_beside_what_was_run() -> None:
    shown = rerun_view(["234"], ["243"])
    assert "recorded" in shown
    assert "243" in shown
    assert "holds no program" in rerun_view([], [])


def test_a_partner_elsewhere_is_told(opened: OpenedData) -> None:
    row = rows_of(opened, outcome="quarantined")[0]
    assert "is not in this data set" in view(opened, {**row, "partner": "f" * 32 + "-cot"})


def test_what_we_failed_on_nobody_is_asked_to_accept(opened: OpenedData) -> None:
    row = rows_of(opened, outcome="quarantined")[0]
    assert "accepting it brings nothing back" in view(opened, {**row, "reason": "judge_crash"})
    assert "accepting it brings nothing back" not in view(opened, row)


def test_examples_of_one_problem_are_named_beside_each_other(tiny_data: Path) -> None:
    with opened_data(tiny_data) as data:
        kept = rows_of(data, outcome="kept", source="school", format="cot")[0]
        assert f"{kept['row_id']}-pot" in view(data, kept)


def test_a_row_of_a_megabyte_keeps_nobody_waiting(opened: OpenedData) -> None:
    row = rows_of(opened, outcome="quarantined")[0]
    long = "$x^2$ is " * 120_000
    candidate = {**(opened.candidate(row) or {}), "question": long, "segments": [{"kind": "text", "text": long}]}
    shown = str(row_view(opened, row, candidate))
    assert len(shown) < 300_000
    assert shown.count("more characters)") == 2


def test_a_part_of_many_dollar_signs_costs_no_more_than_its_text() -> None:
    started = time.process_time()
    assert "<mark" not in underlined("a" + "$ " * 2_000, ["a" + "$" * 12 + "b"])
    assert underlined("so a $$ b", ["a$b"]).count("<mark") == 1
    assert time.process_time() - started < 2

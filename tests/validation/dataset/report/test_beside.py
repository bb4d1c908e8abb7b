"""Which text of a removed record stands beside what it lost to, on literal records."""

from typing import Any

import pytest

from validation.dataset.report.beside import Evidence, beside, pair

GERMAN = "Wie viele Eier bleiben Anna, wenn sie drei von zwölf Eiern isst?"


def shown(record: dict[str, str], partner: str | None = None, **row: Any) -> str:
    partners = {} if partner is None else {"exam/1": partner}
    markup = beside({"id": "r1", "partner": "exam/1", **row}, Evidence({"r1": record}, partners))
    assert markup is not None
    return markup


def test_the_field_that_shares_words_with_the_partner_is_the_one_compared() -> None:
    record = {"answer": "three of twelve eggs leave nine eggs", "Body": "Anna has twelve eggs and eats three."}
    assert "Body" in shown(record, "Anna has twelve eggs and eats four.")
    assert "answer" in shown(record, "three of twelve eggs leave nine eggs")


@pytest.mark.parametrize("name", ["question", "Body", "problem"])
def test_where_no_field_shares_words_the_question_is_compared(name: str) -> None:
    record = {"answer": "twelve minus three eggs are nine eggs, so it is nine", name: "How many eggs are left over?"}
    assert f'<span class="kind">{name}</span>' in shown(record, GERMAN)


def test_words_are_marked_only_between_texts_that_are_alike() -> None:
    assert pair("Anna has twelve eggs", "Anna has eleven eggs").count("<mark>") == 2
    apart = pair("How many eggs has $x^2$ hens?", GERMAN)
    assert "<mark>" not in apart
    assert "<msup>" in apart


def test_a_program_is_laid_out_as_one_and_prose_is_not() -> None:
    programs = shown({"question": "How many eggs are left?", "code": "eggs = 12 - 3\nprint(eggs)"})
    assert '<span class="nb">print</span>' in programs
    assert programs.count("<pre>") == 1

"""Which text of a removed record stands beside what it lost to, on literal records."""

from typing import Any

import pytest

from validation.dataset.report.beside import Evidence, beside, pair, texts_of

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


def test_equal_texts_stand_once_with_their_formulas() -> None:
    same = pair("Find $x^2$  here.", "Find $x^2$ here.", labels=("question", "exam/1"))
    assert same.count("<msup>") == 1
    assert "question and exam/1: word for word the same" in same
    assert "word for word" not in pair("Find $x^2$ here.", "Find $y^2$ here.", labels=("question", "exam/1"))


def test_a_conversation_is_told_by_who_speaks() -> None:
    said = [("system", "Be brief, please."), ("user", "How many eggs?"), ("user", "And how many hens?")]
    record = {"messages": [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in said]}
    assert texts_of(record) == {
        "messages: system": said[0][1],
        "messages: user": said[1][1],
        "messages: user, 2": said[2][1],
    }
    assert texts_of({"conversations": [{"from": "human", "value": "How many eggs?"}]}) == {
        "conversations: human": "How many eggs?"
    }
    assert texts_of({"question": "How many eggs?", "meta": {"note": "two words"}}) == {
        "question": "How many eggs?",
        "meta": "two words",
    }


def test_a_label_of_a_few_letters_is_no_second_text() -> None:
    record = {"problem": "How many eggs are left of a dozen when three are eaten?", "level": "Level 4"}
    assert "Level 4" not in shown(record)
    assert '<span class="nb">print</span>' in shown(record | {"code": "print(9)"})


def test_a_program_is_laid_out_as_one_and_prose_is_not() -> None:
    programs = shown({"question": "How many eggs are left?", "code": "eggs = 12 - 3\nprint(eggs)"})
    assert '<span class="nb">print</span>' in programs
    assert programs.count("<pre>") == 1

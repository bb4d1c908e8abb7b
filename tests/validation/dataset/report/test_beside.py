"""Which text of a removed record stands beside what it lost to, on literal records."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.requirements import Recheck, Validate
from tests.validation.dataset.handmade import BENCHMARK_ITEMS, examples, write_data
from validation.dataset.gate import judge
from validation.dataset.report.beside import Evidence, beside, gather, items_of, pair, texts_of

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


def test_texts_are_gathered_from_rejected_records_shards_and_benchmarks(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    also = [{"id": "x1-pot", "reason": "near_duplicate"}]
    records = [
        {"question": "Who lost to a row?", "_mathmill": {"id": "x1-cot", "also": also}},
        {"question": "Who lost to an item?", "_mathmill": {"id": "x2-cot"}},
        {"question": "Whose mark is no object?", "_mathmill": "x3-cot"},
        {"question": "Who is not asked for?", "_mathmill": {"id": "x4-cot"}},
    ]
    (folder / "rejected").mkdir()
    lines = ["not json", *map(json.dumps, records)]
    (folder / "rejected/rejected.jsonl").write_text("\n".join(lines), encoding="utf-8")
    rows = [
        {"id": "x1-pot", "partner": "r0000-cot"},
        {"id": "x2-cot", "partner": "the second item", "benchmark": "farm", "item": 1},
        {"id": "x6-cot", "partner": "farm/0", "benchmark": None, "item": None},
        {"id": "x3-cot", "partner": "x4-cot"},
        {"id": "x5-cot", "partner": None},
    ]
    evidence = gather(judge(folder, Validate(recheck=Recheck(sample=0))), rows)
    assert evidence.records == {
        "x1-pot": {"question": "Who lost to a row?"},
        "x2-cot": {"question": "Who lost to an item?"},
    }
    assert evidence.partners == {
        "r0000-cot": examples()[0]["question"],
        "the second item": BENCHMARK_ITEMS[1][0],
        "x4-cot": "Who is not asked for?",
    }


def test_an_item_that_is_not_stored_is_not_shown(tmp_path: Path) -> None:
    folder = write_data(tmp_path)
    assert items_of(folder, [("farm", 0), ("farm", 9), ("barn", 0)]) == {("farm", 0): BENCHMARK_ITEMS[0][0]}
    assert items_of(tmp_path / "nowhere", [("farm", 0)]) == {}

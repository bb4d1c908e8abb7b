import json

import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.sources import render
from pipelines.sources.adapters.registry import ADAPTERS, Adapter
from pipelines.sources.files.records import Record, row_id
from pipelines.sources.normalise import normalise
from pipelines.sources.render import render_parts, render_record
from schemas.config import Normalise, Source
from schemas.exits import RunFailedError
from schemas.reason import Reason
from tests.tiny import marbles

COLUMNS = {"question": "q", "solution": "s", "answer": "a", "decision": "said", "control": "test"}


def source(**settings) -> Source:
    given = {"name": "school", "path": "x", "adapter": "columns", "format": "cot", "licence": "MIT", "columns": COLUMNS}
    return Source.model_validate(given | settings)


GSM8K = source(adapter="gsm8k", derive=["pot", "tir"], columns={}, format=None)


def records(*rows) -> list[Record]:
    return [Record(place, json.dumps(row), row) for place, row in enumerate(rows)]


def rendered(*rows, by: Source | None = None) -> list[dict]:
    (pair,) = render_parts(records(*rows), by or source())
    return pair[0].to_pylist()


def test_a_row_becomes_a_candidate_of_each_format_with_its_record_on_the_first():
    row = marbles(1)[0]
    found = rendered(row, by=GSM8K)
    assert [one["format"] for one in found] == ["cot", "pot", "tir"]
    assert [one["derived"] for one in found] == [False, True, True]
    assert [one["record"] for one in found] == [json.dumps(row), None, None]
    assert {one["row_id"] for one in found} == {row_id("school", json.dumps(row))}
    assert {one["question"] for one in found} == {row["question"]}
    assert found[0]["annotations"] == ["2+5=7"]


def test_a_candidate_holds_what_its_row_and_its_source_say():
    row = {"q": " What is  2+2?\r\n", "s": "It is 4. ", "a": "4", "said": "accepted"}
    (found,) = rendered({}, row, by=source(author="model:x", language="de", weight=2.5))[1:]
    assert found["question"] == "What is  2+2?"
    assert found["segments"] == [{"kind": "text", "text": "It is 4."}]
    assert (found["row"], found["answer"], found["independent"], found["language"]) == (1, "4", True, "de")
    assert (found["author"], found["licence"], found["weight"]) == ("model:x", "MIT", 2.5)
    assert found["selection"]["decision"] == "accepted"
    assert (found["stage"], found["reason"], found["detail"]) == (None, None, None)


def test_a_row_about_which_nobody_said_anything_has_no_selection():
    silent, said = rendered({"q": "1?", "s": "1"}, {"q": "1?", "s": "1", "said": "rejected"})
    assert silent["selection"] is None
    assert said["selection"]["decision"] == "rejected"


@pytest.mark.parametrize(
    ("row", "stage", "reason", "detail"),
    [
        ({"s": "1"}, "read", "missing_field", "q"),
        ({"q": "1?", "s": "1", "test": True}, "select", "not_selected", "a control item"),
        ({"q": "1?", "s": "1 \x07 2"}, "normalise", "control_characters", "text: BELL"),
        ({"q": "Is it $\x0crac{1}{2}$?", "s": "1"}, "normalise", "control_characters", "question: FORM FEED"),
    ],
)
def test_a_row_that_goes_no_further_says_why_between_two_that_do(row, stage, reason, detail):
    good = {"q": "1+1?", "s": "2"}
    before, found, after = rendered(good, row, good)
    assert (before["reason"], after["reason"]) == (None, None)
    assert (found["row"], found["stage"], found["reason"]) == (1, stage, reason)
    assert detail in found["detail"]
    assert found["record"] == json.dumps(row)


def test_a_source_without_solutions_yields_rows_that_say_so():
    (found,) = rendered({"q": "1?"}, by=source(columns={"question": "q", "solution": None}))
    assert (found["format"], found["question"], found["segments"]) == (None, None, None)
    assert (found["reason"], found["detail"]) == ("missing_field", "the record has no solution")


def test_a_record_that_could_not_be_read_keeps_its_reason_and_its_text():
    spoiled = Record(4, '{"q', None, Reason.PARSE_ERROR, "line 1")
    ((part, _),) = render_parts([spoiled], source())
    assert part.schema.equals(CANDIDATE_SCHEMA)
    (found,) = part.to_pylist()
    filled = {name: value for name, value in found.items() if value is not None}
    assert filled == {
        "row_id": row_id("school", '{"q'),
        "source": "school",
        "row": 4,
        "stage": "read",
        "reason": "parse_error",
        "detail": "line 1",
        "record": '{"q',
    }


def test_programs_and_outputs_are_normalised_as_such_and_words_as_words():
    dialogue = "Für  \n```python\nx = 'a  '  \r\nprint(x)\n```\n```output\na  b\n```\nIt is\u00a0\\!5.  "
    (found,) = rendered({"q": "1?", "s": dialogue}, by=source(format="tir"))
    assert [segment["kind"] for segment in found["segments"]] == ["text", "code", "output", "text"]
    first, code, output, last = (segment["text"] for segment in found["segments"])
    assert (first, last) == ("Für", "It is 5.")
    assert code == normalise("x = 'a  '  \r\nprint(x)", code=True)
    assert code.startswith("x = 'a  '")
    assert output == "a  b"


def test_a_record_alone_is_rendered_as_the_adapter_read_it():
    (candidate,) = render_record(records({"q": "1\u00a0?", "s": "a\u00a0b"})[0], source())
    row = dict(zip(CANDIDATE_SCHEMA.names, candidate, strict=True))
    assert row["question"] == "1\u00a0?"
    assert [segment.text for segment in row["segments"]] == ["a\u00a0b"]


def test_no_records_are_no_part():
    assert list(render_parts([], source())) == []


@pytest.mark.parametrize("size", [1, 300, 2000, 1 << 20])
def test_parts_are_cut_by_bytes_and_never_through_a_row(monkeypatch, size):
    (whole, total), *none = render_parts(records(*marbles(20)), GSM8K)
    assert none == []
    monkeypatch.setattr(render, "PART_BYTES", size)
    parts = list(render_parts(records(*marbles(20)), GSM8K))
    assert [row for part, _ in parts for row in part.to_pylist()] == whole.to_pylist()
    assert sum(held for _, held in parts) == total
    rows = [{*part.column("row").to_pylist()} for part, _ in parts]
    assert sum(map(len, rows)) == 20
    assert all(held >= size for _, held in parts[:-1])
    assert len(parts) == {1: 20, 300: 20, 2000: 5, 1 << 20: 1}[size]


@pytest.mark.parametrize("field", ["q", "s", "a"])
def test_a_lost_backslash_at_the_start_of_a_text_costs_the_row(field):
    row = {"q": "What is 1/2?", "s": "It is 1/2.", "a": "1/2"}
    lost, kept = rendered(row | {field: "\x0crac{1}{2} is it."}, row | {field: "\x0c 1/2 is it."})
    assert lost["reason"] == Reason.CONTROL_CHARACTERS
    assert kept["reason"] is None


def test_a_row_that_cannot_be_laid_out_is_quarantined_and_the_others_live():
    torn = {"q": "1?\ud800", "s": "1"}
    rows = [{"q": "1?", "s": "1"}, torn, {"q": "2?", "s": "2"}]
    found = rendered(*rows)
    assert [row["reason"] for row in found] == [None, "stage_crash", None]
    assert found[1]["detail"].startswith("render: UnicodeEncodeError: ")
    assert (found[1]["stage"], found[1]["row"], found[1]["format"]) == ("read", 1, None)
    assert found[1]["record"] == json.dumps(torn)
    with pytest.raises(RunFailedError, match=r"render: UnicodeEncodeError: .*: row 1 of school"):
        list(render_parts(records(*rows), source(), strict=True))


def test_a_row_that_makes_its_adapter_raise_is_quarantined_and_the_others_live(monkeypatch):
    def read(record, source):
        return {"easy": ADAPTERS["gsm8k"].read}[record["kind"]](record, source)

    monkeypatch.setattr(render, "ADAPTERS", {**ADAPTERS, "kinds": Adapter(read)})
    easy, odd = marbles(1)[0] | {"kind": "easy"}, marbles(1)[0] | {"kind": "odd"}
    kinds = GSM8K.model_copy(update={"adapter": "kinds", "derive": ()})
    assert [row["reason"] for row in rendered(easy, odd, easy, by=kinds)] == [None, "stage_crash", None]
    with pytest.raises(RunFailedError, match=r"read: KeyError: 'odd' at .*: row 1 of school"):
        list(render_parts(records(easy, odd), kinds, strict=True))


def test_words_are_mended_and_programs_are_not():
    row = {"q": "Is 3 &lt; 4?\\nSay so.", "s": "print('&lt;\\nA')", "a": "3 &lt; 4"}
    (found,) = rendered(row, by=source(format="pot"))
    assert (found["question"], found["answer"]) == ("Is 3 < 4?\nSay so.", "3 < 4")
    assert found["segments"] == [{"kind": "code", "text": row["s"]}]


def test_the_author_is_whom_the_config_names_else_whom_the_adapter_knows():
    chat = {"messages": [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]}
    chats = {"adapter": "messages", "columns": {}, "format": None}
    assert rendered(chat, by=source(**chats))[0]["author"] == "unknown"
    assert rendered(chat, by=source(**chats, author="human"))[0]["author"] == "human"
    assert rendered({"q": "1?", "s": "1"})[0]["author"] == "human"
    assert rendered({"q": "1?", "s": "1"}, by=source(author="unknown"))[0]["author"] == "unknown"


@pytest.mark.parametrize(("contacts", "text"), [("keep", "So 5.\n~solver"), ("cut", "So 5.")])
def test_contacts_are_cut_on_request(contacts, text):
    rows = records({"q": "Who is ~solver? 5", "s": "So 5.\n~solver"})
    ((part, _),) = render_parts(rows, source(), Normalise(contacts=contacts))
    assert part.to_pylist()[0]["segments"] == [{"kind": "text", "text": text}]


def test_a_text_longer_than_any_stage_takes_is_left_unread():
    rest = render.LONGEST - len("1?")
    kept, lost = rendered({"q": "1?", "s": "a" * rest}, {"q": "1?", "s": "a" * (rest + 1)})
    assert kept["reason"] is None
    assert (lost["stage"], lost["reason"], lost["question"]) == ("screen", "too_long", None)

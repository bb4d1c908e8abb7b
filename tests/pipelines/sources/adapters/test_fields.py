import re
from decimal import Decimal

import pytest

from pipelines.sources.adapters.fields import (
    ENDING,
    Unreadable,
    ending_of,
    find,
    has_field,
    is_marked,
    level_of,
    listed_text,
    loaded,
    moment_of,
    names_in,
    number_of,
    number_text,
    optional_text,
    share_of,
    text_of,
    texts_of,
    without_ending,
)
from schemas.reason import Reason

RECORD = {"a": {"b": [{"c": "deep"}]}, "a.b": "whole", "n": 5, "none": None, "blank": " \n", "list": ["x"]}
NESTED = RECORD | {
    "meta": '{"level": 5, "tags": ["a", "b"], "none": null}',
    "cell": "[{'role': 'user', 'content': \"it's\"}]",
    "votes.users": ["ann"],
    "steps": [{"text": "one", "marks": [{"by": "ann"}, {"by": "bo"}]}, {"text": "two", "marks": []}],
    "empty": [],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 5),
        ("a.b", "whole"),
        ("a.b.0.c", "deep"),
        ("list.0", "x"),
        ("list.1", None),
        ("list.-1", None),
        ("list.x", None),
        ("n.a", None),
        ("absent", None),
        ("meta.level", 5),
        ("meta.tags.1", "b"),
        ("meta.none", None),
        ("cell.0.role", "user"),
        ("votes.users.0", "ann"),
        ("votes.users.1", None),
        ("steps.text", ["one", "two"]),
        ("steps.marks.by", ["ann", "bo"]),
        ("steps.absent", None),
    ],
)
def test_a_dotted_name_reaches_into_objects_and_arrays(name, value):
    assert find(NESTED, name) == value


@pytest.mark.parametrize(
    ("name", "has"),
    [
        *[("n", True), ("none", True), ("a.b.0.c", True), ("meta.level", True), ("votes.users.0", True)],
        *[("steps.marks.by", True), ("none.deep", True), ("empty.0.by", True), ("steps.0.marks.0.x", False)],
        *[("a.x", False), ("meta.leve", False), ("n.x", False), ("absent", False), ("absent.x", False)],
    ],
)
def test_a_record_has_a_field_or_has_nothing_where_its_name_begins(name, has):
    assert has_field(NESTED, name) is has


def test_a_text_is_returned_with_its_spaces():
    assert text_of({"text": " two words\n"}, "text") == " two words\n"


@pytest.mark.parametrize(
    ("name", "reason", "detail"),
    [
        ("blank", Reason.MISSING_FIELD, "blank is empty"),
        ("absent", Reason.MISSING_FIELD, "no absent; the record has a, a.b, n, none, blank, list"),
        ("none", Reason.MISSING_FIELD, "no none; the record has a, a.b, n, none, blank, list"),
        ("n", Reason.UNSUPPORTED, "n is no text but int"),
        ("list", Reason.UNSUPPORTED, "list is no text but list"),
        ("a", Reason.UNSUPPORTED, "a is no text but dict; it holds b: name one as a.b"),
    ],
)
def test_a_text_that_must_be_there_says_why_it_is_not(name, reason, detail):
    with pytest.raises(Unreadable) as caught:
        text_of(RECORD, name)
    assert (caught.value.reason, caught.value.detail) == (reason, detail)


def test_an_empty_record_has_no_field():
    with pytest.raises(Unreadable, match="no text; the record has no field"):
        text_of({}, "text")


@pytest.mark.parametrize(
    ("value", "text"), [(" 7 ", "7"), (" ", None), (None, None), (7, "7"), (7.0, "7"), (0, "0"), ("0", "0")]
)
def test_a_text_that_may_be_absent_is_stripped_and_numbers_are_written(value, text):
    assert optional_text({"field": value}, "field") == text
    assert optional_text({"field": value}, None) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (18.0, "18"),
        (-0.5, "-0.5"),
        (1e-05, "0.00001"),
        (1e22, "10000000000000000000000"),
        (10**30, "1" + "0" * 30),
        (Decimal("1.50"), "1.50"),
    ],
)
def test_a_number_is_written_as_people_do(value, text):
    assert number_text(value) == text


@pytest.mark.parametrize("value", [True, "5", [5], float("nan"), float("inf")])
def test_what_is_no_number_is_not_written_as_one(value):
    with pytest.raises(Unreadable) as caught:
        number_text(value)
    assert caught.value.reason is Reason.UNSUPPORTED


@pytest.mark.parametrize(("value", "number"), [("0.25", 0.25), (3, 3.0), (" 1e2 ", 100.0), ("", None), (None, None)])
def test_a_number_may_be_written_or_absent(value, number):
    assert number_of({"field": value}, "field") == number


@pytest.mark.parametrize("value", ["nan", "inf", "many", "1,200"])
def test_a_number_that_is_none_is_refused(value):
    with pytest.raises(Unreadable, match=f"field is no number: '{value}'"):
        number_of({"field": value}, "field")


@pytest.mark.parametrize("value", [0, 1, "0.5"])
def test_a_share_reaches_from_0_to_1(value):
    assert share_of({"field": value}, "field") == float(value)


@pytest.mark.parametrize("value", [-0.001, 1.001, 80])
def test_a_share_beyond_its_bounds_is_refused(value):
    with pytest.raises(Unreadable, match=f"field is {value:g}, expected 0 to 1"):
        share_of({"field": value}, "field")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1970-01-02", 86400.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T00:00:01", 1.0),
        (1.5, 1.5),
        ("12", 12.0),
        (None, None),
    ],
)
def test_a_time_is_in_seconds_and_without_a_zone_it_is_utc(value, seconds):
    assert moment_of({"field": value}, "field") == seconds


def test_a_time_that_is_none_is_refused():
    with pytest.raises(Unreadable, match="field is no time: 'soon'; expected ISO 8601 or seconds"):
        moment_of({"field": "soon"}, "field")


@pytest.mark.parametrize(
    ("value", "marked"),
    [("Yes", True), (1.0, True), (True, True), ("no", False), (0, False), ("", False), (None, False)],
)
def test_a_mark_is_true_or_false_in_any_word(value, marked):
    assert is_marked({"field": value}, "field") is marked


@pytest.mark.parametrize("value", ["maybe", 2, [True]])
def test_another_mark_is_refused(value):
    with pytest.raises(Unreadable, match="field is true, false or empty, not"):
        is_marked({"field": value}, "field")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        *[("Level 5", 5), ("3", 3), ("6.0", 6), ("level-4", 4), ("L4", 4), (" 2 ", 2)],
        *[("5.5", 6), ("4.25", 4), ("3.875", 4), ("Level 2.4", 2)],
        *[("Level ?", None), ("1234567", None), ("5 stars", None), (None, None)],
        *[("3/5", None), ("1.2.3", None), ("2-3", None), ("-3", None), ("4,5", None)],
    ],
)
def test_a_level_is_the_number_at_the_end(text, level):
    assert level_of(text) == level


def test_the_fields_of_a_field_are_itself_its_parts_or_those_of_its_template():
    assert names_in(None) == []
    assert names_in("a.b") == ["a.b"]
    assert names_in(["a", "b"]) == ["a", "b"]
    assert names_in("Passage: {a}\n{b.0}") == ["a", "b.0"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *[('["5"]', ["5"]), (' {"A": 5}', {"A": 5}), ("[5", "[5"), ("[1, 2) or {x}", "[1, 2) or {x}")],
        *[("5", "5"), ('"[5]"', '"[5]"'), (["[5]"], ["[5]"]), (None, None)],
        *[("['5', \"it's\", None, 2.5]", ["5", "it's", None, 2.5]), ("[{'A': True}]\n", [{"A": True}])],
        *[
            (text, text)
            for text in ("['a' 'b']", "['a',  'b']", "{'a', 'b'}", "[open('x')]", "[1, 2", "[" * 9000 + "]")
        ],
        (f"[{'-' * 9000}1]", f"[{'-' * 9000}1]"),
        (f"['{'x' * (1 << 18)}']", f"['{'x' * (1 << 18)}']"),
    ],
)
def test_a_list_or_an_object_in_a_text_is_read_and_nothing_else(value, read):
    assert loaded(value) == read


def test_a_list_holds_texts_and_nothing_else():
    assert texts_of({"t": ["a", " ", "b"]}, "t") == ["a", "b"]
    for value, reason in (([" "], Reason.MISSING_FIELD), (["a", 5], Reason.UNSUPPORTED), ([["a"]], Reason.UNSUPPORTED)):
        with pytest.raises(Unreadable) as caught:
            texts_of({"t": value}, "t")
        assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(["a", None, 5.0], "a, 5"), ([" 2 "], "2"), ([], None), ("b", "b"), (None, None)],
        *[('["51"]', "51"), (r'["\\frac{1}{7}", "3"]', r"\frac{1}{7}, 3"), ("['51']", "51")],
        *[("[-2, 5]", "[-2, 5]"), ("[0, 1)", "[0, 1)"), ('["a', '["a'), ("[[1, 0], [0, 1]]", "[[1, 0], [0, 1]]")],
    ],
)
def test_a_text_may_be_a_list_of_them(value, text):
    assert listed_text({"field": value}, "field") == text


def test_the_only_text_of_a_list_is_a_text():
    assert (
        optional_text({"topic": ["algebra"]}, "topic")
        == optional_text({"topic": ["algebra"] * 2}, "topic")
        == "algebra"
    )
    assert optional_text({"topic": []}, "topic") is None


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (["algebra", "sets"], "topic is a list of 2: name one as topic.0"),
        ({"id": 1, "name": "sets"}, "topic is no text but dict; it holds id, name: name one as topic.name"),
        ([{"id": 1}], "topic is no text but dict; it holds id: name one as topic.id"),
        (True, "topic is no text but bool"),
    ],
)
def test_what_is_no_text_is_refused_by_its_name(value, detail):
    with pytest.raises(Unreadable) as caught:
        optional_text({"topic": value}, "topic")
    assert (caught.value.reason, caught.value.detail) == (Reason.UNSUPPORTED, detail)


def test_the_texts_of_objects_in_a_list_are_named_by_their_field():
    record = {"steps": [{"text": "one"}, {"text": "two"}]}
    assert texts_of(record, "steps.text") == ["one", "two"]
    assert texts_of(record, ["steps.text"]) == texts_of(record, "{steps.text}") == ["one\ntwo"]
    with pytest.raises(Unreadable) as caught:
        texts_of(record, "steps")
    assert caught.value.detail == "steps is no text but list; its items hold text: name one as steps.text"
    with pytest.raises(Unreadable, match=r"^steps is no text but list of lists: name one as steps\.0$"):
        texts_of({"steps": [["one"]]}, "steps")
    assert texts_of({"steps": [["one"]]}, "steps.0") == ["one"]


def test_an_ending_is_looked_for_where_a_text_ends_and_nowhere_before() -> None:
    steps = re.compile(r"\s*Step by step\.?\s*$")
    assert without_ending("What is 2+2? Step by step.\n", steps) == "What is 2+2?"
    assert without_ending("Step by step. What is 2+2?", steps) == "Step by step. What is 2+2?"
    found = ending_of("x" * 5000 + " Step by step" + " " * 5000, steps)
    assert found is not None
    assert found.start() == 5000


def test_an_ending_that_begins_too_far_from_the_end_is_none() -> None:
    stated = re.compile(r"The answer is (\S+)\s*$")
    for length, known in ((ENDING - 14, True), (ENDING - 13, False)):
        assert (ending_of("x The answer is " + "7" * length, stated) is not None) is known

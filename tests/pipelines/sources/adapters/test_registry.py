from dataclasses import FrozenInstanceError

import pytest

from pipelines.sources.adapters.registry import ADAPTERS, check_fields, check_sources, has_header, named_fields
from pipelines.sources.files.scan import Record
from schemas.exits import UserError
from schemas.reason import Reason
from tests.pipelines.sources.adapters.rows import source


def test_an_unknown_adapter_names_the_nearest():
    with pytest.raises(
        UserError, match=r"curate.sources: mine: no adapter 'gsm8'; did you mean gsm8k\? Known are .*math"
    ):
        check_sources([source("math"), source("gsm8")])


def test_columns_needs_a_format():
    with pytest.raises(UserError, match="needs `format`: cot, pot or tir"):
        check_sources([source("columns")])
    check_sources([source("columns", format="tir")])


def test_only_annotations_can_be_derived_from():
    with pytest.raises(
        UserError,
        match=r"`derive` needs calculator annotations, which columns, gsm8k, messages may have and math has not",
    ):
        check_sources([source("math", derive=["pot"])])
    check_sources([source(name, derive=["pot"]) for name in ("gsm8k", "messages")])


def test_programs_are_derived_from_words_only():
    with pytest.raises(UserError, match="mine: `derive` makes programs of words: it needs `format: cot`, not tir"):
        check_sources([source("columns", format="tir", derive=["pot"])])
    check_sources([source("columns", format="cot", derive=["pot"])])


def test_a_field_that_no_record_has_names_the_nearest():
    rows = [Record(0, "", {"problem": "q", "meta": {"who": "a"}}), Record(1, "", None, Reason.PARSE_ERROR)]
    named = source("columns", format="cot", columns={"question": "problem", "solution": None, "annotator": "meta.who"})
    check_fields("curate.sources: mine", named_fields(named), rows)
    message = r"mine: no field 'problm' in the first record \(did you mean problem\?\); they have meta, problem"
    with pytest.raises(UserError, match=message):
        check_fields("curate.sources: mine", ["problm"], rows)
    check_fields("curate.sources: mine", ["anything"], rows[1:])
    assert named_fields(source("gsm8k")) == []


def test_columns_named_by_position_mean_a_file_without_header():
    assert not has_header(["0", "1", None])
    assert not has_header([["question", "2"], None])
    assert not has_header(["{0} {1}"])
    assert has_header(["question", ["a", "b"], None])


def test_an_adapter_says_that_its_files_have_no_header():
    assert not has_header(["question"], "mgsm")
    assert has_header(["question"], "cmath")


def test_only_an_adapter_that_reads_by_name_has_named_fields():
    assert named_fields(source("columns", columns={"solution": None})) == ["question"]
    assert named_fields(source("messages")) == []


def test_what_stands_beside_the_turns_is_checked_where_the_config_names_it():
    named = named_fields(source("messages", columns={"answer": "meta.expected", "topic": "area"}))
    assert sorted(named) == ["area", "meta.expected"]
    rows = [Record(0, "", {"messages": [], "meta": '{"expected": "5"}', "area": "sets"})]
    check_fields("here", named, rows)
    with pytest.raises(UserError, match=r"no field 'meta.expect'"):
        check_fields("here", ["meta.expect"], rows)


@pytest.mark.parametrize(
    ("adapter", "name", "able"),
    [
        ("messages", "question", "columns"),
        ("messages", "options", "columns"),
        ("columns", "messages", "messages, tora"),
        ("gsm8k", "topic", "columns, messages, tora"),
    ],
)
def test_a_name_that_has_no_effect_is_refused(adapter, name, able):
    with pytest.raises(UserError, match=rf"`columns.{name}` has no effect: .* that do: {able}$"):
        check_sources([source(adapter, format="cot", columns={name: "x"})])
    check_sources([source(able.split(", ")[0], format="cot", columns={name: "x"})])


def test_a_name_that_says_what_holds_anyway_is_no_mistake():
    check_sources([source("gsm8k", columns={"question": "question", "solution": "solution"})])


def test_adapters_stand_in_the_order_of_their_names():
    assert list(ADAPTERS) == sorted(ADAPTERS)


def test_an_adapter_is_not_changed_by_who_uses_it():
    with pytest.raises(FrozenInstanceError):
        ADAPTERS["gsm8k"].annotated = False
    with pytest.raises(TypeError):
        ADAPTERS["gsm8k"] = ADAPTERS["math"]


def test_an_error_names_ten_fields_at_most():
    rows = [Record(0, "", {f"f{place:02}": 1 for place in range(12)})]
    with pytest.raises(UserError, match=r"they have f00, .*, f09 and 2 more$"):
        check_fields("mine", ["question"], rows)


def test_the_parts_of_joined_fields_are_checked_one_by_one():
    columns = {"question": ["passage", "ask"], "solution": "{steps}\n{end}", "options": "choices"}
    named = named_fields(source("columns", format="cot", columns=columns))
    assert named == ["passage", "ask", "choices", "steps", "end"]


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ({"row": {"question": "q"}}, r"did you mean row\.question\?"),
        ({"version": 1, "mine": [{"question": "q"}]}, "`rows: mine` reads the list there"),
        ({"result": {"mine": [{"question": "q"}]}}, r"`rows: result\.mine` reads the list there"),
        ({"questions": "q"}, r"did you mean questions\?"),
    ],
)
def test_a_field_that_stands_deeper_is_pointed_to(row, hint):
    with pytest.raises(UserError, match=rf"no field 'question' in the first record \({hint}"):
        check_fields("here", ["question"], [Record(0, "", row)])

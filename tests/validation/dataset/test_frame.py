"""Examples unfolded into columns, on literal rows."""

from typing import Any

import pyarrow as pa
import pytest

from schemas.example import EXAMPLE_SCHEMA
from tests.validation.dataset.handmade import example
from validation.dataset.frame import answer_kinds, flatten, joined_text


def flat(**changes: Any) -> dict[str, Any]:
    rows = [example(0, "tir") | changes]
    (row,) = flatten(pa.Table.from_pylist(rows, schema=EXAMPLE_SCHEMA)).to_pylist()
    return row


def text(*segments: tuple[str, str]) -> list[dict[str, str]]:
    return [{"kind": kind, "text": text} for kind, text in segments]


def test_a_dialogue_unfolds_into_shape_texts_and_lengths() -> None:
    row = flat(segments=text(("think", "hm"), ("code", "print(5)"), ("output", "5"), ("text", "It is 5.")))
    assert (row["shape"], row["solution"], row["prose"]) == ("hcot", "hm\nprint(5)\n5\nIt is 5.", "hm\nIt is 5.")
    assert (row["solution_chars"], row["supervised_chars"]) == (22, 20)
    assert (row["executed"], row["layout"]) == ("yes", "faithful")


def test_a_program_that_nobody_ran_is_told_from_a_row_without_one() -> None:
    unrun = example(0, "tir")["verification"] | {"programs": 0}
    assert flat(verification=unrun)["executed"] == "no"
    assert flat(segments=text(("text", "It is 5.")), verification=unrun)["executed"] is None


def test_a_row_without_segments_or_verification_has_empty_texts_and_no_facts() -> None:
    row = flat(segments=[], verification=None, selection=None)
    assert (row["shape"], row["solution"], row["prose"], row["supervised_chars"]) == ("", "", "", 0)
    assert (row["verdict"], row["decision"], row["programs"]) == (None, None, 0)


@pytest.mark.parametrize(
    ("written", "layout"),
    [
        ("It is 5.", "faithful"),
        ("x = 1\n```python\nprint(1)\n```\nso 1", "broken"),
        ("<think>\nhm\n</think>\n5", "broken"),
        ("We write ``` in a line.", "faithful"),
    ],
)
def test_a_layout_is_broken_where_a_segment_holds_a_mark_of_another(written: str, layout: str) -> None:
    assert flat(format="cot", segments=text(("text", written)))["layout"] == layout


@pytest.mark.parametrize(
    ("answer", "kind", "digit"),
    [
        ("1,200", "integer", "1"),
        ("-$5", "integer", "5"),
        ("0.05", "decimal", "5"),
        ("25%", "percentage", None),
        (r"\frac{3}{4}", "fraction", None),
        ("3/4", "fraction", None),
        ("(B)", "choice", None),
        ("x + 1", "expression", None),
        ("Tuesday", "text", None),
        (" ", None, None),
        (None, None, None),
    ],
)
def test_answers_are_told_apart_by_their_writing(answer: str | None, kind: str | None, digit: str | None) -> None:
    assert answer_kinds(pa.chunked_array([[answer]], pa.string())).to_pylist() == [kind]
    assert flat(answer=answer)["leading_digit"] == digit


def test_segments_are_joined_row_by_row_also_in_a_slice() -> None:
    kind = pa.struct([("kind", pa.string()), ("text", pa.string())])
    segments = pa.array([text(("text", "a")), None, text(("text", "b"), ("code", "c")), []], pa.list_(kind))
    assert joined_text(segments).to_pylist() == ["a", "", "b\nc", ""]
    assert joined_text(segments.slice(1, 2)).to_pylist() == ["", "b\nc"]

"""A batch of examples as the flat table that the suite judges: nested columns unfolded, flags computed once.

Everything is a column operation. Python looks at single rows only where a cheap test says that something may be wrong,
because a Python check per row would cost more than the rest of the suite together (measured).
"""

import pyarrow as pa
import pyarrow.compute as pc

from schemas.example import QUALITY
from schemas.problem import Segment, SegmentKind
from schemas.transcript import is_faithful
from validation.dataset.suite import SEGMENT_LETTERS

_SUSPECT = r"(?m)^[ \t]*(```|</?think>)|^\s|\s$|^$"


def flatten(table: pa.Table) -> pa.Table:
    """Returns the columns that the suite names, one row per example, in the same order.

    Besides the scalar columns of a shard: `shape` (a letter per segment), `solution` (all segments), `prose` (text and
    thoughts), their lengths, `supervised_chars`, `layout` (faithful | broken), `executed` (yes | no; null without a
    program), `answer_kind` (null without an answer), `leading_digit` (of plain numbers), and the fields of selection,
    verification and quality.
    """
    scalars = {field.name: table[field.name] for field in table.schema if not pa.types.is_nested(field.type)}
    segments = table["segments"].combine_chunks()
    shape = _shape(segments)
    verification, selection, quality = (
        table[name].combine_chunks() for name in ("verification", "selection", "quality")
    )
    programs = pc.fill_null(pc.struct_field(verification, "programs"), 0)
    has_code = pc.match_substring(shape, SEGMENT_LETTERS[SegmentKind.CODE])
    executed = pc.if_else(pc.greater(programs, 0), "yes", "no")
    decision = pc.struct_field(selection, "decision")
    solution = joined_text(segments)
    columns = scalars | {
        "shape": shape,
        "solution": solution,
        "prose": joined_text(segments, (SegmentKind.TEXT, SegmentKind.THINK)),
        "question_chars": pc.utf8_length(table["question"]),
        "solution_chars": pc.utf8_length(solution),
        "supervised_chars": pc.utf8_length(
            joined_text(segments, (SegmentKind.TEXT, SegmentKind.THINK, SegmentKind.CODE))
        ),
        "layout": _layout(segments),
        "executed": pc.if_else(has_code, executed, pa.scalar(None, pa.string())),
        "programs": programs,
        "verdict": pc.struct_field(verification, "verdict"),
        "path": pc.struct_field(verification, "path"),
        "reference": pc.struct_field(verification, "reference"),
        "decision": decision,
        "confidence": pc.struct_field(selection, "confidence"),
        "agreement": pc.struct_field(selection, "agreement"),
        "votes": pc.struct_field(selection, "votes"),
        "annotator": pc.struct_field(selection, "annotator"),
        "reviewer": pc.struct_field(selection, "reviewer"),
        "answer_kind": answer_kinds(table["answer"]),
        "leading_digit": _leading_digits(table["answer"]),
    }
    for field in QUALITY:
        columns[f"quality_{field.name}"] = pc.struct_field(quality, field.name)
    return pa.table(columns)


_ANSWER_KINDS = (
    ("integer", r"^[+-]?\$?\d[\d,]*$"),
    ("decimal", r"^[+-]?\$?\d[\d,]*\.\d+$"),
    ("percentage", r"^[+-]?\d[\d,.]*\s*\\?%$"),
    ("fraction", r"^[+-]?(?:\d+\s*/\s*\d+|\d*\s*\\[dt]?frac\s*\{?\d+\}?\s*\{?\d+\}?)$"),
    ("choice", r"^\(?[A-F]\)?$"),
    ("expression", r"[\\^_=(\[{]|\w\s*[+*/]\s*\w"),
    ("text", r"\S"),
)
"""Kinds of answers, told by their writing: the first pattern that is found."""


def answer_kinds(answers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tells the kinds of answers apart: one of `_ANSWER_KINDS`, or null where there is none."""
    trimmed = pc.utf8_trim_whitespace(answers)
    found = [pc.fill_null(pc.match_substring_regex(trimmed, pattern), False) for _, pattern in _ANSWER_KINDS]
    struct = pc.make_struct(
        *(flags.combine_chunks() for flags in found), field_names=[name for name, _ in _ANSWER_KINDS]
    )
    return pa.chunked_array([pc.case_when(struct, *(pa.scalar(name) for name, _ in _ANSWER_KINDS))])


def _leading_digits(answers: pa.ChunkedArray) -> pa.ChunkedArray:
    digits = pc.extract_regex(pc.utf8_trim_whitespace(answers), r"^[+-]?\$?[0,.]*(?P<digit>[1-9])[\d,]*(?:\.\d+)?$")
    return pc.struct_field(digits, "digit")


def joined_text(segments: pa.ListArray, kinds: tuple[SegmentKind, ...] | None = None) -> pa.Array:
    """Joins each solution's segments (of some kinds) with line ends; no segment gives an empty text."""
    offsets, kind, text = _parts(segments)
    if kinds is not None:
        wanted = pc.is_in(kind, value_set=pa.array([value.value for value in kinds]))
        text = pc.if_else(wanted, text, pa.scalar(None, pa.string()))
    lists = pa.ListArray.from_arrays(offsets, pc.fill_null(text, "") if kinds is None else text)
    if kinds is not None:
        lists = _without_nulls(lists)
    return pc.fill_null(pc.binary_join(lists, "\n"), "")


def _parts(segments: pa.ListArray) -> tuple[pa.Array, pa.Array, pa.Array]:
    values = segments.flatten()
    lengths = pc.fill_null(pc.list_value_length(segments), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return offsets, pc.struct_field(values, "kind"), pc.struct_field(values, "text")


def _without_nulls(lists: pa.ListArray) -> pa.ListArray:
    values = lists.values
    kept = pc.is_valid(values)
    running = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(kept.cast(pa.int32()))])
    return pa.ListArray.from_arrays(running.take(lists.offsets), values.filter(kept))


def _shape(segments: pa.ListArray) -> pa.Array:
    offsets, kind, _ = _parts(segments)
    letters = pc.fill_null(
        pc.take(
            pa.array(list(SEGMENT_LETTERS.values())),
            pc.index_in(kind, value_set=pa.array([value.value for value in SEGMENT_LETTERS])),
        ),
        "?",
    )
    return pc.binary_join(pa.ListArray.from_arrays(offsets, letters), "")


def _layout(segments: pa.ListArray) -> pa.Array:
    offsets, _, text = _parts(segments)
    suspects = pc.match_substring_regex(pc.fill_null(text, ""), _SUSPECT)
    rows = pc.unique(pc.list_parent_indices(pa.ListArray.from_arrays(offsets, suspects)).filter(suspects))
    broken = {row for row in rows.to_pylist() if not _reads_back(segments[row].as_py())}
    return pa.array(["broken" if row in broken else "faithful" for row in range(len(segments))], pa.string())


def _reads_back(segments: list[dict[str, str]]) -> bool:
    kinds = {kind.value for kind in SegmentKind}
    if any(segment["kind"] not in kinds or segment["text"] is None for segment in segments):
        return False
    return is_faithful([Segment(SegmentKind(segment["kind"]), segment["text"]) for segment in segments])

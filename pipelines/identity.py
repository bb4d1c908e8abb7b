"""Which candidates are the same text, the same problem, the same template: three keys of 128 bits.

    content    question and solution in one format, formatting aside: equal keys are exact duplicates
    problem    the question, formatting aside
    template   the question with placeholders for its numbers

Formatting is what `skeleton` folds. Code and tool outputs are taken as they are (indentation and case are meaning
there), line ends and trailing space aside.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.skeleton import skeletons, template_forms
from schemas.problem import SegmentKind

KEY = pa.binary(16)
IDENTITY_SCHEMA = pa.schema(
    [
        pa.field("content", KEY, nullable=False),
        pa.field("problem", KEY, nullable=False),
        pa.field("template", KEY, nullable=False),
    ]
)

_WORDS = pa.array([SegmentKind.TEXT, SegmentKind.THINK])
_PART, _SEGMENT = "\x1e", "\x1f"


def identity_keys(batch: pa.RecordBatch, *, templates: bool = True) -> pa.RecordBatch:
    """The keys of each candidate of a batch with the columns question, format and segments (`IDENTITY_SCHEMA`).

    Without `templates` each problem is a template of its own, which saves reading its numbers.
    """
    question = pc.dictionary_encode(batch.column("question"), null_encoding="encode")
    places = question.indices.to_pylist()
    problems = skeletons(question.dictionary).to_pylist()
    contents = [
        _PART.join((problems[place], form or "", response))
        for place, form, response in zip(places, batch.column("format").to_pylist(), _responses(batch), strict=True)
    ]
    keys = pa.array(map(_digest, problems), KEY)
    forms = pa.array(map(_digest, template_forms(question.dictionary).to_pylist()), KEY) if templates else keys
    columns = [pa.array(map(_digest, contents), KEY), keys.take(question.indices), forms.take(question.indices)]
    return pa.RecordBatch.from_arrays(columns, schema=IDENTITY_SCHEMA)


def _responses(batch: pa.RecordBatch) -> Iterator[str]:
    """Each candidate's solution in key form, its segments told apart by kind."""
    segments = batch.column("segments")
    kinds, texts = segments.flatten().flatten()
    prose = pc.is_in(kinds, _WORDS)
    if pc.any(prose).as_py():
        texts = pc.replace_with_mask(texts, prose, skeletons(texts.filter(prose)).cast(texts.type))
    if not pc.all(prose).as_py():
        rest = pc.invert(prose)
        lines = pc.replace_substring_regex(texts.filter(rest), r"[ \t]*\r?\n", "\n")
        texts = pc.replace_with_mask(texts, rest, pc.utf8_rtrim_whitespace(lines))
    pieces = [f"{kind}{_SEGMENT}{text}" for kind, text in zip(kinds.to_pylist(), texts.to_pylist(), strict=True)]
    end = 0
    for length in pc.fill_null(pc.list_value_length(segments), 0).to_pylist():
        end += length
        yield _SEGMENT.join(pieces[end - length : end])


def _digest(text: str) -> bytes:
    return xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))

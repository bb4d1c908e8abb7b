"""Which candidates are the same text, the same problem, the same template: three keys of 128 bits.

    content    question and solution in one format, formatting aside: equal keys are exact duplicates
    problem    the question, formatting aside
    template   the question with placeholders for its numbers

Formatting is what `skeleton` folds. Code and tool outputs are taken as they are (indentation and case are meaning
there), line ends and trailing space aside.
"""

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.skeleton import folded, packed, skeletons, with_placeholders
from pipelines.textbytes import bytes_of
from schemas.problem import SegmentKind

KEY = pa.binary(16)
_WORDS = pa.array([SegmentKind.TEXT, SegmentKind.THINK])
_PART, _SEGMENT = "\x1e", "\x1f"


def identity_keys(batch: pa.RecordBatch, *, templates: bool = True) -> pa.RecordBatch:
    """The problem and the template of each candidate of a batch with the column question.

    Without `templates` each problem is a template of its own, which saves reading its numbers.
    """
    question = pc.dictionary_encode(batch.column("question"), null_encoding="encode")
    plain = folded(question.dictionary)
    problems = _digests(packed(plain))
    forms = _digests(with_placeholders(plain)) if templates else problems
    columns = [problems.take(question.indices), forms.take(question.indices)]
    return pa.RecordBatch.from_arrays(columns, names=["problem", "template"])


def content_keys(batch: pa.RecordBatch) -> pa.Array:
    """The content of each candidate of a batch with the columns question, format and segments."""
    question = pc.dictionary_encode(batch.column("question"), null_encoding="encode")
    problems = skeletons(question.dictionary).take(question.indices)
    return _digests(_joined(_PART, problems, batch.column("format"), _responses(batch)))


def _responses(batch: pa.RecordBatch) -> pa.Array:
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
    lengths = pc.fill_null(pc.list_value_length(segments), 0).to_numpy(zero_copy_only=False)
    ends = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(ends, _joined(_SEGMENT, kinds, texts)), _SEGMENT)


def _joined(sign: str, *columns: pa.Array) -> pa.Array:
    """The texts of each row in one, a sign between them; nulls are empty."""
    return pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), sign, null_handling="replace")


def _digests(texts: pa.Array) -> pa.Array:
    data, offsets = bytes_of(texts)
    view = data.data
    digests = (xxhash.xxh3_128_digest(view[begin:end]) for begin, end in itertools.pairwise(offsets.tolist()))
    return pa.array(digests, KEY)

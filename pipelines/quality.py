"""Facts about a text, not judgements: what the report sorts by and the judge shows."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.example import QUALITY


def quality_facts(batch: pa.RecordBatch) -> pa.StructArray:
    """Counts for every candidate: characters, steps, equations and lines of code.

    A step is a line of words that is not blank; an equation an equals sign in the words; a line of code one that is
    not blank. A candidate without segments has zeros.
    """
    segments = batch.column("segments")
    parts = pc.list_flatten(segments)
    kinds, texts = parts.field("kind"), parts.field("text")
    is_code = _numbers(pc.equal(kinds, "code")).astype(bool)
    is_words = _numbers(pc.is_in(kinds, value_set=pa.array(["text", "think"]))).astype(bool)
    lines = _numbers(pc.count_substring_regex(texts, pattern=r"[^\n]+"))
    equations = _numbers(pc.count_substring(texts, pattern="="))
    ends = np.concatenate([[0], np.cumsum(_numbers(pc.list_value_length(segments)))])
    facts = {
        "question_chars": _numbers(pc.utf8_length(batch.column("question"))),
        "solution_chars": _per_row(_numbers(pc.utf8_length(texts)), ends),
        "steps": _per_row(lines * is_words, ends),
        "equations": _per_row(equations * is_words, ends),
        "code_lines": _per_row(lines * is_code, ends),
    }
    arrays = [pa.array(facts[field.name], field.type) for field in QUALITY]
    return pa.StructArray.from_arrays(arrays, fields=list(QUALITY))


def _numbers(array: pa.Array) -> np.ndarray:
    """Numbers of an array, nulls as zero."""
    return pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)


def _per_row(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Sums values of segments over the rows that hold them."""
    sums = np.concatenate([[0], np.cumsum(values)])
    return (sums[ends[1:]] - sums[ends[:-1]]).astype(np.int32)

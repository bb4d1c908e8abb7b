r"""Which candidates are the same text, the same problem, the same template: three keys of 128 bits.

    content    question and solution in one format, formatting aside: equal keys are exact duplicates
    problem    the question, formatting aside
    template   the question with placeholders for its numbers

Formatting is what `skeleton` folds, case too, unless a question tells a letter from its capital (`a` and `A` in one
triangle) or has a command of either (`\Gamma`). Code and tool outputs are taken as they are (indentation and case are
meaning there), line ends and trailing space aside.
"""

import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.text.arrays import Bytes, Offsets, bytes_of, joined_segments
from pipelines.text.skeleton import folded, packed, skeletons, with_placeholders
from schemas.problem import SegmentKind

KEY = pa.binary(16)
_WORDS = pa.array([SegmentKind.TEXT, SegmentKind.THINK])
_PART, _SEGMENT = "\x1e", "\x1f"
_LETTER, _SPACE, _BOUND = 1, 2, 3


def _kind(sign: str) -> int:
    if sign.isascii() and sign.isalpha():
        return _LETTER
    return _SPACE if sign in " \n" else _BOUND if sign in "\\'" else 0


_KINDS = bytes(_kind(chr(code)) for code in range(256))
"""What a byte is beside a letter; after a backslash or an apostrophe one is no symbol."""


def identity_keys(batch: pa.RecordBatch, *, templates: bool = True) -> pa.RecordBatch:
    """The problem and the template of each candidate of a batch with the column question.

    Without `templates` each problem is a template of its own, which saves reading its numbers.
    """
    question = pc.dictionary_encode(batch.column("question"), null_encoding="encode")
    plain = folded(question.dictionary)
    problems = _digests(_with_case(packed(plain), question.dictionary))
    forms = _digests(with_placeholders(plain)) if templates else problems
    columns = [problems.take(question.indices), forms.take(question.indices)]
    return pa.RecordBatch.from_arrays(columns, names=["problem", "template"])


def content_keys(batch: pa.RecordBatch) -> pa.Array:
    """The content of each candidate of a batch with the columns question, system, format and segments."""
    question = pc.dictionary_encode(batch.column("question"), null_encoding="encode")
    problems = _with_case(skeletons(question.dictionary), question.dictionary).take(question.indices)
    texts, system = _joined(_PART, problems, batch.column("format"), _responses(batch)), batch.column("system")
    if system.null_count < len(batch):
        texts = pc.if_else(system.is_valid(), _joined(_PART, texts, skeletons(system)), texts)
    return _digests(texts)


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
    return joined_segments(segments, _joined(_SEGMENT, kinds, texts), _SEGMENT)


def _with_case(keys: pa.Array, texts: pa.Array) -> pa.Array:
    """Adds to the key of each text the letters whose case says something there, in their order."""
    parted = pc.binary_join_element_wise(pc.fill_null(texts, ""), "", "\n\n")  # so that no text looks at the next
    data, offsets = bytes_of(parted)
    places = _telling(data, offsets)
    begins = np.searchsorted(places, offsets)
    marked = np.flatnonzero(np.diff(begins))
    if not len(marked):
        return keys
    letters = [data[places[begins[row] : begins[row + 1]]].tobytes().decode() for row in marked.tolist()]
    pieces = (keys.take(pa.array(marked)), pa.array(letters, keys.type), pa.scalar(_PART, keys.type))
    mask = np.zeros(len(keys), np.bool_)
    mask[marked] = True
    return pc.replace_with_mask(keys, pa.array(mask), pc.binary_join_element_wise(*pieces))


def _telling(data: Bytes, offsets: Offsets) -> Offsets:
    """Where letters stand whose case says something: capitals of commands, symbols that a text has in both cases."""
    kinds = np.frombuffer(data.tobytes().translate(_KINDS), np.uint8)
    letter = kinds == _LETTER
    commands = np.flatnonzero(data == ord("\\")) + 1  # a line end follows every text
    commands = commands[letter[commands] & ((data[commands] & 32) == 0) & (data[commands] != ord("B"))]  # \Big: layout
    alone = letter.copy()
    alone[1:] &= (kinds[:-1] != _LETTER) & (kinds[:-1] <= _SPACE)
    alone[:-1] &= ~letter[1:]
    single = np.flatnonzero(alone)
    article = ((data[single] | 32) == ord("a")) & (kinds[single + 1] == _SPACE) & (kinds[single + 2] == _LETTER)
    single = single[~article]
    rows = np.searchsorted(offsets, single, "right") - 1
    symbols, which = np.unique((rows << 5) | (data[single] & 31), return_inverse=True)
    cases = np.zeros((2, len(symbols)), np.bool_)
    cases[(data[single] >> 5) & 1, which] = True
    both: npt.NDArray[np.bool_] = np.logical_and(cases[0], cases[1])
    return np.sort(np.concatenate((commands, single[both[which]])))


def _joined(sign: str, *columns: pa.Array) -> pa.Array:
    """The texts of each row in one, a sign between them; nulls are empty."""
    return pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), sign, null_handling="replace")


def _digests(texts: pa.Array) -> pa.Array:
    data, offsets = bytes_of(texts)
    view = data.data
    digests = (xxhash.xxh3_128_digest(view[begin:end]) for begin, end in itertools.pairwise(offsets.tolist()))
    return pa.array(digests, KEY)

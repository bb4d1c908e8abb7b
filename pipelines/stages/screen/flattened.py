"""The columns of a part as rules look at them: all segments in one run, and strings only where one is needed."""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.rejection import Rejection
from schemas.config import Screen
from schemas.problem import Segment, SegmentKind
from schemas.reason import Reason

_KIND_LIST = list(SegmentKind)
_KINDS = pa.array([kind.value for kind in _KIND_LIST])


class Columns:
    """The columns that rules look at, flattened once. `of_row[i]` is the row that segment i belongs to."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self.alive = flags(pc.and_(pc.is_null(batch.column("reason")), pc.is_valid(batch.column("format"))))
        self.questions = pc.fill_null(batch.column("question"), "")
        self.systems = pc.fill_null(batch.column("system"), "")
        self.formats = batch.column("format").to_pylist()
        segments = batch.column("segments")
        parts = pc.list_flatten(segments)
        self.kinds = pc.fill_null(pc.index_in(parts.field("kind"), value_set=_KINDS), 0).to_numpy(zero_copy_only=False)
        self.texts = parts.field("text")
        sizes = pc.fill_null(pc.list_value_length(segments), 0).to_numpy(zero_copy_only=False)
        self.ends = np.concatenate([[0], np.cumsum(sizes)])
        self.of_row = np.repeat(np.arange(batch.num_rows), sizes)
        self.is_words = self.kinds <= 1

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sums a value per segment over rows."""
        sums = np.concatenate([[0], np.cumsum(values)])
        return sums[self.ends[1:]] - sums[self.ends[:-1]]

    def any(self, flags: np.ndarray) -> np.ndarray:
        """Whether any segment of a row is flagged."""
        return self.sum(flags) > 0

    @cached_property
    def lengths(self) -> np.ndarray:
        """The characters of each segment."""
        return pc.fill_null(pc.utf8_length(self.texts), 0).to_numpy(zero_copy_only=False)

    @cached_property
    def question_lengths(self) -> np.ndarray:
        """The characters of each question."""
        return pc.utf8_length(self.questions).to_numpy(zero_copy_only=False)

    @cached_property
    def system_lengths(self) -> np.ndarray:
        """The characters of what stands before each question."""
        return pc.utf8_length(self.systems).to_numpy(zero_copy_only=False)

    @cached_property
    def solution_lengths(self) -> np.ndarray:
        """The characters of each solution."""
        return self.sum(self.lengths)

    @cached_property
    def text_list(self) -> list[str]:
        """The segments' texts as Python strings, made when the first rule needs one."""
        return [text or "" for text in self.texts.to_pylist()]

    @cached_property
    def question_list(self) -> list[str]:
        """The questions as Python strings."""
        return list(self.questions.to_pylist())

    @cached_property
    def system_list(self) -> list[str]:
        """The system turns as Python strings; an empty one where a row has none."""
        return list(self.systems.to_pylist())

    def segments(self, row: int) -> list[Segment]:
        """The segments of a row."""
        places = range(self.ends[row], self.ends[row + 1])
        return [Segment(_KIND_LIST[self.kinds[place]], self.text_list[place]) for place in places]

    def last_words(self, row: int) -> str:
        """The last text of a row; nothing where it ends in another kind."""
        place = self.ends[row + 1] - 1
        return self.text_list[place] if place >= self.ends[row] and self.kinds[place] == 0 else ""

    def words(self, row: int) -> list[str]:
        """The texts and thoughts of a row."""
        return [segment.text for segment in self.segments(row) if segment.kind in (SegmentKind.TEXT, SegmentKind.THINK)]


def flags(array: pa.Array) -> np.ndarray:
    """Booleans of an array, nulls as false."""
    return pc.fill_null(array, False).to_numpy(zero_copy_only=False).astype(bool)


def matching(texts: pa.Array, pattern: str) -> np.ndarray:
    """Which texts hold what a pattern (RE2's) finds; a null holds nothing."""
    return flags(pc.match_substring_regex(texts, pattern))


def first_matches(texts: pa.Array, pattern: str) -> pa.Array:
    """What a pattern (RE2's) finds first in each text; null where it finds nothing."""
    return pc.struct_field(pc.extract_regex(texts, rf"(?P<mark>{pattern})"), "mark")


Found = Iterator[tuple[int, Rejection]]
"""rows of a part that a rule stops, and why"""
Rule = Callable[[Columns, Screen, np.ndarray], Found]
"""columns, settings, and which rows no rule has stopped yet -> the rows that this one stops"""


def in_texts(
    columns: Columns,
    alive: np.ndarray,
    suspect: Callable[[pa.Array], np.ndarray],
    reason: Reason,
    find: Callable[[str], str | None],
) -> Found:
    """Rows whose question, system turn or words hold something.

    Args:
        columns: the part.
        alive: which rows no rule has stopped yet.
        suspect: tells of a column which texts to look at.
        reason: what such a row is stopped for.
        find: says what a text holds, None when nothing.
    """
    found: dict[int, str] = {}
    for row in np.flatnonzero(alive & suspect(columns.questions)).tolist():
        if what := find(columns.question_list[row]):
            found[row] = f"question: {what}"
    for row in np.flatnonzero(alive & suspect(columns.systems)).tolist():
        if what := find(columns.system_list[row]):
            found.setdefault(row, f"system: {what}")
    words = columns.is_words & alive[columns.of_row]
    for place in np.flatnonzero(words & suspect(columns.texts)).tolist():
        if what := find(columns.text_list[place]):
            found.setdefault(int(columns.of_row[place]), f"solution: {what}")
    for row, detail in sorted(found.items()):
        yield row, Rejection(reason, detail)

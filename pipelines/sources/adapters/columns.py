"""Any table: the config names the fields, a row is one solution in the named format, or one for each text of a list.

Words with calculator annotations become programs where the source asks for it (`source.derive`); where it does not, the
annotations stay in the words.
"""

from collections.abc import Callable
from typing import Any

from pipelines.sources.adapters.annotations import with_derived
from pipelines.sources.adapters.decisions import decision_of
from pipelines.sources.adapters.fields import (
    Unreadable,
    is_marked,
    language_of,
    level_of,
    listed_text,
    moment_of,
    number_of,
    optional_text,
    share_of,
    texts_of,
)
from pipelines.sources.adapters.options import with_options
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.normalise import trimmed
from schemas.config import Columns, Source
from schemas.problem import Format, Problem, Selection, Solution
from schemas.reason import Reason

_NO_SELECTION = Selection()
_MOST_VOTES = 2**31 - 1  # what the column holds


def read_columns(record: dict[str, Any], source: Source) -> Problem:
    """Reads a row by the names in `source.columns`."""
    columns = source.columns
    format = source.format or Format.COT
    question = trimmed("\n".join(texts_of(record, columns.question)))
    answer = listed_text(record, columns.answer)
    solutions: tuple[Solution, ...] = ()
    if columns.solution is not None:
        texts = texts_of(record, columns.solution)
        solutions = tuple(Solution(format, parse_segments(text, format)) for text in texts)
    problem = Problem(
        with_options(question, record, columns.options),
        solutions,
        answer=answer,
        independent=answer is not None,
        language=language_of(record, columns.language) or source.language,
        topic=listed_text(record, columns.topic),
        difficulty=level_of(optional_text(record, columns.difficulty)),
        effort=optional_text(record, columns.effort),
        score=number_of(record, columns.score),
        selection=read_selection(record, columns),
        system=optional_text(record, columns.system),
    )
    return with_derived(problem, source.derive)


def read_selection(record: dict[str, Any], columns: Columns) -> Selection:
    """Reads what humans decided about the row."""
    if columns.model_fields_set.isdisjoint(_READERS):
        return _NO_SELECTION
    named = [(field, read) for field, read in _READERS.items() if field in columns.model_fields_set]
    return Selection(**{field: read(record, getattr(columns, field)) for field, read in named})


def _count_of(record: dict[str, Any], name: str | None) -> int | None:
    number = number_of(record, name)
    if number is not None and not 0 <= number <= _MOST_VOTES:
        raise Unreadable(Reason.UNSUPPORTED, f"{name} is {number:g}, expected 0 to {_MOST_VOTES}")
    return None if number is None else int(number)


_READERS: dict[str, Callable[[dict[str, Any], str | None], Any]] = {
    "decision": decision_of,
    "annotator": optional_text,
    "reviewer": optional_text,
    "confidence": share_of,
    "votes": _count_of,
    "agreement": share_of,
    "time": moment_of,
    "control": is_marked,
    "expected": decision_of,
}
"""fields of `Selection` and of `Columns` alike"""

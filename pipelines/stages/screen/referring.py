r"""Questions that take their data from another problem, which they do not hold: `refers_elsewhere`.

Relays of competitions (`Let $T=TNYWR$`, the number you will receive), and rows cut from a sheet of exercises (`Use the
result of the previous problem`, 由上题可知). A problem that is numbered in the same text is held.
"""

import re

import numpy as np

from pipelines.engine.rejection import Rejection
from pipelines.stages.screen.flattened import Columns, Found, first_matches
from schemas.config import Screen
from schemas.reason import Reason

_OTHER = (
    r"(?:the |an )?(?:previous|preceding|prior|last|above|earlier|other|next|another) (?:problem|question|exercise)"
)
_NUMBERED = r"(?:problem|question|exercise) (?:no\. ?|# ?)?\(?\d{1,3}"
_ELSEWHERE = (
    r"(?i)= ?\$?\s?T\s?N\s?Y\s?W\s?R\b|\bbe the number you will receive(?:[.,;)$]| from\b| and\b)"
    r"|\b(?:the sum of|be|and|plus) [^.]{0,60}\bthe number you will receive from position\b"
    rf"|\b(?:the|your|an) (?:[a-z]+ )?(?:answer|result|solution|value) (?:to|of|from|in|found in) "
    rf"(?:{_OTHER}|{_NUMBERED})"
    r"|\b(?:as in|from|using|refer(?:ring)? to|consider again) "
    r"the (?:previous|preceding|prior) (?:problem|question|exercise)\b"
    r"|上一?[道小]?题|前一[道小]?题"
)
_HEADING = re.compile(
    r"^[ \t]{0,8}[*#]{0,4} ?(?:(?:problem|question|exercise) )?(\d{1,3})\b", re.IGNORECASE | re.MULTILINE
)
_LAST_NUMBER = re.compile(r"(?<!\d)\d{1,3}\Z")


def refers_elsewhere(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    """Stops questions that refer to another problem."""
    marks = first_matches(columns.questions, _ELSEWHERE)
    for row in np.flatnonzero(alive & marks.is_valid().to_numpy(zero_copy_only=False)).tolist():
        mark = marks[row].as_py()
        if not is_held(columns.question_list[row], mark):
            yield row, Rejection(Reason.REFERS_ELSEWHERE, f"{mark.strip()!r}, which the question does not hold")


def is_held(question: str, mark: str) -> bool:
    """Whether the problem of a number that a question refers to is numbered in it."""
    number = _LAST_NUMBER.search(mark)
    return number is not None and any(line.group(1) == number.group() for line in _HEADING.finditer(question))

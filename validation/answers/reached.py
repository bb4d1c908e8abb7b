"""Whether the steps of a solution arrive at the final answer that stands on a line of its own behind them."""

import re
from collections.abc import Sequence

from validation.answers.arithmetic import annotations_in, stated_value, strip_annotations
from validation.answers.stated import find_stated

_SPACED = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_WRITTEN = re.compile(r"(?<![\w.])-?\$?\d[\d,]*(?:\.\d+)?")
_ON_THE_HOUR = re.compile(r"(?<=\d):00\b")  # `7:00 pm`, where an hour is asked for
_IN_HUNDREDTHS = re.compile(r"\bcents?\b|¢|%|\bpercent", re.IGNORECASE)


def reaches(
    rationale: str, final: str, question: str, language: str = "en", *, annotations: Sequence[str] = ()
) -> bool:
    """Returns whether an annotation, the last number of the text, or its last sentences state the final answer.

    Args:
        rationale: the solution without its final-answer line.
        final: the final answer; one that is no plain number counts as reached.
        question: where it asks for cents or percent, dollars and shares are that too.
        language: decides between decimal point and decimal comma.
        annotations: those that have left the text already.
    """
    claim = stated_value(final)
    if claim is None:
        return True
    values = {claim: final}
    if _IN_HUNDREDTHS.search(question):
        values[claim / 100] = f"{claim.numerator}/{100 * claim.denominator}"
    written = (*annotations_in(rationale), *annotations)
    if any(stated_value(annotation.rpartition("=")[2]) in values for annotation in written):
        return True
    words = _ON_THE_HOUR.sub("", strip_annotations(rationale))
    numbers = _WRITTEN.findall(_SPACED.sub("", words))
    if numbers and stated_value(numbers[-1].replace("$", "").rstrip(",")) in values:
        return True
    return any(find_stated(words, value, question, language) is not None for value in values.values())

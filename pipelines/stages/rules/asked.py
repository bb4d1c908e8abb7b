"""What the user's own rules say of candidates: the first that says something decides.

A rule that raises, or returns what is no verdict, has not judged the candidate: `stage_crash`, and the others live.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.rejection import Rejection
from pipelines.stages.rules.own_functions import OwnFunction, OwnRule, described
from schemas.own_rules import Candidate
from schemas.problem import Decision, Format, Segment, SegmentKind, Selection
from schemas.reason import OWN_CODE, OWN_CODE_IN_WORDS, OWN_PREFIX, Reason, Stage
from schemas.wording import shortened, visible

_MOST_DETAIL = 500  # characters of a rule's own words that the ledger keeps


def ask(
    batch: pa.RecordBatch, rules: Sequence[OwnRule], kept: frozenset[str] = frozenset()
) -> Iterator[tuple[int, Rejection]]:
    """Yields the places of candidates that a rule stops, and why.

    Args:
        batch: candidates (`CANDIDATE_SCHEMA`); those that have a reason already, or no format, are not asked about.
        rules: in the order of the config.
        kept: reasons that stop none, as the run's policy has it.
    """
    alive = pc.indices_nonzero(pc.and_(pc.is_null(batch.column("reason")), pc.is_valid(batch.column("format"))))
    with ExitStack() as stack:
        functions = {rule.name: stack.enter_context(rule.asked()) for rule in rules}
        for place, row in zip(alive.to_pylist(), batch.take(alive).to_pylist(), strict=True):
            candidate = candidate_of(row)
            verdicts = (verdict(name, function, candidate) for name, function in functions.items())
            rejection = next((found for found in verdicts if found is not None and found.reason not in kept), None)
            if rejection is not None:
                yield place, rejection


def verdict(name: str, function: OwnFunction, candidate: Candidate) -> Rejection | None:
    """What a rule says of a candidate; a failure of the rule is a verdict, too."""
    try:
        returned = function(candidate)
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything
        code = getattr(function, "__code__", None)
        return _crashed(name, described(error, code and Path(code.co_filename)))
    match returned:
        case None:
            return None
        case str(code) | (str(code), str(_)):
            detail = "" if isinstance(returned, str) else returned[1]
        case _:
            return _crashed(name, f"returned {_shown(returned)}; expected None, a code, or a code and a detail")
    if not OWN_CODE.fullmatch(code):
        return _crashed(name, f"returned the code {_shown(code)}; {OWN_CODE_IN_WORDS}")
    return Rejection(f"{OWN_PREFIX}{code}", shortened(visible(detail), _MOST_DETAIL))


def _crashed(name: str, words: str) -> Rejection:
    return Rejection(Reason.STAGE_CRASH, f"{Stage.RULES}: {name}: {words}")


def _shown(value: object) -> str:
    return shortened(visible(repr(value)), 60)


def candidate_of(row: dict[str, Any]) -> Candidate:
    """A row of a part as rules see it."""
    human = {name: value for name, value in (row["selection"] or {}).items() if name in _HUMAN}
    if human.get("decision"):
        human["decision"] = Decision(human["decision"])
    return Candidate(
        row_id=row["row_id"],
        source=row["source"],
        row=row["row"],
        format=Format(row["format"]),
        question=row["question"] or "",
        segments=tuple(Segment(SegmentKind(part["kind"]), part["text"]) for part in row["segments"] or ()),
        language=row["language"] or "en",
        derived=bool(row["derived"]),
        selection=Selection(**human),
        **{name: row[name] for name in _AS_THEY_ARE},
    )


_HUMAN = frozenset(given.name for given in fields(Selection))
_AS_THEY_ARE = ("system", "answer", "author", "licence", "topic", "difficulty", "effort", "score")

"""Human selection applied: a stated rejection, votes and agreement decide before anything else looks at a row."""

from collections.abc import Mapping

import pyarrow as pa

from pipelines.engine.candidates import selection_row
from pipelines.engine.rejection import Rejection
from schemas.config import Select
from schemas.ledger import LedgerRule
from schemas.problem import Decision, Selection
from schemas.reason import Reason


def select(batch: pa.RecordBatch, *, settings: Select) -> list[Rejection | None]:
    """Says for each candidate why human selection stops it, or None.

    A row without a decision, votes or agreement has not been reviewed: it stays unless `require_review` asks for more.
    """
    if batch.column("selection").null_count == len(batch) and not settings.require_review:
        return [None] * len(batch)
    return [judge_selection(human or _UNREVIEWED, settings) for human in batch.column("selection").to_pylist()]


_UNREVIEWED = selection_row(Selection())


def judge_selection(human: Mapping[str, object], settings: Select, *, voted: str | None = None) -> Rejection | None:
    """Says why what humans decided about a row stops it, or None.

    Args:
        human: has the fields of a `Selection`.
        settings: how many votes are asked for, and what agreement.
        voted: who rejected it and who did not, where votes decided; else the source names one person.
    """
    decision, votes, agreement = human["decision"], human["votes"], human["agreement"]
    if decision == Decision.REJECTED:
        people = human["reviewer"] or voted or human["annotator"]
        return Rejection(Reason.NOT_SELECTED, f"rejected by {people}" if people else "rejected")
    if settings.require_review and decision != Decision.ACCEPTED:
        return Rejection(Reason.NOT_SELECTED, "nobody accepted it and require_review is on")
    if isinstance(votes, int) and votes < settings.min_votes:
        detail = f"{votes} votes, min_votes is {settings.min_votes}"
        return Rejection(Reason.LOW_AGREEMENT, detail, score=float(votes), rule=LedgerRule.VOTES_FEW)
    if isinstance(agreement, float) and agreement < settings.min_agreement:
        detail = f"agreement {agreement:g}, min_agreement is {settings.min_agreement:g}"
        return Rejection(Reason.LOW_AGREEMENT, detail, score=agreement, rule=LedgerRule.VOTES_DIFFER)
    return None

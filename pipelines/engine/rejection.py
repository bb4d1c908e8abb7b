"""What a stage says of a candidate: why it goes no further, or what there is to know of one that goes on."""

from dataclasses import dataclass

from schemas.ledger import LedgerRule


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate goes no further, with the evidence.

    Attributes:
        reason: a code of `Reason`, or one of a user's own rule.
        detail: the evidence in words, for the ledger.
        partner: id of the candidate or benchmark item (`name/position`) that it lost to.
        partner_row: the partner's 0-based position in its source.
        score: similarity or share, where the rule has one.
        rule: what exactly was found, where stages or readers decide on it.
        benchmark: of the item that it leaks.
        item: that item's position in the benchmark.
    """

    reason: str
    detail: str = ""
    partner: str | None = None
    partner_row: int | None = None
    score: float | None = None
    rule: LedgerRule | None = None
    benchmark: str | None = None
    item: int | None = None


REMARKS = {
    LedgerRule.VARIANT_REPORTED: "a benchmark item with other numbers, whose benchmark has `variants: report`",
    LedgerRule.CROWDED: "among more look-alikes than GROUP_CAP: it was compared with the best of them only",
}
"""What there may be to know of a candidate that goes on, as the ledger's detail says it."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of a candidate, no reason to stop it: a rule of `REMARKS` and the benchmark item."""

    rule: LedgerRule
    partner: str
    benchmark: str
    item: int

"""What a stage says of a candidate: why it goes no further, or what there is to know of one that goes on."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.reason import Reason


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a candidate goes no further, with the evidence.

    Attributes:
        detail: the evidence in words, for the ledger.
        partner: id of the candidate or benchmark item (`name/position`) that it lost to.
        partner_row: the partner's 0-based position in its source.
        score: similarity or share, where the rule has one.
    """

    reason: Reason
    detail: str = ""
    partner: str | None = None
    partner_row: int | None = None
    score: float | None = None


class Remark(StrEnum):
    """What there may be to know of a candidate that goes on, as the ledger's detail says it."""

    VARIANT = "a benchmark item with other numbers, whose benchmark has `variants: report`"
    CROWDED = "among more look-alikes than GROUP_CAP: it was compared with the best of them only"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know of a candidate, no reason to stop it; `partner` is the benchmark item that it is about."""

    remark: Remark
    partner: str

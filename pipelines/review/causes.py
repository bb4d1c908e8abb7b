"""Causes: rows of one reason, rule and benchmark share one, and one answer can settle them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Rows with one cause.

    Attributes:
        reason: their reason code.
        rule: what exactly was found; empty where their reason has no finer rule.
        benchmark: of the items that they are about; empty where they are about none.
        example: the detail of the first of them, for people.
    """

    reason: str
    rule: str = ""
    benchmark: str = ""
    example: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """A name that stays the same in every run."""
        return ":".join(filter(None, (self.reason, self.rule, self.benchmark)))

    @property
    def title(self) -> str:
        """The name in words; a benchmark is called what its user calls it."""
        words = (self.reason.replace("_", " "), self.rule.replace("_", " "), self.benchmark)
        return " · ".join(filter(None, words))


def group_of(row: Mapping[str, Any]) -> Group:
    """Returns the group of a row of the ledger, with its detail as the example."""
    return Group(*(str(row.get(name) or "") for name in ("reason", "rule", "benchmark", "detail")))

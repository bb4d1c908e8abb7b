"""docs/reasons.md: every reason code, from its table in schemas/reason.py."""

from docs.tables import table
from schemas.reason import RULES

_HEAD = """# Reasons

<!-- written by `python -m docs` from schemas/reason.py -->

Why a candidate did not become an example. Codes are added, never renamed: ledgers and scripts hold on to them.

A removed row is wrong by itself; a quarantined one could be settled by a person ([reviews](reviews.md)). The first
reason wins, in the order of the stages. `mathmill trace DATA ID` shows a row's reason with its evidence; the columns
`stage`, `reason`, `detail` and `partner` of `DATA/ledger/` hold it for all rows.
"""


def reasons_page() -> str:
    """Lays out the table of reasons in the order of the stages."""
    rows = [(f"`{reason}`", rule.stage, rule.outcome, rule.meaning) for reason, rule in RULES.items()]
    return f"{_HEAD}\n{table(('reason', 'stage', 'outcome', 'meaning'), rows)}\n"

"""What decides about a reason, and the rows that a person looks at first."""

import pyarrow as pa
import pytest

from pipelines.output.advice import key_of, reasons_with_examples
from schemas.config import Curate
from schemas.reason import Reason

CURATE = {"sources": [{"name": "s", "path": "x", "adapter": "columns", "licence": "MIT"}]}


@pytest.mark.parametrize(
    ("reason", "key"),
    [
        ("missing_field", "`columns` of the source, or another `adapter`"),
        ("truncated", "curate.policy.truncated: keep | quarantine | remove"),
        (
            "unstated_answer",
            "curate.verify.unstated: keep or append; curate.policy.unstated_answer: quarantine | remove",
        ),
        ("rule:easy", "curate.rules; curate.policy.rule:easy: keep | quarantine | remove"),
        ("exact_duplicate", ""),
        ("of_a_later_version", ""),
    ],
)
def test_the_key_that_decides_about_a_reason(reason: str, key: str) -> None:
    assert key_of(reason) == key


def test_every_key_of_the_table_curate_that_is_named_is_one() -> None:
    settings = Curate.model_validate(CURATE)
    named = [word.strip("`:;,") for reason in Reason for word in key_of(reason).split() if word.startswith("curate.")]
    for path in named:
        table, *rest = path.removeprefix("curate.").split(".")
        found = getattr(settings, table)
        for name in rest if table != "policy" else ():
            found = getattr(found, name)
    assert len(named) > 20
    with pytest.raises(AttributeError):
        settings.screen.no_such_key  # noqa: B018  the control


def test_reasons_come_with_their_first_rows_the_greatest_first() -> None:
    rows = [("a", row, "truncated") for row in (3, 5, 5, 9, 11)] + [("b", 0, "no_answer"), ("a", 4, None)]
    names = ("source", "row", "reason")
    ledger = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
    assert reasons_with_examples(ledger) == [
        ("truncated", 5, ["a:3", "a:5", "a:9"]),
        ("no_answer", 1, ["b:0"]),
    ]
    assert reasons_with_examples(ledger.slice(6)) == []

"""The ledger's rules and items: what readers decide on, also where version 1.0.0 had it in the partner's id alone."""

import pyarrow as pa

from schemas.ledger import ABOUT_QUESTION, ABOUT_SOLUTION, LEDGER_SCHEMA, LedgerRule, with_items


def ledger_of(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=LEDGER_SCHEMA)


def test_a_rule_is_about_one_side_at_most() -> None:
    assert not ABOUT_QUESTION & ABOUT_SOLUTION
    assert {rule for rule in LedgerRule if rule.startswith("question_")} <= ABOUT_QUESTION
    assert {rule for rule in LedgerRule if rule.startswith("solution_")} == ABOUT_SOLUTION


def test_an_old_ledger_has_its_items_in_its_partners() -> None:
    partners = ["gsm8k/12", None, "0a1b2c-cot", "my-tests.v2/0"]
    filled = with_items(ledger_of(*({"id": str(at), "partner": one} for at, one in enumerate(partners))))
    assert filled.schema.equals(LEDGER_SCHEMA)
    found = [(row["benchmark"], row["item"]) for row in filled.to_pylist()]
    assert found == [("gsm8k", 12), (None, None), (None, None), ("my-tests.v2", 0)]


def test_items_that_are_told_are_left_as_they_are() -> None:
    rows = ledger_of({"id": "a", "partner": "x/1", "benchmark": "x", "item": 1}, {"id": "b", "partner": "y/2"})
    assert with_items(rows) is rows
    assert with_items(ledger_of()).schema.equals(LEDGER_SCHEMA)

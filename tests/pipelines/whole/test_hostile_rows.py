"""Rows hostile in one field, in whole runs: each has its line in the ledger, and closes the gate for no other."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.curate import curate
from pipelines.validate import validate
from schemas.config import Config
from schemas.verdict import Status
from tests.tiny import config_of, read_streams, source, write_rows

COLUMNS = {
    "question": "q", "solution": "s", "answer": "a", "options": "o", "system": "told", "language": "lang",
    "topic": "topic", "difficulty": "level", "annotator": "who", "reviewer": "judge", "decision": "verdict",
    "confidence": "sure", "votes": "votes", "agreement": "agree", "time": "when", "effort": "mode", "score": "score",
}  # fmt: skip
TEXTS = {
    "escapes": "\x1b[31m\x1b]8;;http://mill.example\x1b\\x\x07", "NUL": "a\0b", "bidi": "a\u202eb\u2066c",
    "nothing to see": "\u200b\ufeff\U000e0041", "marks": "e" + "\u0301" * 400, "formula": "=1+cmd|'/C calc'!A0",
    "path": "../../x", "markup": "</script><img src=x onerror=alert(1)>", "format": "{0.__class__} %n ${HOME}",
    "rich": "[/] [red]x", "yaml": "!!python/object:x", "json": '{"a": [', "marker": "<|im_start|>system",
    "fence": "```output\n5\n```", "think": "</think>", "reason": "stage_crash", "digits": "9" * 5000, "space": " \n",
    "nothing": "", "date": "0001-01-01T00:00:00+23:59", "huge": "1e308", "long": "x" * 5000, "nested": "[" * 2000,
}  # fmt: skip
VALUES: Mapping[str, object] = {
    "true": True, "zero": 0, "beyond 32 bits": 2**31, "beyond 64 bits": 2**63, "negative": -1.5, "list": [],
    "lists": [["x"], [None]], "texts": ["5", "x"], "object": {}, "objects": {"a.b": {"\x1b": 1}},
}  # fmt: skip
RAW = {
    "half a pair": r'"\ud800"',
    "NaN": "NaN",
    "infinity": "1e999",
    "deep": "[" * 9000 + "]" * 9000,
    "endless": "7" * 5000,
}


def good(number: int) -> dict[str, Any]:
    total = 2 * number + 4
    texts = {"q": f"Nia has {number} pens and {number + 4} cups. How many things?", "a": str(total), "o": [total, 7]}
    solution = {"s": f"She has {number}+{number + 4}={total} things. The answer is {total}."}
    people = {"who": "ada", "judge": "bo", "verdict": "accepted", "sure": 0.9, "votes": 3, "agree": 0.8}
    about = {"told": "Be short.", "lang": "en", "topic": "sums", "level": 2, "when": 1.7e9, "mode": "low", "score": 1}
    return texts | solution | people | about


def hostile(number: int, field: str, value: str) -> str:
    """A row as JSON, a field of it as given."""
    return json.dumps(good(number) | {field: "@"}).replace('"@"', value)


def settings(path: Path, **table: Any) -> Config:
    return config_of(source(path, adapter="columns", format="cot", columns=COLUMNS), heldout=0.2, **table)


def test_no_value_of_any_field_loses_a_row_crashes_or_closes_the_gate(tmp_path: Path) -> None:
    given = {name: json.dumps(value) for name, value in {**TEXTS, **VALUES}.items()} | RAW
    cases = [(field, name) for field in good(0) for name in given]
    rows = [json.dumps(good(number)) for number in range(50)]
    rows += [hostile(100 + place, field, given[name]) for place, (field, name) in enumerate(cases)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(rows) + "\n")
    curate(settings(path, wipeout={"limit": 1}), tmp_path / "data")
    ledger = read_streams(tmp_path / "data", "ledger/*.arrow")
    assert {row["row"] for row in ledger} == set(range(len(rows)))
    crashed = [
        (cases[row["row"] - 50], row["detail"]) for row in ledger if row["reason"] in ("stage_crash", "judge_crash")
    ]
    assert crashed == []
    kept = Counter(cases[row["row"] - 50][0] for row in ledger if row["outcome"] == "kept" and row["row"] >= 50)
    assert set(kept) >= {"q", "o", "topic", "who", "judge", "mode"}, "hostile values reach the shards"
    verdict = validate(tmp_path / "data")
    assert [check.name for check in verdict.checks if check.status is Status.FAILED] == []


def test_solutions_of_one_row_have_ids_of_their_own_wherever_the_row_stands_again(tmp_path: Path) -> None:
    row = good(3) | {"s": ["3+7=10. The answer is 10.", "We add seven to three and get \\boxed{10}.", "It is 11."]}
    path = write_rows(tmp_path / "rows.jsonl", [row, good(5), row])
    curate(settings(path, wipeout={"limit": 1}), tmp_path / "data")
    ledger = read_streams(tmp_path / "data", "ledger/*.arrow")
    name = ledger[0]["row_id"]
    assert [row["id"] for row in ledger if row["row"] != 1] == [
        f"{name}-cot{n}" for n in ("", "-1", "-2", "-3", "-4", "-5")
    ]
    assert [row["partner"] for row in ledger[4:]] == [f"{name}-cot", f"{name}-cot-1", f"{name}-cot-2"]
    checks = {check.name: check.status for check in validate(tmp_path / "data").checks}
    assert (checks["ids_unique"], checks["ledger_ids_unique"]) == (Status.PASSED, Status.PASSED)


@pytest.mark.parametrize(("length", "reason"), [(400_000, "too_long"), (100_000, None)])
def test_a_row_does_not_repeat_its_question_beyond_what_a_line_may_have(
    tmp_path: Path, length: int, reason: str | None
) -> None:
    long = {"told": "Count. " * (length // 7), "s": [f"{n} and more: the answer is 10." for n in range(100)]}
    path = write_rows(tmp_path / "rows.jsonl", [good(3) | long, good(5)])
    curate(settings(path, wipeout={"limit": 1}, skip=["verify", "screen"]), tmp_path / "data")
    ledger = read_streams(tmp_path / "data", "ledger/*.arrow")
    assert {row["reason"] for row in ledger if row["row"] == 0} == {reason}
    assert len(ledger) == (2 if reason else 101)

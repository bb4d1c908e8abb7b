"""What rules are given, and what becomes of what they say."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine.candidates import CANDIDATE_SCHEMA
from pipelines.engine.rejection import Rejection
from pipelines.stages.rules.asked import ask, candidate_of, verdict
from pipelines.stages.rules.own_functions import rules_of
from schemas.config import Curate
from schemas.own_rules import Candidate
from schemas.problem import Decision, Format, Segment, SegmentKind, Selection

SOURCE = {"name": "mine", "path": "x", "adapter": "gsm8k", "licence": "MIT"}
CANDIDATE = Candidate("id", "mine", 0, Format.COT, "2 + 2?", ())


def row(**columns: Any) -> dict[str, Any]:
    plain = {"row_id": "id", "source": "mine", "row": 7, "format": "cot", "question": "2 + 2?"}
    return dict.fromkeys(CANDIDATE_SCHEMA.names) | plain | columns


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, None),
        ("easy", Rejection("rule:easy", "")),
        (("easy", "two words"), Rejection("rule:easy", "two words")),
        (("easy", "a\x00b" + "c" * 600), Rejection("rule:easy", "a\\u0000b" + "c" * 491 + "…")),
    ],
)
def test_a_code_becomes_a_reason(said: object, found: Rejection | None) -> None:
    assert verdict("taste:easy", lambda _: said, CANDIDATE) == found


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (False, "returned False; expected None, a code, or a code and a detail"),
        (3, "returned 3; expected"),
        (("easy", 3), "returned ('easy', 3); expected"),
        (("easy", "a", "b"), "returned ('easy', 'a', 'b'); expected"),
        ("", "returned the code ''; a code of your own holds lower-case letters, digits and `_`, 60 at most"),
        ("Too Easy", "returned the code 'Too Easy'; a code of your own holds lower-case letters"),
        (("rule:easy", ""), "returned the code 'rule:easy'; a code of your own holds"),
    ],
)
def test_what_is_no_verdict_has_judged_nothing(said: object, words: str) -> None:
    found = verdict("taste:easy", lambda _: said, CANDIDATE)
    assert found is not None
    assert (found.reason, found.detail.startswith(f"rules: taste:easy: {words}")) == ("stage_crash", True)


def raising(_: Candidate) -> str:
    raise OSError("no such\nlexicon")


def test_a_rule_that_raises_has_judged_nothing_and_its_line_is_named() -> None:
    line = raising.__code__.co_firstlineno + 1
    found = verdict("taste:easy", raising, CANDIDATE)
    assert found == Rejection("stage_crash", f"rules: taste:easy: OSError: no such lexicon at test_asked.py:{line}")


def test_a_candidate_holds_what_its_row_holds() -> None:
    human = {"decision": "accepted", "annotator": "ada", "votes": 3, "adjudicated": True}
    segments = [{"kind": "text", "text": "I add."}, {"kind": "code", "text": "2 + 2"}]
    found = candidate_of(
        row(format="tir", segments=segments, system="Be kind.", answer="4", language="de", score=0.5, derived=True,
            difficulty=2, topic="sums", effort="low", author="human", licence="MIT", selection=human)
    )  # fmt: skip
    assert found == Candidate(
        "id", "mine", 7, Format.TIR, "2 + 2?",
        (Segment(SegmentKind.TEXT, "I add."), Segment(SegmentKind.CODE, "2 + 2")),
        system="Be kind.", answer="4", language="de", author="human", licence="MIT", topic="sums", difficulty=2,
        effort="low", score=0.5, derived=True, selection=Selection(Decision.ACCEPTED, "ada", votes=3),
    )  # fmt: skip
    assert candidate_of(row()).selection == Selection()


def test_the_first_rule_that_says_something_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taste.py").write_text(
        "def short(c): return ('short', str(c.row)) if len(c.question) < 7 else None\n"
        "def odd(c): return 'odd' if c.row % 2 else None\n",
        encoding="utf-8",
    )
    rules = rules_of(Curate.model_validate({"sources": [SOURCE], "rules": ["taste:short", "taste:odd"]}))
    rows = [row(), row(question="A longer one?"), row(row=8), row(reason="too_long"), row(format=None), row(row=9)]
    batch = pa.RecordBatch.from_pylist([r | {"row": i + 7} for i, r in enumerate(rows)], schema=CANDIDATE_SCHEMA)
    found = [(place, rejection.reason, rejection.detail) for place, rejection in ask(batch, rules)]
    assert found == [(0, "rule:short", "7"), (2, "rule:short", "9"), (5, "rule:short", "12")]
    kept = [(place, rejection.reason) for place, rejection in ask(batch, rules, frozenset({"rule:short"}))]
    assert kept == [(0, "rule:odd"), (2, "rule:odd")]

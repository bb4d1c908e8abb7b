"""Pairs written by hand to be misjudged, over every kind of answer, and labelled before the judge was run on them.

`outcome` is what the judge says; where it says unknown, `truth` is what a person says, and `policy` names the rule that
leaves it open on purpose.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from validation.answers import Relation, close_symbolic, compare

PAIRS = [
    json.loads(line) for line in (Path(__file__).parent / "adversarial_pairs.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module", autouse=True)
def symbolic_child():
    yield
    close_symbolic()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['kind']}: {pair['gold']}~{pair['answer']}")
def test_a_hard_pair(pair):
    comparison = compare(pair["gold"], pair["answer"], pair.get("question"), pair.get("language", "en"))
    assert comparison.outcome == pair["outcome"], comparison


def test_what_is_not_decided_is_rare():
    kinds = Counter(pair["kind"] for pair in PAIRS)
    undecided = Counter(pair["kind"] for pair in PAIRS if "truth" in pair and "policy" not in pair)
    assert all(pair["outcome"] == "unknown" for pair in PAIRS if "truth" in pair)
    assert undecided.total() < 0.03 * kinds.total()
    assert len(kinds) >= 18


@pytest.mark.parametrize(
    "answer",
    ["array([" + "-11" * 3_000 + "x", "答案是" + " " * 9_900, "the answer is" + " " * 9_900 + "x"],
    ids=["a printed array", "a prefix", "an ending"],
)
def test_what_only_begins_like_an_answer_is_read_at_once(answer: str) -> None:
    assert compare("5", answer).outcome is not Relation.EQUAL


@pytest.mark.parametrize("question", ["percent of " * 20_000, "express" * 20_000], ids=["percent", "a unit"])
def test_a_long_question_is_read_at_once(question: str) -> None:
    assert compare("5", "6", question).outcome is Relation.NOT_EQUAL

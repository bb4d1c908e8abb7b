import pytest
from pydantic import ValidationError

from schemas.config import Curate
from schemas.own_rules import Candidate
from schemas.problem import Format, Segment, SegmentKind
from schemas.reason import Stage, is_own, meaning_of, rule_of

SOURCE = {"name": "mine", "path": "x", "adapter": "gsm8k", "licence": "MIT"}


@pytest.mark.parametrize("name", ["rules:no_tables", "my.rules:_private", "règles:courte"])
def test_a_rule_is_named_by_its_module_and_function(name: str) -> None:
    assert Curate.model_validate({"sources": [SOURCE], "rules": [name]}).rules == [name]


@pytest.mark.parametrize(
    "name", ["rules", "rules:", ":f", "rules.py:f()", "rules:a.b", "my rules:f", "../rules:f", "1a:f"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="module:function"):
        Curate.model_validate({"sources": [SOURCE], "rules": [name]})


@pytest.mark.parametrize(
    ("reason", "own"),
    [
        ("rule:a", True),
        ("rule:too_easy_2", True),
        (f"rule:{'a' * 60}", True),
        (f"rule:{'a' * 61}", False),
        ("rule:", False),
        ("rule:Easy", False),
        ("rule:2a", False),
        ("rule:a b", False),
        ("rule:a\n", False),
        ("rules:a", False),
        ("truncated", False),
    ],
)
def test_an_own_reason_is_known_by_its_prefix_and_letters(reason: str, own: bool) -> None:
    assert is_own(reason) is own


def test_an_own_reason_has_a_stage_and_a_meaning() -> None:
    rule = rule_of("rule:easy")
    assert rule is not None
    assert (rule.stage, rule.meaning == meaning_of("rule:easy")) == (Stage.RULES, True)
    assert (rule_of("rule:Easy"), meaning_of("rule:Easy")) == (None, "not a known reason")


def test_a_solution_is_its_segments() -> None:
    segments = (Segment(SegmentKind.TEXT, "I count."), Segment(SegmentKind.CODE, "print(6)"))
    assert Candidate("id", "school", 0, Format.TIR, "How many?", segments).solution == "I count.\nprint(6)"

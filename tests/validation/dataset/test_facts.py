"""Facts that add up: lengths by format beside those of all."""

import json
from collections import Counter
from pathlib import Path

from schemas.config import Recheck, Validate
from tests.validation.dataset.handmade import examples, write_data
from validation.dataset.facts import LENGTHS
from validation.dataset.gate import judge
from validation.dataset.report.page import write_report


def test_lengths_are_counted_by_format_and_add_up_to_those_of_all(tmp_path: Path) -> None:
    rows = examples(problems=12)
    judgement = judge(write_data(tmp_path / "data", rows), Validate(recheck=Recheck(sample=0)))
    lengths = judgement.findings.facts.lengths
    assert set(lengths) == {*LENGTHS, *(f"solution_chars|{form}" for form in ("cot", "pot", "tir"))}
    assert (
        sum((lengths[f"solution_chars|{form}"] for form in ("cot", "pot", "tir")), Counter())
        == (lengths["solution_chars"])
    )
    assert lengths["solution_chars|cot"] != lengths["solution_chars|tir"]
    write_report(judgement, tmp_path / "report")
    numbers = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))["lengths"]
    assert numbers["solution_chars|pot"]["p50"] < numbers["solution_chars|tir"]["p50"]
    assert ">half below</th>" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")

"""Facts that add up: lengths by format beside those of all."""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np

from schemas.requirements import Recheck, Validate
from tests.validation.dataset.handmade import examples, write_data
from validation.dataset.facts import BINS_PER_DOUBLING, LENGTHS, length_bins, quantile
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


def test_quantiles_lie_within_their_bin_and_tell_lengths_of_one_bin_apart() -> None:
    lengths = np.random.default_rng(0).lognormal(5, 1, 50_000).astype(int) + 1
    for share in (0.05, 0.5, 0.95):
        found, true = quantile(length_bins(lengths), share), float(np.quantile(lengths, share))
        assert abs(math.log2(found / true)) < 1 / BINS_PER_DOUBLING
        assert abs(found / true - 1) < 0.05
    assert quantile({16: 90, 17: 10}, 0.5) < quantile({16: 60, 17: 40}, 0.5) < 2 ** (17 / BINS_PER_DOUBLING)
    assert quantile({}, 0.5) == 0.0

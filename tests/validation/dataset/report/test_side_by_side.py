"""Drift and duplicates as sections, on literal numbers."""

import re
from typing import Any

import pytest

from validation.dataset.report.side_by_side import drift


def measure(name: str, distance: float, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "distance": distance,
        "cohen_h": 0.3,
        "size": "small",
        "value": "tir",
        "before": 0.25,
        "now": 0.4,
    } | changes


def shown(*measures: dict[str, Any]) -> str:
    moved = {"in both": 10, "new": 2, "gone": 1}
    page = drift(
        {
            "drift": {
                "fingerprint": "abcdef0123456789",
                "rows": {"before": 11, "now": 1200},
                "examples": moved,
                "problems": moved,
                "concentrations": {
                    "largest_source_share": {"before": 0.5, "now": 0.25},
                    "topic_entropy": {"before": None, "now": 0.875},
                },
                "measures": list(measures),
            }
        }
    )
    assert page is not None
    return page


def test_without_a_baseline_there_is_no_section() -> None:
    assert drift({"drift": None}) is None


def test_what_moved_is_told_by_effect_and_what_hardly_moved_by_name() -> None:
    page = shown(measure("format", 0.15), measure("solution_chars|cot", 0.005), measure("answer_kind", 0.0049))
    assert "tir: 25.0\u202f% → 40.0\u202f%" in page
    assert "length of chains of thought" in page.split("Moved by less than")[0]
    assert "Moved by less than 0.005: answer type." in page
    assert "abcdef012345: 11 examples before, 1\u202f200 now" in page


@pytest.mark.parametrize(("effect", "written"), [(0.3, "+0.30"), (-0.3, "−0.30"), (0.001, "0.00"), (-0.001, "0.00")])
def test_an_effect_has_a_sign_unless_it_is_none(effect: float, written: str) -> None:
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", shown(measure("format", 0.15, cohen_h=effect)))
    assert written in cells


def test_shares_and_entropies_stand_beside_each_other_and_what_has_no_value_is_a_dash() -> None:
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", shown().split("Evenness and concentration")[1])
    assert cells == ["largest source share", "50.0\u202f%", "25.0\u202f%", "topic entropy", "–", "0.88"]

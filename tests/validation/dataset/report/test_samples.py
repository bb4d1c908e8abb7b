"""Examples as people read them: what is trained on, what is folded, what is cut."""

from pathlib import Path
from typing import Any

import pytest

from schemas.problem import Segment, SegmentKind
from schemas.verdict import Check, Severity, Status
from tests.validation.dataset.handmade import example, write_data
from validation.dataset.report.samples import FOLDED, MAX_TEXT, fetch, render_example, solution, supervised_kinds

SHARDS = ("shards/train-00000-of-00001.arrow", "shards/heldout-00000-of-00001.arrow")


def rendered(marks: tuple[Check, ...] = (), outstanding: tuple[str, ...] = (), **changes: Any) -> str:
    row = {"topic": None, "difficulty": None} | example(0, "tir") | changes
    return render_example(row, why="random", marks=marks, outstanding=outstanding)


def test_rows_are_fetched_by_id_from_every_shard(tmp_path: Path) -> None:
    found = fetch(write_data(tmp_path), SHARDS, ["r0007-cot", "r0000-pot", "r0000-pot", "gone"])
    assert {id_: row["split"] for id_, row in found.items()} == {"r0000-pot": "train", "r0007-cot": "heldout"}
    assert fetch(tmp_path / "nowhere", SHARDS, []) == {}


def test_the_tools_words_bear_no_loss_and_everything_else_does() -> None:
    kinds = (SegmentKind.TEXT, SegmentKind.CODE, SegmentKind.OUTPUT, SegmentKind.TEXT)
    assert supervised_kinds([Segment(kind, "5") for kind in kinds]) == [True, True, False, True]
    page = rendered()
    assert page.count("segment output unsupervised") == page.count("no loss here") == 1


def test_a_segment_of_an_unknown_kind_is_told_and_not_shown() -> None:
    page = solution([{"kind": "poem", "text": "roses"}])
    assert "no known kind" in page
    assert "roses" not in page


def test_hostile_text_is_shown_and_does_nothing() -> None:
    page = rendered(question="<script>alert(1)</script>", source='"><b>')
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'data-source="&quot;&gt;&lt;b&gt;"' in page


UNSEEN = ("\x00", "\x1b", "\x9b", "\u202e", "\u2066", "\ud800", "\U000e0041")


@pytest.mark.parametrize("sign", UNSEEN)
@pytest.mark.parametrize(
    "around", ["a{}b", "$a{}b$", r"$\text{{{}}}$", r"\boxed{{{}}}", "x = 1  # {}", "$$a&#x202e;{}$$"]
)
def test_what_hides_or_reorders_letters_stands_as_its_code_in_every_place(sign: str, around: str) -> None:
    text = around.format(sign)
    segments = [{"kind": kind, "text": text} for kind in ("text", "code", "output")]
    page = rendered(question=text, answer=text, segments=segments, topic=text)
    assert not set(page) & {*UNSEEN, "\u202e"}
    assert page.lower().count(f"u{ord(sign):04x}" if ord(sign) <= 0xFFFF else f"u{ord(sign):08x}") >= 5
    assert "U000e0041" not in rendered(question="plain")


@pytest.mark.parametrize(("characters", "folded"), [(FOLDED, False), (FOLDED + 1, True)])
def test_a_long_question_is_folded(characters: int, folded: bool) -> None:
    page = rendered(question="a" * characters, segments=[])
    assert ('class="fold"' in page) is folded


def test_a_very_long_text_is_cut_and_says_by_how_much() -> None:
    page = rendered(question="a" * (MAX_TEXT + 1234), segments=[])
    assert "… (1\u202f234 more characters)" in page
    assert "Show 6\u202f000 of 7\u202f234 characters" in page
    assert "more characters" not in rendered(question="a" * MAX_TEXT, segments=[])


def test_checks_and_facts_that_name_an_example_stand_on_it() -> None:
    failed = Check(name="rows_hold", group="suite", status=Status.FAILED, severity=Severity.CRITICAL, detail="")
    warned = failed.model_copy(update={"name": "rows_read", "status": Status.WARNING})
    page = rendered(marks=(failed, warned), outstanding=("repetition: 40 %",))
    assert "breaks <strong>rows_hold</strong>" in page
    assert "noted by <strong>rows_read</strong>" in page
    assert "stands out by repetition: 40 %" in page


@pytest.mark.parametrize(
    ("verification", "words"),
    [
        ({"verdict": "equal", "path": "number", "reference": "self"}, "equal to its own text (path number)"),
        ({"verdict": "equal", "path": "list", "reference": "independent"}, "equal to an independent reference"),
        ({"verdict": "unverified", "path": None, "reference": "self"}, "not verified"),
        (None, "not verified"),
    ],
)
def test_how_an_answer_was_verified_is_said(verification: dict[str, Any] | None, words: str) -> None:
    assert words in rendered(verification=verification)

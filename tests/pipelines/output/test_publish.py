"""From what a run ended with to a data set in its place."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.engine.store import PartRef, Store
from pipelines.output.decide import PartSummary
from pipelines.output.growing import STAGED
from pipelines.output.publish import Alarm, Ending, alarm_of, manifest_of, publish, set_aside, wiped_out
from pipelines.output.write import Written
from schemas.config import Curate
from schemas.manifest import Counts, FormatCounts, InputFile, read_manifest, sha256_of

SOURCES = [
    {"name": "school", "path": "a", "adapter": "gsm8k", "licence": "MIT"},
    {"name": "panel", "path": "b", "adapter": "gsm8k", "licence": "CC-BY-4.0"},
    {"name": "lost", "path": "c", "adapter": "gsm8k", "licence": "GPL-3.0"},
]
KEPT = ("school", "cot", "kept", None, None)
CUT = ("school", "pot", "removed", "screen", "too_long")
SHORT = ("school", "cot", "removed", "screen", "too_short")
ASIDE = ("panel", "cot", "quarantined", "identify", "answer_conflict")
BROKEN = ("lost", None, "removed", "read", "parse_error")
OTHER = ("panel", "cot", "kept", None, None)


def summary(number: int, rows: int, ended: dict[tuple, int], train: int = 0, heldout: int = 0) -> PartSummary:
    part = PartRef(number, f"k-{number}", sum(ended.values()), 100)
    return PartSummary(part, rows, Counter(ended), Counter({"train": train, "heldout": heldout}))


SUMMARIES = (
    summary(0, 8, {KEPT: 6, CUT: 3, SHORT: 2}, train=4, heldout=2),
    summary(1, 5, {OTHER: 2, ASIDE: 3, BROKEN: 1}, train=2),
)


def file(path: str, rows: int, split: str | None = None) -> Written:
    return Written(path, split, rows, 10, "ab")


WRITTEN = (
    file("ledger/ledger-00000-of-00001.arrow", 17),
    file("rejected/rejected-00000-of-00001.jsonl", 9),
    file("shards/heldout-00000-of-00001.arrow", 2, "heldout"),
    file("shards/train-00000-of-00001.arrow", 6, "train"),
)


def ending(summaries: Sequence[PartSummary] = SUMMARIES, rows: int = 13, **curate: object) -> Ending:
    return Ending(
        settings=Curate.model_validate({"sources": SOURCES, "isolation": "seccomp", "skip": ["verify"], **curate}),
        summaries=summaries,
        written=WRITTEN,
        files=[InputFile(path="a", bytes=1, sha256="c")],
        benchmarks=[],
        isolation="seccomp",
        labels=[],
        quotas=[],
        draft=False,
        scanned_rows=rows,
    )


def test_a_manifest_adds_up_what_every_part_ended_with() -> None:
    found = manifest_of(ending(), ITEMS)
    assert found.counts == Counts(rows=13, candidates=17, kept=8, removed=6, quarantined=3)
    assert list(found.removed_by_reason.items()) == [("too_long", 3), ("too_short", 2), ("parse_error", 1)]
    assert found.quarantined_by_reason == {"answer_conflict": 3}
    assert found.formats == {
        "cot": FormatCounts(candidates=13, kept=8, removed=2, quarantined=3),
        "none": FormatCounts(candidates=1, kept=0, removed=1, quarantined=0),
        "pot": FormatCounts(candidates=3, kept=0, removed=3, quarantined=0),
    }
    assert {name: line.kept for name, line in found.sources.items()} == {"school": 6, "panel": 2, "lost": 0}
    assert found.splits == {"train": 6, "heldout": 2}
    assert [shard.path for shard in found.shards] == [one.path for one in WRITTEN if one.split]
    assert [(one.path, one.rows) for one in found.ledger] == [(WRITTEN[0].path, 17)]
    assert found.skipped == ["verify"]
    assert found.fingerprint == found.computed_fingerprint()


def test_a_manifest_names_the_licences_of_what_is_kept_and_no_isolation_among_its_settings() -> None:
    found = manifest_of(ending(), ITEMS)
    assert found.licence == "CC-BY-4.0 AND MIT"
    assert "isolation" not in found.config
    nothing = replace(ending([summary(0, 1, {BROKEN: 1})], 1), written=(file("ledger/x.arrow", 1),))
    assert manifest_of(nothing, ITEMS).licence == "none"


def test_a_manifest_counts_what_adapters_left_out_by_source_and_kind() -> None:
    assert manifest_of(ending(), ITEMS).dropped == {}
    left = [Counter({("school", "tools"): 2, ("panel", "echoes"): 1}), Counter({("school", "tools"): 3})]
    summaries = [replace(one, dropped=dropped) for one, dropped in zip(SUMMARIES, left, strict=True)]
    assert manifest_of(ending(summaries), ITEMS).dropped == {"panel": {"echoes": 1}, "school": {"tools": 5}}


def test_the_order_of_parts_does_not_show() -> None:
    assert manifest_of(ending(SUMMARIES[::-1]), ITEMS) == manifest_of(ending(), ITEMS)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"scanned_rows": 14}, "rows read"),
        ({"written": (file("ledger/x.arrow", 16), *WRITTEN[2:])}, "ledger"),
        ({"written": (WRITTEN[0], WRITTEN[3])}, "shards/train"),
        ({"summaries": (replace(SUMMARIES[0], ended=Counter({KEPT: 6})), SUMMARIES[1])}, "Counter"),
    ],
)
def test_a_sum_that_does_not_add_up_makes_no_manifest(changed: dict[str, object], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        manifest_of(replace(ending(), **changed), ITEMS)


@pytest.mark.parametrize(
    ("limit", "accept", "alarms"),
    [
        (0.5, [], [Alarm("lost", "parse_error", 1, 1), Alarm("panel", "answer_conflict", 3, 5)]),
        (0.6, [], [Alarm("lost", "parse_error", 1, 1)]),
        (0.5, ["panel:answer_conflict", "school:parse_error"], [Alarm("lost", "parse_error", 1, 1)]),
        (1.0, [], []),
        (3 / 11, ["lost:parse_error", "panel:answer_conflict"], []),
        (0.27, ["lost:parse_error", "panel:answer_conflict"], [Alarm("school", "too_long", 3, 11)]),
    ],
)
def test_a_rule_that_takes_more_of_a_source_than_allowed_sounds_the_alarm(
    limit: float, accept: list[str], alarms: list[Alarm]
) -> None:
    assert wiped_out(ending(wipeout={"limit": limit, "accept": accept})) == alarms


def test_the_alarm_counts_a_source_over_all_its_parts() -> None:
    halves = [summary(0, 2, {SHORT: 2}), summary(1, 3, {KEPT: 3}, train=3)]
    assert wiped_out(ending(halves, wipeout={"limit": 0.4})) == []
    assert wiped_out(ending(halves, wipeout={"limit": 0.39})) == [Alarm("school", "too_short", 2, 5)]


def test_an_alarm_says_what_went_with_examples_and_how_to_accept_it() -> None:
    rows = [("panel", row, "answer_conflict") for row in (2, 4, 4, 7, 9)] + [("lost", 0, "parse_error")]
    ledger = pa.table({name: [row[at] for row in rows] for at, name in enumerate(("source", "row", "reason"))})
    said = alarm_of(
        [Alarm("panel", "answer_conflict", 1500, 2000), Alarm("lost", "parse_error", 1, 1)], ledger, Path("out/s")
    )
    assert said == (
        "wipe-out alarm: answer_conflict takes 75% of panel (1,500 of 2,000 candidates) (and 1 more), more than "
        "wipeout.limit allows; nothing was published; "
        "what fell: answer_conflict 5 (panel:2, panel:4, panel:7), parse_error 1 (lost:0); "
        "look at one with `mathmill trace out/s panel:2`; "
        "it is decided by curate.policy.answer_conflict: quarantine | remove; "
        """or accept it with --set 'curate.wipeout.accept=["panel:answer_conflict", "lost:parse_error"]'"""
    )


def test_what_a_stopped_run_wrote_is_set_aside_as_a_draft_and_nothing_is_published(tmp_path: Path) -> None:
    store = staged(tmp_path)
    folder = set_aside(ending(), manifest_of(ending(), ITEMS), ITEMS, store=store)
    assert folder.is_relative_to(store.root)
    assert content(tmp_path) == {}
    found = read_manifest(folder)
    assert found.draft
    assert found.fingerprint == found.computed_fingerprint()
    assert found.counts == manifest_of(ending(), ITEMS).counts
    assert all((folder / one.path).read_text() == one.path for one in WRITTEN)


ITEMS = pa.table({"benchmark": ["exam"]})
REVIEWED = pa.table({"row": ["id0"]})


def staged(folder: Path) -> Store:
    store = Store(folder / ".work")
    for one in WRITTEN:
        path = store.root / STAGED / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one.path)
    return store


def content(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and ".work" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_data_set_is_what_was_written_and_what_tells_about_it(tmp_path: Path) -> None:
    manifest = manifest_of(ending(), ITEMS)
    publish(ending(), manifest, ITEMS, REVIEWED, store=staged(tmp_path), output=tmp_path)
    names = {*(one.path for one in WRITTEN), "benchmarks.arrow", "reviews.arrow", "README.md", "manifest.json"}
    assert {*content(tmp_path)} == names
    assert (tmp_path / WRITTEN[1].path).read_text() == WRITTEN[1].path
    assert read_manifest(tmp_path) == manifest
    for name, table in (("benchmarks.arrow", ITEMS), ("reviews.arrow", REVIEWED)):
        with pa.OSFile(str(tmp_path / name), "rb") as source:
            assert pa.ipc.open_stream(source).read_all().equals(table)
    assert [record.path for record in manifest.others] == ["benchmarks.arrow", WRITTEN[1].path]
    assert manifest.others[0].sha256 == sha256_of(tmp_path / "benchmarks.arrow")
    assert not (tmp_path / ".work" / STAGED).exists()


def test_nothing_of_what_stood_there_before_is_left(tmp_path: Path) -> None:
    for name in ("shards/train-00000-of-00009.arrow", "ledger/old.arrow", "rejected/old.jsonl", "quality/verdict.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old")
    for name in ("manifest.json", "README.md", "reviews.arrow", "benchmarks.arrow"):
        (tmp_path / name).write_text("old")
    publish(ending(), manifest_of(ending(), ITEMS), ITEMS, None, store=staged(tmp_path), output=tmp_path)
    assert b"old" not in content(tmp_path).values()
    assert {*content(tmp_path)} == {*(one.path for one in WRITTEN), "benchmarks.arrow", "README.md", "manifest.json"}


def test_a_verdict_stays_with_its_report_where_the_same_data_comes_again(tmp_path: Path) -> None:
    manifest = manifest_of(ending(), ITEMS)
    publish(ending(), manifest, ITEMS, None, store=staged(tmp_path), output=tmp_path)
    for name in ("quality/verdict.json", "quality/report/index.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("judged")
    publish(ending(), manifest, ITEMS, None, store=staged(tmp_path), output=tmp_path)
    assert [name for name in content(tmp_path) if name.startswith("quality/")] == [
        "quality/report/index.html", "quality/verdict.json",
    ]  # fmt: skip
    other = manifest.model_copy(update={"lineage": ["ab"]}).sealed()
    publish(ending(), other, ITEMS, None, store=staged(tmp_path), output=tmp_path)
    assert not (tmp_path / "quality").exists()


def test_a_folder_in_which_publishing_broke_off_is_no_data_set(tmp_path: Path) -> None:
    manifest = manifest_of(ending(), ITEMS)
    publish(ending(), manifest, ITEMS, None, store=staged(tmp_path), output=tmp_path)
    store = staged(tmp_path)
    (store.root / STAGED / WRITTEN[-1].path).unlink()
    with pytest.raises(FileNotFoundError):
        publish(ending(), manifest, ITEMS, None, store=store, output=tmp_path)
    assert not (tmp_path / "manifest.json").exists()

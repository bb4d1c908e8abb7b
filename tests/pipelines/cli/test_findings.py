from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.cli.findings import findings, remarks
from pipelines.curate import curate
from pipelines.output.reader import read_alike, read_ledger
from pipelines.stages.duplicates import near as minhash
from schemas.ledger import LedgerRule
from schemas.manifest import read_manifest
from schemas.reason import CRASHES, Reason
from tests.tiny import config_of, gsm8k_row, marbles, read_streams, source, write_rows


def reworded(ledger: pa.Table) -> pa.Table:
    """The same ledger in other words."""
    at = ledger.schema.get_field_index("detail")
    return ledger.set_column(at, "detail", pa.array(["the solution, in other words"] * len(ledger)))


def test_the_reason_that_took_most_comes_first_and_surprises_follow(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    ledger = read_ledger(tiny_data, manifest)
    counts = {"truncated": 900, "answer_conflict": 2, "no_answer": 7}
    many = manifest.model_copy(update={"removed_by_reason": counts, "quarantined_by_reason": {}})
    assert [one.reason for one in findings(many, ledger)] == ["truncated", "answer_conflict", "no_answer"]
    even = manifest.model_copy(update={"removed_by_reason": dict.fromkeys(counts, 5), "quarantined_by_reason": {}})
    assert [one.reason for one in findings(even, ledger)] == ["answer_conflict", "truncated", "no_answer"]


def test_a_rule_of_the_users_own_is_found_like_ours(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    for number, words in ((900, "900 candidates are stopped"), (1, "1 candidate is stopped")):
        counts = {"rule:too_easy": number, "answer_conflict": 2}
        many = manifest.model_copy(update={"removed_by_reason": counts, "quarantined_by_reason": {}})
        found = {one.reason: one.text for one in findings(many, read_ledger(tiny_data, manifest))}
        assert found["rule:too_easy"] == f"{words} by a rule of your own, rule:too_easy"
        assert (next(iter(found)) == "rule:too_easy") is (number > 2)


def test_findings_have_ids_to_look_at(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    ledger = read_ledger(tiny_data, manifest)
    found = findings(manifest, ledger)
    assert len(found) == 3
    by_id = {row["id"]: row for row in ledger.to_pylist()}
    counts = {**manifest.removed_by_reason, **manifest.quarantined_by_reason}
    for one in found:
        assert one.number == counts[one.reason]
        assert one.text.startswith(f"{one.number} candidate")
        assert {by_id[identity]["reason"] for identity in one.ids} == {one.reason}


def test_groups_of_the_ledger_tell_the_same(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    whole, groups = read_ledger(tiny_data, manifest), read_alike(tiny_data, manifest)
    assert len(groups) < len(whole)
    assert findings(manifest, groups, most=100) == findings(manifest, whole, most=100)
    assert remarks(manifest, groups) == remarks(manifest, whole)


def test_a_leak_names_its_benchmark(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    found = findings(manifest, read_ledger(tiny_data, manifest), most=100)
    (leak,) = [one for one in found if one.reason == "benchmark_exact"]
    assert leak.text == "3 candidates are the text of bench, formatting aside"
    assert findings(manifest, reworded(read_ledger(tiny_data, manifest)), most=100) == found


def test_leaks_of_several_benchmarks_name_them_all(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    ledger = read_ledger(tiny_data, manifest)
    names = ["other" if one == "bench" and at % 2 else one for at, one in enumerate(ledger["benchmark"].to_pylist())]
    mixed = ledger.set_column(ledger.schema.get_field_index("benchmark"), "benchmark", pa.array(names, pa.string()))
    (leak,) = [one for one in findings(manifest, mixed, most=100) if one.reason == "benchmark_exact"]
    assert sorted(leak.text.removesuffix(", formatting aside").split(" the text of ")[1].split(" or ")) == [
        "bench",
        "other",
    ]


def test_every_reason_that_takes_most_has_a_sentence(tiny_data: Path) -> None:
    manifest, ledger = read_manifest(tiny_data), read_ledger(tiny_data, read_manifest(tiny_data))
    for reason in set(Reason) - CRASHES:
        counts = {reason.value: 9, "exact_duplicate": 8} if reason is not Reason.EXACT_DUPLICATE else {reason.value: 9}
        many = manifest.model_copy(update={"removed_by_reason": counts, "quarantined_by_reason": {}})
        first = findings(many, ledger)[0]
        assert (first.reason, first.text.split()[0]) == (reason, "9")


def test_one_candidate_is_spoken_of_as_one(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    every = {**manifest.removed_by_reason, **manifest.quarantined_by_reason}
    once = manifest.model_copy(
        update={"removed_by_reason": dict.fromkeys([*every, "unstated_answer"], 1), "quarantined_by_reason": {}}
    )
    told = {one.reason: one.text for one in findings(once, read_ledger(tiny_data, manifest), most=100)}
    assert told["benchmark_exact"] == "1 candidate is the text of bench, formatting aside"
    assert told["unstated_answer"] == "1 candidate does not state the reference that came with it"
    assert told["answer_conflict"] == "1 candidate asks a question that stands elsewhere with another answer"


def test_a_clean_run_has_nothing_to_find(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    clean = manifest.model_copy(update={"removed_by_reason": {}, "quarantined_by_reason": {}})
    assert findings(clean, read_ledger(tiny_data, manifest)) == []


def test_leaks_and_variants_are_counted_with_those_that_are_only_reported(tmp_path: Path) -> None:
    rows = marbles(8)
    items = [rows[0], marbles(1, start=30)[0]]
    benchmarks = [{"name": "bench", "path": str(write_rows(tmp_path / "bench.jsonl", items))}]
    school = source(write_rows(tmp_path / "rows.jsonl", rows))
    manifest = curate(config_of(school, benchmarks=benchmarks, skip=["verify"]), tmp_path / "data")
    ledger = read_ledger(tmp_path / "data", manifest)
    assert remarks(manifest, ledger) == ["1 leak, 2 variants of 2 benchmark items (bench)"]
    assert remarks(manifest, reworded(ledger)) == remarks(manifest, ledger)
    noted = {row["row"]: row["partner"] for row in ledger.to_pylist() if row["rule"] == "variant_reported"}
    assert noted == {3: "bench/0", 6: "bench/0"}
    assert manifest.counts.kept == 7


def test_what_an_adapter_left_out_is_counted_by_kind(tmp_path: Path) -> None:
    chats = [
        {
            "messages": [
                {"role": "system", "content": "Count."},
                {"role": "user", "content": row["question"]},
                {"role": "assistant", "content": row["answer"], "weight": 1},
            ],
            "tools": [{"type": "function"}] if place else [],
        }
        for place, row in enumerate(marbles(3))
    ]
    chat = source(write_rows(tmp_path / "rows.jsonl", chats), adapter="messages")
    manifest = curate(config_of(chat, skip=["verify"]), tmp_path / "data")
    told = remarks(manifest, read_ledger(tmp_path / "data", manifest))
    assert told[-1] == (
        "school: left out of what was read: `tools` beside the turns (2 rows), `weight` of a turn (3 rows)"
    )
    kept = [row["system"] for row in read_streams(tmp_path / "data", "shards/*")]
    assert kept == ["Count."] * 3


def test_a_cap_that_took_effect_is_told(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    ledger = read_ledger(tiny_data, manifest)
    usual = remarks(manifest, ledger)
    rules = [LedgerRule.CROWDED if reason is None else None for reason in ledger.column("reason").to_pylist()]
    crowd = ledger.set_column(ledger.schema.get_field_index("rule"), "rule", pa.array(rules, pa.string()))
    (told,) = set(remarks(manifest, crowd)) - set(usual)
    assert f"{manifest.counts.kept} kept candidates" in told
    assert "GROUP_CAP = 64" in told


def test_who_stands_behind_the_cap_is_noted_in_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "the old {} puts 12 warm rolls into every basket and carries them slowly to the shop at the old {} road"
    questions = [told.format(filler, filler) for filler in ("cat", "hen", "fox", "owl", "elk", "yak")]
    rows = [gsm8k_row(f"{question}. How many rolls are there?", "There are 12.", 12) for question in questions]
    school = source(write_rows(tmp_path / "rows.jsonl", rows))
    config = config_of(school, skip=["verify"], identify={"threshold": 0.99})

    def noted() -> int:
        manifest = curate(config, tmp_path / "data")
        assert manifest.counts.kept == len(rows)
        return sum(one["rule"] == "crowded" for one in read_ledger(tmp_path / "data", manifest).to_pylist())

    assert noted() == 0
    monkeypatch.setattr(minhash, "GROUP_CAP", 2)
    assert noted() > 0


def test_columns_of_the_ledger_may_be_chosen(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    table = read_ledger(tiny_data, manifest, ("id", "reason"))
    assert isinstance(table, pa.Table)
    assert table.column_names == ["id", "reason"]
    assert len(table) == manifest.counts.candidates


def test_what_was_not_looked_for_or_not_made_is_told(tmp_path: Path) -> None:
    rows = [*marbles(3), {"question": "Ann has 4 pens and 5 cups. How many things?", "answer": "9 things.\n#### 9"}]
    school = source(write_rows(tmp_path / "rows.jsonl", rows), derive=["pot"])
    manifest = curate(config_of(school, skip=["verify"]), tmp_path / "data")
    assert remarks(manifest, read_ledger(tmp_path / "data", manifest)) == [
        "no benchmark was named, so no leak was looked for (curate.benchmarks: [gsm8k, math])",
        "school: 1 row without pot, for want of annotations that lead to the answer",
    ]

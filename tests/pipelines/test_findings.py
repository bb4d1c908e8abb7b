from pathlib import Path

import pyarrow as pa

from pipelines.findings import findings, read_ledger
from schemas.manifest import read_manifest


def test_the_most_surprising_facts_come_first_with_ids_to_look_at(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    ledger = read_ledger(tiny_data, manifest)
    found = findings(manifest, ledger)
    assert len(found) == 3
    assert found[0].reason == "answer_conflict"
    by_id = {row["id"]: row for row in ledger.to_pylist()}
    counts = {**manifest.removed_by_reason, **manifest.quarantined_by_reason}
    for one in found:
        assert one.number == counts[one.reason]
        assert one.text.startswith(f"{one.number} candidate")
        assert {by_id[identity]["reason"] for identity in one.ids} == {one.reason}


def test_a_leak_names_its_benchmark(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    found = findings(manifest, read_ledger(tiny_data, manifest), most=100)
    (leak,) = [one for one in found if one.reason == "benchmark_exact"]
    assert leak.text == "3 candidates are the text of bench, formatting aside"


def test_a_clean_run_has_nothing_to_find(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    clean = manifest.model_copy(update={"removed_by_reason": {}, "quarantined_by_reason": {}})
    assert findings(clean, read_ledger(tiny_data, manifest)) == []


def test_columns_of_the_ledger_may_be_chosen(tiny_data: Path) -> None:
    manifest = read_manifest(tiny_data)
    table = read_ledger(tiny_data, manifest, ("id", "reason"))
    assert isinstance(table, pa.Table)
    assert table.column_names == ["id", "reason"]
    assert len(table) == manifest.counts.candidates

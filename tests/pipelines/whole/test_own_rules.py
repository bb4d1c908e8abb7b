"""Rules of the user's own through the whole line: ledger, gate, review and cache treat their reasons like ours."""

import json
from pathlib import Path

import pytest
from apache_beam.runners.portability.local_job_service import LocalJobServicer

from pipelines.cli.curate_console import console_for
from pipelines.cli.trace import print_trace
from pipelines.curate import curate
from pipelines.output.reader import read_ledger
from pipelines.validate import validate
from schemas.config import Config
from schemas.manifest import Manifest
from tests.tiny import config_of, data_bytes, marbles, source, write_rows

RULE = """
from pathlib import Path

def no_maps(candidate):
    with Path(__file__).with_name("asked.txt").open("a") as asked:
        asked.write(f"{candidate.row}\\n")
    return ("maps", f"row {candidate.row}") if "maps" in candidate.question else None
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taste.py").write_text(RULE, encoding="utf-8")
    rows = write_rows(tmp_path / "rows.jsonl", marbles(9))
    return config_of(source(rows), rules=["taste:no_maps"], heldout=0, balance={"caps": {"template": None}})


def with_policy(config: Config, **updates: object) -> Config:
    assert config.curate is not None
    return Config.model_validate({"curate": config.curate.model_dump(exclude_defaults=True) | updates})


def asked(folder: Path) -> int:
    return len((folder / "asked.txt").read_text(encoding="utf-8").splitlines())


def fallen(folder: Path, manifest: Manifest) -> list[tuple[str, str, str, str]]:
    ledger = read_ledger(folder, manifest).to_pylist()
    return [(row["outcome"], row["stage"], row["reason"], row["detail"]) for row in ledger if row["reason"]]


def test_a_rule_stops_candidates_and_any_number_of_workers_writes_the_same(config: Config, tmp_path: Path) -> None:
    manifest = curate(config, tmp_path / "data")
    stopped = [("removed", "rules", "rule:maps", f"row {row}") for row in (1, 4, 7)]
    assert fallen(tmp_path / "data", manifest) == stopped
    assert (manifest.counts.kept, manifest.removed_by_reason) == (6, {"rule:maps": 3})
    assert "| rule:maps | 3 | a rule of the run's own" in (tmp_path / "data" / "README.md").read_text("utf-8")
    curate(config, tmp_path / "two", workers=2)
    assert data_bytes(tmp_path / "two") == data_bytes(tmp_path / "data")


def test_the_gate_accepts_its_reasons_and_trace_shows_them(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curate(config, tmp_path / "data")
    (tmp_path / "taste.py").unlink()  # whoever reads the data needs no rule
    verdict = validate(tmp_path / "data")
    assert [check.name for check in verdict.checks if check.status == "failed"] == []
    print_trace(console_for(), tmp_path / "data", None, reason="rule:maps")
    assert "removed at rules: rule:maps" in capsys.readouterr().out


def test_a_rule_is_asked_again_when_its_source_changes_only(config: Config, tmp_path: Path) -> None:
    curate(config, tmp_path / "data")
    assert asked(tmp_path) == 9
    curate(config, tmp_path / "data")
    assert asked(tmp_path) == 9
    (tmp_path / "taste.py").write_text(RULE.replace('"maps" in', '"birds" in'), encoding="utf-8")
    manifest = curate(config, tmp_path / "data")
    assert asked(tmp_path) == 18
    assert [row[3] for row in fallen(tmp_path / "data", manifest)] == ["row 2", "row 5", "row 8"]


@pytest.mark.parametrize(("policy", "outcome", "kept"), [("quarantine", "quarantined", 7), ("remove", "removed", 6)])
def test_an_acceptance_settles_what_the_policy_quarantines(
    policy: str, outcome: str, kept: int, config: Config, tmp_path: Path
) -> None:
    config = with_policy(config, policy={"rule:maps": policy})
    manifest = curate(config, tmp_path / "data")
    assert {row[:3] for row in fallen(tmp_path / "data", manifest)} == {(outcome, "rules", "rule:maps")}
    ledger = read_ledger(tmp_path / "data", manifest).to_pylist()
    row_id = next(row["row_id"] for row in ledger if row["reason"])
    decision = {"row_id": row_id, "reviewer": "ada", "decision": "accepted", "reason": "rule:maps"}
    (tmp_path / "decided.jsonl").write_text(json.dumps(decision) + "\n", encoding="utf-8")
    manifest = curate(with_policy(config, reviews=["decided.jsonl"]), tmp_path / "data")
    assert manifest.counts.kept == kept


def test_a_reason_that_is_kept_stops_none(config: Config, tmp_path: Path) -> None:
    manifest = curate(with_policy(config, policy={"rule:maps": "keep"}), tmp_path / "data")
    assert (manifest.counts.kept, fallen(tmp_path / "data", manifest)) == (9, [])


@pytest.mark.slow
def test_an_engine_finds_the_same_rules(config: Config, tmp_path: Path) -> None:
    curate(config, tmp_path / "here")
    service = LocalJobServicer()
    endpoint = f"--job_endpoint=localhost:{service.start_grpc_server(0)}"
    try:
        flags = ["--runner=PortableRunner", endpoint, "--environment_type=LOOPBACK"]
        curate(config, tmp_path / "there", beam_flags=flags)
    finally:
        service.stop()
    assert data_bytes(tmp_path / "there") == data_bytes(tmp_path / "here")

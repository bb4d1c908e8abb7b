"""What a row costs is measured by stage, on the user's own rows, without their start."""

from pathlib import Path

from pipelines.costs import measure_costs
from tests.tiny import config_of, marbles, source, write_rows


def test_each_stage_of_the_config_has_its_cost_and_a_skipped_one_has_none(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "school.jsonl", marbles(200))
    settings = config_of(source(rows, derive=["pot"]), skip=["verify", "label"]).curate
    assert settings is not None
    costs = measure_costs(settings, 160)
    assert (costs.rows, costs.sampled, costs.candidates) == (200, 160, 2.0)
    assert {"read", "collapse", "identify", "write"} <= set(costs.cpu_s)
    assert not {"verify", "label"} & set(costs.cpu_s)
    assert 0 < sum(costs.cpu_s.values()) < 0.1
    assert 200 < costs.data_bytes < 5_000
    assert costs.work_bytes > 0
    assert [path.name for path in tmp_path.iterdir()] == ["school.jsonl"]


def test_a_source_of_one_row_is_measured_too(tmp_path: Path) -> None:
    settings = config_of(source(write_rows(tmp_path / "one.jsonl", marbles(1))), skip=["verify"]).curate
    assert settings is not None
    costs = measure_costs(settings)
    assert (costs.rows, costs.sampled) == (1, 1)
    assert costs.cpu_s["read"] > 0

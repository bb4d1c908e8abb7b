# ruff: noqa: E501  a table reads best with one case a line

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from schemas.config import Config
from schemas.configfile import check_config, load_config
from schemas.exits import UserError

SOURCE = {"name": "school", "path": "rows.jsonl", "adapter": "gsm8k", "licence": "MIT"}
TRAIN = {"model": "org/model", "steps": 10}


def curate_table(**more: Any) -> dict[str, Any]:
    return {"curate": {"sources": [SOURCE], **more}}


def tables(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Every table below a model, by name."""
    found = {model.__name__: model}
    for field in model.model_fields.values():
        waiting = [field.annotation]
        while waiting:
            annotation = waiting.pop()
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                found |= tables(annotation)
            waiting.extend(getattr(annotation, "__args__", ()))
    return found


TABLES = tables(Config)


def test_every_table_is_looked_at() -> None:
    assert {"Curate", "Source", "Columns", "Benchmark", "Quota", "Caps", "Validate", "Train", "FreshModel", "Evaluate"} <= set(TABLES)  # fmt: skip


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_key_says_what_it_is_for(table: type[BaseModel]) -> None:
    assert [name for name, field in table.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_is_frozen_and_refuses_unknown_keys(table: type[BaseModel]) -> None:
    assert table.model_config["extra"] == "forbid"
    assert table.model_config["frozen"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (curate_table(benchmark=[]), "curate.benchmark: unknown key; did you mean `benchmarks`?"),
        (curate_table(verify={"output": "keep"}), "curate.verify.output: unknown key; did you mean `outputs`?"),
        (curate_table(verify={"limits": {"cpu": 1}}), "curate.verify.limits.cpu: unknown key; did you mean `cpu_s`?"),
        ({"curate": {"sources": [{**SOURCE, "license": "MIT"}]}}, "curate.sources.0.license: unknown key; did you mean `licence`?"),
        ({"curate": {"sources": [{**SOURCE, "columns": {"soluton": "s"}}]}}, "sources.0.columns.soluton: unknown key; did you mean `solution`?"),
        (curate_table(benchmarks=["gsm8k", {"name": "b", "path": "x", "anser": "a"}]), "curate.benchmarks.1.anser: unknown key; did you mean `answer`?"),
        ({"train": {**TRAIN, "model": {"hidden": 8}}}, "train.model.hidden: unknown key; did you mean `hidden_size`?"),
        ({"train": {**TRAIN, "objective": [{"objective": "dft", "shar": 1}]}}, "train.objective.0.shar: unknown key; did you mean `share`?"),
        ({"train": {**TRAIN, "objective": [{"objective": "best", "share": 1}]}}, "train.objective.0.objective: Input should be 'sequence_mean'"),
        ({"train": {**TRAIN, "objective": "best"}}, "train.objective: Input should be 'sequence_mean'"),
        ({"train": {**TRAIN, "data": ["o"]}}, "train.data.0: expected a table (`key: value`, or {key: value}), found 'o'"),
        ({"evaluate": {"tasks": ["gsm8k"]}}, "evaluate.tasks: unknown key; did you mean `benchmarks`?"),
        ({"validate": {"recheck": {"samples": 5}}}, "validate.recheck.samples: unknown key; did you mean `sample`?"),
        ({"tarin": TRAIN}, "tarin: unknown key; did you mean `train`?"),
        ({"curate": {"sources": []}}, "curate.sources: "),
        ({"curate": {}}, "curate.sources: this key is required"),
        (curate_table(skip=["write"]), "curate.skip: write cannot be skipped; these can: select"),
        (curate_table(balance={"quotas": [{"where": {"format": "pot"}}]}), "a quota has either `max` or `share`"),
        (curate_table(isolation="none"), "'namespaces', 'seccomp' or 'weak', found 'none'"),
        ({"curate": {"sources": [{**SOURCE, "derive": ["cot"]}]}}, "pot and tir can be derived"),
        ({"curate": {"sources": [{**SOURCE, "name": "My Rows"}]}}, "lower-case letters"),
        ({"curate": {"sources": [{**SOURCE, "author": "gpt"}]}}, "curate.sources.0.author"),
        ({"train": {"model": "x"}}, "train: give either `steps` or `epochs`"),
        ({"train": {"model": {"hidden_size": 30, "heads": 4}, "steps": 1}}, "hidden_size 30 is not a multiple of heads 4"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_what_is_allowed(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as told:
        check_config(raw)
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_a_correct_config_passes_and_keeps_its_defaults() -> None:
    config = check_config({**curate_table(benchmarks=["gsm8k"]), "train": TRAIN})
    assert config.curate is not None
    assert (config.curate.heldout, config.curate.wipeout.limit, config.curate.verify.outputs) == (0.02, 0.5, "check")
    assert config.curate.isolation is None
    assert config.train is not None
    assert (config.train.objective, config.train.learning_rate) == ("sequence_mean", 5e-5)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("curate:\n  sources:\n    - {name: a, path: '${ROWS}/a.jsonl', adapter: math, licence: MIT}\n")
    return path


def test_overrides_reach_tables_and_lists(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWS", "/data")
    overrides = [
        "curate.sources.0.path=b.jsonl", "curate.heldout=0.5", "curate.verify.limits.cpu_s=2",
        "curate.skip=[verify, label]", "train.model=org/m", "train.steps=7", "curate.heldout=0.25",
    ]  # fmt: skip
    config = load_config(written, overrides)
    assert config.curate is not None
    assert config.curate.sources[0].path == "b.jsonl"
    assert config.curate.heldout == 0.25, "the last one wins"
    assert config.curate.verify.limits.cpu_s == 2
    assert [stage.value for stage in config.curate.skip] == ["verify", "label"]
    assert config.train is not None
    assert config.train.steps == 7


def test_variables_of_the_environment_are_put_in(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWS", "/data")
    config = load_config(written)
    assert config.curate is not None
    assert config.curate.sources[0].path == "/data/a.jsonl"
    monkeypatch.delenv("ROWS")
    with pytest.raises(UserError, match="ROWS is not set"):
        load_config(written)


@pytest.mark.parametrize(
    "override",
    ["curate", "=5", "curate.sources.x.path=a", "curate.sources.9.path=a", "curate.sources.0.name.x=a", "a=[1"],
)
def test_an_override_that_leads_nowhere_is_named(override: str, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWS", "/data")
    with pytest.raises(UserError) as told:
        load_config(written, [override])
    assert f"--set {override}" in str(told.value)

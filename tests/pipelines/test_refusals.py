"""What is refused before a row is read: each mistake alone, nothing written, nothing fetched."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.refusals import RunOptions, curate_table, refuse_mistakes
from schemas.config import Config
from schemas.exits import UserError
from tests.tiny import config_of, marbles, source, write_rows


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "rows.jsonl", marbles(2))


def refusal(config: Config, output: Path, *, against: list[Path] | None = None, overwrite: bool = False) -> str:
    before = sorted(output.parent.rglob("*"))
    with pytest.raises(UserError) as refused:
        refuse_mistakes(config, output, RunOptions(against=against or [], overwrite=overwrite))
    assert sorted(output.parent.rglob("*")) == before
    return str(refused.value)


def test_a_config_without_a_mistake_gives_its_table(rows: Path, tmp_path: Path) -> None:
    config = config_of(source(rows), benchmarks=[{"name": "exam", "path": str(rows)}])
    assert refuse_mistakes(config, tmp_path / "data", RunOptions()) is config.curate
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl"]


def test_a_config_needs_the_table() -> None:
    with pytest.raises(UserError, match=r"^the config has no table `curate`$"):
        curate_table(Config())


@pytest.mark.parametrize(
    ("curate", "said"),
    [
        (
            {"reviews": ["r.jsonl"], "skip": ["select"]},
            "curate.reviews: the stage `select` applies them, and curate.skip leaves it out",
        ),
        ({"benchmarks": ["gsm9k"]}, "curate.benchmarks: no benchmark is called 'gsm9k'; did you mean gsm8k?"),
        ({"benchmarks": [{"name": "exam", "path": "no/such.jsonl"}]}, "no/such.jsonl does not exist"),
        ({"label": {"taxonomies": "no/such.yaml"}}, "no/such.yaml"),
        ({"rules": ["no_such_module:easy"]}, "curate.rules: no_such_module:easy: no module `no_such_module` in"),
    ],
)
def test_a_mistake_in_the_config_is_named(rows: Path, tmp_path: Path, curate: dict[str, Any], said: str) -> None:
    assert said in refusal(config_of(source(rows), **curate), tmp_path / "data")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"adapter": "gsm9k"}, "no adapter 'gsm9k'; did you mean gsm8k?"),
        ({"path": "rows.txt"}, "rows.txt does not exist"),
        ({"taxonomy": "maths"}, "maths"),
    ],
)
def test_a_mistake_in_a_source_is_named(rows: Path, tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    assert said in refusal(config_of(source(rows) | settings), tmp_path / "data")


def test_a_place_that_is_not_local_is_not_asked(rows: Path, tmp_path: Path) -> None:
    for path in ("hf://org/data?split=train", "https://nowhere.invalid/rows.jsonl"):
        config = config_of(source(rows) | {"path": path}, benchmarks=[{"name": "exam", "path": path}])
        assert refuse_mistakes(config, tmp_path / "data", RunOptions()) is config.curate


def test_earlier_data_must_be_a_data_set_and_not_the_output(rows: Path, tmp_path: Path, tiny_data: Path) -> None:
    config, output = config_of(source(rows)), tmp_path / "data"
    assert refuse_mistakes(config, output, RunOptions(against=[tiny_data])) is config.curate
    assert "not a data set" in refusal(config, output, against=[tiny_data, tmp_path])
    same = tmp_path / "x" / ".." / "data"
    assert refusal(config, output, against=[same]).startswith(f"--against {output}: that is the output itself")
    skipping = config_of(source(rows), skip=["identify"])
    assert "curate.skip leaves it out" in refusal(skipping, output, against=[tiny_data])


def test_a_folder_of_another_run_is_refused_unless_started_over(rows: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.tex").write_text("")
    for overwrite in (False, True):
        said = refusal(config_of(source(rows)), tmp_path / "data", overwrite=overwrite)
        assert "holds files that mathmill did not make" in said

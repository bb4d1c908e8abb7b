"""Every real file at once, through the config that ships: the sum, a table per source, no test question."""

from pathlib import Path

import pytest
import yaml

from pipelines.curate import curate
from schemas.configfile import load_config
from tests.conftest import REPOSITORY
from tests.tiny import read_streams

EVERYTHING = REPOSITORY / "examples" / "everything.yaml"
ON_TEST_QUESTIONS = {
    "socratic_test": 1319,
    "tora_test": 1319,
    "mathcoder_test": 1179,
    "mathcoder_wrong": 200,
    "pot_test": 1320,
    "pot_zeroshot_test": 1317,
    "pot_aqua_test": 254,
    "gsm_hard": 1319,
}
TRAINABLE = {"gsm8k", "math", "prm800k", "aqua_dev", "svamp", "math23k", "tora", "openmathinstruct2", "pot_svamp"}


def test_every_file_of_the_pack_is_named_once(real_data: Path) -> None:
    tables = yaml.safe_load(EVERYTHING.read_text(encoding="utf-8"))["curate"]
    paths = [one["path"].removeprefix("${MATHMILL_DATA}/") for key in ("sources", "benchmarks") for one in tables[key]]
    folders = (path for path in real_data.iterdir() if path.name != "real2")  # files of other kinds, read elsewhere
    found = (path for folder in folders for path in folder.rglob("*") if path.suffix in (".json", ".jsonl", ".tsv"))
    files = [str(path.relative_to(real_data)) for path in found]
    assert sorted(paths) == sorted(files)
    assert len(files) == 29


@pytest.mark.slow
def test_every_real_file_at_once(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATHMILL_DATA", str(real_data))
    manifest = curate(load_config(EVERYTHING, ["curate.sources.0.derive=[]"]), tmp_path / "data")
    counts, sources = manifest.counts, manifest.sources
    assert counts.candidates == counts.kept + counts.removed + counts.quarantined
    assert counts.candidates == sum(one.candidates for one in sources.values())
    assert counts.candidates == len(read_streams(tmp_path / "data", "ledger/*.arrow"))
    assert set(sources) == {*ON_TEST_QUESTIONS, *TRAINABLE, "math_problems"}
    assert {name: sources[name].candidates for name in ON_TEST_QUESTIONS} == ON_TEST_QUESTIONS
    assert {name: sources[name].kept for name in ON_TEST_QUESTIONS} == dict.fromkeys(ON_TEST_QUESTIONS, 0)
    assert sources["math_problems"].removed == 7500
    assert {name for name in TRAINABLE if sources[name].kept} >= TRAINABLE - {"prm800k"}
    card = (tmp_path / "data" / "README.md").read_text(encoding="utf-8")
    assert [name for name in sources if f"| {name} |" not in card] == []

"""`hf://` over HTTP: the real client libraries against a small hub on the loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_server import REVISION, serving

TRAIN = [
    {
        "question": f"Ann has {n} pens and buys {n + 1} more. How many now?",
        "answer": f"{2 * n + 1} pens.\n#### {2 * n + 1}",
    }
    for n in range(5, 25)
]
TEST = [{"question": "Ann has 7 pens and buys 8 more. How many now?", "answer": "15 pens.\n#### 15"}]
FILES = {
    f"{name}.jsonl": "\n".join(map(json.dumps, rows)).encode() for name, rows in [("train", TRAIN), ("test", TEST)]
}


@pytest.fixture
def hub() -> Iterator[str]:
    with serving({"org/data": FILES}) as url:
        yield url


def curate(folder: Path, hub: str, benchmark: str) -> subprocess.CompletedProcess[str]:
    (folder / "config.yaml").write_text(f"""
curate:
  sources: [{{name: gsm8k, path: "hf://org/data?split=train&revision={REVISION}", adapter: gsm8k, licence: MIT}}]
  benchmarks: [{{name: exam, path: "{benchmark}", question: question, answer: answer, licence: MIT}}]
""")
    command = [sys.executable, "-m", "mathmill", "curate", "config.yaml", "--output", "data"]
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(folder / "hub"), "HF_HUB_OFFLINE": "0"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[4])
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_source_and_benchmark_come_from_the_hub(tmp_path: Path, hub: str) -> None:
    first = curate(tmp_path, hub, f"hf://org/data?split=test&revision={REVISION}")
    assert (first.returncode, first.stderr) == (0, "")
    manifest = json.loads((tmp_path / "data/manifest.json").read_text())
    assert manifest["counts"]["rows"] == 20
    assert manifest["removed_by_reason"] == {"benchmark_exact": 1}
    assert manifest["inputs"][0]["path"] == f"hf://org/data?split=train&revision={REVISION}"

    again = curate(tmp_path, "http://127.0.0.1:9", f"hf://org/data?split=test&revision={REVISION}")
    assert again.returncode == 0, "a pinned revision needs the hub once"


@pytest.mark.parametrize(
    ("benchmark", "said"),
    [("hf://org/nothing?split=test", "doesn't exist on the Hub"), ("hf://org/data?split=tset", 'Unknown split "tset"')],
)
def test_what_the_hub_does_not_have_is_one_line(tmp_path: Path, hub: str, benchmark: str, said: str) -> None:
    run = curate(tmp_path, hub, benchmark)
    assert run.returncode == 2
    assert run.stderr.startswith(f"mathmill: {benchmark} cannot be loaded: ")
    assert said in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_hub_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    run = curate(tmp_path, "http://127.0.0.1:9", "hf://org/data?split=test")
    assert run.returncode == 2
    assert run.stderr.startswith(
        f"mathmill: hf://org/data?split=train&revision={REVISION} cannot be loaded: Couldn't reach"
    )
    assert run.stderr.count("\n") == 1


def test_without_the_hub_an_unpinned_split_comes_from_its_cache(tmp_path: Path, hub: str) -> None:
    assert curate(tmp_path, hub, "hf://org/data?split=test").returncode == 0
    again = curate(tmp_path, "http://127.0.0.1:9", "hf://org/data?split=test")
    assert again.returncode == 0, again.stderr

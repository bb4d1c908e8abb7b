import json

import pytest

from schemas.benchmark import BENCHMARKS, BenchmarkSource
from schemas.exits import UserError
from schemas.manifest import MANIFEST, BenchmarkRecord, InputFile, read_manifest
from schemas.problem import Format
from training.asking import Item, Suite
from training.exposure import Contamination, require_clean, seen_by
from training.shards import Example

SHA = "a" * 64
SOURCE = BenchmarkSource("gsm8k", "hf://openai/gsm8k?name=main&split=test", SHA)

ITSELF = InputFile(path="t.jsonl", bytes=1, sha256=SHA)


def suite(source=SOURCE):
    example = Example("gsm8k-0", "gsm8k-0", "What is 2+3?", Format.COT, (), "5", "en", "gsm8k")
    return Suite("gsm8k", {Format.COT: [Item(example, "5")]}, SHA, source)


def run_on(folder, data, base=None):
    manifest = read_manifest(data)
    facts = {
        "data": [{"path": str(data), "fingerprint": manifest.fingerprint}],
        "train": {"model": base or {"layers": 2}},
    }
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def judged(make_data, make_row, tmp_path):
    def make(**manifest):
        data = make_data(tmp_path / "DATA", [make_row(0, "cot")])
        changed = read_manifest(data).model_copy(update=manifest).sealed()
        (data / MANIFEST).write_text(changed.to_json())
        return data

    return make


def record(name="gsm8k", sha256=SHA):
    return BenchmarkRecord(name=name, items=1, sha256=sha256, licence=None)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"benchmarks": [record()]}, Contamination.NONE),
        ({"benchmarks": [record("renamed")]}, Contamination.NONE),
        ({"benchmarks": []}, Contamination.CONTAMINATED),
        ({"benchmarks": [record(sha256="b" * 64)]}, Contamination.CONTAMINATED),
        ({"benchmarks": [record()], "skipped": ["decontaminate"]}, Contamination.CONTAMINATED),
        ({"benchmarks": [record()], "inputs": [ITSELF]}, Contamination.CONTAMINATED),
    ],
)  # fmt: skip
def test_a_model_of_ours_is_known_by_the_manifest_of_its_data(judged, tmp_path, manifest, expected):
    assert seen_by(run_on(tmp_path / "RUN", judged(**manifest)), suite()).contamination is expected


def test_the_checkpoints_of_a_run_are_known_as_it_is(judged, tmp_path):
    run = run_on(tmp_path / "RUN", judged(benchmarks=[record()]))
    (model := run / "checkpoints" / "step-00000007" / "model").mkdir(parents=True)
    assert seen_by(model, suite()).contamination is Contamination.NONE


def test_a_part_of_a_benchmark_that_the_data_was_held_against_is_clean(judged, tmp_path):
    import pyarrow as pa

    from schemas.benchmark import BENCHMARK_SCHEMA

    data = judged(benchmarks=[record(sha256="b" * 64)])
    item = {"benchmark": "all", "position": 0, "question": "What is 2+3?", "language": "en", "variants": "report"}
    with pa.OSFile(str(data / BENCHMARKS), "wb") as file, pa.ipc.new_stream(file, BENCHMARK_SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist([item], BENCHMARK_SCHEMA))
    assert seen_by(run_on(tmp_path / "RUN", data), suite()).contamination is Contamination.NONE


def test_a_base_model_from_elsewhere_makes_it_unknown(judged, tmp_path):
    run = run_on(tmp_path / "RUN", judged(benchmarks=[record()]), base="some/model")
    assert seen_by(run, suite()).contamination is Contamination.UNKNOWN


def test_a_base_whose_card_lists_the_benchmark_is_contaminated(judged, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    (base / "README.md").write_text("---\ndatasets:\n- openai/gsm8k\n---\n# A model\n")
    run = run_on(tmp_path / "RUN", judged(benchmarks=[record()]), base=str(base))
    assert seen_by(run, suite()).contamination is Contamination.CONTAMINATED


@pytest.mark.parametrize("head", ["datasets: [other/set]", "datasets: 3", ": : :", "license: mit"])
def test_other_cards_tell_nothing(tmp_path, head):
    (tmp_path / "README.md").write_text(f"---\n{head}\n---\n# A model\n")
    assert seen_by(tmp_path, suite()).contamination is Contamination.UNKNOWN


def test_data_that_is_gone_or_changed_tells_nothing(judged, tmp_path):
    data = judged(benchmarks=[record()])
    run = run_on(tmp_path / "RUN", data)
    (data / MANIFEST).write_text(read_manifest(data).model_copy(update={"draft": True}).sealed().to_json())
    assert seen_by(run, suite()).contamination is Contamination.UNKNOWN
    (data / MANIFEST).unlink()
    assert seen_by(run, suite()).contamination is Contamination.UNKNOWN


def test_a_model_that_has_seen_it_is_refused_unless_that_is_allowed(judged, tmp_path):
    run = run_on(tmp_path / "RUN", judged())
    with pytest.raises(UserError, match=r"was not decontaminated against it; it names no benchmarks.*--allow-contam"):
        require_clean(run, [suite()], allow=False)
    assert require_clean(run, [suite()], allow=True) == {"gsm8k": Contamination.CONTAMINATED}
    assert require_clean(run, [suite(source=None)], allow=False) == {}

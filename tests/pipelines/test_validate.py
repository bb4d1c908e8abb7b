import json
import re
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer, models, normalizers
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.pre_tokenizers import ByteLevel

from pipelines.sources.inputs import plan_inputs
from pipelines.validate import validate, validate_foreign
from schemas.block_table import BLOCKS, ROWS
from schemas.config import Benchmark, Columns, Config, Curate, Source, Train
from schemas.exits import RunFailedError, UserError
from schemas.manifest import sha256_of
from schemas.requirements import Recheck, Validate
from schemas.verdict import VERDICT, Status, Verdict, require_passed
from tests.small_disk import small_disk
from tests.tiny import marbles, write_rows
from tests.validation.dataset.handmade import edit_manifest, examples, write_data

CONFIG = Config(validate=Validate(recheck=Recheck(sample=0)))


def test_a_passed_verdict_opens_the_gate_and_binds_the_bytes(tmp_path):
    verdict = validate(write_data(tmp_path), CONFIG)
    assert verdict.status is Status.PASSED
    assert Verdict.model_validate_json((tmp_path / VERDICT).read_bytes()) == verdict
    assert verdict.tables == {name: sha256_of(tmp_path / name) for name in (BLOCKS, ROWS)}
    assert require_passed(tmp_path).counts.kept == 72
    path = tmp_path / "shards/train-00000-of-00001.arrow"
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunFailedError, match=r"train-00000-of-00001\.arrow: bytes changed"):
        require_passed(tmp_path)


def test_a_failed_verdict_is_written_and_keeps_training_out(tmp_path):
    edit_manifest(write_data(tmp_path), reseal=True, counts__rows=7)
    verdict = validate(tmp_path, CONFIG)
    assert (verdict.status, verdict.tables) == (Status.FAILED, {})
    with pytest.raises(UserError, match="sum_adds_up"):
        require_passed(tmp_path)


def test_beam_and_the_plain_loop_come_to_the_same_verdict(tmp_path):
    write_data(tmp_path, shards=2)
    plain = validate(tmp_path, CONFIG)
    report = (tmp_path / "quality/report/report.json").read_bytes()
    assert validate(tmp_path, CONFIG, beam_flags=["--job_name=judge"]) == plain
    assert (tmp_path / "quality/report/report.json").read_bytes() == report


def test_a_stale_verdict_is_gone_before_judging_starts(tmp_path):
    validate(write_data(tmp_path), CONFIG)
    (tmp_path / "manifest.json").write_text('{"schema_version": "1.0.0"}', encoding="utf-8")
    with pytest.raises(UserError, match="manifest"):
        validate(tmp_path, CONFIG)
    assert not (tmp_path / VERDICT).exists()


def test_output_leaves_the_data_set_as_it_is(tmp_path):
    data = write_data(tmp_path / "data")
    before = sorted(path for path in data.rglob("*"))
    validate(data, CONFIG, output=tmp_path / "report")
    assert sorted(path for path in data.rglob("*")) == before
    numbers = json.loads((tmp_path / "report/report/report.json").read_text("utf-8"))
    assert numbers["counts"] == {"rows": 28, "candidates": 76, "kept": 72, "removed": 3, "quarantined": 1}


@pytest.mark.parametrize("limit", [1_000, 20_000])
def test_a_disk_that_takes_no_report_is_one_line_and_leaves_no_verdict(tmp_path, limit):
    data = write_data(tmp_path / "data")
    told = r"report: a file is larger than .*; there is no verdict; mend that and run the same command again$"
    with pytest.raises(RunFailedError, match=told), small_disk(limit):
        validate(data, CONFIG, output=tmp_path / "report")
    assert not (tmp_path / "report/verdict.json").exists()
    assert validate(data, CONFIG, output=tmp_path / "report").status is Status.PASSED


def test_a_baseline_stands_in_report_and_numbers(tmp_path):
    before = write_data(tmp_path / "before", examples(12))
    verdict = validate(write_data(tmp_path / "now"), CONFIG, output=tmp_path / "report", baseline=before)
    assert verdict.status is Status.PASSED
    numbers = json.loads((tmp_path / "report/report/report.json").read_text("utf-8"))
    assert numbers["drift"]["examples"] == {"in both": 36, "new": 36, "gone": 0}
    assert 'id="drift"' in (tmp_path / "report/report/index.html").read_text("utf-8")


def test_what_is_no_data_set_cannot_be_judged(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        validate(Path(tmp_path / "nowhere"), CONFIG)
    with pytest.raises(UserError, match="not a data set"):
        validate(tmp_path, CONFIG)


PUZZLES = [
    {
        "problem": f"Ida owns {n} pens and loses {m}. How many pens are left?",
        "text": f"{n} - {m} = {n - m}. The answer is {n - m}.",
        "gold": str(n - m),
    }
    for n, m in ((9, 4), (12, 5), (30, 11), (8, 3), (25, 6), (14, 9))
]


def as_jsonl(folder: Path, rows: list[dict[str, Any]]) -> Path:
    return write_rows(folder / "puzzles.jsonl", rows)


def as_parquet(folder: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), folder / "puzzles.parquet")
    return folder / "puzzles.parquet"


def as_arrow(folder: Path, rows: list[dict[str, Any]]) -> Path:
    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(folder / "puzzles.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return folder / "puzzles.arrow"


def as_datasets_folder(folder: Path, rows: list[dict[str, Any]]) -> Path:
    datasets.DatasetDict({"train": datasets.Dataset.from_list(rows)}).save_to_disk(str(folder / "puzzles"))
    return folder / "puzzles"


def judge_puzzles(path: Path, report: Path, **settings: Any) -> Verdict:
    columns = Columns(question="problem", solution="text", answer="gold")
    source = Source(name="puzzles", path=str(path), adapter="columns", format="cot", licence="unknown", columns=columns)
    return validate_foreign(source, Config(validate=Validate(recheck=Recheck(sample=10))), output=report, **settings)


@pytest.mark.parametrize("write", [as_jsonl, as_parquet, as_arrow, as_datasets_folder])
def test_data_that_mathmill_did_not_make_is_judged_however_it_is_stored(tmp_path, write):
    verdict = judge_puzzles(write(tmp_path, PUZZLES), tmp_path / "report")
    assert verdict.status is Status.PASSED
    checks = {check.name: check for check in verdict.checks}
    assert (checks["answers_hold"].status, checks["answers_hold"].checked) == (Status.PASSED, 6)
    assert (checks["question_present"].status, checks["question_present"].checked) == (Status.PASSED, 6)
    assert (checks["rows_readable"].status, checks["rows_readable"].checked) == (Status.PASSED, 6)
    numbers = json.loads((tmp_path / "report/report/report.json").read_text("utf-8"))
    assert numbers["counts"] == {"rows": 6, "candidates": 6, "kept": 6, "removed": 0, "quarantined": 0}


def test_what_foreign_data_never_claimed_is_not_checked_and_never_passed(tmp_path):
    verdict = judge_puzzles(as_jsonl(tmp_path, PUZZLES), tmp_path / "report")
    statuses = {check.name: check.status for check in verdict.checks}
    claims = ("manifest_sealed", "sum_adds_up", "ids_unique", "licence_present", "author_known", "no_benchmark_leak")
    assert {statuses[name] for name in claims} == {Status.NOT_CHECKED}
    assert not {"answers_verified", "programs_executed"} & set(statuses)
    assert list(verdict.shards) == [str(tmp_path / "puzzles.jsonl")]


def test_faults_of_foreign_data_are_found(tmp_path):
    wrong = {"problem": "What is 2 + 2?", "text": "The answer is 5.", "gold": "4"}
    leak = {"problem": "Ruth packs 12 boxes with 9 lamps. How many lamps?", "text": "The answer is 108.", "gold": "108"}
    rows = [*PUZZLES, wrong, leak, PUZZLES[0], {"problem": "no solution", "text": "", "gold": "1"}]
    bench = write_rows(tmp_path / "bench.jsonl", [{"question": leak["problem"], "answer": "108"}])
    benchmark = Benchmark(name="bench", path=str(bench))
    verdict = judge_puzzles(as_jsonl(tmp_path, rows), tmp_path / "report", benchmarks=[benchmark])
    checks = {check.name: check for check in verdict.checks}
    failed = {name for name, check in checks.items() if check.status is Status.FAILED}
    assert failed == {"answers_hold", "no_benchmark_leak", "no_exact_duplicates"}
    assert checks["answers_hold"].ids == ["row00000006-cot"]
    assert checks["no_benchmark_leak"].ids == ["row00000007-cot"]
    assert (checks["rows_readable"].status, checks["rows_readable"].unexpected) == (Status.WARNING, 1)


@pytest.mark.parametrize(
    ("adapter", "columns", "why"),
    [
        ("columns", {"question": "problem", "solution": "texts"}, "no field 'texts' in the first 6 records"),
        ("math", {}, "no row can be read by `adapter: math`: "),
        ("gsm9k", {}, "no adapter 'gsm9k'; did you mean gsm8k"),
    ],
)
def test_a_mistake_about_foreign_data_names_no_place_in_a_config_that_nobody_wrote(tmp_path, adapter, columns, why):
    path = as_jsonl(tmp_path, PUZZLES)
    source = Source(name="puzzles", path=str(path), adapter=adapter, format="cot", licence="unknown", columns=columns)
    with pytest.raises(UserError) as caught:
        validate_foreign(source, CONFIG, output=tmp_path / "report")
    assert str(caught.value).startswith(why)
    with pytest.raises(UserError, match=r"^curate\.sources: puzzles: " + re.escape(why)):
        plan_inputs(Curate(sources=[source]), "")


def test_an_adapter_of_a_known_data_set_reads_foreign_data(tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", marbles(12))
    source = Source(name="school", path=str(path), adapter="gsm8k", licence="unknown")
    assert validate_foreign(source, CONFIG, output=tmp_path / "report").status is Status.PASSED
    assert not any(path.name.startswith("mathmill-foreign") for path in tmp_path.rglob("*"))


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tokenizer that may make more of a text than its bytes; the cache is this test's alone."""
    tokenizer = Tokenizer(models.BPE({token: n for n, token in enumerate(["<|end|>", *ByteLevel.alphabet()])}, []))
    tokenizer.normalizer = normalizers.Replace("zzz", "zzz zzz")
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    folder = tmp_path / "named"
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.mark.slow
def test_a_named_tokenizer_has_the_tokens_counted_that_training_would_count_first(tmp_path: Path, named: Path) -> None:
    data, notes = write_data(tmp_path / "data"), []
    counted = CONFIG.validate_.model_copy(update={"tokenizer": str(named)})
    validate(data, Config(validate=counted), on_note=notes.append)
    assert notes == ["63 of 63 train examples fit into 4,096 tokens"]
    assert len(list((tmp_path / "cache/mathmill/lengths").iterdir())) == 2
    narrow = Train(model=str(named), epochs=1, context=300, long_rows="drop")
    validate(data, Config(validate=counted, train=narrow), on_note=notes.append)
    assert "train examples fit into 300 tokens; longer are" in notes[1]
    validate(data, Config(validate=counted, train=narrow), output=tmp_path / "report", on_note=notes.append)
    validate(data, CONFIG, on_note=notes.append)
    assert len(notes) == 2


def test_tokens_that_cannot_be_counted_for_training_close_no_gate(tmp_path: Path, named: Path) -> None:
    notes: list[str] = []
    counted = CONFIG.validate_.model_copy(update={"tokenizer": str(named / "tokenizer.json")})
    verdict = validate(write_data(tmp_path / "data"), Config(validate=counted), on_note=notes.append)
    assert verdict.status is Status.PASSED
    assert notes[0].startswith("tokens were not counted for training: train.model ")

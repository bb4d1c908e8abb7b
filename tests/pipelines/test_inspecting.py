"""Behind Beam's portable API the judge finds what it finds here, of data on a disk and in a store."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from apache_beam.runners.portability.local_job_service import LocalJobServicer
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from pipelines.inspecting import InspectShards
from pipelines.validate import validate
from schemas.config import Config
from schemas.example import SCHEMA_VERSION
from schemas.exits import RunFailedError, UserError
from schemas.place import Place
from schemas.requirements import Recheck, Validate
from schemas.verdict import VERDICT, Status
from tests.store_server import put
from tests.validation.dataset.handmade import write_data
from validation.dataset.lengths import tokenizer_digest
from validation.dataset.shard import Settings
from validation.dataset.suite import build_suite

SETTINGS = Settings(suite=build_suite(), schema_version=SCHEMA_VERSION, sample=1, seed=0, benchmarks=None)
CONFIG = Config(validate=Validate(recheck=Recheck(sample=0)))


@pytest.fixture(scope="module")
def flags() -> Iterator[list[str]]:
    service = LocalJobServicer()
    port = service.start_grpc_server(0)
    yield ["--runner=PortableRunner", f"--job_endpoint=localhost:{port}", "--environment_type=LOOPBACK"]
    service.stop()


def test_an_engine_comes_to_the_verdict_of_this_process_and_leaves_nothing(tmp_path: Path, flags: list[str]) -> None:
    data = write_data(tmp_path / "data", shards=2)
    plain = validate(data, CONFIG)
    assert plain.status is Status.PASSED
    assert validate(data, CONFIG, beam_flags=flags) == plain
    assert not [path for path in data.rglob(".*") if path.name.startswith(".judging")]


def test_shards_of_a_store_are_fetched_by_the_workers(tmp_path: Path, bucket: str, flags: list[str]) -> None:
    data = write_data(tmp_path / "data", shards=2)
    put(data, f"{bucket}/data")
    plain = validate(data, CONFIG)
    assert validate(f"{bucket}/data", CONFIG, beam_flags=flags) == plain
    assert not [name for name in Place(bucket).files() if ".judging" in name]


def test_a_shard_that_vanished_from_a_store_fails_by_name(tmp_path: Path, bucket: str, flags: list[str]) -> None:
    data = write_data(tmp_path / "data", shards=2)
    put(data, f"{bucket}/data")
    gone = sorted(name for name in Place(f"{bucket}/data").files() if name.startswith("shards/"))[0]
    (Place(f"{bucket}/data") / gone).remove()
    verdict = validate(f"{bucket}/data", CONFIG, beam_flags=flags)
    assert verdict.status is Status.FAILED
    assert any(gone in check.detail for check in verdict.checks if check.status is Status.FAILED)


@pytest.mark.parametrize("known", [True, False])
def test_a_worker_with_another_tokenizer_of_the_same_name_is_refused(tmp_path: Path, *, known: bool) -> None:
    data, name = write_data(tmp_path / "data"), str(tmp_path / "tokenizer.json")
    Tokenizer(WordLevel({"a": 0, "?": 1}, "?")).save(name)
    driver = tokenizer_digest(name) if known else "feed"
    inspect = InspectShards(replace(SETTINGS, tokenizer=name), data, tmp_path / "work", None, driver)
    shard = sorted(path.relative_to(data).as_posix() for path in (data / "shards").iterdir())[0]
    with (
        nullcontext()
        if known
        else pytest.raises(RunFailedError, match=r"another tokenizer .*tokenizer.json \(\w+\) th")
    ):
        inspect.process((0, shard, "train"))


def test_a_mistake_in_the_flags_leaves_an_earlier_verdict(tmp_path: Path) -> None:
    data = write_data(tmp_path)
    validate(data, CONFIG)
    with pytest.raises(UserError, match="needs --job_endpoint"):
        validate(data, CONFIG, beam_flags=["--runner=PortableRunner"])
    assert (data / VERDICT).is_file()

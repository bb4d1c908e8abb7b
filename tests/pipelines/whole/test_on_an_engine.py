"""A run behind Beam's portable API, its work in a store: the bytes of a run here, continued from anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from apache_beam.runners.portability.local_job_service import LocalJobServicer

from pipelines.curate import curate
from schemas.config import Config
from schemas.exits import UserError
from schemas.place import Place
from tests.store_server import put
from tests.tiny import config_of, data_bytes, marbles, write_rows


@pytest.fixture(scope="module")
def flags() -> Iterator[list[str]]:
    service = LocalJobServicer()
    port = service.start_grpc_server(0)
    yield ["--runner=PortableRunner", f"--job_endpoint=localhost:{port}", "--environment_type=LOOPBACK"]
    service.stop()


def over(path: str) -> Config:
    school = {"name": "school", "path": path, "adapter": "gsm8k", "licence": "MIT", "derive": ["pot"]}
    return config_of(school, balance={"caps": {"template": 5}})


def bytes_in(place: Place) -> dict[str, bytes]:
    return {name: (place / name).read() for name in place.files() if not name.startswith(".")}


@pytest.mark.slow
def test_an_engine_with_its_work_in_a_store_gives_the_same_bytes_and_is_continued(
    tmp_path: Path, bucket: str, flags: list[str]
) -> None:
    rows = marbles(24)
    put(write_rows(tmp_path / "rows" / "school.jsonl", [*rows, *rows[:4]]).parent, f"{bucket}/rows")
    config, there = over(f"{bucket}/rows/school.jsonl"), Place(f"{bucket}/data")
    curate(config, tmp_path / "here")
    curate(config, there.url, beam_flags=flags)
    assert bytes_in(there) == data_bytes(tmp_path / "here")
    work = there / ".work"
    made = {name: (work / name).stamp() for name in work.files() if name.startswith(("parts/", "keys/"))}
    assert made
    curate(config, there.url, beam_flags=flags)
    assert {name: (work / name).stamp() for name in made} == made
    assert bytes_in(there) == data_bytes(tmp_path / "here")
    assert not [name for name in work.files() if name.startswith("staged/")]


def test_a_place_that_holds_other_work_is_refused(tmp_path: Path, bucket: str, flags: list[str]) -> None:
    there = f"{bucket}/data"
    for name in ("a", "b"):
        put(write_rows(tmp_path / name / "school.jsonl", marbles(3)).parent, f"{bucket}/{name}")
    curate(over(f"{bucket}/a/school.jsonl"), there)
    with pytest.raises(
        UserError, match="holds a finished data set without its work folder; start over with --overwrite"
    ):
        curate(over(f"{bucket}/a/school.jsonl"), there, beam_flags=flags)
    with pytest.raises(UserError, match=r"holds another run, of school \(.*/a/school\.jsonl\)"):
        curate(over(f"{bucket}/b/school.jsonl"), there, beam_flags=flags)

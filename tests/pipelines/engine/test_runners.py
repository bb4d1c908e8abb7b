"""What an engine needs is told before anything is written, by the name of its flag."""

import socket

import pytest

from pipelines.engine.runners import engine_in, refuse_runner
from schemas.exits import UserError


@pytest.mark.parametrize(
    ("flags", "engine"),
    [
        ([], None),
        (["--runner=FnApiRunner"], None),
        (["--runner", "direct"], None),
        (["--runner=FlinkRunner"], "FlinkRunner"),
        (["--runner", "some.where.PrismRunner"], "some.where.PrismRunner"),
    ],
)
def test_an_engine_is_what_runs_elsewhere(flags: list[str], engine: str | None) -> None:
    assert engine_in(flags) == engine


def nobody() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--runner=DaskRunner", "it loses data without a word"),
        ("--runner=PortableRunner", "--runner PortableRunner: needs --job_endpoint, HOST:PORT of the job service"),
        (
            "--runner=PortableRunner --job_endpoint=localhost:1",
            "--runner PortableRunner: needs --environment_type: EXT",
        ),
        ("--runner=FlinkRunner --flink_master=localhost:1", "--runner FlinkRunner: needs --environment_type"),
        ("--runner=SparkRunner", "--runner SparkRunner: needs --environment_type"),
        ("--runner=PrismRunner --environment_type=EXTERNAL", "--environment_type EXTERNAL: needs --environment_config"),
        ("--runner=DataflowRunner --project=p", "--runner DataflowRunner: needs --region, where workers run"),
        ("--runner=FlinkRunner --environment_type=LOOPBACK --flink_master=flink", "nobody answers|expected HOST:PORT"),
    ],
)
def test_what_is_missing_is_named(flags: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        refuse_runner(flags.split())


def test_an_address_where_nobody_answers_is_told_from_one_where_somebody_does() -> None:
    flags = ["--runner=PortableRunner", "--environment_type=LOOPBACK"]
    dead = nobody()
    with pytest.raises(UserError, match=rf"^--job_endpoint {dead}: nobody answers there \(.*refused"):
        refuse_runner([*flags, f"--job_endpoint={dead}"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        refuse_runner([*flags, f"--job_endpoint=127.0.0.1:{server.getsockname()[1]}"])


@pytest.mark.parametrize("flags", ["", "--runner=FlinkRunner", "--runner=FlinkRunner --flink_master=[local]"])
def test_what_needs_nothing_more_passes(flags: str) -> None:
    refuse_runner(flags.split())

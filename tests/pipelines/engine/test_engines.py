"""Behind Beam's portable API, with its own job service: what fails there is one line, and nothing waits for ever."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.job_server import EmbeddedJobServer, StopOnExitJobServer
from apache_beam.runners.portability.local_job_service import LocalJobServicer
from apache_beam.runners.portability.portable_runner import PortableRunner

from pipelines.engine.beam import beam_options
from pipelines.engine.engines import open_on_engine
from schemas.exits import RunFailedError

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    service = LocalJobServicer()
    port = service.start_grpc_server(0)
    yield f"localhost:{port}"
    service.stop()


def carry(endpoint: str, function: Callable[[int], object], *flags: str, patience: float = 60.0) -> None:
    chosen = ["--runner=PortableRunner", f"--job_endpoint={endpoint}", *(flags or ["--environment_type=LOOPBACK"])]
    with open_on_engine(beam_options(1, chosen), lambda: False, patience=patience) as pipeline:
        _ = pipeline | beam.Create([1]) | beam.Map(function)


def _fall(_: int) -> None:
    raise RunFailedError("worker w-1: has other code")


def _stumble(_: int) -> None:
    raise ValueError("7 of 9")


def _lack(_: int) -> None:
    import nowhere_to_be_found  # noqa: F401


class OwnServer(PortableRunner):
    """An engine that Beam starts itself, as it does Flink's, with its handler for Ctrl-C."""

    def default_job_server(self, _options: object) -> StopOnExitJobServer:
        return StopOnExitJobServer(EmbeddedJobServer())


def test_a_pipeline_runs_there(endpoint: str) -> None:
    carry(endpoint, str)


def test_a_pipeline_runs_on_an_engine_that_beam_starts() -> None:
    before = signal.getsignal(signal.SIGINT)
    options = beam_options(1, [f"--runner={OwnServer.__module__}.OwnServer", "--environment_type=LOOPBACK"])
    with open_on_engine(options, lambda: False, patience=60.0) as pipeline:
        _ = pipeline | beam.Create([1]) | beam.Map(str)
    assert signal.getsignal(signal.SIGINT) != before
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (_fall, "^worker w-1: has other code.*; the same command continues where it stopped$"),
        (_stumble, "^a worker failed: ValueError: 7 of 9"),
        (
            _lack,
            "^a worker's Python lacks what the run needs: No module named 'nowhere_to_be_found'.*; install mathmill",
        ),
    ],
)
def test_what_a_worker_raises_is_one_line(endpoint: str, function: Callable[[int], object], told: str) -> None:
    with pytest.raises(RunFailedError, match=told) as failed:
        carry(endpoint, function)
    assert not re.search(r"\n|while running", str(failed.value))


@pytest.mark.slow
def test_a_pool_whose_python_lacks_beam_is_given_up_in_time(endpoint: str, tmp_path: Path) -> None:
    """The pool starts `python` as the PATH has it: here one that ends at once, as a Python without Beam does."""
    code = (
        "import sys; from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer as Pool; "
        "address, server = Pool.start(use_process=True); print(address, flush=True); sys.stdin.read(); server.stop(0)"
    )
    (tmp_path / "python").symlink_to("/bin/false")
    pool = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": str(tmp_path)},
    )
    assert pool.stdin is not None
    assert pool.stdout is not None
    address = pool.stdout.readline().strip()
    try:
        with pytest.raises(RunFailedError, match="no worker came within 4 s: look at the log of the worker pool"):
            carry(endpoint, str, "--environment_type=EXTERNAL", f"--environment_config={address}", patience=4.0)
    finally:
        pool.stdin.close()
        pool.stdout.close()
        pool.wait()


def test_somebody_who_takes_no_job_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(RunFailedError, match="took no job within 3 s"):
        carry(f"127.0.0.1:{mute.getsockname()[1]}", str, patience=3.0)


def test_a_pool_that_nobody_started_is_one_line(endpoint: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(RunFailedError, match=r"a worker pool does not answer: .*refused"):
        carry(endpoint, str, "--environment_type=EXTERNAL", f"--environment_config={address}")

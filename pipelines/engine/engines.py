"""A pipeline on an engine: submitted, watched until a worker comes, and every way in which it can fail as one line.

An engine waits for ever for a worker that never comes: a pool without Beam dies at once, and nobody tells. So the
driver looks for workers in the work folder, where each says that it is here (`engine.joining`), and gives up in time.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, StandardOptions
from apache_beam.runners.runner import PipelineResult

from pipelines.engine.runners import PATIENCE_S
from schemas.exits import RunFailedError, UserError, one_line

_LOOK_S = 1.0
_GRACE_S = 10.0  # for an engine to end a job that is given up
_CONTINUES = "the same command continues where it stopped"
_OURS = re.compile(r"\b(?:schemas|pipelines)\.[\w.]{0,200}?\w{1,80}Error: (.+)")
_WHILE = re.compile(r" \[while running '[^'\n]*'\]")  # Beam's own name of a step
_MISSING = re.compile(r"ModuleNotFoundError: (No module named .+)")
_SILENT = re.compile(r"StatusCode\.UNAVAILABLE\s+details = \"(.+)\"|StatusRuntimeException: (UNAVAILABLE: .+)")
_RAISED = re.compile(r"^[ \t]*+((?:\w{1,80}\.){0,20}\w{1,80}(?:Error|Exception)(?:: .+)?)$", re.MULTILINE)


@contextmanager
def open_on_engine(
    options: PipelineOptions, arrived: Callable[[], bool], *, patience: float = PATIENCE_S
) -> Iterator[beam.Pipeline]:
    """Gives a pipeline that runs on an engine when the block ends.

    Args:
        options: naming the engine.
        arrived: whether a worker of the run has come.
        patience: seconds to wait for that.

    Raises:
        UserError: the engine cannot be started or reached.
        RunFailedError: no worker came, a worker raised, or the engine gave up.
    """
    runner = options.view_as(StandardOptions).runner
    pipeline = beam.Pipeline(options=options)
    yield pipeline
    with _failures_in_one_line(runner):
        _carry(pipeline, arrived, patience, runner)


@dataclass(slots=True)
class _Job:
    """A pipeline that an engine was given, as the thread that follows it knows it.

    Attributes:
        result: None before the engine has taken it.
        failure: what the thread raised.
    """

    result: PipelineResult | None = None
    failure: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def submit(self, pipeline: beam.Pipeline) -> None:
        """Gives a pipeline to the engine."""
        try:
            self.result = pipeline.run()
        except Exception as error:  # noqa: BLE001  handed on by whoever waits for the end
            self.failure = error

    def follow(self, pipeline: beam.Pipeline) -> None:
        """Submits a pipeline, unless it has been, and waits for its end."""
        try:
            if self.result is None and self.failure is None:
                self.submit(pipeline)
            if self.result is not None:
                self.result.wait_until_finish()
        except Exception as error:  # noqa: BLE001  handed on by whoever waits for the end
            self.failure = error
        finally:
            self.ended.set()


def _hint(runner: str) -> str:
    """What says where an engine is that Beam could not download."""
    flags = {"flink": "--flink_job_server_jar=JAR", "spark": "--spark_job_server_jar=JAR"}
    flags |= {"prism": "--prism_location=FILE"}
    found = next((flag for name, flag in flags.items() if name in runner.lower()), "")
    return f"; Beam downloads it unless {found} says where it is" if found else ""


def _carry(pipeline: beam.Pipeline, arrived: Callable[[], bool], patience: float, runner: str) -> None:
    """Submits a pipeline and waits for its end, from a thread that Ctrl-C reaches.

    A service that is there already may never answer, so the watched thread asks it. One that Beam starts here has a
    handler for Ctrl-C set up, which the main thread alone may do.
    """
    job = _Job()
    if pipeline.options.view_as(PortableOptions).job_endpoint is None:
        job.submit(pipeline)
    threading.Thread(target=job.follow, args=[pipeline], daemon=True).start()
    given_up = time.monotonic() + patience
    came = False
    try:
        while not job.ended.wait(_LOOK_S):
            with suppress(OSError):  # a store that stumbles costs a look, not the run
                came = came or arrived()
            if not came and time.monotonic() > given_up:
                raise _given_up(job, runner, patience)
    except BaseException:
        _cancel(job)
        raise
    if job.result is None and isinstance(job.failure, _UNSTARTED):
        raise UserError(f"--runner {runner}: could not start: {_reason(job.failure)}{_hint(runner)}") from job.failure
    if job.failure is not None:
        raise job.failure


_UNSTARTED = (RuntimeError, OSError, ValueError, NotImplementedError, grpc.FutureTimeoutError)
"""what Beam raises where an engine is not there; beside it only what is wrong in Beam or here"""


def _given_up(job: _Job, runner: str, patience: float) -> RunFailedError:
    if job.result is None:
        return RunFailedError(
            f"{runner}: the engine took no job within {patience:.0f} s: somebody listens at its address, but does not "
            f"answer; look at its log, and whether the address is that of the job service; {_CONTINUES}"
        )
    return RunFailedError(
        f"{runner}: no worker came within {patience:.0f} s: look at the log of the worker pool (its Python "
        "must have Beam and mathmill, and `python` on its PATH must be that one), and whether the engine "
        f"has free slots; {_CONTINUES}"
    )


def _cancel(job: _Job) -> None:
    def cancel() -> None:
        with suppress(Exception):
            if job.result is not None:
                job.result.cancel()

    ending = threading.Thread(target=cancel, daemon=True)
    ending.start()
    ending.join(_GRACE_S)


@contextmanager
def _failures_in_one_line(runner: str) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, grpc.RpcError) as error:
        raise RunFailedError(f"{_reason(error)}; {_CONTINUES}") from error


def _reason(error: Any) -> str:  # noqa: ANN401  Beam raises what it likes
    """What went wrong on a worker or in an engine, out of the text that the engine made of it."""
    text = _WHILE.sub("", str(error))
    if ours := _OURS.findall(text):
        return str(ours[-1]).strip()
    if missing := _MISSING.findall(text):
        return f"a worker's Python lacks what the run needs: {missing[-1]}; install mathmill[curation] there"
    if silent := _SILENT.search(text):
        return f"a worker pool does not answer: {silent[1] or silent[2]}"
    if raised := _RAISED.findall(text):
        return f"a worker failed: {raised[-1]}"
    return one_line(text)

"""Beam's own flags, checked before a run (Beam itself passes over a mistyped one with a warning), and its pipelines."""

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, TypeOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from schemas.exits import RunFailedError, UserError

_FAILED = f"{RunFailedError.__module__}.{RunFailedError.__qualname__}: "  # how a traceback names it


def beam_options(workers: int, flags: Sequence[str]) -> PipelineOptions:
    """Returns the options of a pipeline.

    The in-process runner is pinned unless a flag names another: `DirectRunner` would choose silently, by network.

    Raises:
        UserError: a runner that does not exist.
    """
    chosen = list(flags)
    if not any(flag.startswith("--runner") for flag in chosen):
        chosen.append("--runner=FnApiRunner")
        if workers > 1:
            chosen.append(f"--direct_num_workers={workers}")
    options = PipelineOptions(chosen)
    options.view_as(TypeOptions).pipeline_type_check = False  # mypy has checked them; it is a third of a start
    runner = options.view_as(StandardOptions).runner
    if "." not in runner and _bare(runner) not in map(_bare, StandardOptions.KNOWN_RUNNER_NAMES):
        raise UserError(f"--runner {runner}: no such runner; one of {', '.join(StandardOptions.KNOWN_RUNNER_NAMES)}")
    return options


def beam_runner(workers: int, flags: Sequence[str]) -> FnApiRunner | None:
    """Returns the runner for several processes, or None where the options say it all.

    Beam's own `multi_processing` lets every process write its log to our stderr. Here what a process has to say comes
    back through Beam's log alone, which `--debug` shows; errors are raised here in any case.
    """
    if workers == 1 or any(flag.startswith("--runner") for flag in flags):
        return None
    _let_processes_find_us()
    command = f"{shlex.quote(sys.executable)} -P -m apache_beam.runners.worker.sdk_worker_main 2>{os.devnull}"
    return FnApiRunner(default_environment=SubprocessSDKEnvironment.from_command_string(command))


@contextmanager
def open_pipeline(options: PipelineOptions, runner: FnApiRunner | None = None) -> Iterator[beam.Pipeline]:
    """Gives a pipeline that runs when the block ends. Ctrl-C inside a worker comes back as Ctrl-C.

    Raises:
        RunFailedError: a worker raised it, in this process or another, which hands it on as text.
    """
    try:
        with beam.Pipeline(runner=runner, options=options) as pipeline:
            yield pipeline
    except RuntimeError as error:
        if "KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from None
        _, name, message = str(error).rstrip().rpartition(_FAILED)
        if name:
            raise RunFailedError(message) from error
        raise


def _let_processes_find_us() -> None:
    """Beam starts its processes with our environment, not with our import path; a user's folders come behind ours."""
    here = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    if known.split(os.pathsep)[0] != here:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, known)))


def _bare(runner: str) -> str:
    return runner.rpartition(".")[2].lower().removesuffix("runner")

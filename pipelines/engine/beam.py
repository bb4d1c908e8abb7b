"""Beam's own flags, checked before a run (Beam itself passes over a mistyped one with a warning), and its pipelines."""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, TypeOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from pipelines.engine.runners import bare, refuse_runner
from schemas.exits import RunFailedError, UserError
from schemas.stopping import ENDING

_FAILED = f"{RunFailedError.__module__}.{RunFailedError.__qualname__}: "  # how a traceback names it
_WORKER = "apache_beam.runners.worker.sdk_worker_main"


def beam_options(workers: int, flags: Sequence[str]) -> PipelineOptions:
    """Returns the options of a pipeline.

    The in-process runner is pinned unless a flag names another: `DirectRunner` would choose silently, by network.

    Raises:
        UserError: a runner that does not exist, or that needs to be told more.
    """
    refuse_runner(flags)
    chosen = list(flags)
    if not any(flag.startswith("--runner") for flag in chosen):
        chosen.append("--runner=FnApiRunner")
        if workers > 1:
            chosen.append(f"--direct_num_workers={workers}")
    options = PipelineOptions(chosen)
    options.view_as(TypeOptions).pipeline_type_check = False  # mypy has checked them; it is a third of a start
    runner = options.view_as(StandardOptions).runner
    if "." not in runner and bare(runner) not in map(bare, StandardOptions.KNOWN_RUNNER_NAMES):
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
    command = f"exec {shlex.quote(sys.executable)} -P -m {_WORKER} 2>{os.devnull}"
    return FnApiRunner(default_environment=SubprocessSDKEnvironment.from_command_string(command))


@contextmanager
def open_pipeline(options: PipelineOptions, runner: FnApiRunner | None = None) -> Iterator[beam.Pipeline]:
    """Gives a pipeline that runs when the block ends. Ctrl-C inside a worker comes back as Ctrl-C.

    Raises:
        RunFailedError: a worker raised it, in this process or another, which hands it on as text, or was lost.
    """
    with _noticed_losses() as losses:
        try:
            with beam.Pipeline(runner=runner, options=options) as pipeline:
                yield pipeline
        except (RuntimeError, KeyboardInterrupt) as error:
            if losses.seen and not losses.stopped and (losses.woke or not isinstance(error, KeyboardInterrupt)):
                raise RunFailedError(_LOST) from error
            if losses.stopped or "KeyboardInterrupt" in str(error):
                raise KeyboardInterrupt from None
            _, name, message = str(error).rstrip().rpartition(_FAILED)
            if name:
                raise RunFailedError(message) from error
            raise


_LOST = (
    "a worker process was lost: it was killed, or the machine's memory was full (fewer --workers need less); the same "
    "command continues where it stopped"
)
_WAITING = (
    "run_worker",
    "beam_control_read",
    "read_grpc_client_inputs",
)  # what Beam calls its threads that wait for a worker
_WAKE = signal.SIGURG  # one that nobody sends and that is ignored elsewhere; Ctrl-C may be ignored here
_GRACE_S = 5.0  # in which Beam finds the loss itself, where it does


@dataclass(slots=True)
class _Losses:
    """Whether a worker process ended badly, whether the one who waits for it was woken, and whether a signal came."""

    seen: bool = False
    woke: bool = False
    stopped: bool = False


@contextmanager
def _noticed_losses() -> Iterator[_Losses]:
    """Notes when a worker process ends badly, and ends a run that would wait for it for ever.

    Beam's threads that wait for the process raise, and nobody listens. Whoever waits for a worker that never came is
    woken, again where Beam's own closing waits for it too, and no other worker is left.
    """
    losses, ended, leaving = _Losses(), threading.Event(), threading.Lock()
    before, waiting = threading.excepthook, threading.current_thread()

    def end_waiting() -> None:
        while not ended.wait(_GRACE_S):
            _end_workers()
            with leaving:
                if waiting is threading.main_thread() and not ended.is_set():
                    losses.woke = True
                    signal.pthread_kill(waiting.ident or 0, _WAKE)

    def notice(raised: threading.ExceptHookArgs) -> None:
        if raised.thread is None or raised.thread.name not in _WAITING:
            before(raised)
        elif not losses.seen:
            losses.seen = True
            threading.Thread(target=end_waiting, daemon=True).start()

    with _signals_end_workers(losses):
        threading.excepthook = notice
        try:
            yield losses
        finally:
            with leaving:
                ended.set()
            if not losses.seen:  # else the other threads still have to raise
                threading.excepthook = before


@contextmanager
def _signals_end_workers(losses: _Losses) -> Iterator[None]:
    """Ends the workers at a signal that ends the run: Beam tells those that still start nothing, and waits for them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    stops = {number: handler for number in ENDING if callable(handler := signal.getsignal(number))}

    def stop(number: int, frame: FrameType | None) -> None:
        losses.stopped = True
        _end_workers()
        stops[signal.Signals(number)](number, frame)

    chosen = {**dict.fromkeys(stops, stop), _WAKE: signal.default_int_handler}
    before = {number: signal.signal(number, handler) for number, handler in chosen.items()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _end_workers() -> None:
    for worker in _workers():
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGTERM)


def _workers() -> Iterator[int]:
    """The worker processes of this one."""
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text(encoding="ascii").split():
            with suppress(OSError):
                if _WORKER.encode() in Path("/proc", child, "cmdline").read_bytes():
                    yield int(child)


def _let_processes_find_us() -> None:
    """Beam starts its processes with our environment, not with our import path; a user's folders come behind ours."""
    here = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    if known.split(os.pathsep)[0] != here:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, known)))

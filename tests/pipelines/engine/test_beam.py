import logging
import os
import signal
import threading
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import StandardOptions
from apache_beam.testing.util import assert_that, equal_to

from pipelines.engine.beam import beam_options, beam_runner, open_pipeline
from schemas.exits import RunFailedError, UserError

REPOSITORY = Path(__file__).resolve().parents[3]
OURS = ("output", "workers", "draft")


def runner_of(workers, flags):
    return beam_options(workers, flags).view_as(StandardOptions).runner


def workers_of(workers, flags):
    return beam_options(workers, flags).get_all_options()["direct_num_workers"]


def test_the_runner_in_our_process_is_pinned_unless_a_flag_names_another():
    assert runner_of(1, []) == "FnApiRunner"
    assert (runner_of(4, []), workers_of(4, [])) == ("FnApiRunner", 4)
    assert (runner_of(4, ["--runner=DirectRunner"]), workers_of(4, ["--runner=DirectRunner"])) == ("DirectRunner", 1)
    assert runner_of(1, ["--runner", "PrismRunner"]) == "PrismRunner"


@pytest.mark.parametrize("name", ["direct", "DIRECTRUNNER", "DirectRunner", "my.package.OwnRunner"])
def test_a_runner_may_be_named_short_or_by_its_module(name):
    assert runner_of(1, [f"--runner={name}"])


def test_a_runner_that_does_not_exist_is_the_users_mistake():
    with pytest.raises(UserError, match=r"^--runner DirctRunner: no such runner; one of .*\bDirectRunner\b"):
        beam_options(1, ["--runner=DirctRunner"])


def test_a_runner_of_our_own_is_made_for_several_processes_only(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert beam_runner(1, []) is None
    assert beam_runner(4, ["--runner=DirectRunner"]) is None
    assert os.environ["PYTHONPATH"] == "elsewhere"
    for _ in range(2):
        assert beam_runner(4, []) is not None
    here, *rest = os.environ["PYTHONPATH"].split(os.pathsep)
    assert rest == ["elsewhere"]
    assert Path(here) == REPOSITORY


def test_a_pipeline_runs_when_its_block_ends():
    with open_pipeline(beam_options(1, [])) as pipeline:
        assert_that(pipeline | beam.Create([1, 2]) | beam.Map(lambda number: number + 1), equal_to([2, 3]))


def _stop(_):
    raise KeyboardInterrupt


def _fail(_):
    raise ValueError("7 of 9")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_goes_wrong_inside_is_raised_here():
    with pytest.raises((ValueError, RuntimeError), match="7 of 9"), open_pipeline(beam_options(1, [])) as pipeline:
        _ = pipeline | beam.Create([1]) | beam.Map(_fail)


def test_ctrl_c_told_as_an_error_of_a_worker_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt), open_pipeline(beam_options(1, [])):
        raise RuntimeError("Error processing instruction 3: KeyboardInterrupt")
    with pytest.raises(RuntimeError, match="something else"), open_pipeline(beam_options(1, [])):
        raise RuntimeError("something else")


def test_a_run_that_failed_told_as_a_traceback_of_a_worker_is_that_one_line():
    told = (
        "Traceback:\n  in process\nschemas.exits.RunFailedError: first\n\nDuring\nschemas.exits.RunFailedError: row 7\n"
    )
    with pytest.raises(RunFailedError, match=r"^row 7$"), open_pipeline(beam_options(1, [])):
        raise RuntimeError(told)


def run_in_processes(*programs):
    with open_pipeline(beam_options(2, []), beam_runner(2, [])) as pipeline:
        _ = pipeline | beam.Create(programs) | beam.Reshuffle() | beam.Map(eval)


def test_a_worker_that_is_killed_ends_the_run_in_one_line(monkeypatch, capfd, caplog):
    caplog.set_level(logging.CRITICAL, "apache_beam")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    before = signal.getsignal(signal.SIGURG)
    run_in_processes("1 + 1", "2 + 2")
    with pytest.raises(RunFailedError, match="a worker process was lost: it was killed"):
        run_in_processes("1 + 1", "__import__('os').kill(__import__('os').getpid(), 9)")
    assert signal.getsignal(signal.SIGURG) == before
    assert "Traceback" not in capfd.readouterr().err

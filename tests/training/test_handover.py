"""Checkpoints reach ranks whose machine does not have them, whole, and are gone when the run ends."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from tests.training.models import small_run
from tests.training.ranks import run_ranks
from training import checkpoint, handover
from training.checkpoint import CHECKPOINTS, STATE
from training.handover import handed_over
from training.train import train
from training.world import join_world

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return train(small_run(steps=2), [data], tmp_path_factory.mktemp("run") / "RUN").output


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def one_rank(outputs, names):
    """The folder that a rank is given, what its checkpoints hold, and whether they are gone in the end."""
    torch.set_num_threads(1)
    handover._BLOCK_BYTES = 1000
    world = join_world("cpu")
    with ExitStack() as stack:
        mine = outputs[world.rank]
        found = [checkpoint.read(mine / CHECKPOINTS / name) for name in names] if world.is_main else []
        folder = handed_over(mine, found, world, stack)
        contents = {name: files_of(folder / CHECKPOINTS / name) for name in names}
        latest = checkpoint.latest(folder)
    world.close()
    return str(folder), contents, latest.state.step if latest else None, Path(folder).exists()


def test_a_rank_that_sees_the_checkpoints_reads_them_where_they_lie(run):
    (first, *_), (second, *_) = run_ranks(one_rank, 2, [run, run], ["step-00000002"])
    assert first == second == str(run)


@pytest.mark.parametrize("stale", [False, True])
def test_a_rank_that_does_not_gets_copies_as_long_as_the_run_lasts(run, tmp_path, monkeypatch, stale):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    elsewhere = tmp_path / "node" / "RUN"
    if stale:  # of another run
        (elsewhere / CHECKPOINTS / "step-00000002").mkdir(parents=True)
        (elsewhere / CHECKPOINTS / "step-00000002" / STATE).write_text("{}")
    names = ["step-00000000", "step-00000002"]
    main, other = run_ranks(one_rank, 2, [run, elsewhere], names)
    assert main[:1] == (str(run),)
    assert other[0].startswith(str(tmp_path / "cache"))
    assert main[1] == other[1] == {name: files_of(run / CHECKPOINTS / name) for name in names}
    assert (other[2], other[3]) == (2, False)


@pytest.mark.slow
def test_checkpoints_of_another_run_on_another_machine_are_not_taken(run, tmp_path, monkeypatch):
    """A node that led an earlier run of that name holds later ones, while rank 0 begins anew or from an early one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for names, step in (([], None), (["step-00000000"], 0)):
        begun = tmp_path / str(step) / "RUN"
        for name in names:
            shutil.copytree(run / CHECKPOINTS / name, begun / CHECKPOINTS / name)
        main, other = run_ranks(one_rank, 2, [begun, run], names)
        assert (main[2], other[2]) == (step, step)

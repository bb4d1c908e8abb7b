"""Ranks that end at different times: a finished run is finished for all of them."""

import time

import pytest

from tests.training.ranks import run_ranks
from training import heartbeat
from training.world import join_world

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def ends(late, seconds):
    """Meets the other ranks, and leaves them after a while where it is the late one."""
    world = join_world("cpu")
    world.wait()
    if world.rank == late:
        time.sleep(seconds)
    began = time.monotonic()
    world.close()
    return world.rank, time.monotonic() - began


@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_rank_that_ends_late_ends_well(late, monkeypatch):
    """Rank 0 holds the store that the others meet at: it waits for them."""
    monkeypatch.setattr(heartbeat, "_EVERY_S", 0.05)
    waited = dict(run_ranks(ends, 3, late, 1.0))
    assert [rank for rank, seconds in waited.items() if seconds > 0.5] == ([0] if late else [])

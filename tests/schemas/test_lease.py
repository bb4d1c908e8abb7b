"""Who holds a folder behind a URL: one owner at a time, and a dead one for a while only."""

import time
from datetime import timedelta
from pathlib import Path

import fsspec
import pytest

from schemas.exits import RunFailedError
from schemas.lease import LEASES, Lease, leased
from schemas.place import Place
from tests.store_server import StoreServer, forbidden

PATIENCE_S = 20.0


def require_for(lease: Lease, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        lease.require()
        time.sleep(0.01)


@pytest.fixture
def memory(tmp_path: Path) -> Place:
    return Place(f"memory://{tmp_path.name}/data")


def claims_of(folder: Place) -> list[str]:
    return list((folder / LEASES).files())


def age(claim: Place, seconds: float) -> None:
    """Makes a claim look older by the store's clock."""
    filesystem, path = fsspec.core.url_to_fs(claim.url)
    filesystem.store[path].modified -= timedelta(seconds=seconds)


def test_one_owner_holds_a_folder(bucket: str) -> None:
    folder = Place(f"{bucket}/data")
    with leased(folder) as lease:
        lease.require()
        with pytest.raises(BlockingIOError), leased(folder):
            pass
        assert len(claims_of(folder)) == 1
        with leased(Place(f"{bucket}/other")) as other:
            other.require()
    with leased(folder) as lease:
        lease.require()
    assert claims_of(folder) == []


def test_a_dead_owners_claim_ends(memory: Place) -> None:
    dead = memory / LEASES / "dead"
    dead.write(b"")
    age(dead, 9)
    with pytest.raises(BlockingIOError), leased(memory, seconds=10):
        pass
    age(dead, 2)
    with leased(memory, seconds=10) as lease:
        lease.require()
        assert not dead.exists()


def test_a_living_owner_renews_its_claim(memory: Place) -> None:
    with leased(memory, seconds=0.2) as lease:
        (name,) = claims_of(memory)
        first = (memory / LEASES / name).modified()
        deadline = time.monotonic() + PATIENCE_S
        while (memory / LEASES / name).modified() == first and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (memory / LEASES / name).modified() > first
        lease.require()


def test_an_owner_that_was_taken_for_dead_writes_no_more(memory: Place) -> None:
    with leased(memory, seconds=0.4) as lease:
        for name in claims_of(memory):
            (memory / LEASES / name).remove()
        with pytest.raises(RunFailedError, match="lost to silence"):
            require_for(lease, PATIENCE_S)
    assert claims_of(memory) == []


def test_an_owner_that_cannot_renew_writes_no_more(memory: Place) -> None:
    with leased(memory, seconds=-1) as lease, pytest.raises(RunFailedError, match=r"memory://.*could not renew"):
        lease.require()


def test_a_store_that_says_no_gives_no_claim(bucket: str, store: StoreServer) -> None:
    store.fail("POST", LEASES, forbidden, times=99)
    with pytest.raises(OSError, match="ACCESS_DENIED"), leased(Place(f"{bucket}/data")):
        pass

"""Work folders found and removed: what a run leaves to continue from, never what it published, never a live run's.

Beside a data set that is the folder `.work`; of one that was sent to a store, the folder of this machine where it was
made; of one that an engine made, `.work` in the store.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pipelines.engine.store import WORK
from pipelines.engine.workfiles import File, remove_below
from pipelines.engine.workfolder import CLAIM, held_work
from pipelines.output.delivery import STAGED, staging_of, under_lease
from schemas.copies import cache_folder
from schemas.exits import UserError
from schemas.manifest import MANIFEST
from schemas.place import Location, Place, located, reached


@dataclass(frozen=True, slots=True)
class Leftover:
    """A folder that a run left to continue from.

    Attributes:
        run: where the run has its data set: beside its work, or in a store.
        folder: all of it can go.
        bytes: of its files.
        finished: the run published its data set; else what it did would be done again.
        live: a run is writing there now.
    """

    run: File
    folder: File
    bytes: int
    finished: bool
    live: bool

    def remove(self) -> bool:
        """Removes the folder, unless a run has begun to write there; says whether it did.

        Raises:
            UserError: a run writes to the store.
        """
        try:
            with _held(self.run):
                remove_below(self.folder)
        except BlockingIOError:
            return False
        return True


def find_leftovers(data: Sequence[Location]) -> Iterator[Leftover]:
    """Finds the work folders of data sets; without any named, those of all that this machine sent to stores.

    Raises:
        UserError: a folder that mathmill has no work of, or a store that cannot be reached.
    """
    if not data:
        yield from map(_on_disk, sorted((cache_folder() / STAGED).glob(f"*/{WORK}/{CLAIM}")))
    for location in data:
        place = located(location)
        found = list(_in_store(place) if isinstance(place, Place) else map(_on_disk, place.glob(f"{WORK}/{CLAIM}")))
        if not found:
            raise UserError(f"{location}: mathmill has no work folder there")
        yield from found


def _on_disk(claim: Path) -> Leftover:
    work = claim.parent
    staged = work.parent.parent == cache_folder() / STAGED
    folder = work.parent if staged else work
    sizes = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Leftover(work.parent, folder, sum(sizes), (work.parent / MANIFEST).is_file(), _is_live(work.parent))


def _in_store(place: Place) -> Iterator[Leftover]:
    yield from map(_on_disk, staging_of(place).glob(f"{WORK}/{CLAIM}"))
    with reached(place):
        files = (place / WORK).files()
        finished = (place / MANIFEST).exists()
    if CLAIM in files:
        yield Leftover(place, place / WORK, sum(files.values()), finished, live=False)  # only a lease tells


def _is_live(run: Path) -> bool:
    try:
        with _held(run):
            return False
    except BlockingIOError:
        return True


def _held(run: File) -> AbstractContextManager[object]:
    return under_lease(run) if isinstance(run, Place) else held_work(run)

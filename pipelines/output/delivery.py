"""A data set that is written to a store: made on this machine, then sent there, the manifest last.

The work of the run and what it writes stay in the cache of this machine, so the same command continues here and here
alone; a run that is stopped or refused leaves what stood in the store as it was. Where it is sent, the verdict on what
stood there goes first, then the manifest, then the files: nobody takes half of either for a data set.

A run on an engine, whose workers see no disk of ours, has its work in the store itself (`shared`): it continues from
any machine and on any engine.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

from pipelines.engine.disk import full_disk_in_one_line
from pipelines.engine.progress import forget_reports
from pipelines.engine.store import WORK
from pipelines.engine.workfiles import File, remove_below
from pipelines.engine.workfolder import (
    CLAIM,
    STOPPED,
    claim,
    claim_of,
    continues,
    lost_work_in_one_line,
    manifest_in,
    names_in,
    refuse_other_runs,
    refuse_removed,
)
from schemas.config import Curate
from schemas.copies import OUR_OWN, cache_folder, named
from schemas.exits import UserError
from schemas.lease import Lease, leased
from schemas.manifest import MANIFEST
from schemas.place import Location, Place, located, reached, require_writable, sending
from schemas.verdict import VERDICT

STAGED = "output"
"""in the cache of this machine: where data sets for stores are made"""

_RUN = ".run.json"
_FULL_DISK = "nothing was published; mend that and run the same command: it continues where it stopped"
_FAILED = "what is there is no data set until the same command is run again"


def made_in(output: Location) -> Path:
    """The folder of this machine where a data set is made: the output itself, or for a store one of the cache."""
    place = located(output)
    return staging_of(place) if isinstance(place, Place) else place


def staging_of(place: Place) -> Path:
    """The folder of this machine where a data set for a store is made."""
    return cache_folder() / STAGED / sha256(str(place).encode()).hexdigest()[:32]


def refuse_other_data(place: Place, settings: Curate, *, overwrite: bool, on_engine: bool = False) -> None:
    """Checks that a run may write to a place in a store, and writes nothing.

    Args:
        place: where the data set will be.
        settings: the table `curate`.
        overwrite: start over, whatever is there, as long as mathmill made it.
        on_engine: the work of the run is in the store too.

    Raises:
        UserError: it cannot be reached or written to, holds another run, or files that mathmill did not make.
    """
    require_writable(place)
    staging = staging_of(place)
    with reached(place):
        names = [name for name in place.files() if not name.startswith(".")]
        claimed = _read_json(place / _RUN)
        manifest = (place / MANIFEST).read() if MANIFEST in names else None
        has_work = on_engine and (place / WORK / CLAIM).exists()
    if names and claimed is None and manifest_in(manifest) is None:
        raise UserError(f"{place}: holds files that mathmill did not make; choose an empty folder")
    if overwrite:
        return
    if claimed is not None and not continues(settings, claimed):
        raise UserError(
            f"{place}: holds another run, of {names_in(claimed)}; choose another, or start over with --overwrite"
        )
    if on_engine:
        if manifest is not None and not has_work:
            raise UserError(f"{place}: holds a finished data set without its work folder; start over with --overwrite")
        return
    ours = staging / MANIFEST
    if manifest is not None and not (ours.is_file() and ours.read_bytes() == manifest):
        raise UserError(f"{place}: holds a data set whose work is not on this machine; start over with --overwrite")
    with named(staging, place):
        refuse_other_runs(staging, settings, overwrite=overwrite)


@contextmanager
def delivered(place: Place, settings: Curate, *, overwrite: bool) -> Iterator[Path]:
    """Gives a folder of this machine, and sends the data set that is made in it when the block ends well.

    No other run can write to the place meanwhile.

    Raises:
        UserError: as `refuse_other_data`, or another run is writing there.
        RunFailedError: the store failed while the data was sent.
    """
    staging = staging_of(place)
    with under_lease(place) as lease:
        refuse_other_data(place, settings, overwrite=overwrite)
        with named(staging, place, (UserError,)):
            yield staging
        with sending(place, advice=_FAILED):
            _send(staging, place, settings, lease)


@contextmanager
def shared(place: Place, settings: Curate, *, overwrite: bool) -> Iterator[Lease]:
    """Holds a place in a store for a run whose work folder and data set are there, for all of its workers.

    A folder of the same sources, or of more or fewer of them, is continued: what was read, tagged and judged is not
    done again.

    Raises:
        UserError: as `refuse_other_data`, or another run is writing there.
        RunFailedError: the store failed.
    """
    with under_lease(place) as lease:
        refuse_other_data(place, settings, overwrite=overwrite, on_engine=True)
        with sending(place, advice="the same command continues"):
            work = place / WORK
            if overwrite:
                remove_below(work)
            forget_reports(work)
            remove_below(work / STOPPED)
            for file in (place / _RUN, work / CLAIM):
                file.write(json.dumps(claim_of(settings)).encode())
            yield lease


@contextmanager
def own_work(output: File, settings: Curate, *, overwrite: bool) -> Iterator[Callable[[], None]]:
    """Holds the work folder of a run for this process alone, and gives what checks that it still does.

    Raises:
        UserError: the place holds another run, or another process writes there.
        RunFailedError: the place went full, read-only or away.
    """
    if isinstance(output, Place):
        with shared(output, settings, overwrite=overwrite) as lease:
            yield lease.require
        return
    with (
        full_disk_in_one_line(output, advice=_FULL_DISK),
        claim(output, settings, overwrite=overwrite),
        lost_work_in_one_line(output),
    ):
        yield partial(refuse_removed, output)


@contextmanager
def under_lease(place: Place) -> Iterator[Lease]:
    """Holds a place in a store for this process alone.

    Raises:
        UserError: it cannot be written to, or another run is writing there.
    """
    require_writable(place)
    with ExitStack() as stack:
        with reached(place):
            try:
                lease = stack.enter_context(leased(place))
            except BlockingIOError as error:
                raise UserError(
                    f"{place}: another `mathmill curate` is writing there, or died within the last two minutes; wait "
                    "for it, or choose another place"
                ) from error
        yield lease


def _send(staging: Path, place: Place, settings: Curate, lease: Lease) -> None:
    lease.require()
    (place / _RUN).write(json.dumps(claim_of(settings)).encode())
    there = place / MANIFEST
    judged = there.exists() and there.read() == (staging / MANIFEST).read_bytes()  # its verdict holds for equal bytes
    for name in (MANIFEST,) if judged else (VERDICT, MANIFEST):
        (place / name).remove()
    for name in place.files():
        if not name.startswith(OUR_OWN if judged else "."):
            (place / name).remove()
    send_folder(staging, place, last=MANIFEST, lease=lease)


def send_folder(folder: Path, place: Place, *, last: str, lease: Lease | None = None) -> None:
    """Sends the files of a folder, one of them last; hidden ones stay here.

    Raises:
        OSError: the store failed.
        RunFailedError: the lease was lost.
    """
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = [str(path.relative_to(folder)) for path in paths]
    for name in sorted(names, key=lambda name: (name == last, name)):
        if not name.startswith("."):
            if lease is not None:
                lease.require()
            (place / name).send(folder / name)


def _read_json(place: Place) -> dict[str, list[list[str]]] | None:
    try:
        found = json.loads(place.read())
    except FileNotFoundError:
        return None
    assert isinstance(found, dict), found
    return found

"""Data sets behind URLs as folders on this machine: readers map files, and a store has none to map.

What the manifest names is fetched once, checked against its hash and kept in the cache, one folder a manifest: opening
the same data again costs two small reads. The judge trusts no cache and looks at all that lies in the store.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

from schemas.exits import RunFailedError, UserError
from schemas.files import replacing
from schemas.manifest import MANIFEST, FileRecord, ShardRecord, read_manifest
from schemas.place import Location, Place, located, reached
from schemas.verdict import VERDICT

SHARDS, LEDGER, REJECTED = "shards/", "ledger/", "rejected/"
OUR_OWN = (".", f"{PurePosixPath(VERDICT).parent}/")
"""how names begin that are no data: work, leases, and what an earlier judgement left"""

_Errors = tuple[type[UserError] | type[RunFailedError], ...]


def cache_folder() -> Path:
    """Where mathmill keeps what it can fetch again: `mathmill` in $XDG_CACHE_HOME, else in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mathmill"


@contextmanager
def copied(data: Location, *parts: str) -> Iterator[Path]:
    """Gives a data set as a folder on this machine; errors inside the block name the place that was given.

    Args:
        data: a folder, which is given as it is, or a URL.
        parts: what is read of it beside manifest and verdict: folders with a slash at their end, or files, which may
            be missing.

    Raises:
        UserError: not a data set, or the store says no.
        RunFailedError: a file that the manifest names is missing, or its bytes are others.
    """
    place = located(data)
    if not isinstance(place, Place):
        yield place
        return
    with reached(place):
        folder = _begin(place)
    with named(folder, place):
        with reached(place):
            _complete(place, folder, parts)
        yield folder


@contextmanager
def copied_whole(data: Location) -> Iterator[Path]:
    """Gives all that lies in a data set, as it lies there now, right or wrong, until the block ends.

    Raises:
        UserError: not a data set, or the store says no.
    """
    place = located(data)
    if not isinstance(place, Place):
        yield place
        return
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="judged-", dir=cache_folder()) as name, named(Path(name), place):
        with reached(place):
            files = place.files()
            if MANIFEST not in files:
                raise _no_data_set(place)
            for file in files:
                if not file.startswith(OUR_OWN):
                    _fetch_if_there(place / file, Path(name) / file)
        yield Path(name)


@contextmanager
def named(folder: Path, place: Place, errors: _Errors = (UserError, RunFailedError)) -> Iterator[None]:
    """Lets errors about a folder here speak of the place that it stands for."""
    try:
        yield
    except errors as error:
        error.args = tuple(str(text).replace(str(folder), str(place)) for text in error.args)
        if isinstance(error, UserError):
            error.message = error.message.replace(str(folder), str(place))
        raise


def _begin(place: Place) -> Path:
    """The folder of the copy, with the manifest in it."""
    try:
        manifest = (place / MANIFEST).read()
    except FileNotFoundError as error:
        raise _no_data_set(place) from error
    folder = cache_folder() / "data" / sha256(f"{place}\n".encode() + manifest).hexdigest()[:32]
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_bytes(manifest)
    return folder


def _no_data_set(place: Place) -> UserError:
    return UserError(
        f"{place}: not a data set: it has no {MANIFEST}; make one with `mathmill curate CONFIG --output {place}`"
    )


def _complete(place: Place, folder: Path, parts: tuple[str, ...]) -> None:
    """Fetches what is not there yet: the presence of a file says that it is whole and right."""
    if not _fetch_if_there(place / VERDICT, folder / VERDICT):
        (folder / VERDICT).unlink(missing_ok=True)
    manifest = read_manifest(folder)
    records: list[ShardRecord | FileRecord] = [*manifest.shards, *manifest.ledger]
    for record in records:
        if record.path.startswith(parts) and not (folder / record.path).is_file():
            _fetch_promised(place / record.path, folder / record.path, record.path, record.sha256)
    others = [part for part in parts if part not in (SHARDS, LEDGER)]
    for part in others:
        names = [f"{part}{name}" for name in (place / part).files()] if part.endswith("/") else [part]
        for name in names:
            if not (folder / name).is_file():
                _fetch_if_there(place / name, folder / name)


def _fetch_promised(place: Place, target: Path, name: str, promised: str) -> None:
    if ".." in PurePosixPath(name).parts:
        raise RunFailedError(f"{place}: the manifest names a file outside its folder; make the data again")
    try:
        place.fetch(target, promised=promised)
    except FileNotFoundError as error:
        raise RunFailedError(f"{place}: is missing, and the manifest names it; make the data again") from error


def _fetch_if_there(place: Place, target: Path) -> bool:
    try:
        place.fetch(target)
    except FileNotFoundError:
        return False
    return True

"""The work folder of a data set belongs to one run, whose sources may grow or shrink, so that no two are mixed."""

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from pipelines.engine.disk import unwritable_in_one_line
from pipelines.engine.progress import forget_reports, report_damage
from pipelines.engine.store import WORK, DamagedError, damaged_files, read_value, write_value
from schemas.config import Curate
from schemas.exits import RunFailedError, UserError
from schemas.files import TEMPORARY, hold
from schemas.manifest import MANIFEST
from schemas.place import Place, public_name

CLAIM = "run.json"
"""in a work folder: whose it is (`claim_of`)"""
CONFIG_FILE = "config_file"
"""in a work folder: where the config of the run was read"""
STOPPED = "stopped"
"""in a work folder: what the wipe-out alarm stopped, as a data set has it; the next run removes it"""

_LOCK = "lock"


def refuse_other_runs(output: Path, settings: Curate, *, overwrite: bool) -> None:
    """Checks that a run may write into a folder, and writes nothing.

    Args:
        output: the data set.
        settings: the table `curate`.
        overwrite: start over, whatever the folder holds, as long as mathmill made it.

    Raises:
        UserError: the folder holds another run, or files that mathmill did not make.
    """
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: is a file; --output names a folder")
    claimed = _read_claim(output)
    foreign = claimed is None and output.exists() and any(path.name != WORK for path in output.iterdir())
    if foreign and _published(output) is None:
        raise UserError(f"{output}: holds files that mathmill did not make; choose an empty folder")
    if overwrite:
        return
    if claimed is not None and not continues(settings, claimed):
        raise UserError(
            f"{output}: holds another run, of {names_in(claimed)}; choose another folder, "
            "or start over with --overwrite"
        )
    if foreign:
        raise UserError(f"{output}: holds a finished data set without its work folder; start over with --overwrite")


@contextmanager
def claim(output: Path, settings: Curate, *, overwrite: bool) -> Iterator[Path]:
    """Holds the work folder of a run, made or found, for this process alone.

    A folder of the same sources, or of more or fewer of them, is continued: what was read, tagged and judged is not
    done again. The hold ends with the process, however it ends.

    Raises:
        UserError: the folder cannot be written, or another process is writing it.
    """
    work = output / WORK
    with unwritable_in_one_line(output):
        work.mkdir(parents=True, exist_ok=True)
        try:
            lock = held_work(output)
        except BlockingIOError as error:
            raise UserError(
                f"{output}: another `mathmill curate` is writing here, or a verb reads the data that it would replace; "
                "wait for it, or choose another folder"
            ) from error
    with lock:
        if overwrite:
            _empty(work)
        _tidy(work)
        write_value(work / CLAIM, claim_of(settings))
        yield work


def held_work(output: Path) -> IO[str]:
    """Holds the work folder beside an output for this process alone, until what is returned is closed.

    Raises:
        BlockingIOError: another process holds it.
    """
    return hold(output / WORK / _LOCK)


@contextmanager
def unwritten(data: Path | Place) -> Iterator[None]:
    """Keeps `mathmill curate` from replacing a data set while it is read; where it left no work folder, it is at rest.

    Raises:
        UserError: it is being written.
    """
    with ExitStack() as stack:
        if isinstance(data, Path):
            try:
                stack.enter_context(hold(data / WORK / _LOCK, shared=True))
            except BlockingIOError as error:
                raise UserError(f"{data}: `mathmill curate` is writing here; wait for it") from error
            except OSError:
                pass
        yield


@contextmanager
def lost_work_in_one_line(output: Path) -> Iterator[None]:
    """Tells a failure inside, whatever it was, by what happened to the work folder, if anything did.

    Raises:
        RunFailedError: the folder or a file in it was removed while the run wrote it, or a file in it was damaged.
    """
    try:
        yield
    except Exception as error:
        refuse_removed(output, error)
        if damaged := damaged_files(output / WORK):
            raise DamagedError(damaged[0]) from error
        if f"Errno {errno.ENOENT}]" in str(error) and str(output / WORK) in str(error):
            raise RunFailedError(
                f"{output}: a file of its work folder was removed while the run wrote it; nothing was published; run "
                "the same command again"
            ) from error
        raise


def refuse_removed(output: Path, cause: Exception | None = None) -> None:
    """Checks that the work folder, held by this process, is still there.

    Raises:
        RunFailedError: it was removed.
    """
    if not (output / WORK / _LOCK).is_file():
        raise RunFailedError(
            f"{output}: was removed while the run wrote it; nothing was published; run the same command again"
        ) from cause


def _tidy(work: Path) -> None:
    """Removes what a killed run told and left half-written, and tells when its claim is damaged."""
    forget_reports(work)
    shutil.rmtree(work / STOPPED, ignore_errors=True)
    for temporary in work.rglob(TEMPORARY):
        temporary.unlink()
    try:
        if (work / CLAIM).is_file():
            read_value(work / CLAIM)
    except DamagedError:
        report_damage(work, work / CLAIM)


def _empty(work: Path) -> None:
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()


def claim_of(settings: Curate) -> dict[str, list[list[str]]]:
    """What makes a run the same run: its sources, by name and place."""
    return {"sources": [[source.name, public_name(source.path)] for source in settings.sources]}


def continues(settings: Curate, claimed: dict[str, list[list[str]]]) -> bool:
    """Whether a run is that of a folder: it has its sources, or adds some, or leaves some out."""
    ours, theirs = ({tuple(source) for source in found["sources"]} for found in (claim_of(settings), claimed))
    return ours <= theirs or theirs <= ours


def _read_claim(output: Path) -> dict[str, list[list[str]]] | None:
    """The sources of the run that a folder holds; where the claim is damaged, those that the manifest names."""
    path = output / WORK / CLAIM
    if not path.is_file():
        return None
    try:
        claimed: dict[str, list[list[str]]] = read_value(path)
    except DamagedError:
        manifest = _published(output)
        return None if manifest is None else {"sources": _named_sources(manifest)}
    return claimed


def _named_sources(manifest: dict[str, Any]) -> list[list[str]]:
    return [[source["name"], source["path"]] for source in manifest.get("config", {}).get("sources", ())]


def manifest_in(content: bytes | None) -> dict[str, Any] | None:
    """The manifest that a file holds, of this version or another; None where it is none of mathmill's, or no file."""
    try:
        manifest = json.loads(content or b"")
    except ValueError:
        return None
    ours = isinstance(manifest, dict) and {"schema_version", "fingerprint"} <= set(manifest)
    return manifest if ours else None


def _published(folder: Path) -> dict[str, Any] | None:
    """The manifest of what mathmill published in a folder."""
    try:
        return manifest_in((folder / MANIFEST).read_bytes())
    except OSError:
        return None


def names_in(claimed: dict[str, list[list[str]]]) -> str:
    """The sources of a claim, as a message has them."""
    return ", ".join(f"{name} ({path})" for name, path in claimed["sources"])

"""What a run is, as one value that every worker compares with itself before it does anything.

The worker of an engine is another process, often on another machine: its code, its packages and its disks may be
others, and then the bytes would differ without a word. Work inside this process has nothing to compare.
"""

import json
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

from pipelines.engine.progress import worker_name
from pipelines.engine.workfiles import File, content_of, is_there, names_below, remove, write_content
from schemas.exits import RunFailedError, one_line

_TRY, _WORKERS = "try", "workers"
_PACKAGES = (
    "apache-beam",
    "ftfy",
    "latex2sympy2-extended",
    "math-verify",
    "numpy",
    "orjson",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "sympy",
    "tokenizers",
    "xxhash",
)
"""what bytes depend on beside our own code"""
_CODE = (".py", ".yaml")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its driver has it.

    Attributes:
        number: of this try; the work folder holds it, so whoever reads another there looks at another folder.
        code: hash of our code.
        versions: of Python and of the packages that bytes depend on.
    """

    number: str
    code: str
    versions: tuple[tuple[str, str], ...]


def begin(work: File, number: str, code: str) -> Run:
    """Leaves the number of a run where workers look for it, and forgets the workers of an earlier one."""
    for name in names_below(work / _WORKERS):
        remove(work / _WORKERS / name)
    write_content(work / _TRY, number.encode())
    return Run(number, code, versions())


@cache
def join(work: File, run: Run | None) -> None:
    """Compares a run with this worker and tells the driver that it is here; asked once a process.

    Args:
        work: the work folder.
        run: None in the driver's own processes, which have nothing to compare.

    Raises:
        RunFailedError: other code, other packages, or no way to the work folder: what it is, and on which host.
    """
    if run is None:
        return
    if (code := code_digest()) != run.code:
        raise worker_failed(
            f"has other code of mathmill ({code}) than the driver ({run.code}); install the same on both"
        )
    ours, theirs = dict(versions()), dict(run.versions)
    if others := [name for name in sorted(ours | theirs) if ours.get(name) != theirs.get(name)]:
        worker, driver = (", ".join(f"{name} {known.get(name, 'none')}" for name in others) for known in (ours, theirs))
        raise worker_failed(f"has {worker}, the driver {driver}; install the same on both")
    try:
        if not is_there(work / _TRY) or content_of(work / _TRY) != run.number.encode():
            raise worker_failed(
                f"does not see the work of this run at {work}; choose an --output that every worker reaches: "
                "a URL, or a path on a disk that all of them share"
            )
        write_content(work / _WORKERS / worker_name(), json.dumps(ours).encode())
    except OSError as error:
        raise worker_failed(
            f"cannot read and write the work of this run at {work}: {one_line(str(error))}; a worker needs what the "
            "driver has: credentials, permission, a way there"
        ) from error


def worker_failed(words: str) -> RunFailedError:
    """What a worker cannot do, with the host that it is on: others may be able to."""
    return RunFailedError(f"worker {socket.gethostname()}: {words}")


def workers_of(work: File) -> list[str]:
    """The workers of the run that came so far."""
    return names_below(work / _WORKERS)


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """The versions of Python and of what bytes depend on, as they are here."""
    return ("python", ".".join(map(str, sys.version_info[:3]))), *_installed()


def _installed() -> Iterator[tuple[str, str]]:
    from importlib import metadata  # deferred: work in one process asks for no versions

    for package in _PACKAGES:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            continue


def code_digest(packages: Iterable[str] = ("schemas", "pipelines", "validation")) -> str:
    """A hash of the code that makes parts and tags, and of its tables: what others made is made again."""
    root = Path(__file__).resolve().parents[2]
    state = blake2b(digest_size=8)
    for package in packages:
        for path in sorted(path for path in (root / package).rglob("*.*") if path.suffix in _CODE):
            state.update(path.read_bytes())
    return state.hexdigest()

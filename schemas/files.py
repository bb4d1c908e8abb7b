"""Files written whole or not at all: under a temporary name, on the disk before it is renamed."""

import fcntl
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

TEMPORARY = f".*.{'[0-9a-f]' * 32}"
"""a glob of the names under which a process that was killed leaves what it wrote"""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Waits until a file, or what a folder lists, is on the disk: a power cut then leaves it whole."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def as_paths(places: str | Path | Sequence[str | Path]) -> list[Path]:
    """Returns the paths of one place or of several; a text is one place and not a sequence of letters."""
    return [Path(places)] if isinstance(places, str | Path) else list(map(Path, places))


def hold(path: Path, *, shared: bool = False) -> IO[str]:
    """Opens a file that no other process can hold until this one closes it or ends, however it ends.

    Args:
        path: the file; it is made unless it is shared.
        shared: others may hold it too, as long as all share it.

    Raises:
        BlockingIOError: another process holds it.
    """
    file = path.open("r" if shared else "a")
    try:
        fcntl.lockf(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file

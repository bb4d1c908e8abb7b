"""Files written whole or not at all: under a temporary name, renamed when the write ended well."""

import fcntl
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def as_paths(places: str | Path | Sequence[str | Path]) -> list[Path]:
    """Returns the paths of one place or of several; a text is one place and not a sequence of letters."""
    return [Path(places)] if isinstance(places, str | Path) else list(map(Path, places))


def hold(path: Path) -> IO[str]:
    """Opens a file that no other process can hold until this one closes it or ends, however it ends.

    Raises:
        BlockingIOError: another process holds it.
    """
    file = path.open("a")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file

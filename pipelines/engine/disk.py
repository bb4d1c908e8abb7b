"""What can go wrong with the place that a verb writes to, as one line that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.exits import RunFailedError, UserError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def full_disk_in_one_line(output: Path, *, advice: str) -> Iterator[None]:
    """Turns a full disk, met anywhere below, into one line. Beam's workers hand errors on as text: it is read too.

    Raises:
        RunFailedError: the disk is full.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        full = any(f"Errno {number}]" in str(error) for number in _FULL)
        if full or getattr(error, "errno", None) in _FULL:
            raise RunFailedError(f"{output}: the disk is full; {advice}") from error
        raise


@contextmanager
def unwritable_in_one_line(output: Path) -> Iterator[None]:
    """Turns a place that cannot be written into one line.

    Raises:
        UserError: a folder where a file should be, or the other way round, or no permission.
        RunFailedError: the disk is full.
    """
    try:
        with full_disk_in_one_line(output, advice="free some space and run the same command"):
            yield
    except (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise UserError(f"{output}: cannot be written: {error.strerror}; choose another place") from error

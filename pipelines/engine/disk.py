"""What can go wrong with the place that a verb writes to, as one line that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.exits import RunFailedError, UserError

_FAULTS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full",
    errno.EROFS: "the disk is read-only",
    errno.EFBIG: "a file is larger than this process may write (ulimit -f)",
    errno.EIO: "the disk cannot be read or written",
    errno.EISDIR: "a folder stands where one of its files should be",
}
_MISTAKES = (errno.EROFS, errno.EISDIR)  # of who chose the place


@contextmanager
def full_disk_in_one_line(output: Path, *, advice: str) -> Iterator[None]:
    """Turns a full or failing disk, met anywhere below, into one line. Beam's workers hand errors on as text: read too.

    Raises:
        RunFailedError: the disk is full, read-only or failing, or a folder stands where a file is to be written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        for number, fault in _FAULTS.items():
            if getattr(error, "errno", None) == number or f"Errno {number}]" in str(error):
                raise RunFailedError(f"{output}: {fault}; {advice}") from error
        raise


@contextmanager
def unwritable_in_one_line(output: Path) -> Iterator[None]:
    """Turns a place that cannot be written into one line.

    Raises:
        UserError: a folder where a file should be, or the other way round, no permission, or a disk that is read-only.
        RunFailedError: the disk is full or failing.
    """
    with full_disk_in_one_line(output, advice="mend it and run the same command, or choose another place"):
        try:
            yield
        except OSError as error:
            if error.errno in _FAULTS and error.errno not in _MISTAKES:
                raise
            raise UserError(f"{output}: cannot be written: {error.strerror}; choose another place") from error

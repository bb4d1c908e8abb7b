"""A verb and the terminal that it was started from: outputs that were closed, or that nobody reads any more."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

_STANDARD = (0, 1, 2)
_GONE = (errno.EPIPE, errno.EIO)  # a pipe whose reader ended, a terminal that was closed


def fill_standard_descriptors() -> None:
    """Opens the null device where a process was started without stdin, stdout or stderr.

    Else the next pipe takes the place of one, and a child that is given it finds its own there.
    """
    for descriptor in _STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free: those below stand


class Enduring:
    """A text stream that takes what is written to it also when its reader is gone or its disk is full.

    A run of hours does not end because somebody closed the window that showed it.

    Attributes:
        lost: why all later text is dropped; empty while nothing was.
        failed: the text was to be kept, and could not be.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = ""
        self.failed = False

    def write(self, text: str) -> int:
        """Writes a text, or drops it."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._drop(error)
        return len(text)

    def flush(self) -> None:
        """Hands on what was written, or drops it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        self.failed = error.errno not in _GONE
        told = f"the output cannot be written ({error.strerror})" if self.failed else "nobody reads the output any more"
        self.lost = f"{told}; the rest of it was not shown"
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a stream has
        return getattr(self._stream, name)


@contextmanager
def enduring_output() -> Iterator[Enduring]:
    """Makes stdout and stderr enduring while the context lasts; gives stdout."""
    before = sys.stdout, sys.stderr
    streams = [Enduring(stream) if stream else Enduring(io.StringIO()) for stream in before]  # None: it was closed
    sys.stdout, sys.stderr = (cast("TextIO", stream) for stream in streams)
    try:
        yield streams[0]
    finally:
        for stream in streams:
            stream.flush()
        sys.stdout, sys.stderr = before

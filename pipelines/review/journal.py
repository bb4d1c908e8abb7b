"""Decisions on disk: JSON lines, appended and synced before anybody sees the next row.

A kill leaves at most one act half-written (a line without its end, some lines of a group): nobody was told that it is
safe, readers pass over it and the next start cuts it off. A disk that is full leaves none: what was written is taken
back, and the decision is not.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from pipelines.engine.disk import unwritable_in_one_line
from pipelines.sources.files.acts import whole_acts
from schemas.exits import UserError
from schemas.files import flush, hold

Line = dict[str, Any]
DECISIONS, AUDITS = "decisions.jsonl", "audits.jsonl"
_LOCK = ".lock"
_BLOCK = 1 << 20


class Journal:
    """A file of JSON lines that only grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._size = self._whole()
        flush(path.parent)

    def append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Writes lines, all of them or none, and waits until they are on the disk.

        Raises:
            OSError: the disk is full or failing; the file is as it was.
        """
        written, waiting = 0, bytearray()
        try:
            for line in lines:
                waiting += orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
                if len(waiting) >= _BLOCK:
                    written += self._put(waiting)
            written += self._put(waiting)
            os.fsync(self._file)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += written

    def _put(self, waiting: bytearray) -> int:
        """Writes all that waits and returns how many bytes that was."""
        size = len(waiting)
        while waiting:
            del waiting[: os.write(self._file, waiting)]
        return size

    def lines(self) -> Iterator[Line]:
        """All lines, oldest first.

        Raises:
            UserError: a line is no JSON object.
        """
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    value = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise UserError(f"{self.path}, line {number}: not JSON: {error}") from error
                if not isinstance(value, dict):
                    raise UserError(f"{self.path}, line {number}: not a JSON object")
                yield value

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _whole(self) -> int:
        """Cuts off an act that was begun and ends the last line; returns how many bytes there are then."""
        with self.path.open("rb") as file:
            size = whole_acts(file, os.fstat(file.fileno()).st_size)
        os.ftruncate(self._file, size)
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            size += self._put(bytearray(b"\n"))
        os.fsync(self._file)
        return size


@contextmanager
def journals(folder: Path) -> Iterator[tuple[Journal, Journal]]:
    """Opens the decisions and the audits of a folder, for this process alone.

    Raises:
        UserError: another process has them, or the folder cannot be written.
    """
    with unwritable_in_one_line(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = hold(folder / _LOCK)
        except BlockingIOError as error:
            raise UserError(
                f"{folder}: another `mathmill review` has these decisions open; several people use one server "
                "(--host), or name another folder with --decisions"
            ) from error
    with lock:
        with unwritable_in_one_line(folder):
            decisions, audits = Journal(folder / DECISIONS), Journal(folder / AUDITS)
        with decisions, audits:
            yield decisions, audits

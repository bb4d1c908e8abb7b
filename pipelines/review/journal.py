"""Decisions on disk: JSON lines, appended and synced before anybody sees the next row.

A kill leaves at most one act half-written (a line without its end, some lines of a group): nobody was told that it is
safe, and the next start cuts it off. A disk that is full leaves none: what was written is taken back, and the decision
is not.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from pipelines.engine.disk import unwritable_in_one_line
from schemas.exits import UserError
from schemas.files import flush, hold

Line = dict[str, Any]
DECISIONS, AUDITS = "decisions.jsonl", "audits.jsonl"
TOGETHER = "together"
"""the field of a line that says how many lines its act has, where there are several"""
_TOGETHER = f'"{TOGETHER}":'.encode()
_LOCK = ".lock"
_BLOCK = 1 << 20


class Journal:
    """A file of JSON lines that only grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._size = self._cut_group_begun(self._cut_torn_end())
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

    def _cut_torn_end(self) -> int:
        """Cuts off a line that a kill left without its end; returns how many bytes stay."""
        size = os.fstat(self._file).st_size
        end = size
        while end > 0:
            start = max(0, end - _BLOCK)
            found = os.pread(self._file, end - start, start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        return self._cut(end) if end < size else end

    def _cut_group_begun(self, size: int) -> int:
        """Cuts off the lines of a last act that has fewer than it says (`TOGETHER`); returns how many bytes stay."""
        act, start, lines, together, offset = None, 0, 0, 1, 0
        with self.path.open("rb") as file:
            for line in file:
                found = _act_of(line)
                if found is None or found[0] != act:
                    start, lines = offset, 0
                act, together = found or (None, 1)
                lines += 1
                offset += len(line)
        return self._cut(start) if lines < together else size

    def _cut(self, size: int) -> int:
        os.ftruncate(self._file, size)
        os.fsync(self._file)
        return size


def _act_of(line: bytes) -> tuple[str, int] | None:
    """The act that a line belongs to and how many lines that has; None for a line by other hands."""
    if _TOGETHER not in line:
        return None
    try:
        value = orjson.loads(line)
        return str(value["act"]), int(value[TOGETHER])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


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

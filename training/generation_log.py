"""What an evaluation has so far: every answer with its verdict, appended as it comes: a kill loses a batch at most.

EVAL/asked.json           what is asked of whom: another evaluation has no business in this folder
EVAL/generations.jsonl    one line an answer, with its checksum in front, while it goes on

What is damaged is said: lines are dropped, and their answers are written again; without asked.json nobody knows whose
they are.
"""

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from xxhash import xxh3_64_hexdigest

from schemas.exits import UserError
from schemas.files import hold, replacing, write_text
from training.backend import Key

ASKED, JOURNAL, _LOCK = "asked.json", "generations.jsonl", ".lock"
_CHECKED = re.compile(rb'\["([0-9a-f]{16})", (.*)\n', re.DOTALL)
ITEMS_MARK = "items"
"""the key of asked.json that holds the checksum of the items of benchmarks"""

logger = logging.getLogger(__name__)


class Journal:
    """The answers of one evaluation; `open_journal` gives one.

    Attributes:
        rows: the answers by key, as `evaluate.GENERATIONS` has them.
    """

    def __init__(self, file: IO[bytes], rows: dict[Key, dict[str, Any]]) -> None:
        self._file = file
        self.rows = rows

    def add(self, rows: Iterable[tuple[Key, dict[str, Any]]]) -> None:
        """Appends answers; they are on the disk when it returns."""
        lines = []
        for key, row in rows:
            self.rows[key] = row
            lines.append(_line(key, row))
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())


def _line(key: Key, row: dict[str, Any]) -> bytes:
    body = json.dumps([*key, row], ensure_ascii=False).encode("utf-8", "replace")
    return b'["%s", %s\n' % (xxh3_64_hexdigest(body).encode(), body[1:])


def _answer_in(line: bytes) -> tuple[Key, dict[str, Any]] | None:
    """What a line says; None when it is not as it was written. Earlier versions wrote lines without a checksum."""
    checked = _CHECKED.fullmatch(line)
    body = b"[" + checked[2] if checked else line
    if checked and xxh3_64_hexdigest(body).encode() != checked[1]:
        return None
    try:
        *key, row = json.loads(body)
        return (Key(*key), row) if isinstance(row, dict) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _read(path: Path) -> dict[Key, dict[str, Any]]:
    """Reads what earlier processes wrote; the file holds it alone then, without the line that a kill cut short."""
    if not path.exists():
        return {}
    *lines, _torn = path.read_bytes().split(b"\n")
    whole = [(line, answer) for line in lines if (answer := _answer_in(line + b"\n")) is not None]
    if lost := len(lines) - len(whole):
        logger.warning("%s: damaged in %d of %d lines; those answers are written again", path, lost, len(lines))
    if lost or _torn:
        with replacing(path) as temporary:
            temporary.write_bytes(b"".join(line + b"\n" for line, _ in whole))
    return dict(answer for _, answer in whole)


@contextmanager
def open_journal(folder: Path, asked: dict[str, Any]) -> Iterator[Journal]:
    """Holds EVAL for this process alone: for a new evaluation, or for the same one to go on.

    Args:
        folder: EVAL.
        asked: all that the answers depend on, as JSON has it.

    Raises:
        UserError: another process evaluates here, or the folder holds another evaluation; the first difference is told.
    """
    asked = json.loads(json.dumps(asked))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        held = hold(folder / _LOCK)
    except BlockingIOError as error:
        raise UserError(f"{folder}: another `mathmill evaluate` is writing here; choose a new folder") from error
    with held:
        before = read_asked(folder)
        if before is not None:
            _require_same(folder, {ITEMS_MARK: asked.get(ITEMS_MARK)} | before, asked)
        else:
            write_text(folder / ASKED, json.dumps(asked, indent=1, ensure_ascii=False) + "\n")
        try:
            rows = _read(folder / JOURNAL)
            file = (folder / JOURNAL).open("ab")
        except OSError as error:
            raise UserError(f"{folder / JOURNAL}: cannot be read: {error.strerror}") from error
        with file:
            yield Journal(file, rows)


def read_asked(folder: Path) -> dict[str, Any] | None:
    """What an EVAL folder was asked; None where it holds nothing.

    Raises:
        UserError: nobody can tell.
    """
    path = folder / ASKED
    if not path.exists() and not path.is_symlink():
        return None
    try:
        asked = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise UserError(
            f"{path}: damaged, so nobody can tell whose answers stand in {folder}; choose a new folder for --output"
        )
    return asked


def _require_same(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key), now.get(key)
        if old != new:
            if isinstance(old, dict) and isinstance(new, dict):
                inner = [{f"{key}.{name}": value for name, value in part.items()} for part in (old, new)]
                _require_same(folder, *inner)
            raise UserError(
                f"{folder}: holds another evaluation ({key} was {_short(old)} and is {_short(new)} now); choose a new "
                "folder for --output"
            )


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."

"""What an evaluation has so far: every answer with its verdict, appended as it comes: a kill loses a batch at most.

EVAL/asked.json           what is asked of whom: another evaluation has no business in this folder
EVAL/generations.jsonl    one line an answer, while it goes on
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from schemas.exits import UserError
from schemas.files import hold, write_text
from training.backend import Key

ASKED, JOURNAL, _LOCK = "asked.json", "generations.jsonl", ".lock"


class Journal:
    """The answers of one evaluation; `open_journal` gives one.

    Attributes:
        rows: the answers by key, as `evaluate.GENERATIONS` has them.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.rows: dict[Key, dict[str, Any]] = {}
        self._read()

    def add(self, rows: Iterable[tuple[Key, dict[str, Any]]]) -> None:
        """Appends answers; they are on the disk when it returns."""
        lines = []
        for key, row in rows:
            self.rows[key] = row
            lines.append(json.dumps([*key, row], ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> None:
        """Reads what an earlier process wrote; a line that it did not finish is cut off."""
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            *key, row = json.loads(line)
            self.rows[Key(*key)] = row
            whole += len(line)
        self._file.seek(whole)
        self._file.truncate()


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
        path = folder / ASKED
        if path.is_file():
            _require_same(folder, json.loads(path.read_text(encoding="utf-8")), asked)
        else:
            write_text(path, json.dumps(asked, indent=1, ensure_ascii=False) + "\n")
        (folder / JOURNAL).touch()
        with (folder / JOURNAL).open("r+b") as file:
            yield Journal(file)


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

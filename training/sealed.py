"""Files whose bytes are known: checksums of what was written, compared before it is used.

A flipped byte in weights loads without a word and gives other answers. Beside an exported model stand the checksums of
all that it is loaded from. Nobody edits weights and tokenizer.json by hand: these are refused where they differ. A chat
template or a config may have been edited on purpose: that they differ is told.
"""

import json
import logging
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path
from typing import Any

from xxhash import xxh3_128

from schemas.exits import RunFailedError
from schemas.files import flush

CHECKSUMS = "checksums.json"
"""in an exported model: checksums of its files, by name"""
_NOT_LOADED = {CHECKSUMS, "README.md"}
_WEIGHTS = ".safetensors"
_UNEDITED = (_WEIGHTS, "tokenizer.json")

logger = logging.getLogger(__name__)


def checksum(path: Path) -> str:
    """xxh3 of a file: it reads as fast as the disk gives, which sha256 does not."""
    with path.open("rb") as file:
        return file_digest(file, xxh3_128).hexdigest()


def seal(folder: Path) -> None:
    """Writes down what the files of a model are, and puts all of it on the disk."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in _NOT_LOADED)
    sums = {path.name: checksum(path) for path in files}
    (folder / CHECKSUMS).write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")
    flush_all(folder)


def seal_of(record: Mapping[str, Any]) -> str:
    """The checksum of a record as JSON has it, to stand in its file beside it."""
    return xxh3_128(json.dumps(record, sort_keys=True).encode()).hexdigest()


def require_whole(folder: Path, *, weights: bool = True) -> None:
    """Checks that a sealed model is as it was written; one without a seal, as others make them, passes.

    What people edit is told where it differs.

    Args:
        folder: of the model.
        weights: look at these, which are read whole; else at all the rest.

    Raises:
        RunFailedError: a file that nobody edits is not as it was written, or the seal itself cannot be read.
    """
    if not (folder / CHECKSUMS).exists():
        return
    try:
        sums = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
        other = [
            name for name, known in sums.items() if name.endswith(_WEIGHTS) == weights and _sum(folder / name) != known
        ]
    except (OSError, ValueError, AttributeError, RecursionError):
        other = [CHECKSUMS]
    for name in other:
        if name == CHECKSUMS or name.endswith(_UNEDITED):
            raise RunFailedError(
                f"{folder}: {name} is not as it was written; end the run again with `mathmill train ... --resume`, or "
                f"use a checkpoint; if you changed it yourself, remove {CHECKSUMS}"
            )
        logger.warning("%s: %s is not as the run wrote it; it is taken as it is now", folder, name)


def _sum(path: Path) -> str | None:
    """The checksum of a file; None where it is none that can be read."""
    try:
        return checksum(path)
    except OSError:
        return None


def flush_all(folder: Path) -> None:
    """Puts a folder on the disk, with all that lies in it."""
    for path in (*folder.rglob("*"), folder):
        flush(path)

"""Files whose bytes are known: checksums of what was written, compared before it is used.

A flipped byte in weights loads without a word and gives other answers. Beside an exported model stand the checksums of
what nobody edits by hand: its weights and its tokenizer.
"""

import json
from hashlib import file_digest
from pathlib import Path

from xxhash import xxh3_128

from schemas.exits import RunFailedError
from schemas.files import flush

CHECKSUMS = "checksums.json"
"""in an exported model: checksums of its weights and its tokenizer, by file"""
_SEALED = ("*.safetensors", "tokenizer.json")


def checksum(path: Path) -> str:
    """xxh3 of a file: it reads as fast as the disk gives, which sha256 does not."""
    with path.open("rb") as file:
        return file_digest(file, xxh3_128).hexdigest()


def seal(folder: Path) -> None:
    """Writes down what the weights and the tokenizer of a model are, and puts all of it on the disk."""
    files = sorted(path for pattern in _SEALED for path in folder.glob(pattern))
    sums = {path.name: checksum(path) for path in files}
    (folder / CHECKSUMS).write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")
    flush_all(folder)


def require_whole(folder: Path) -> None:
    """Checks that a sealed model is as it was written; one without a seal, as others make them, passes.

    Raises:
        RunFailedError: a file is not, or the seal itself cannot be read.
    """
    try:
        sums = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
        other = [name for name, known in sums.items() if checksum(folder / name) != known]
    except FileNotFoundError as error:
        if Path(error.filename).name == CHECKSUMS:
            return
        other = [Path(error.filename).name]
    except (ValueError, AttributeError):
        other = [CHECKSUMS]
    if other:
        raise RunFailedError(
            f"{folder}: {other[0]} is not as it was written; end the run again with `mathmill train ... --resume`, or "
            f"use a checkpoint; if you changed it yourself, remove {CHECKSUMS}"
        )


def flush_all(folder: Path) -> None:
    """Puts a folder on the disk, with all that lies in it."""
    for path in (*folder.rglob("*"), folder):
        flush(path)

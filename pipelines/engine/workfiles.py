"""Files of a run, on a disk or in a store: all that stages do with them, and the same words for both.

A worker on another machine sees no disk of ours, so a run on an engine may have its work folder in a store. Nothing is
renamed there: an object appears when its last byte is there, so what is read is whole in both.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.files import replacing
from schemas.place import Place

File = Path | Place
"""a file or folder on this machine, or in a store"""


def is_there(file: File) -> bool:
    """Whether a file is there."""
    return file.is_file() if isinstance(file, Path) else file.exists()


def content_of(file: File) -> bytes:
    """All bytes of a file.

    Raises:
        FileNotFoundError: it is not there.
    """
    return file.read_bytes() if isinstance(file, Path) else file.read()


def write_content(file: File, content: bytes) -> None:
    """Writes a file, whole or not at all."""
    if isinstance(file, Place):
        file.write(content)
        return
    with replacing(file) as temporary:
        temporary.write_bytes(content)


@contextmanager
def writing(file: File) -> Iterator[Path]:
    """Gives a path on this machine to write to; the file is whole when the block ends well, else it is not there."""
    if isinstance(file, Path):
        with replacing(file) as temporary:
            yield temporary
        return
    with tempfile.TemporaryDirectory(prefix="mathmill-sent-") as folder:
        temporary = Path(folder) / "file"
        yield temporary
        file.send(temporary)


def remove(file: File) -> None:
    """Removes a file, if it is there."""
    if isinstance(file, Path):
        file.unlink(missing_ok=True)
    else:
        file.remove()


def remove_below(folder: File) -> None:
    """Removes a folder with all that lies in it, if it is there."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
        return
    for name in folder.files():
        (folder / name).remove()


def move(file: File, target: File) -> None:
    """Moves a file, to the same disk or within the same store, over what stands there."""
    if isinstance(file, Path):
        assert isinstance(target, Path), (file, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    else:
        assert isinstance(target, Place), (file, target)
        file.move(target)


def names_below(folder: File) -> list[str]:
    """The names of the files in a folder and below, relative to it, in order; none where there is no folder."""
    if isinstance(folder, Place):
        return list(folder.files())
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

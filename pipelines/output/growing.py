"""Files of a data set while they are written: one that begins with the parts of a published one takes its bytes.

Files hold their parts in the order of the input, so a source that is added leaves most files as they were, or makes
them longer. What was written is noted in the work folder: a file whose first parts put the same into it as those of a
published one begins with the same bytes, and only what comes behind is made. The note is a hint and no promise: bytes
are taken from a file that has its checksum still. In a store every file is written from its beginning.

    .work/written/KIND-KEY.json    of the file of that kind whose first part is KEY

A file of batches of 4 rows, of three parts of 3, 3 and 2 rows, and one that shares its first two parts:

    rows   3  6  8                    rows up to the end of each part
    marks  (0, 96)  (4, 480)  (8, 864)   where it may be cut: so many rows stand before that byte
           6 rows are shared: 480 bytes are taken, and the first 2 rows of the batch behind them
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from pipelines.engine.store import DamagedError, PartRef, Store, digest, read_value, seal_of, write_value
from pipelines.engine.workfiles import writing

STAGED = "staged"
"""in a work folder: files of a data set that are not published yet"""

_FOLDER = "written"
_BLOCK_BYTES = 1 << 20


def ground_of(store: Store, part: PartRef, *settings: object, tags: Sequence[str | None] = ()) -> str:
    """A hash of what a part puts into a file: its rows, how they ended, the tags that are named, and settings."""
    paths = [store.decisions_path(part), *(store.tags_path(folder, part) for folder in tags if folder is not None)]
    seals = [seal_of(path) for path in paths if isinstance(path, Path)]  # of a store nothing is taken, or asked
    return digest(part.key, seals, *map(str, settings))


@dataclass(slots=True)
class GrowingFile:
    """A file that is written from its beginning to its end.

    Attributes:
        file: open for writing; None where all of it stands already.
        rows: rows up to the end of each of its parts so far.
        marks: (rows, bytes) where it may be cut.
        size: in bytes, so far.
        hashed: of these.
        behind: rows that a published file has behind the last mark, and this one too; None without.
        complete: false where it lacks rows that could not be written: it is no beginning of another.
    """

    file: IO[bytes] | None
    rows: list[int] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0
    hashed: Any = field(default_factory=hashlib.sha256)
    behind: pa.RecordBatch | None = None
    complete: bool = True

    def write(self, content: bytes | pa.Buffer) -> None:
        """Writes what comes next."""
        assert self.file is not None, "all of it stands already"
        self.hashed.update(content)
        self.size += self.file.write(content)

    def mark(self, rows: int) -> None:
        """Says that it may be cut here, so many rows standing before."""
        self.marks.append((rows, self.size))

    def end_part(self, rows: int) -> None:
        """Says that the next part has so many rows, written already or not."""
        self.rows.append((self.rows[-1] if self.rows else 0) + rows)


@contextmanager
def growing(
    store: Store, name: str, kind: str, parts: Sequence[PartRef], grounds: Sequence[str]
) -> Iterator[GrowingFile]:
    """Gives a file in the staging folder to write to its end; what it shares with a published one stands in it.

    Args:
        store: the work folder.
        name: of the file in the data set.
        kind: of files: one begins as another of its kind.
        parts: whose rows go into it, at least one.
        grounds: what each part puts into it (`ground_of`).
    """
    note = store.root / _FOLDER / f"{kind}-{parts[0].key}.json"
    published = _beginning(store, note, grounds) if isinstance(note, Path) and note.is_file() else None
    with writing(store.root / STAGED / name) as temporary, ExitStack() as opened:
        if published is not None and published.whole:
            grown = _linked(published, temporary)
        else:
            grown = GrowingFile(opened.enter_context(temporary.open("wb")))
            if published is not None:
                _begin(grown, published)
        yield grown
    if not isinstance(note, Path):
        return
    if grown.complete:
        known = {"rows": grown.rows, "marks": grown.marks, "grounds": list(grounds)}
        write_value(note, {"name": name, "sha256": grown.hashed.hexdigest(), **known})
    else:
        note.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Published:
    """A published file that begins as a new one does.

    Attributes:
        rows: up to the end of each part that both have.
        marks: up to the last of these rows.
        hashed: the hash of its bytes up to the last mark; of all of them where it is the new one.
        whole: it is the new one.
    """

    path: Path
    rows: list[int]
    marks: list[tuple[int, int]]
    hashed: Any
    whole: bool


def _beginning(store: Store, note: Path, grounds: Sequence[str]) -> _Published | None:
    """The published file that shares its first parts, if these are most of it: all of it is looked at."""
    try:
        known = read_value(note)
    except DamagedError:
        return None
    pairs = zip(known["grounds"], grounds, strict=False)
    rows = known["rows"][: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))]
    if not rows or 2 * rows[-1] < known["rows"][-1]:
        return None
    marks = [(before, place) for before, place in known["marks"] if before <= rows[-1]]
    path, whole = store.published(known["name"]), known["grounds"] == list(grounds)
    hashed = _hashed(path, None if whole else marks[-1][1], known["sha256"])
    return None if hashed is None else _Published(path, rows, marks, hashed, whole)


def _hashed(path: Path, end: int | None, sha256: str) -> Any | None:  # noqa: ANN401  hashlib names no type
    """The hash of the first bytes of a file, to go on with; None where the file has another one than was noted."""
    try:
        with path.open("rb") as file:
            whole = hashlib.sha256()
            for block in _blocks(file, end):
                whole.update(block)
            first = whole.copy()
            for block in _blocks(file, None):
                whole.update(block)
    except OSError:
        return None
    return first if whole.hexdigest() == sha256 else None


def _linked(published: _Published, temporary: Path) -> GrowingFile:
    """Gives a published file another name, or where a disk has no links a copy."""
    try:
        temporary.hardlink_to(published.path)
    except OSError:
        shutil.copyfile(published.path, temporary)
    return GrowingFile(None, published.rows, published.marks, temporary.stat().st_size, published.hashed)


def _begin(grown: GrowingFile, published: _Published) -> None:
    """Takes the bytes of a published file up to the last of its marks."""
    assert grown.file is not None, published
    grown.rows, grown.marks, grown.hashed = published.rows, published.marks, published.hashed
    grown.size = grown.marks[-1][1]
    with published.path.open("rb") as source:
        for block in _blocks(source, grown.size):
            grown.file.write(block)
        if rest := grown.rows[-1] - grown.marks[-1][0]:
            with pa.ipc.open_stream(published.path) as stream:
                schema = stream.schema
            grown.behind = pa.ipc.read_record_batch(pa.ipc.read_message(source), schema).slice(0, rest)


def _blocks(file: IO[bytes], size: int | None) -> Iterator[bytes]:
    """The next bytes of a file, or all that follow."""
    while size != 0 and (block := file.read(_BLOCK_BYTES if size is None else min(_BLOCK_BYTES, size))):
        yield block
        size = None if size is None else size - len(block)

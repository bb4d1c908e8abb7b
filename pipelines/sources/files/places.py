"""Where files are: a path, a glob, a folder, a URL (`schemas.place`), a data set of the Hugging Face hub.

Local files are opened plainly; `datasets` is imported for `hf://` only.
"""

import bz2
import codecs
import difflib
import errno
import glob
import gzip
import hashlib
import io
import lzma
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast
from urllib.parse import parse_qsl, urlsplit

from pipelines.sources.files.records import Kind
from schemas import hub
from schemas.exits import RunFailedError, UserError
from schemas.files import replacing
from schemas.place import Place, located, public_name, reached

EXTENSIONS = {
    ".jsonl": Kind.JSONL,
    ".ndjson": Kind.JSONL,
    ".jsonlines": Kind.JSONL,
    ".jl": Kind.JSONL,
    ".json": Kind.JSON,
    ".csv": Kind.CSV,
    ".tsv": Kind.TSV,
    ".parquet": Kind.PARQUET,
    ".pq": Kind.PARQUET,
    ".arrow": Kind.ARROW,
    ".feather": Kind.ARROW,
}
COMPRESSIONS = {".gz": "gz", ".bz2": "bz2", ".xz": "xz", ".zst": "zst"}
ALLOWED = f"{', '.join(EXTENSIONS)}, text also with {', '.join(COMPRESSIONS)}"
_HUB_NAME = re.compile(r"(?:\w[\w.-]*/)?\w(?:[\w-]|\.(?!\.))*", re.ASCII)
# what `datasets.save_to_disk` and the hub put beside data
_NOT_DATA = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}


def kind_of(path: str) -> tuple[Kind, str | None] | None:
    """Tells kind and compression from a file's name, None when the extension is unknown."""
    name = PurePosixPath(public_name(path))
    compression = COMPRESSIONS.get(name.suffix.lower())
    extension = name.with_suffix("").suffix.lower() if compression else name.suffix.lower()
    kind = EXTENSIONS.get(extension)
    if kind is None or (compression and kind in (Kind.PARQUET, Kind.ARROW)):
        return None
    return kind, compression


def is_local(path: str) -> bool:
    """Whether files are looked for on this machine, and not on the hub or behind a URL."""
    return "://" not in path


def find_files(path: str) -> list[tuple[str, str]]:
    """Expands a source's path into (path, name) pairs in path order; a name holds no credentials.

    Raises:
        UserError: nothing is there, or a folder holds no data.
    """
    if path.startswith("hf://"):
        return [(_fetch_from_hub(path), path)]
    place = located(path)
    if not isinstance(place, Place) and not is_local(path):  # file://
        path = str(place)
    if isinstance(place, Place):
        found = _find_remote(place)
    elif place.is_dir():
        found = [str(Path(folder, name)) for folder, _, names in os.walk(path) for name in names]
        found = _data_files(found, path)
    elif glob.has_magic(path) and not Path(path).exists():
        found = _data_files(
            [
                hit
                for hit in glob.glob(path, recursive=True)  # noqa: PTH207 - absolute or relative
                if Path(hit).is_file()
            ],
            path,
        )
    else:
        found = [path]
        if not Path(path).exists():
            raise UserError(f"{path} does not exist{_nearest(path)}{_looked_from(path)}")
    return [(file, public_name(file)) for file in sorted(found)]


def _data_files(found: list[str], where: str) -> list[str]:
    """Keeps what looks like data: known extension, not hidden, no description of a data set."""
    fixed = _fixed_part(where)
    data = [file for file in found if kind_of(file) and _is_data(os.path.relpath(public_name(file), fixed))]
    if not data:
        raise UserError(f"{where} holds no data files; known extensions are {ALLOWED}")
    return data


def _is_data(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[-1] not in _NOT_DATA and not any(part.startswith(".") for part in parts)


def _fixed_part(where: str) -> str:
    """The folders of a path that come before any wildcard: only below them hidden names are passed over."""
    parts = PurePosixPath(where).parts
    plain = next((position for position, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return str(PurePosixPath(*parts[:plain])) if plain else "."


def _looked_from(path: str) -> str:
    """Where a relative path was looked for from."""
    return "" if Path(path).is_absolute() else f"; it was looked for from {Path.cwd()}"


def _nearest(path: str) -> str:
    parent = Path(path).parent
    if not parent.is_dir():
        return f" (nor does its folder {parent})"
    near = difflib.get_close_matches(Path(path).name, sorted(file.name for file in parent.iterdir()), n=1)
    return f"; did you mean {parent / near[0]}?" if near else ""


def _find_remote(place: Place) -> list[str]:
    with reached(place):
        if glob.has_magic(str(place)):
            found = place.glob()
        elif place.is_folder():
            found = [place / name for name in place.files()]
        elif place.exists():
            return [place.url]
        else:
            raise UserError(f"{place} does not exist")
    return _data_files([file.url for file in found], str(place))


_LOST = errno.EREMOTEIO
"""marks what went wrong with a store, since Beam's workers hand errors on as text"""


@contextmanager
def lost_source_in_one_line() -> Iterator[None]:
    """Turns a file behind a URL that fails or vanishes while it is read, here or in a worker, into one line.

    Raises:
        RunFailedError: naming the file, in the store's own words.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        if lost := re.search(rf"\[Errno {_LOST}\] (.*)", str(error)):
            raise RunFailedError(
                f"a source was lost while it was read: {lost[1]}; the same command continues"
            ) from error
        raise


@contextmanager
def open_bytes(path: str) -> Iterator[IO[bytes]]:
    """Opens the bytes of a file as they are on disk, or in a store.

    Raises:
        OSError: it cannot be read; see `lost_source_in_one_line` for a file in a store.
    """
    place = located(path)
    if not isinstance(place, Place):
        with place.open("rb") as stream:
            yield stream
        return
    try:
        with place.open() as stream:
            yield stream
    except OSError as error:
        raise OSError(_LOST, str(error), str(place)) from error


def stamp_of(path: str) -> str:
    """What changes when somebody writes a file: size and time, or what a store tells versions by."""
    place = located(path)
    if isinstance(place, Place):
        return place.stamp()
    status = place.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


@contextmanager
def open_content(path: str, compression: str | None) -> Iterator[IO[bytes]]:
    """Opens the content of a file, decompressed."""
    with open_bytes(path) as stream, decompressed(stream, compression) as content:
        yield content


@contextmanager
def decompressed(stream: IO[bytes], compression: str | None) -> Iterator[IO[bytes]]:
    """Wraps a stream of compressed bytes, of another encoding than UTF-8, or both."""
    packing, _, codec = (compression or "").partition("+")
    if packing.startswith("utf-"):
        packing, codec = "", packing
    if codec:
        with decompressed(stream, packing or None) as content:
            yield io.BufferedReader(_Recoded(content, codec), 1 << 18)
        return
    match compression:
        case None:
            yield stream
        case "gz":
            with gzip.open(stream) as content:
                yield cast("IO[bytes]", content)
        case "bz2":
            with bz2.open(stream) as content:
                yield cast("IO[bytes]", content)
        case "xz":
            with lzma.open(stream) as content:
                yield cast("IO[bytes]", content)
        case _:
            with io.BufferedReader(_ZstdStream(stream), 1 << 18) as content:
                yield content


_NO_SIGN = "mathmill.no_sign"
codecs.register_error(_NO_SIGN, lambda error: ("\udcff", getattr(error, "end", 0)))


class _Recoded(io.RawIOBase):
    """Text of another encoding as UTF-8; what is no text in it is none in UTF-8 either, so it costs its row only."""

    def __init__(self, stream: IO[bytes], codec: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(codec)(_NO_SIGN)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as io.RawIOBase has it
        while not self._ready:
            block = self._stream.read(1 << 16)
            self._ready = self._decoder.decode(block).encode("utf-8", "surrogatepass")
            if not block:
                half, _ = self._decoder.getstate()
                self._ready = b"\xff" if half else b""
                self._decoder.reset()
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


class _ZstdStream(io.RawIOBase):
    """Frames of Zstandard one after another. The library's own reader takes a truncated file for a whole one."""

    def __init__(self, stream: IO[bytes]) -> None:
        import zstandard  # deferred: a part of [curation] that few sources need

        self._decompressor = zstandard.ZstdDecompressor()
        self._stream = stream
        self._frame: Any = None
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as io.RawIOBase has it
        while not self._ready:
            packed = self._frame.unused_data if self._frame is not None and self._frame.eof else b""
            packed = packed or self._stream.read(1 << 14)
            if not packed:
                if self._frame is not None and not self._frame.eof:
                    raise EOFError("Compressed file ended before the end-of-stream marker was reached")
                return 0
            if self._frame is None or self._frame.eof:
                self._frame = self._decompressor.decompressobj()
            self._ready = memoryview(self._frame.decompress(packed))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def _fetch_from_hub(address: str) -> str:
    """Writes a split of a hub data set as Parquet beside the library's own cache, once, and returns the file."""
    import datasets  # deferred: heavy, and only hub sources need it
    from huggingface_hub import constants

    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(set(options) - {"split", "revision", "name"}):
        raise UserError(f"{address}: unknown {', '.join(unknown)}; known are split, revision, name")
    target = (
        Path(datasets.config.HF_DATASETS_CACHE) / "mathmill" / f"{hashlib.sha256(address.encode()).hexdigest()}.parquet"
    )
    if "revision" in options and target.is_file():
        return str(target)
    dataset_id = f"{parts.netloc}{parts.path}".rstrip("/")
    if not _HUB_NAME.fullmatch(dataset_id):
        raise UserError(f"{address}: no name of a data set on the hub; expected hf://OWNER/NAME or hf://NAME")
    if Path(dataset_id).exists():  # the library would read it instead
        raise UserError(
            f"{address}: {Path(dataset_id).resolve()} hides it; name that folder itself, or start elsewhere"
        )
    if not hub.answers(constants.ENDPOINT):
        datasets.config.HF_HUB_OFFLINE = True  # what its cache holds, or an error without a minute of retries
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        data = datasets.load_dataset(
            dataset_id, options.get("name"), split=options.get("split", "train"), revision=options.get("revision")
        )
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise UserError(f"{address} cannot be loaded: {error}; a local file can stand in its `path`") from error
    with replacing(target) as temporary:
        data.to_parquet(str(temporary))
    return str(target)

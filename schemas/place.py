"""Files and folders behind a URL, and all that the house does with them; on this machine a place is a plain `Path`.

A store has no rename. An object appears when its last byte is there, or not at all, and one that is replaced is whole
at any time; several objects are made one by the manifest that names them, written last.

Credentials come from where the libraries look for them (environment, profiles, roles), or with the URL: then they open
files, and stand in no name, message or manifest.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from schemas.exits import RunFailedError, UserError, one_line
from schemas.files import replacing
from schemas.stores import WRITABLE, served
from schemas.wording import shortened

_MOST_WORDS = 480  # characters of a store's own words

Location = str | Path
"""a path, or a URL"""

_BLOCK_BYTES = 4 << 20
_URL = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A file or folder behind a URL. What a store says no with comes as the OSError, ValueError or ImportError it is.

    Attributes:
        url: as it was given: it may hold credentials.
    """

    url: str

    def __str__(self) -> str:
        return public_name(self.url)

    def __repr__(self) -> str:
        return f"Place({str(self)!r})"

    def __truediv__(self, name: str) -> "Place":
        parts = urlsplit(self.url)
        return Place(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}")))

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(urlsplit(self.url).path).name

    def open(self) -> IO[bytes]:
        """Opens a file for reading; reading on makes one request a block, and so does seeking."""
        filesystem, path = served(self.url)
        return cast("IO[bytes]", BufferedReader(filesystem.open(path, "rb"), _BLOCK_BYTES))

    def read(self, start: int | None = None, end: int | None = None) -> bytes:
        """Reads a file, or the bytes [start, end) of it."""
        filesystem, path = served(self.url)
        return bytes(filesystem.cat_file(path, start=start, end=end))

    def write(self, content: bytes) -> None:
        """Writes a file: what stood there before stays until all of `content` is there."""
        filesystem, path = served(self.url)
        filesystem.pipe_file(path, content)

    def send(self, file: Path) -> None:
        """Writes a file of this machine; what ended too early is removed.

        Raises:
            OSError: the store failed, or holds another number of bytes than were sent.
        """
        filesystem, path = served(self.url)
        try:
            with file.open("rb") as source, filesystem.open(path, "wb") as target:
                while block := source.read(_BLOCK_BYTES):
                    target.write(block)
            _require_whole(filesystem.info(path)["size"], file.stat().st_size)
        except BaseException:
            self.remove()
            raise

    def fetch(self, target: Path, *, promised: str | None = None) -> str:
        """Copies a file to this machine, whole or not at all, and returns its sha256.

        Args:
            target: where to.
            promised: the sha256 that it must have.

        Raises:
            OSError: the store failed, or sent another number of bytes than it holds.
            RunFailedError: other bytes than those that were promised.
        """
        filesystem, path = served(self.url)
        with replacing(target) as temporary:
            with self.open() as source, temporary.open("wb") as file:
                while block := source.read(_BLOCK_BYTES):
                    file.write(block)
            _require_whole(temporary.stat().st_size, filesystem.info(path)["size"])
            with temporary.open("rb") as file:
                found = file_digest(file, "sha256").hexdigest()
            if promised not in (None, found):
                raise RunFailedError(f"{self}: its bytes are not those that the manifest names; make the data again")
        return found

    def sha256(self) -> str:
        """Hashes a file where it is."""
        with self.open() as file:
            return file_digest(cast("Any", file), "sha256").hexdigest()

    def exists(self) -> bool:
        """Whether a file or folder is there."""
        filesystem, path = served(self.url)
        return bool(filesystem.exists(path))

    def is_folder(self) -> bool:
        """Whether it is a folder: in most stores, whether files lie below it."""
        filesystem, path = served(self.url)
        try:
            return bool(filesystem.info(path)["type"] == "directory")
        except FileNotFoundError:
            return False

    def modified(self) -> datetime:
        """When a file was written, by the store's clock.

        Raises:
            FileNotFoundError: it is not there.
        """
        filesystem, path = served(self.url)
        return cast("datetime", filesystem.info(path).get("mtime") or filesystem.modified(path))

    def stamp(self) -> str:
        """What changes when somebody writes a file: its size, and its time or what else its store tells versions by.

        Raises:
            FileNotFoundError: it is not there.
        """
        filesystem, path = served(self.url)
        about = filesystem.info(path)
        return " ".join(str(about.get(name)) for name in ("size", "mtime", "ETag", "etag", "created", "sha256"))

    @property
    def _strict(self) -> dict[str, str]:
        """What makes a store that says no raise, instead of looking empty; the hub's client does, and takes no word."""
        return {} if self.url.startswith("hf:") else {"on_error": "raise"}

    def files(self) -> dict[str, int]:
        """The files below a folder in order, by name relative to it, with their bytes; none where nothing is."""
        filesystem, path = served(self.url)
        filesystem.invalidate_cache()
        try:
            found = filesystem.find(path, detail=True, **self._strict)
        except FileNotFoundError:
            return {}
        root = path.rstrip("/") + "/"
        names = {name.removeprefix(root): info["size"] for name, info in sorted(found.items())}
        return {name: size for name, size in names.items() if ".." not in PurePosixPath(name).parts}

    def glob(self) -> "list[Place]":
        """The files that a name with wildcards stands for, in order."""
        filesystem, path = served(self.url)
        parts = urlsplit(self.url)
        above = path.removesuffix(parts.path)  # what the file system's path has before the URL's
        try:
            found = filesystem.glob(path, detail=True, **self._strict)
        except FileNotFoundError:
            return []
        names = [name for name, info in sorted(found.items()) if info["type"] == "file"]
        return [Place(urlunsplit(parts._replace(path=name.removeprefix(above)))) for name in names]

    def move(self, target: "Place") -> None:
        """Gives a file another name in the same store, which copies it there: its bytes come to no machine of ours."""
        filesystem, path = served(self.url)
        filesystem.mv(path, served(target.url)[1])

    def remove(self) -> None:
        """Removes a file, if it is there."""
        filesystem, path = served(self.url)
        try:
            filesystem.rm_file(path)
        except FileNotFoundError:
            return


def _require_whole(arrived: int, sent: int | None) -> None:
    if sent is not None and arrived != sent:
        raise OSError(f"{arrived:,} of {sent:,} bytes arrived")


def located(location: Location) -> Path | Place:
    """Tells a path from a URL; `file://` is a path, and a URL that lost a slash to `Path` is a URL."""
    text = str(location)
    match = _URL.match(text)
    if match is None or (isinstance(location, str) and "://" not in text):
        return Path(text)
    scheme, rest = match[1].lower(), text[match.end() :]
    return Path("/" + unquote(rest)) if scheme == "file" else Place(f"{scheme}://{rest}")


def as_text(location: Location) -> str:
    """A location as text that means the same: a `Path` has lost a slash of a URL."""
    place = located(location)
    return place.url if isinstance(place, Place) else str(place)


def public_name(location: Location) -> str:
    """A location as names, messages and manifests have it: without credentials and whatever else opens it.

    The options of `hf://` say which data it is, and stay; so does the container before the account of `abfs://`.
    """
    text = str(location)
    if "://" not in text:
        return text
    parts = urlsplit(text)
    user, at, host = parts.netloc.rpartition("@")
    shown = f"{user.partition(':')[0]}{at}{host}" if parts.scheme in ("abfs", "abfss") else host
    return urlunsplit(parts._replace(netloc=shown, query=parts.query if parts.scheme == "hf" else "", fragment=""))


def on_this_machine(location: Location, option: str) -> Path:
    """Returns the path of a location that must not be behind a URL.

    Raises:
        UserError: it is: no folder of that name is made here.
    """
    place = located(location)
    if isinstance(place, Place):
        raise UserError(f"{option} {place}: this must be on this machine: give a path")
    return place


def require_lasting(place: Path | Place) -> None:
    """Checks that what a command writes to a place is there when it has ended.

    Raises:
        UserError: it would lie in the memory of the process.
    """
    if isinstance(place, Place) and urlsplit(place.url).scheme == "memory":
        raise UserError(f"{place}: memory:// ends with this command, and so would the data; name a folder or a store")


def require_writable(place: Place) -> None:
    """Checks that data can be written to places of this kind.

    Raises:
        UserError: they are only read.
    """
    scheme = urlsplit(place.url).scheme
    if scheme not in WRITABLE:
        raise UserError(f"{place}: {scheme}:// can only be read; data is written to {', '.join(WRITABLE)}, or a path")


@contextmanager
def reached(place: Place) -> Iterator[None]:
    """Turns a store that says no, or nothing, into one line: no such file or bucket, no permission, no answer.

    Raises:
        UserError: in the store's own words, without credentials.
    """
    try:
        yield
    except (OSError, ValueError, ImportError) as error:
        raise UserError(f"{place} cannot be reached: {_words(place, error)}") from error


@contextmanager
def sending(place: Place, *, advice: str) -> Iterator[None]:
    """Turns a store that fails at the end of a long run into one line.

    Raises:
        RunFailedError: in the store's own words, and what to do.
    """
    try:
        yield
    except OSError as error:
        raise RunFailedError(f"{place}: {_words(place, error)}; {advice}") from error


def _words(place: Place, error: Exception) -> str:
    """What went wrong, with no credentials in it, and without what a client says to its own maintainers."""
    secret = urlsplit(place.url).netloc.rpartition("@")[0]
    words = one_line(str(error).partition(" error_info=")[0]).replace(place.url, str(place))
    return shortened(words.replace(secret, "***") if secret else words, _MOST_WORDS)

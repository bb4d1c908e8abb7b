"""Blocks of data that lies elsewhere, kept on this machine by their hash: bounded, checked, shared by processes.

    FOLDER/blocks/ab/ab12...    the bytes whose sha256 is the name

A block is checked when a process reads it first, and again when its file changed: a damaged one is fetched again. What
was used least lately goes when there is no room. Without a cache that can be written nothing is lost but time.
"""

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path

from schemas.block_table import Block
from schemas.files import replacing

Fetch = Callable[[Block], bytes]

_THREADS = 8  # a store answers many requests at a time; a disk does not mind
_IN_MEMORY = 256 << 20  # bytes of blocks that a process keeps open
_STRIPES = 64  # locks, so that processes of a machine fetch a block once
_SLACK = 0.9  # of the limit is left after room was made, so that it is not made for every block

logger = logging.getLogger(__name__)


class BlockCache:
    """A cache in a folder.

    Args:
        folder: where blocks are kept.
        limit: most bytes of all of them together.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder / "blocks", limit
        self._begin()

    @property
    def can_be_written(self) -> bool:
        """Whether no block was lost for want of room or permission so far."""
        return not self._complained

    def get(self, block: Block, fetch: Fetch) -> bytes:
        """Returns the bytes of a block, whole and right.

        Args:
            block: which.
            fetch: brings it, checked, where it is not here.
        """
        return self._begin_to_load(block, fetch).result()

    def expect(self, block: Block, fetch: Fetch) -> None:
        """Begins to bring a block, unless it is here or on its way."""
        if not self._path(block).exists():
            self._begin_to_load(block, fetch)

    def _begin_to_load(self, block: Block, fetch: Fetch) -> "Future[bytes]":
        if self._process != os.getpid():  # a fork has neither the threads nor a lock that it can trust
            self._begin()
        with self._lock:
            coming = self._known.pop(block.sha256, None)
            if coming is None or (coming.done() and coming.exception() is not None):
                coming = self._threads.submit(self._load, block, fetch)
            self._known[block.sha256] = coming
            self._sizes[block.sha256] = block.bytes
            self._let_go()
        return coming

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="blocks")
        self._known: OrderedDict[str, Future[bytes]] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._checked: dict[str, tuple[int, int]] = {}
        self._written: int | None = None
        self._complained = False

    def _let_go(self) -> None:
        """Closes the blocks that were used least lately, as many as are open beyond the limit."""
        while len(self._known) > 1 and sum(self._sizes.values()) > _IN_MEMORY:
            digest, coming = next(iter(self._known.items()))
            if not coming.done():
                return
            del self._known[digest], self._sizes[digest]

    def _load(self, block: Block, fetch: Fetch) -> bytes:
        path = self._path(block)
        if (content := self._read(path, block)) is not None:
            return content
        with self._alone(block):
            if (content := self._read(path, block)) is not None:  # another process was faster
                return content
            content = fetch(block)
            self._write(path, content)
        return content

    def _path(self, block: Block) -> Path:
        return self.folder / block.sha256[:2] / block.sha256

    def _read(self, path: Path, block: Block) -> bytes | None:
        """A block's bytes; None when they are not here, or others."""
        try:
            with path.open("rb") as file:
                about = os.fstat(file.fileno())
                content = file.read()
        except OSError:
            return None
        stamp = about.st_size, about.st_mtime_ns
        if self._checked.get(block.sha256) != stamp:
            if sha256(content).hexdigest() != block.sha256:
                logger.warning("%s: damaged; it is fetched again", path)
                return None
            with suppress(OSError):
                os.utime(path)  # it was used lately
                stamp = about.st_size, path.stat().st_mtime_ns
            self._checked[block.sha256] = stamp
        return content

    def _write(self, path: Path, content: bytes) -> None:
        try:
            self._make_room(len(content))
            with replacing(path) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            if not self._complained:
                self._complained = True
                logger.warning(
                    "%s: the cache cannot be written (%s), so blocks are fetched each time that they are needed; make "
                    "room there, or name another folder (train.data_cache)",
                    self.folder,
                    error.strerror or error,
                )

    def _make_room(self, coming: int) -> None:
        """Removes what was used least lately where the limit would be passed."""
        with self._lock:
            if self._written is None:
                self._written = sum(size for _, size, _ in self._files())
            self._written += coming
            if self._written <= self.limit:
                return
            files = sorted(self._files())
            left = sum(size for _, size, _ in files) + coming
            for _, size, path in files:
                if left <= self.limit * _SLACK:
                    break
                path.unlink(missing_ok=True)
                left -= size
            self._written = left

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """Time of last use, size and path of every block that is kept."""
        for path in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                about = path.stat()
                yield about.st_mtime_ns, about.st_size, path

    @contextmanager
    def _alone(self, block: Block) -> Iterator[None]:
        """Waits while another process of this machine fetches the same block; where no lock can be had, does not."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / f".lock-{int(block.sha256[:8], 16) % _STRIPES}").open("a")
        except OSError:
            yield
            return
        with lock:
            flock(lock, LOCK_EX)
            yield

"""Another day on another machine: what the second run of a program sees where the first saw here and now.

A program that prints the date or the name of its host says the same twice within a second; only under another clock
does it show. What Python programs read them by is replaced inside the fork, under whatever name a loaded module has it;
`datetime` objects print, compare and inherit as before.
"""

import _thread
import ctypes
import datetime
import importlib
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import ModuleType, SimpleNamespace
from typing import Any, Self, TypeVar

_LATER = 3 * 365 * 86_400 + 100 * 86_400 + 5 * 3600 + 17 * 60 + 23  # another year, month, day, weekday and hour
_HOST = "elsewhere"
_COMPILED = ("pandas", "sklearn")  # built upon the real classes of `datetime`, they fail when they load beside others
_PROGRAM = "<program>"  # the file name of a program's code
_ZONES = "/usr/share/zoneinfo"
_OF_THE_HOST = ("PHYS_PAGES", "NPROCESSORS", "CHILD_MAX", "SIGQUEUE_MAX", "ARG_MAX")  # of what sysconf knows
_SIZES = range(0, 4096, 16)  # of objects of every class that memory is given out in
_BALLAST: list[bytes] = []
_Moment = TypeVar("_Moment")
_Shown = TypeVar("_Shown")
_Function = Callable[..., Any]
_StandIns = Iterator[tuple[ModuleType, str, _Function]]


def move(programs: Iterable[str]) -> None:
    """Moves this process, for good, to another day and host, where these programs will run."""
    import socket  # here: only second runs need it

    for name in _COMPILED:
        if any(name in program for program in programs):
            with suppress(Exception):  # whatever it is, the program will meet it
                importlib.import_module(name)
    originals = SimpleNamespace(**vars(sys.modules[os.name]))
    stand_ins = [*_clock(), *_host(), *_numbers(), *_files(), (socket, "gethostname", lambda: _HOST)]
    _replace(stand_ins)
    setattr(sys.modules["_frozen_importlib_external"], "_os", originals)  # noqa: B010  compiled files are dated
    for module in (datetime, sys.modules["_datetime"]):
        vars(module).update(date=_Date, datetime=_DateTime)
    for name in ("__getattr__", "__getitem__"):
        setattr(ctypes.CDLL, name, _own(getattr(ctypes.CDLL, name)))
    _move_python()
    _BALLAST.extend(bytes(size) for size in _SIZES for _ in range(5))  # what is made behind it lies elsewhere, too


def _replace(stand_ins: list[tuple[ModuleType, str, _Function]]) -> None:
    """Puts stand-ins wherever a loaded module holds what they stand for: `posix` has the functions of `os` too."""
    found = {id(getattr(module, name)): stand_in for module, name, stand_in in stand_ins}
    for names in [vars(module) for module in sys.modules.values() if isinstance(module, ModuleType)]:
        names.update({name: found[id(value)] for name, value in names.items() if id(value) in found})


def _move_python() -> None:
    sys.version = f"{sys.version.partition(' ')[0]} ({_HOST}, Jan  1 2000, 00:00:00) [{_HOST}]"  # libraries parse it
    sys.executable = f"/{_HOST}/python"
    sys.prefix = sys.base_prefix = sys.exec_prefix = sys.base_exec_prefix = f"/{_HOST}"
    time.tzname, time.timezone = (_HOST, _HOST), time.timezone + 3600


def _host() -> _StandIns:
    """Another name and kernel, and another size."""
    uname, described, cores = os.uname, platform.uname, os.cpu_count() or 1
    yield os, "uname", lambda: os.uname_result((uname()[0], _HOST, f"{_HOST}-kernel", _HOST, uname()[4]))
    yield platform, "uname", lambda: described()._replace(node=_HOST, release=f"{_HOST}-kernel", version=_HOST)
    yield os, "cpu_count", lambda: cores + 1
    yield os, "sched_getaffinity", lambda _: set(range(cores + 1))
    yield os, "getloadavg", lambda: (cores + 1.0,) * 3
    configured, names = os.sysconf, os.sysconf_names
    theirs = {name for name in names if any(part in name for part in _OF_THE_HOST)}
    theirs_by_number = {names[name] for name in theirs}
    yield os, "sysconf", lambda name: configured(name) + (name in theirs or name in theirs_by_number)
    for name in ("statvfs", "fstatvfs"):
        yield os, name, _larger(getattr(os, name))
    bounds, library = resource.getrlimit, os.confstr
    yield resource, "getrlimit", lambda which: tuple(bound + (bound >= 0) for bound in bounds(which))
    yield os, "confstr", lambda name: f"{library(name)} {_HOST}"
    yield platform, "libc_ver", lambda *_, **__: ("glibc", _HOST)


def _numbers() -> _StandIns:
    """Other processes, users and groups."""
    for name in ("getpid", "getppid", "getpgrp", "getuid", "geteuid", "getgid", "getegid", "getpgid", "getsid"):
        yield os, name, _next(getattr(os, name))
    yield _thread, "get_native_id", _next(_thread.get_native_id)


def _next(number: _Function) -> _Function:
    return lambda *which: number(*which) + 1


def _files() -> _StandIns:
    """Other files, changed at other times; those of Python and the time zones stay as they are."""
    names, read = os.listdir, open
    yield os, "listdir", lambda path=".": [*names(path), _HOST]
    yield os, "scandir", _fewer(os.scandir)
    for name in ("stat", "lstat", "fstat"):
        yield os, name, _later(getattr(os, name))
    places = (_ZONES, *(place for place in sys.path if place))
    yield sys.modules["builtins"], "open", _hiding(read, places)
    yield os, "open", _hiding(os.open, places)


def _hiding(opening: _Function, places: tuple[str, ...]) -> _Function:
    """Returns a function that finds no files but those below some places."""

    def opened(file: Any, *settings: Any, **named: Any) -> Any:  # noqa: ANN401  as `open` has it
        if not isinstance(file, int) and not os.path.realpath(os.fsdecode(file)).startswith(places):
            raise FileNotFoundError(2, "No such file or directory", os.fsdecode(file))
        return opening(file, *settings, **named)

    return opened


class _Fewer:
    """The entries of a folder without the first."""

    def __init__(self, entries: Any) -> None:  # noqa: ANN401  what os.scandir gives
        self._entries = entries
        next(entries, None)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> os.DirEntry[Any]:
        entry: os.DirEntry[Any] = next(self._entries)
        return entry

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the folder."""
        self._entries.close()


def _fewer(scan: _Function) -> _Function:
    return lambda path=".": _Fewer(scan(path))


def _own(find: _Function) -> _Function:
    """Returns a function that keeps the functions of this host's libraries from programs, and from nobody else."""

    def found(library: ctypes.CDLL, name: str) -> Any:  # noqa: ANN401  as ctypes has it
        if sys._getframe(1).f_code.co_filename == _PROGRAM:
            raise AttributeError(f"{name} {_HOST}")
        return find(library, name)

    return found


def _larger(disk: Callable[..., os.statvfs_result]) -> Callable[..., os.statvfs_result]:
    """Returns a function that finds disks a block larger and fuller, of another kind."""
    return lambda place: os.statvfs_result(size + 1 for size in disk(place))


def _later(stat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    """Returns a function that finds files of others in another place of another disk, changed at another time."""

    def moved(*place: Any, **settings: Any) -> os.stat_result:  # noqa: ANN401  as os.stat has it
        mode, number, device, links, user, group, size, *moments = stat(*place, **settings)[:10]
        theirs = (number + 1, device + 1, links + 1, user + 1, group + 1)
        return os.stat_result((mode, *theirs, size, *(moment - _LATER for moment in moments)))

    return moved


def _clock() -> _StandIns:
    """Another moment, counted from when so ever."""
    localtime, printed, times = time.localtime, time.strftime, os.times

    def now(seconds: Callable[[], float] = time.time) -> float:
        return seconds() + _LATER

    for name in ("localtime", "gmtime", "ctime"):
        yield time, name, _defaulting(getattr(time, name), now)
    yield time, "asctime", _defaulting(time.asctime, lambda: localtime(now()))
    yield time, "strftime", lambda form, *moment: printed(form, *(moment or (localtime(now()),)))
    for name in ("time", "monotonic", "perf_counter", "clock_gettime"):
        yield time, name, _shifted(getattr(time, name), _LATER)
        yield time, f"{name}_ns", _shifted(getattr(time, f"{name}_ns"), _LATER * 10**9)
    yield os, "times", lambda: os.times_result((*(passed := times())[:4], passed[4] + _LATER))


def _shifted(clock: _Function, by: int) -> _Function:
    return lambda *which: clock(*which) + by


def _defaulting(function: Callable[[_Moment], _Shown], now: Callable[[], _Moment]) -> Callable[..., _Shown]:
    """Returns a function of an optional moment, for which the new present stands where it is left out."""
    return lambda moment=None: function(now() if moment is None else moment)


class _SameKind(type):
    """Makes an instance of the real class one of its stand-in."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.__mro__[1])


class _Date(datetime.date, metaclass=_SameKind):
    @classmethod
    def today(cls) -> Self:
        return cls.fromtimestamp(time.time())

    def __repr__(self) -> str:
        return f"datetime.{super().__repr__().removeprefix('datetime.')}"


class _DateTime(datetime.datetime, metaclass=_SameKind):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Self:
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def today(cls) -> Self:
        return cls.now()

    @classmethod
    def utcnow(cls) -> Self:
        return cls.now(datetime.UTC).replace(tzinfo=None)

    def __repr__(self) -> str:
        return f"datetime.{super().__repr__().removeprefix('datetime.')}"


for _stand_in, _name in ((_Date, "date"), (_DateTime, "datetime")):
    _stand_in.__name__ = _stand_in.__qualname__ = _name
    _stand_in.__module__ = "datetime"

"""Another day on another machine: what the second run of a program sees where the first saw here and now.

A program that prints the date or the name of its host says the same twice within a second; only under another clock
does it show. The names that Python programs read them by are replaced inside the fork; `datetime` objects print,
compare and inherit as before.
"""

import datetime
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

_LATER = 3 * 365 * 86_400 + 100 * 86_400 + 5 * 3600 + 17 * 60 + 23  # another year, month, day, weekday and hour
_HOST = "elsewhere"
_Moment = TypeVar("_Moment")
_Shown = TypeVar("_Shown")


def move() -> None:
    """Moves this process, for good, to another day and host."""
    import socket  # here: only second runs need it

    _move_clock()
    vars(datetime).update(date=_Date, datetime=_DateTime)
    _move_host()
    socket.gethostname = lambda: _HOST


def _move_host() -> None:
    """Another name, kernel, build of Python, number of cores and of processes; other files, changed at other times."""
    uname, described = os.uname, platform.uname
    os.uname = lambda: os.uname_result((uname()[0], _HOST, f"{_HOST}-kernel", _HOST, uname()[4]))
    platform.uname = lambda: described()._replace(node=_HOST, release=f"{_HOST}-kernel", version=_HOST)
    sys.version = f"{sys.version.partition(' ')[0]} ({_HOST})"
    sys.executable = f"/{_HOST}/python"
    cores, own, parent = os.cpu_count() or 1, os.getpid(), os.getppid()
    os.cpu_count = lambda: cores + 1
    os.sched_getaffinity = lambda _: set(range(cores + 1))
    os.getpid, os.getppid = lambda: own + 1, lambda: parent + 1
    user, group = os.getuid(), os.getgid()
    os.getuid = os.geteuid = lambda: user + 1
    os.getgid = os.getegid = lambda: group + 1
    os.getloadavg = lambda: (cores + 1.0,) * 3
    time.tzname, time.timezone = (_HOST, _HOST), time.timezone + 3600
    _move_sizes()
    names = os.listdir
    setattr(os, "listdir", lambda path=".": [*names(path), _HOST])  # noqa: B010  mypy knows its overloads
    for name in ("stat", "lstat"):
        setattr(os, name, _later(getattr(os, name)))


def _move_sizes() -> None:
    """Other memory, cores and disks, as far as programs can ask for them."""
    configured, names = os.sysconf, os.sysconf_names
    theirs = {name for name in names if name.endswith("PHYS_PAGES") or "NPROCESSORS" in name}
    theirs_by_number = {names[name] for name in theirs}
    os.sysconf = lambda name: configured(name) + (name in theirs or name in theirs_by_number)
    for name in ("statvfs", "fstatvfs"):
        setattr(os, name, _larger(getattr(os, name)))


def _larger(disk: Callable[..., os.statvfs_result]) -> Callable[..., os.statvfs_result]:
    """Returns a function that finds disks a block larger and fuller."""
    return lambda place: os.statvfs_result(size + (2 <= at < 8) for at, size in enumerate(disk(place)))


def _later(stat: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    """Returns a function that finds files changed at another time."""

    def moved(*place: Any, **settings: Any) -> os.stat_result:  # noqa: ANN401  as os.stat has it
        found = stat(*place, **settings)
        return os.stat_result((*found[:7], *(moment - _LATER for moment in found[7:10])))

    return moved


def _move_clock() -> None:
    seconds, nanoseconds = time.time, time.time_ns
    localtime, printed = time.localtime, time.strftime

    def now() -> float:
        return seconds() + _LATER

    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _defaulting(getattr(time, name), now))
    time.asctime = _defaulting(time.asctime, lambda: localtime(now()))
    time.strftime = lambda form, *moment: printed(form, *(moment or (localtime(now()),)))
    time.time, time.time_ns = now, lambda: nanoseconds() + _LATER * 10**9
    clock, fine = time.clock_gettime, time.clock_gettime_ns
    time.clock_gettime = lambda which: clock(which) + _LATER
    time.clock_gettime_ns = lambda which: fine(which) + _LATER * 10**9


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

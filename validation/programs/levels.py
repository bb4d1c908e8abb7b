"""Which level of isolation this machine gives, and the one command that lifts it."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from validation.programs.confine import open_to_others
from validation.programs.launch import Level, bubblewrap, readable_paths
from validation.programs.server import Server, ServerError

_LIFT = "apt-get install bubblewrap"


@dataclass(frozen=True, slots=True)
class LevelReport:
    """One level on this machine: whether it works, the walls it has, and what would make it work.

    `weakness` is what a level that works lacks here, and `lift` then what would mend it.
    """

    level: Level
    available: bool
    walls: tuple[str, ...]
    problem: str = ""
    lift: str = ""
    weakness: str = ""


@cache
def probe(level: Level) -> LevelReport:
    """Starts a bare server at a level and reports what it says; asked once per process."""
    if level is Level.NAMESPACES and bubblewrap() is None:
        return LevelReport(level, False, (), "bubblewrap is not installed", _LIFT)
    server = Server(level, modules=("math",))
    try:
        server.start()
        weakness, lift = _weakness(level, server.walls)
        return LevelReport(level, True, server.walls, lift=lift, weakness=weakness)
    except ServerError as error:
        lift = lift_namespaces(str(error)) if level is Level.NAMESPACES else ""
        return LevelReport(level, False, (), str(error), lift)
    finally:
        server.close()


def _weakness(level: Level, walls: Sequence[str]) -> tuple[str, str]:
    """Returns what a level lacks on this machine, and what would mend it."""
    if level is Level.WEAK or "privileges" in walls or os.geteuid() != 0:
        return "", ""
    place = next((path for path in readable_paths() if not open_to_others(path)), sys.executable)
    return (
        f"programs keep the user root, without its capabilities: no other user may read {place}",
        "install Python and its packages where every user may read them, outside /root",
    )


def lift_namespaces(problem: str) -> str:
    """Returns what would make bubblewrap work; empty when it did its part and what it started failed."""
    if not problem.startswith("bwrap:") or "execvp" in problem:
        return ""
    return "run the container with user namespaces allowed (docker: --security-opt seccomp=unconfined)"


def best_level() -> Level:
    """Returns the strongest level that works here, never `weak`.

    Raises:
        OSError: neither namespaces nor seccomp work; `weak` must be asked for.
    """
    for level in (Level.NAMESPACES, Level.SECCOMP):
        if probe(level).available:
            return level
    raise OSError("no isolation for untrusted programs on this machine: " + probe(Level.SECCOMP).problem)


def describe_levels(weakest: Level = Level.WEAK) -> list[LevelReport]:
    """Returns a report for every level down to `weakest`, strongest first; each costs the start of a server, once."""
    levels = list(Level)
    return [probe(level) for level in levels[: levels.index(weakest) + 1]]

"""The command line of a server at each level of isolation, and the paths that a program may read."""

import json
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

_HERE = Path(__file__).resolve().parent
# The server loads only its own modules: bare packages stand in for this one, whose __init__ would bring
# pydantic into every fork.
_START = """import json, sys, types
for name in ("validation", "validation.programs"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [sys.argv[1]]
from validation.programs.zygote import main
main(json.loads(sys.argv[2]))"""
# The loader and the C libraries; nothing of /etc but what the loader needs.
_SYSTEM = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
)


class Level(StrEnum):
    """How a program is held, strongest first."""

    NAMESPACES = "namespaces"
    SECCOMP = "seccomp"
    WEAK = "weak"


def readable_paths() -> list[str]:
    """Returns what a program may read: Python's libraries, site-packages and the system's shared libraries."""
    named = sysconfig.get_paths()
    wanted = [
        f"{sys.base_prefix}/lib",
        f"{sys.prefix}/lib",
        *(named[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")),
    ]
    kept: list[str] = []
    for path in sorted({*wanted, *_SYSTEM}, key=len):
        if Path(path).exists() and not any(Path(path).is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def bubblewrap() -> str | None:
    """Returns the path of bubblewrap, None when it is not installed."""
    return shutil.which("bwrap")


def _binds() -> list[str]:
    """Returns bubblewrap's view of the file system.

    Python, its packages and the system's libraries, all read-only.
    """
    options: list[str] = []
    for path in ("/usr", sys.base_prefix, sys.prefix):
        options += ["--ro-bind", path, path] if path == "/usr" or not Path(path).is_relative_to("/usr") else []
    for name in ("/lib", "/lib64", "/bin"):
        place = Path(name)
        if place.is_symlink():
            options += ["--symlink", str(place.readlink()), name]
        elif place.exists():
            options += ["--ro-bind", name, name]
    for path in readable_paths():
        if path.startswith("/etc"):
            options += ["--ro-bind", path, path]
    interpreter = Path(sys.executable)
    for place in (interpreter.resolve().parent.parent, interpreter.parent.parent):
        if str(place) not in options and not place.is_relative_to("/usr"):
            options += ["--ro-bind", str(place), str(place)]
    return [*options, "--ro-bind", str(_HERE), str(_HERE)]


def command(level: Level, *, modules: Sequence[str], info: int | None = None, without: Sequence[str] = ()) -> list[str]:
    """Returns the command that starts a server.

    Args:
        level: the level of isolation.
        modules: what it imports before the first program.
        info: the descriptor on which bubblewrap tells the id of the process it holds.
        without: walls that are left out, so that tests can show what each of them stops.
    """
    options = {"level": level.value, "readable": readable_paths(), "modules": list(modules), "without": list(without)}
    python = [sys.executable, "-s", "-P", "-B", "-W", "ignore", "-c", _START, str(_HERE), json.dumps(options)]
    if level is not Level.NAMESPACES:
        return python
    wrapper = [bubblewrap() or "bwrap", "--unshare-all", "--new-session", "--cap-drop", "ALL"]
    wrapper += ["--uid", "65534", "--gid", "65534", "--hostname", "judge"]
    wrapper += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp"]
    wrapper += _binds()  # after the mounts above, which would hide an interpreter that lies below them
    if info is not None:
        wrapper += ["--info-fd", str(info)]
    return [*wrapper, "--remount-ro", "/", "--", *python]


def environment(hash_seed: int) -> dict[str, str]:
    """Returns the whole environment of a server: nothing of the caller's."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",  # whatever zone this machine lies in
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONIOENCODING": "utf-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",  # an arena for each thread would reserve more than a program may have
    }

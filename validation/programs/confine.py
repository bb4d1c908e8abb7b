"""The walls around a program that need no privilege.

Resource limits, Landlock, dropped capabilities, scrubbed state.

The server confines itself once (`Zygote._confine`): every fork inherits Landlock, the missing capabilities and
no-new-privs. Each fork then limits itself (`limit_process`) and installs the seccomp filter last.
"""

import ctypes
import os
import resource
from collections.abc import Container, Sequence
from functools import cache
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same number on every architecture
_ACCESS_FS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_READ = (1 << 2) | (1 << 3)  # READ_FILE | READ_DIR
_READ_FILE, _WRITE_FILE = 1 << 2, 1 << 1
_ACCESS_NET = 0b11  # bind and connect TCP, from version 4
_SCOPES = 0b11  # abstract sockets and signals, from version 6
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP, _PR_SET_PDEATHSIG = 4, 38, 24, 1
_PR_SET_CHILD_SUBREAPER = 36
_NOBODY = 65534


@cache
def _libc() -> ctypes.CDLL:
    """Loaded once: each load makes a new class, which a fork would pay for."""
    return ctypes.CDLL(None, use_errno=True)


def landlock_version() -> int:
    """Returns the kernel's Landlock version, 0 when it has none."""
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def restrict_files(readable: Sequence[str]) -> bool:
    """Lets this process and its forks read below the given paths and nothing else, and write nowhere.

    False without Landlock.
    """
    version = landlock_version()
    if not version:
        return False
    libc = _libc()
    fields = [_ACCESS_FS[min(version, 5)]]
    if version >= 4:
        fields.append(_ACCESS_NET)
    if version >= 6:
        fields.append(_SCOPES)
    attributes = (ctypes.c_uint64 * len(fields))(*fields)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(8 * len(fields)), 0)
    if ruleset < 0:
        return False
    for path in readable:
        _add_path(libc, ruleset, path, _READ if Path(path).is_dir() else _READ_FILE)
    _add_path(libc, ruleset, os.devnull, _READ_FILE | _WRITE_FILE)  # each fork opens its own; seccomp forbids writing
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    restricted = bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    os.close(ruleset)
    return restricted


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _add_path(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    if not Path(path).exists():
        return
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = _PathBeneath(rights, parent)
    libc.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(rule), 0)
    os.close(parent)


def drop_privileges(readable: Sequence[str]) -> bool:
    """Gives up root: another user where the Python paths stay readable, and every capability in any case.

    False when the user is still root.
    """
    libc = _libc()
    if os.geteuid() == 0:
        for capability in range(64):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        if all(open_to_others(path) for path in readable):
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    _drop_capabilities(libc)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return os.geteuid() != 0


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    libc.capset(ctypes.byref(header), ctypes.byref(data))


def open_to_others(path: str) -> bool:
    """Returns whether every user may read a path."""
    place = Path(path).resolve()
    return all(step.stat().st_mode & 0o005 == 0o005 for step in (place, *place.parents) if step.is_dir())


def adopt_orphans() -> None:
    """Makes this process the parent of every descendant whose own parent ends."""
    _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def address_space() -> int:
    """Returns the size of this process's address space in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def limit_process(*, memory: int, cpu: float, threads: bool, without: Container[str] = ()) -> None:
    """Limits the calling process for good.

    Args:
        memory: bytes of the whole address space.
        cpu: seconds.
        threads: whether something else counts its threads, and forbids it processes.
        without: names of limits that are raised to what a machine survives.
    """
    seconds = int(cpu) + 2
    for name, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 1 << 20 if "file_size" in without else 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 1024 if "descriptors" in without else 32),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(name, (value, value))
    if not threads and "processes" not in without:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    _libc().prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)

"""The seccomp filter.

An allow-list of system calls for a program that only computes and prints, as classic BPF by hand.

What stands on the list runs. What a program has no business with (processes, sockets, other processes' memory,
namespaces, its own confinement) kills it at once with SIGSYS, so that the server learns of the attempt from the
kernel and not from the program. All the rest answers EPERM. Files may be opened for reading only; which files
is Landlock's or the mount namespace's affair. x86_64 runs in the tests; the aarch64 table is checked as data
and has not been run.
"""

import ctypes
import platform
import struct
from collections.abc import Sequence

from validation.programs.syscalls import ALLOWED, ARCHITECTURES, KILLED, Architecture

_LOAD, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_INSTRUCTION = 8  # bytes
_X32_BIT = 0x40000000
_EPERM, _ENOTTY, _ENOSYS = 1, 25, 38
# Values of asm-generic and linux headers, the same on both architectures.
# O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | __O_TMPFILE
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000
_O_ASYNC, _O_NOTIFICATION_PIPE = 0o20000, 0o200
_F_SETFL = 4
_FCNTL_PLAIN = (0, 1, 2, 3, 1030, 1032)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ
_FCNTL_SIGNALS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
_IOCTL_PLAIN = (0x5421, 0x5450, 0x5451)  # FIONBIO, FIONCLEX, FIOCLEX
_PRIVATE, _REALTIME = 128, 256
# FUTEX_WAIT_BITSET, _WAIT, _WAKE, _REQUEUE, _CMP_REQUEUE, _WAKE_OP, _WAKE_BITSET; no locks that lend priority
_FUTEX_SHARED = (9, 0, 1, 3, 4, 5, 10, 9 | _REALTIME)
_FUTEX_PLAIN = (*(operation | _PRIVATE for operation in _FUTEX_SHARED), *_FUTEX_SHARED)
_AF_UNIX = 1
_RLIMIT_NPROC = 6
# What glibc asks clone for when it makes a thread, and musl, which adds CLONE_DETACHED: CLONE_VM | CLONE_FS |
# CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID
_THREAD_FLAGS = (0x3D0F00, 0x7D0F00)
_CLONE_ARGS = 64  # bytes of the smallest struct clone_args
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_FILTER_MODE_SYSCALL, _NEW_LISTENER = 1, 1 << 3


def _statement(code: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, 0, 0, value)


def _jump(code: int, value: int, yes: int, no: int) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


_ALLOW = _statement(_RETURN, 0x7FFF0000)
_KILL = _statement(_RETURN, 0x80000000)
_NOTIFY = _statement(_RETURN, 0x7FC00000)


def _fail(error: int) -> bytes:
    return _statement(_RETURN, 0x00050000 | error)


def _when(argument: int, test: int, value: int, then: bytes, otherwise: bytes, *, high: bool = False) -> bytes:
    """Decides by the low word of an argument, or by its high one."""
    load = _statement(_LOAD, _FIRST_ARGUMENT + 8 * argument + 4 * high)
    return load + _jump(test, value, 0, len(then) // _INSTRUCTION) + then + otherwise


def _when_among(argument: int, values: Sequence[int], then: bytes, otherwise: bytes) -> bytes:
    behind = len(otherwise) // _INSTRUCTION
    tests = [_jump(_JEQ, value, len(values) - place - 1 + behind, 0) for place, value in enumerate(values)]
    return b"".join([_statement(_LOAD, _FIRST_ARGUMENT + 8 * argument), *tests, otherwise, then])


def _when_null(argument: int, then: bytes, otherwise: bytes) -> bytes:
    return _when(argument, _JEQ, 0, _when(argument, _JEQ, 0, then, otherwise, high=True), otherwise)


def _fcntl() -> bytes:
    """Duplicates and flags; no signals by way of files, no leases, locks, notifications or larger pipes."""
    signals = _when_among(1, _FCNTL_SIGNALS, _KILL, _fail(_EPERM))
    flags = _when(1, _JEQ, _F_SETFL, _when(2, _JSET, _O_ASYNC, _KILL, _ALLOW), signals)
    return _when_among(1, _FCNTL_PLAIN, _ALLOW, flags)


def _limits() -> bytes:
    """Limits of this process alone; the number of processes is not the program's to set."""
    own = _when(1, _JEQ, _RLIMIT_NPROC, _when_null(2, _ALLOW, _fail(_EPERM)), _ALLOW)
    return _when(0, _JEQ, 0, own, _fail(_EPERM))


def _by_argument(*, files: bool, threads: bool) -> dict[str, bytes]:
    """Returns what to do with the calls whose arguments decide."""
    actions = {
        "fcntl": _fcntl(),
        "futex": _when_among(1, _FUTEX_PLAIN, _ALLOW, _fail(_ENOSYS)),
        "ioctl": _when_among(1, _IOCTL_PLAIN, _ALLOW, _fail(_ENOTTY)),
        "prlimit64": _limits(),
        "pipe2": _when(1, _JSET, _O_NOTIFICATION_PIPE, _fail(_EPERM), _ALLOW),
        "socketpair": _when(0, _JEQ, _AF_UNIX, _ALLOW, _KILL),
        "sendto": _when_null(4, _ALLOW, _KILL),
        "clone": _when_among(0, _THREAD_FLAGS, _ALLOW, _KILL) if threads else _KILL,
        # Its flags lie in memory, where no filter can look: glibc falls back to clone.
        "clone3": _when(1, _JGE, _CLONE_ARGS, _fail(_ENOSYS), _KILL) if threads else _KILL,
    }
    if files:
        actions["openat"] = _when(2, _JSET, _WRITING, _fail(_EPERM), _ALLOW)
        actions["open"] = _when(1, _JSET, _WRITING, _fail(_EPERM), _ALLOW)
    return actions


def _actions(architecture: Architecture, *, files: bool, threads: bool) -> dict[int, bytes]:
    """Returns what to do with each system call that has a number here; the others answer EPERM."""
    named = dict.fromkeys(ALLOWED.split(), _ALLOW) | dict.fromkeys(KILLED.split(), _KILL)
    named |= _by_argument(files=files, threads=threads)
    numbers = architecture.numbers
    actions = {numbers[name]: action for name, action in named.items() if name in numbers}
    if architecture.name == "x86_64":
        actions[_X32_BIT] = _KILL
    return actions


def _ranges(actions: dict[int, bytes]) -> list[tuple[int, bytes]]:
    """Returns the actions as ranges: the first number of each and what holds up to the next; x32 has no end."""
    refused = _fail(_EPERM)
    ranges = [(0, actions.get(0, refused))]
    for number in sorted({*actions, *(n + 1 for n in actions if n != _X32_BIT)}):
        action = actions.get(number, refused)
        if action != ranges[-1][1]:
            ranges.append((number, action))
    return ranges


def _search(ranges: list[tuple[int, bytes]]) -> bytes:
    """Finds the range of a number by halves: the kernel walks the filter for every number when it is installed."""
    if len(ranges) == 1:
        return ranges[0][1]
    half = len(ranges) // 2
    below, above = _search(ranges[:half]), _search(ranges[half:])
    return _jump(_JGE, ranges[half][0], len(below) // _INSTRUCTION, 0) + below + above


def build_filter(architecture: Architecture, *, files: bool, threads: bool) -> bytes:
    """Returns the BPF program.

    Args:
        architecture: of this machine.
        files: whether files may be opened for reading (something else must say which).
        threads: whether threads may be started (something else must count them).
    """
    program = [
        _statement(_LOAD, _ARCHITECTURE),
        _jump(_JEQ, architecture.audit, 1, 0),
        _KILL,
        _statement(_LOAD, _NUMBER),
        _search(_ranges(_actions(architecture, files=files, threads=threads))),
    ]
    return b"".join(program)


def build_notices(architecture: Architecture) -> bytes:
    """Returns the BPF program that tells a listener when a thread is started and when one ends."""
    numbers = architecture.numbers
    notices = _jump(_JEQ, numbers["clone"], 1, 0) + _jump(_JEQ, numbers["exit"], 0, 1) + _NOTIFY + _ALLOW
    own = _jump(_JEQ, architecture.audit, 1, 0) + _ALLOW
    return _statement(_LOAD, _ARCHITECTURE) + own + _statement(_LOAD, _NUMBER) + notices


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class _Loaded:
    """A BPF program in memory, ready for the kernel."""

    def __init__(self, code: bytes) -> None:
        self._code = ctypes.create_string_buffer(code, len(code))
        self._program = _Program(len(code) // _INSTRUCTION, ctypes.cast(self._code, ctypes.c_void_p))
        self.reference = ctypes.byref(self._program)


class Filter:
    """The filter for this machine, built once before the forks; its methods bind the calling process for good."""

    def __init__(self, *, files: bool) -> None:
        architecture = ARCHITECTURES.get(platform.machine())
        if architecture is None:
            raise OSError(f"no table of system calls for {platform.machine()}")
        self._seccomp = architecture.numbers["seccomp"]
        self._threaded, self._single = (
            _Loaded(build_filter(architecture, files=files, threads=threads)) for threads in (True, False)
        )
        self._notices = _Loaded(build_notices(architecture))
        self._libc = ctypes.CDLL(None, use_errno=True)

    def listen(self) -> int:
        """Has the kernel ask a listener about threads; returns its descriptor, -1 where the kernel has none."""
        self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return int(self._libc.syscall(self._seccomp, _FILTER_MODE_SYSCALL, _NEW_LISTENER, self._notices.reference))

    def install(self, *, threads: bool) -> None:
        """Installs the filter.

        Args:
            threads: whether `listen` gave a listener, which counts them.

        Raises:
            OSError: the kernel has no seccomp filters.
        """
        program = self._threaded if threads else self._single
        if self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or self._libc.prctl(
            _PR_SET_SECCOMP, _FILTER_MODE, program.reference, 0, 0
        ):
            raise OSError(ctypes.get_errno(), "seccomp refused the filter")

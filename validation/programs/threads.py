"""How many threads a program has: the kernel asks the server before one starts, and tells it when one ends.

A limit of processes cannot say it: the kernel counts none of root's, and all of a user's together. The listener of a
seccomp filter can (seccomp_unotify(2)); without one (before Linux 5.5, or inside a sandbox that has its own) programs
have no threads.
"""

import array
import errno
import fcntl
import os
import socket
import struct

from validation.programs.seccomp import Filter
from validation.programs.syscalls import ARCHITECTURES

MOST = 16  # beside the main thread
_MOST_STARTED = 4096  # in a program's life: each costs the server two questions
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND
_NOTICE, _ANSWER = struct.Struct("<QIIi60x"), struct.Struct("<QqiI")
_CONTINUE = 1
_EXIT_NUMBERS = frozenset(architecture.numbers["exit"] for architecture in ARCHITECTURES.values())


class Listener:
    """The server's end: `channel` gives the descriptor that the fork sends, `descriptor` is asked and answered."""

    def __init__(self) -> None:
        self.channel, self.sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.descriptor: int | None = None
        self._alive = self._started = 0

    def connect(self) -> int | None:
        """Takes what the fork sent; returns the descriptor to poll, None when the kernel gives no listener."""
        _, ancillary, _, _ = self.channel.recvmsg(1, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
        for _, _, data in ancillary:
            self.descriptor = struct.unpack("i", data[:4])[0]
        return self.descriptor

    def answer(self) -> None:
        """Answers one question: another thread, or not."""
        assert self.descriptor is not None
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(self.descriptor, _RECEIVE, notice)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):  # it was killed while it asked
                return
            raise
        asked, _, _, number = _NOTICE.unpack(notice)
        alive = self._alive
        refused = 0 if self._counts(number) else -errno.EAGAIN
        answer = bytearray(_ANSWER.pack(asked, 0, refused, 0 if refused else _CONTINUE))
        try:
            fcntl.ioctl(self.descriptor, _SEND, answer)
        except OSError:  # a signal came between, and it asks again
            self._alive = alive

    def _counts(self, number: int) -> bool:
        """Keeps count; False when a thread may not start."""
        if number in _EXIT_NUMBERS:
            self._alive -= 1
            return True
        if self._alive >= MOST or self._started >= _MOST_STARTED:
            return False
        self._alive += 1
        self._started += 1
        return True

    def close(self) -> None:
        """Closes both ends."""
        self.channel.close()
        self.sender.close()
        if self.descriptor is not None:
            os.close(self.descriptor)


def listened(walls: Filter, sender: socket.socket) -> bool:
    """Has the kernel ask the server about the threads of this process; False when it cannot."""
    descriptor = walls.listen()
    found = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))] if descriptor >= 0 else []
    sender.sendmsg([b"!"], found)
    if found:
        os.close(descriptor)
    return bool(found)


def can_listen(walls: Filter) -> bool:
    """Returns whether this kernel gives listeners, found out in a fork."""
    pid = os.fork()
    if pid == 0:
        os._exit(walls.listen() < 0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

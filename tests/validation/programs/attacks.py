# ruff: noqa: E501 - one attack a line
"""Hostile programs as data: what each wants, how it ends inside the walls, and which walls stop it.

An attack prints ESCAPED when it got what it wanted, or uses more of something than `LIMITS` grants. Each is so small, and
aims so far from anything of value, that a machine survives its success: the tests take its walls away and let it succeed.
"""

import os
from dataclasses import dataclass

from validation.programs import Ending, Limits

LIMITS = Limits(cpu_s=0.4, wall_s=3, memory_mb=256, output_kb=16)
NAME = f"mathmill-attack-{os.getpid()}"  # several suites may run on one machine
TARGET = f"/tmp/{NAME}"  # a folder with a file `file`, which the tests make
FORBIDDEN, ERROR, CRASH = Ending.FORBIDDEN, Ending.ERROR, Ending.CRASH
TIMEOUT, MEMORY, FLOOD, OK = Ending.TIMEOUT, Ending.MEMORY, Ending.OUTPUT_LIMIT, Ending.OK


@dataclass(frozen=True)
class Attack:
    """A program, the endings that are right inside all walls, and the walls of which any one stops it."""

    name: str
    program: str
    endings: tuple[Ending, ...]
    walls: tuple[str, ...] = ("seccomp",)


def syscall(number: int, *arguments: object) -> str:
    """A raw system call of x86_64 through ctypes; it escapes when it reaches the kernel and is not forbidden there."""
    listed = ", ".join(map(str, (number, *arguments)))
    return (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"if libc.syscall({listed}) >= 0 or ctypes.get_errno() != 1: print('ESCAPED', flush=True)"
    )


def hidden(program: str) -> str:
    """The same attack, swallowing the refusal."""
    body = "\n".join("    " + line for line in program.splitlines())
    return f"try:\n{body}\nexcept BaseException:\n    print('hidden')"


PROCESSES = [
    Attack("fork", "import os\nif os.fork() == 0: print('ESCAPED', flush=True); os._exit(0)\nos.wait()", (FORBIDDEN,), ("seccomp", "processes")),
    Attack("hidden fork", hidden("import os\npid = os.fork()\nprint('ESCAPED')"), (FORBIDDEN,), ("seccomp", "processes")),
    Attack("fork bomb", "import os\nfor _ in range(5): os.fork()\nprint('ESCAPED', flush=True)", (FORBIDDEN,), ("seccomp", "processes")),
    Attack("vfork", syscall(58).replace("!= 1", "not in (1, 11)"), (FORBIDDEN,), ("seccomp", "processes")),
    Attack("clone", syscall(56, 17, 0, 0, 0, 0).replace("!= 1", "not in (1, 11)"), (FORBIDDEN,), ("seccomp", "processes")),
    Attack("clone3", syscall(435, 0, 0), (FORBIDDEN,)),
    Attack("system", "import os\nif os.system('true') == 0: print('ESCAPED')", (FORBIDDEN,), ("seccomp", "landlock", "processes")),
    Attack("subprocess", "import subprocess\nsubprocess.run(['true'], check=True)\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp", "landlock", "processes")),
    Attack("exec", "import os\nos.execv('/bin/echo', ['echo', 'ESCAPED'])", (FORBIDDEN,), ("seccomp", "landlock")),
    Attack("spawn", "import os\nos.posix_spawn('/bin/true', ['true'], {})\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp", "landlock", "processes")),
    Attack("multiprocessing", "import multiprocessing as m\np = m.get_context('fork').Process(target=print, args=('ESCAPED',))\np.start(); p.join()", (FORBIDDEN, ERROR), ("seccomp", "processes")),
    Attack("pool of processes", "from concurrent.futures import ProcessPoolExecutor as P\nimport multiprocessing as m\nprint('ESCAPED', list(P(2, m.get_context('fork')).map(abs, [1])))", (FORBIDDEN, ERROR), ("seccomp", "processes", "landlock", "file_size")),
]  # fmt: skip
SIGNALS = [
    Attack("kill the server", "import os\nos.kill(os.getppid(), 0)\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp",)),
    Attack("kill a group", "import os\nos.killpg(os.getpgid(os.getppid()), 0)\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp",)),
    Attack("kill everything", "import os\nos.kill(-1, 0)\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp",)),
    Attack("tgkill", "import os\n" + syscall(234, "os.getpid()", "os.getpid()", 0), (FORBIDDEN,)),
    Attack("pidfd", "import os\nos.pidfd_open(os.getppid())\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("ptrace", syscall(101, 0, 0, 0, 0), (FORBIDDEN,)),
    Attack("ptrace the server", "import os\n" + syscall(101, 0x4206, "os.getppid()", 0, 0), (FORBIDDEN,), ("seccomp", "privileges")),
    Attack("read its memory", "import os\n" + syscall(310, "os.getppid()", 0, 0, 0, 0, 0), (FORBIDDEN,)),
    Attack("write its memory", "import os\n" + syscall(311, "os.getppid()", 0, 0, 0, 0, 0), (FORBIDDEN,)),
    Attack("queue a signal", "import os\n" + syscall(129, "os.getpid()", 0, "ctypes.create_string_buffer(128)"), (FORBIDDEN,)),
]  # fmt: skip
_PIPE = "import fcntl, os, struct\nr, w = os.pipe()\n"
_LIBRARY = "import fcntl, os, struct\nr = os.open(os.__file__, os.O_RDONLY)\n"
# What fcntl can do beside duplicates and flags. A lock of 32 bytes: type, whence, start, length, process.
FCNTL = [
    Attack(name, f"{start}fcntl.fcntl({call})\nprint('ESCAPED')", (FORBIDDEN,))
    for name, start, call in (
        ("owner of a pipe", _PIPE, "r, fcntl.F_SETOWN, os.getppid()"),
        ("owner, a group", _PIPE, "r, fcntl.F_SETOWN, -os.getpgid(os.getppid())"),
        ("owner, extended", _PIPE, "r, 15, struct.pack('ii', 1, os.getppid())"),
        ("signal of a pipe", _PIPE, "r, 10, 9"),
        ("signal-driven pipe", _PIPE, "r, fcntl.F_SETFL, os.O_ASYNC"),
        ("signal-driven, and more", _PIPE, "r, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK"),
        ("lease", _LIBRARY, "r, fcntl.F_SETLEASE, fcntl.F_RDLCK"),
        ("lock", _LIBRARY, "r, fcntl.F_SETLK, struct.pack('hhqqixxxx', fcntl.F_RDLCK, 0, 0, 0, 0)"),
        ("lock of an open file", _LIBRARY, "0, 37, struct.pack('hhqqixxxx', fcntl.F_RDLCK, 0, 0, 0, 0)"),
        ("larger pipe", _PIPE, "w, 1031, 1 << 18"),
    )
] + [
    Attack("notification", "import fcntl, os\nfcntl.fcntl(os.open('/usr/lib', os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_ACCESS)\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("owner by ioctl", _PIPE + "fcntl.ioctl(r, 0x8901, struct.pack('i', os.getppid()))\nprint('ESCAPED')", (ERROR,), ()),
    Attack("flock", _LIBRARY + "fcntl.flock(r, fcntl.LOCK_SH)\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("hidden owner", hidden(_PIPE + "fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())\nprint('ESCAPED')"), (FORBIDDEN,)),
]  # fmt: skip
_SLEEPERS = "import threading, time\nfor _ in range({}): threading.Thread(target=time.sleep, args=(.3,), daemon=True).start()\nprint('ESCAPED')"
THREADS = [
    Attack("threads beyond the bound", _SLEEPERS.format(17), (ERROR,), ("threads",)),
    Attack("thread bomb", "import threading\nthreading.stack_size(64 << 10)\n" + _SLEEPERS.format(200), (ERROR,), ("threads",)),
    Attack("executor beyond the bound", "import time\nfrom concurrent.futures import ThreadPoolExecutor as P\npool = P(17)\nfor _ in range(17): pool.submit(time.sleep, .3)\nprint('ESCAPED')", (ERROR,), ("threads",)),
    Attack("threads that start threads", "import threading, time\ndef grow(n):\n    if n: threading.Thread(target=grow, args=(n - 1,), daemon=True).start()\n    else: print('ESCAPED', flush=True)\n    time.sleep(.3)\ngrow(20)\ntime.sleep(.2)", (OK, ERROR), ("threads",)),
    Attack("loop with too many threads", "import asyncio, time\nfrom concurrent.futures import ThreadPoolExecutor as P\nasync def main():\n    loop = asyncio.get_running_loop()\n    pool = P(20)\n    for _ in range(20): loop.run_in_executor(pool, time.sleep, .3)\n    print('ESCAPED', flush=True)\nasyncio.run(main())", (ERROR,), ("threads",)),
    Attack("thread that is a process", syscall(56, 0x0D0F00 | 17, 0, 0, 0, 0).replace("!= 1", "not in (1, 11, 22)"), (FORBIDDEN,), ()),
    Attack("thread outside its group", syscall(56, 0x100, 0, 0, 0, 0), (FORBIDDEN,), ()),
    Attack("thread in a namespace", syscall(56, 0x3D0F00 | 0x10000000, 0, 0, 0, 0), (FORBIDDEN,)),
    Attack("fork in a thread", "import os, threading\ndef f():\n    if os.fork() == 0: print('ESCAPED', flush=True); os._exit(0)\n    os.wait()\nt = threading.Thread(target=f); t.start(); t.join()", (FORBIDDEN,), ("seccomp", "processes")),
    Attack("file in a thread", "import threading\ndef f(): print('ESCAPED', open('/etc/passwd').read(9))\nt = threading.Thread(target=f); t.start(); t.join()\nraise SystemExit(1)", (ERROR,), ("landlock", "namespaces")),
    Attack("sixteen loops", "import threading\ndef f():\n    while True: pass\nfor _ in range(15): threading.Thread(target=f).start()\nf()", (TIMEOUT,), ("cpu",)),
    Attack("thread that outlives", "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nprint(1)", (TIMEOUT,), ()),
]  # fmt: skip
NETWORK = [
    Attack(f"socket {family}", f"import socket\nsocket.socket(socket.{family}, socket.{kind})\nprint('ESCAPED')", (FORBIDDEN,))
    for family, kind in (("AF_INET", "SOCK_STREAM"), ("AF_INET6", "SOCK_DGRAM"), ("AF_UNIX", "SOCK_STREAM"), ("AF_NETLINK", "SOCK_RAW"))
] + [
    Attack("socket AF_PACKET", "import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp", "privileges", "namespaces")),
    Attack("call home", "import socket\nsocket.create_connection(('127.0.0.1', PORT), 1)\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp", "landlock", "namespaces")),
    Attack("name lookup", "import socket\nsocket.getaddrinfo('localhost', 80)\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp", "landlock", "namespaces")),
    Attack("socketpair of another family", "import socket\nsocket.socketpair(socket.AF_TIPC, socket.SOCK_STREAM)\nprint('ESCAPED')", (FORBIDDEN,), ()),
    Attack("descriptors in a socketpair", "import array, socket\na, b = socket.socketpair()\na.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))])\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("datagram to a name", "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\nb.sendto(b'x', '\\0attack')\nprint('ESCAPED')", (FORBIDDEN,), ()),
    Attack("listening in a loop", "import asyncio\nasync def main():\n    await asyncio.start_server(None, '127.0.0.1', 0)\n    print('ESCAPED')\nasyncio.run(main())", (FORBIDDEN,), ("seccomp", "landlock")),
    Attack("process in a loop", "import asyncio\nasync def main():\n    await (await asyncio.create_subprocess_exec('true')).wait()\n    print('ESCAPED')\nasyncio.run(main())", (FORBIDDEN, ERROR), ("seccomp", "landlock", "processes")),
    Attack("reading what is not its own", "import asyncio, os\nasync def main():\n    print('ESCAPED', await asyncio.to_thread(os.listdir, '/'))\nasyncio.run(main())", (FORBIDDEN, ERROR), ("landlock",)),
]  # fmt: skip
FILES = [
    Attack("passwords", "print('ESCAPED', open('/etc/passwd').read(9))", (FORBIDDEN, ERROR), ("landlock", "namespaces")),
    Attack("host name", "import os, socket\nif os.uname().nodename != 'judge': print('ESCAPED')", (OK,), ("namespaces",)),
    Attack("host file, seen", f"import os\nos.stat('{TARGET}/file')\nprint('ESCAPED')", (ERROR,), ("namespaces",)),
    Attack("root directory", "import os\nprint('ESCAPED', os.listdir('/'))", (FORBIDDEN, ERROR), ("landlock",)),
    Attack("this file", f"print('ESCAPED', open({__file__!r}).read(9))", (FORBIDDEN, ERROR), ("landlock", "namespaces")),
    Attack("own environment", "print('ESCAPED', open('/proc/self/environ').read())", (FORBIDDEN, ERROR), ("landlock",)),
    Attack("environment of the server", "import os\nprint('ESCAPED', open(f'/proc/{os.getppid()}/environ').read())", (FORBIDDEN, ERROR), ("landlock", "privileges")),
    Attack("memory of the server", "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("landlock", "privileges")),
    Attack("descriptors of the server", "import os\nprint('ESCAPED', os.listdir(f'/proc/{os.getppid()}/fd'))", (FORBIDDEN, ERROR), ("landlock",)),
    Attack("its channel", "import os\nopen(f'/proc/{os.getppid()}/fd/1', 'wb')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "privileges")),
    Attack("its requests", "import os\nopen(f'/proc/{os.getppid()}/fd/0', 'rb')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("privileges",)),
    Attack("own memory", "open('/proc/self/mem', 'r+b')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock")),
    Attack("write", f"open('{TARGET}-new', 'w').close()\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock")),
    Attack("shared memory", f"open('/dev/shm/{NAME}', 'w').close()\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock")),
    Attack("fill the disk", f"open('{TARGET}-new', 'wb', 0).write(b'x' * 10**5)\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock", "file_size")),
    Attack("directory", f"import os\nos.mkdir('{TARGET}-folder')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock")),
    Attack("symlink", f"import os\nos.symlink('/etc/passwd', '{TARGET}-link')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock")),
    Attack("hard link", f"import os\nos.link('{TARGET}/file', '{TARGET}/link')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock", "namespaces")),
    Attack("fifo", f"import os\nos.mkfifo('{TARGET}-fifo')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock")),
    Attack("rename", f"import os\nos.rename('{TARGET}/file', '{TARGET}/renamed')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock", "namespaces")),
    Attack("unlink", f"import os\nos.unlink('{TARGET}/file')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock", "namespaces")),
    Attack("truncate", f"import os\nos.truncate('{TARGET}/file', 1)\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock", "namespaces")),
    Attack("chmod", f"import os\nos.chmod('{TARGET}/file', 0o600)\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "namespaces")),
    Attack("kernel log", "open('/dev/kmsg', 'rb')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("landlock", "namespaces", "privileges")),
    Attack("change root", "import os\nos.chroot('/')\nprint('ESCAPED')", (FORBIDDEN,), ("seccomp", "privileges", "namespaces")),
    Attack("temporary file", "import tempfile\ntempfile.TemporaryFile()\nprint('ESCAPED')", (FORBIDDEN, ERROR), ("seccomp", "landlock", "file_size")),
]  # fmt: skip
KERNEL = [
    Attack("io_uring", syscall(425, 8, "ctypes.create_string_buffer(200)"), (FORBIDDEN,)),
    Attack("anonymous file", "import os\nos.memfd_create('x')\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("system V memory", syscall(29, 0, 4096, 0o600), (FORBIDDEN,)),
    Attack("message queue", syscall(240, "b'attack'", 0o102, 0o600, 0), (FORBIDDEN,)),
    Attack("namespace of its own", syscall(272, 0x10000000), (FORBIDDEN,)),
    Attack("mount", syscall(165, "b'x'", "b'/tmp'", "b'nosuchfs'", 0, 0), (FORBIDDEN,), ("seccomp", "landlock", "privileges", "namespaces")),
    Attack("bpf", syscall(321, 0, 0, 0), (FORBIDDEN,)),
    Attack("perf", syscall(298, 0, 0, -1, -1, 0), (FORBIDDEN,)),
    Attack("keys", syscall(250, 0, -3, 1), (FORBIDDEN,)),
    Attack("personality", syscall(135, 0x0040000), (FORBIDDEN,)),
    Attack("dumpable", syscall(157, 4, 1, 0, 0, 0), (FORBIDDEN,)),
    Attack("another filter", syscall(317, 2, 0, "ctypes.byref(ctypes.c_uint(0x7fff0000))"), (FORBIDDEN,)),
    Attack("root", "import os\nos.setuid(os.getuid())\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("x32 call", syscall(0x40000000 + 39), (FORBIDDEN,)),
    Attack("32-bit call", "import ctypes, mmap\n"
           "page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
           "page.write(bytes.fromhex('b814000000cd80c3'))\n"  # mov eax, 20 (getpid); int 0x80; ret
           "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
           "if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0: print('ESCAPED')", (FORBIDDEN, CRASH)),
    Attack("limits of the server", "import os\n" + syscall(302, "os.getppid()", 7, 0, "ctypes.create_string_buffer(16)"), (OK,), ("seccomp",)),
]  # fmt: skip
# Calls that a program has no use for: the filter refuses them, and without it the kernel looks at their arguments.
CALLS = [
    Attack(name, syscall(*call), (OK,))
    for name, *call in (
        ("create", 85, "b'/nonexistent/x'", 0o644),
        ("open in the second way", 437, -100, "b'/nonexistent'", "ctypes.create_string_buffer(24)", 24),
        ("watch for changes", 253),
        ("timer", 222, 0, 0, 0),
        ("timer as a file", 283, 1, 0),
        ("signals as a file", 289, -1, "ctypes.create_string_buffer(8)", 8, 0),
        ("counter as a file", 290, 0, 0),
        ("splice", 275, 0, 0, 1, 0, 1, 0),
        ("splice of memory", 278, 1, 0, 0, 0),
        ("tee", 276, 0, 1, 1, 0),
        ("send a file", 40, 1, 0, 0, 10),
        ("copy a range", 326, 0, 0, 1, 0, 1, 0),
        ("run elsewhere", 203, 0, 8, "ctypes.byref(ctypes.c_ulong(1))"),
        ("scheduler", 144, 0, 0, "ctypes.create_string_buffer(8)"),
        ("priority of input", 251, 1, 0, 0),
        ("segments", 154, 0, 0, 0),
        ("memory of a node", 238, 0, 0, 0),
        ("pages in another order", 216, 0, 0, 0, 0, 0),
        ("keys of pages", 330, 0, 0),
        ("the clock's own", 159, "ctypes.create_string_buffer(208)"),
        ("asynchronous input", 206, 1, "ctypes.byref(ctypes.c_ulong(0))"),
        ("rule for itself", 445, -1, 1, 0, 0),
        ("wait for many", 449, 0, 0, 0, 0, 0),
        ("attribute of a file", 191, "b'/nonexistent'", "b'user.x'", 0, 0),
        ("remove an attribute", 197, "b'/nonexistent'", "b'user.x'"),
        ("unlink a queue", 241, "b'nosuchqueue'"),
        ("times of a file", 280, -100, "b'/nonexistent'", 0, 0),
        ("owner of a file", 92, "b'/nonexistent'", 0, 0),
        ("space of a file", 285, 0, 0, 0, 1),
        ("lock of a file", 73, -1, 2),
        ("close a range", 436, 1000, 1001, 0),
        ("page cache", 451, -1, 0, 0, 0),
        ("tree of mounts", 428, -100, "b'/'", 0),
        ("attributes of a mount", 442, -100, "b'/'", 0, 0, 0),
        ("watch for all files", 300, 0x200, 0),
        ("what two processes share", 312, 0, 0, 0, 0, 0),
        ("priority", 141, 0, 0, 5),
        ("scheduler with attributes", 314, 0, 0, 0),
        ("all disks synced", 162),
        ("pages in memory", 27, 1, 1, 0),
        ("memory left for others", 31, 0, 14, "ctypes.create_string_buffer(200)"),
        ("counters left for others", 66, 0, 0, 19, "ctypes.create_string_buffer(200)"),
        ("message to a queue", 69, -1, 0, 0, 0),
        ("message to a named queue", 242, -1, 0, 0, 0, 0),
        ("kinds of file systems", 139, 3),
        ("limits in the second way", 160, 7, 0),
        ("seal of pages", 462, 0, 4096, 1),
    )
] + [
    Attack(name, syscall(*call), (FORBIDDEN,))
    for name, *call in (
        ("run a handle", 322, -1, "b''", 0, 0, 0x1000),
        ("faults of its pages", 323, 1),
        ("a handle of another process", 438, -1, 0, 0),
        ("signal by a handle", 424, -1, 0, 0, 0),
        ("advice to another process", 440, -1, 0, 0, 0, 0),
        ("new key", 248, "b'user'", "b'attack'", "b'x'", 1, -1),
        ("key asked for", 249, "b'user'", "b'nosuchkey'", 0, 0),
        ("secret memory", 447, 0x10000000),
        ("counters", 64, 0, 1, 0o600),
        ("queue", 68, 0, 0o600),
        ("handle by name", 303, -100, "b'/'", "ctypes.create_string_buffer(8)", "ctypes.byref(ctypes.c_int())", 0),
        ("namespace of another", 308, -1, 0),
        ("rules of its own", 444, 0, 0, 1),
    )
]
CPU = [
    Attack(name, program, endings, ("cpu",))
    for name, program, endings in (
        ("endless loop", "while True: pass", (TIMEOUT,)),
        ("loop that swallows", "while True:\n    try:\n        while True: pass\n    except BaseException: pass", (TIMEOUT,)),
        ("ignored signals", "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass", (TIMEOUT,)),
        ("timers", "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.setitimer(signal.ITIMER_REAL, .01, .01)\nwhile True: pass", (TIMEOUT,)),
        ("huge power", "print(9**9**9)", (TIMEOUT, MEMORY)),
        ("huge number to text", "print(len(str(7**3000000)))", (TIMEOUT, MEMORY)),
        ("C loop", "sum(range(10**12))", (TIMEOUT,)),
        ("slow pattern", "import re\nre.match('(a+)+$', 'a'*60 + 'b')", (TIMEOUT,)),
        ("huge factorial", "import math\nmath.factorial(10**7)", (TIMEOUT, MEMORY)),
        ("sympy forever", "from sympy import *\nprint(factorint(2**521 * 3 + 1000003))", (TIMEOUT,)),
        ("flood of errors", "import os\nwhile True: os.write(2, b'x' * 65536)", (TIMEOUT,)),
    )
]  # fmt: skip
SPACE = [
    Attack("big bytes", "x = bytearray(600 << 20)\nprint('ESCAPED')", (MEMORY,), ("memory",)),
    Attack("doubling list", "x = [0]\nwhile len(x) < 1 << 25: x += x\nprint('ESCAPED')", (MEMORY, TIMEOUT), ("memory",)),
    Attack("growing text", "x = 'x' * 1100\nwhile len(x) < 28 * 10**7: x += x\nprint('ESCAPED')", (MEMORY, TIMEOUT), ("memory",)),
    Attack("numpy array", "import numpy\nnumpy.empty(10**8)\nprint('ESCAPED')", (MEMORY, ERROR), ("memory",)),
    Attack("mapping", "import mmap\nx = mmap.mmap(-1, 600 << 20)\nprint('ESCAPED')", (MEMORY, ERROR), ("memory",)),
    Attack("raise the limits", "import resource as r\ntry: r.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY, r.RLIM_INFINITY))\nexcept ValueError: pass\n"
           "x = bytearray(600 << 20)\nprint('ESCAPED')", (MEMORY,), ("memory",)),
    Attack("flood", "while True: print('x' * 1000)", (FLOOD,), ("output",)),
    Attack("one long line", "print('x' * 10**7)", (FLOOD,), ("output",)),
    Attack("raw flood", "import os\nwhile True: os.write(1, b'x' * 65536)", (FLOOD,), ("output",)),
    Attack("flood of reports", "import os\nwhile True: os.write(3, b'x' * 65536)", (CRASH,), ("reports",)),
    Attack("many descriptors", "import os\nfor _ in range(100): os.dup(1)\nprint('ESCAPED')", (ERROR,), ("descriptors",)),
    Attack("many pipes", "import os\nfor _ in range(100): os.pipe()\nprint('ESCAPED')", (ERROR,), ("descriptors",)),
]  # fmt: skip
WAITING = [
    Attack("sleep", "import time\ntime.sleep(100)", (TIMEOUT,), ("wall",)),
    Attack("dead lock", "import threading\nl = threading.Lock()\nl.acquire(); l.acquire()", (TIMEOUT,), ("wall",)),
    Attack("pause", "import signal\nsignal.pause()", (TIMEOUT,), ("wall",)),
    Attack("read the resume pipe", "import os\nos.read(4, 1)", (TIMEOUT,), ("wall",)),
]
# They hurt nobody but themselves: what counts is that the ending says so and the server lives.
SELF_HARM = [
    Attack("recursion", "def f(): f()\nf()", (ERROR,), ()),
    Attack("deep C stack", "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().x", (CRASH, MEMORY, TIMEOUT), ()),
    Attack("nested source", "eval('(' * 10000 + ')' * 10000)", (ERROR, MEMORY), ()),
    Attack("null pointer", "import ctypes\nctypes.string_at(0)", (CRASH,), ()),
    Attack("abort", "import os\nos.abort()", (CRASH, FORBIDDEN), ()),
    Attack("core dump", "import faulthandler\nfaulthandler._sigsegv()", (CRASH, FORBIDDEN), ()),
    Attack("terminal", "open('/dev/tty', 'w')\nprint('ESCAPED')", (FORBIDDEN, ERROR), ()),
    Attack("input", "print('ESCAPED', input())", (ERROR,), ()),
    Attack("another exit code", "import os\nos._exit(7)", (CRASH,), ()),
    Attack("closed channel", "import os\nos.close(3)", (CRASH,), ()),
    Attack("closed output", "import os\nos.close(1)\nprint(1)", (CRASH, ERROR), ()),
    Attack("channel to output", "import os\nos.dup2(1, 3)", (CRASH,), ()),
]  # fmt: skip
_REPORT = 'b\'{"status":"ok","value":"42","error":null}\\n\''
# What stops these is how the ending is read, so that no server can leave it out; the tests read it without:
# `kernel` the word of the kernel, `count` a report for each block, `shape` the shape of a report.
FORGERY = [
    Attack("report, then gone", f"import os\nos.write(3, {_REPORT})\nos._exit(7)", (CRASH,), ("kernel",)),
    Attack("report, then endless", f"import os\nos.write(3, {_REPORT})\nwhile True: pass", (TIMEOUT,), ("kernel",)),
    Attack("report, then crash", f"import os, ctypes\nos.write(3, {_REPORT})\nctypes.string_at(0)", (CRASH,), ("kernel",)),
    Attack("report, then memory", f"import os\nos.write(3, {_REPORT})\nx = bytearray(10 << 30)", (CRASH, MEMORY), ("kernel",)),
    Attack("report, then fork", f"import os\nos.write(3, {_REPORT})\nos.fork()", (FORBIDDEN,), ("kernel",)),
    Attack("two reports", f"import os\nfor _ in '12': os.write(3, {_REPORT})", (CRASH,), ("kernel",)),
    Attack("verdict printed, then gone", "import os\nprint('{\"outcome\": \"ok\"}', flush=True)\nos._exit(0)", (CRASH,), ("count",)),
    Attack("malformed report", "import os\nos.write(3, b'[[[[\\n')", (CRASH,), ("shape",)),
    Attack("report of another shape", "import os\nos.write(3, b'{\"status\":\"ok\",\"value\":[1]}\\n')\nos._exit(0)", (CRASH,), ("shape",)),
]  # fmt: skip
ALL = [*PROCESSES, *SIGNALS, *FCNTL, *THREADS, *CALLS, *NETWORK, *FILES, *KERNEL, *CPU, *SPACE, *SELF_HARM, *FORGERY]

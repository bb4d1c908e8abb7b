# ruff: noqa: E501 - one attack a line
"""Hostile programs. Each says ESCAPED when it got what it wanted; `control` marks those that succeed at level weak."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from validation.programs import Level, Limits, Outcome, Pool
from validation.programs.levels import probe

LIMITS = Limits(cpu_s=0.4, wall_s=3, memory_mb=256, output_kb=16)
FORBIDDEN, ERROR, CRASH = Outcome.FORBIDDEN, Outcome.ERROR, Outcome.CRASH
TIMEOUT, MEMORY, FLOOD, OK = Outcome.TIMEOUT, Outcome.MEMORY, Outcome.OUTPUT_LIMIT, Outcome.OK


@dataclass(frozen=True)
class Attack:
    name: str
    program: str
    outcomes: tuple[Outcome, ...]
    control: bool = False


def syscall(number: int, *arguments: object) -> str:
    """A raw system call of x86_64 through ctypes; escapes when the kernel does not refuse."""
    listed = ", ".join(map(str, arguments))
    return (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"if libc.syscall({', '.join([str(number), listed] if listed else [str(number)])}) >= 0: print('ESCAPED')"
    )


def swallowing(program: str) -> str:
    """The same attack, hiding the refusal."""
    body = "\n".join("    " + line for line in program.splitlines())
    return f"try:\n{body}\nexcept BaseException:\n    print('hidden')"


PROCESSES = [
    Attack("fork", "import os\nif os.fork() == 0: print('ESCAPED', flush=True); os._exit(0)\nos.wait()", (FORBIDDEN,), True),
    Attack("hidden fork", swallowing("import os\npid = os.fork()\nprint('ESCAPED')"), (FORBIDDEN,)),
    Attack("fork bomb", "import os\nwhile True:\n    os.fork(); print('ESCAPED', flush=True)", (FORBIDDEN,)),
    Attack("vfork", syscall(58), (FORBIDDEN,)),
    Attack("clone", syscall(56, 17, 0, 0, 0, 0), (FORBIDDEN,)),
    Attack("clone3", syscall(435, 0, 0), (FORBIDDEN,)),
    Attack("system", "import os\nif os.system('true') == 0: print('ESCAPED')", (FORBIDDEN,), True),
    Attack("subprocess", "import subprocess\nsubprocess.run(['true'], check=True)\nprint('ESCAPED')", (FORBIDDEN,), True),
    Attack("exec", "import os\nos.execv('/bin/echo', ['echo', 'ESCAPED'])", (FORBIDDEN,), True),
    Attack("spawn", "import os\nos.posix_spawn('/bin/true', ['true'], {})\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("thread", "import threading\nt = threading.Thread(target=lambda: print('ESCAPED'))\nt.start(); t.join()", (FORBIDDEN,), True),
    Attack("thread bomb", "import threading, time\nfor _ in range(500): threading.Thread(target=time.sleep, args=(9,)).start()\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("multiprocessing", "import multiprocessing as m\nm.Process(target=print).start()\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("pool of processes", "from concurrent.futures import ProcessPoolExecutor as P\nprint('ESCAPED', list(P(2).map(abs, [1])))", (FORBIDDEN, ERROR)),
]  # fmt: skip
SIGNALS = [
    Attack("kill the server", "import os\nos.kill(os.getppid(), 0)\nprint('ESCAPED')", (FORBIDDEN,), True),
    Attack("kill everything", "import os\nos.kill(-1, 0)\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("kill a group", "import os\nos.killpg(os.getpgid(os.getppid()), 0)\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("tgkill", syscall(234, 1, 1, 0), (FORBIDDEN,)),
    Attack("pidfd", "import os\nos.pidfd_open(os.getppid())\nprint('ESCAPED')", (FORBIDDEN,), True),
    Attack("ptrace", syscall(101, 0, 0, 0, 0), (FORBIDDEN,), True),
    Attack("ptrace the server", "import os\n" + syscall(101, 16, "os.getppid()", 0, 0), (FORBIDDEN,)),
    Attack("read its memory", "import os\n" + syscall(310, "os.getppid()", 0, 0, 0, 0, 0), (FORBIDDEN,)),
    Attack("write its memory", "import os\n" + syscall(311, "os.getppid()", 0, 0, 0, 0, 0), (FORBIDDEN,)),
    Attack("queue a signal", "import os\n" + syscall(129, "os.getppid()", 0, 0), (FORBIDDEN,)),
]  # fmt: skip
NETWORK = [
    Attack(f"socket {family}", f"import socket\nsocket.socket(socket.{family}, socket.{kind})\nprint('ESCAPED')", (FORBIDDEN,), family != "AF_PACKET")
    for family, kind in (("AF_INET", "SOCK_STREAM"), ("AF_INET6", "SOCK_DGRAM"), ("AF_UNIX", "SOCK_STREAM"), ("AF_NETLINK", "SOCK_RAW"), ("AF_PACKET", "SOCK_RAW"))
] + [
    Attack("socketpair", "import socket\nsocket.socketpair()\nprint('ESCAPED')", (FORBIDDEN,), True),
    Attack("web", "import urllib.request as u\nu.urlopen('http://127.0.0.1:9')\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("name lookup", "import socket\nsocket.getaddrinfo('localhost', 80)\nprint('ESCAPED')", (FORBIDDEN,), True),
    Attack("asyncio", "import asyncio\nasyncio.run(asyncio.sleep(0))\nprint('ESCAPED')", (FORBIDDEN, ERROR), True),
]  # fmt: skip
FILES = [
    Attack("passwords", "print('ESCAPED', open('/etc/passwd').read(9))", (FORBIDDEN, ERROR), True),
    Attack("host name", "print('ESCAPED', open('/etc/hostname').read())", (FORBIDDEN, ERROR), True),
    Attack("root directory", "import os\nprint('ESCAPED', os.listdir('/'))", (FORBIDDEN, ERROR, OK), True),
    Attack("this file", f"print('ESCAPED', open({__file__!r}).read(9))", (FORBIDDEN, ERROR), True),
    Attack("own environment", "print('ESCAPED', open('/proc/self/environ').read())", (FORBIDDEN, ERROR), True),
    Attack("environment of process 1", "print('ESCAPED', open('/proc/1/environ').read())", (FORBIDDEN, ERROR)),
    Attack("memory of the server", "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')\nprint('ESCAPED')", (FORBIDDEN, ERROR), True),
    Attack("descriptors of the server", "import os\nprint('ESCAPED', os.listdir(f'/proc/{os.getppid()}/fd'))", (FORBIDDEN, ERROR), True),
    Attack("its channel", "import os\nopen(f'/proc/{os.getppid()}/fd/1', 'wb')\nprint('ESCAPED')", (FORBIDDEN, ERROR), True),
    Attack("own memory", "open('/proc/self/mem', 'r+b')\nprint('ESCAPED')", (FORBIDDEN, ERROR), True),
    Attack("write", "open('/tmp/mathmill-attack', 'w').close()\nprint('ESCAPED')", (FORBIDDEN, ERROR), True),
    Attack("shared memory", "open('/dev/shm/mathmill-attack', 'w').close()\nprint('ESCAPED')", (FORBIDDEN, ERROR), True),
    Attack("directory", "import os, tempfile\nos.mkdir(tempfile.gettempdir() + '/mathmill-attack-dir')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("symlink", "import os\nos.symlink('/etc/passwd', '/tmp/mathmill-attack-link')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("hard link", "import os\nos.link('/etc/passwd', '/tmp/mathmill-attack-hard')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("fifo", "import os\nos.mkfifo('/tmp/mathmill-attack-fifo')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("rename", "import os\nos.rename('/tmp', '/tmp2')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("chmod", "import os\nos.chmod('/tmp', 0o1777)\nprint('ESCAPED')", (FORBIDDEN, ERROR), True),
    Attack("unlink", "import os\nos.unlink('/tmp/nothing-there-1')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("truncate", "import os\nos.truncate('/etc/hostname', 10**6)\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("device", "open('/dev/mem', 'rb')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("terminal", "open('/dev/tty', 'w')\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("change root", "import os\nos.chroot('/')\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("temporary file", "import tempfile\ntempfile.TemporaryFile()\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
]  # fmt: skip
KERNEL = [
    Attack("io_uring", syscall(425, 8, "ctypes.create_string_buffer(200)"), (FORBIDDEN,)),
    Attack("anonymous file", "import os\nos.memfd_create('x')\nprint('ESCAPED')", (FORBIDDEN,), True),
    Attack("system V memory", syscall(29, 0, 4096, 0o1600), (FORBIDDEN,), True),
    Attack("message queue", syscall(240, "b'/attack'", 0o102, 0o600, 0), (FORBIDDEN,)),
    Attack("namespaces", syscall(272, 0x10000000), (FORBIDDEN,)),
    Attack("mount", syscall(165, "b'x'", "b'/tmp'", "b'tmpfs'", 0, 0), (FORBIDDEN,)),
    Attack("bpf", syscall(321, 0, 0, 0), (FORBIDDEN,)),
    Attack("perf", syscall(298, 0, 0, -1, -1, 0), (FORBIDDEN,)),
    Attack("keys", syscall(250, 0, -3, 1), (FORBIDDEN,)),
    Attack("personality", syscall(135, 0x0040000), (FORBIDDEN,), True),
    Attack("dumpable", syscall(157, 4, 1, 0, 0, 0), (FORBIDDEN,), True),
    Attack("another filter", syscall(317, 0, 0, 0), (FORBIDDEN,)),
    Attack("root", "import os\nos.setuid(0)\nprint('ESCAPED')", (FORBIDDEN,)),
    Attack("x32 call", syscall(0x40000000 + 39), (FORBIDDEN,)),
    Attack("32-bit call", "import ctypes, mmap\n"
           "page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
           "page.write(bytes.fromhex('b814000000cd80c3'))\n"  # mov eax, 20 (getpid); int 0x80; ret
           "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
           "if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0: print('ESCAPED')", (FORBIDDEN, CRASH), True),
    Attack("raise the limits", "import resource as r\nr.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY, r.RLIM_INFINITY))\nprint('ESCAPED')", (FORBIDDEN, ERROR)),
    Attack("limits of the server", "import os\n" + syscall(302, "os.getppid()", 7, 0, "ctypes.create_string_buffer(16)"), (OK,), True),
]  # fmt: skip
RESOURCES = [
    Attack("endless loop", "while True: pass", (TIMEOUT,)),
    Attack("loop that swallows", "while True:\n    try:\n        while True: pass\n    except BaseException: pass", (TIMEOUT,)),
    Attack("ignored signals", "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass", (TIMEOUT,)),
    Attack("timers", "import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.setitimer(signal.ITIMER_REAL, .01, .01)\nwhile True: pass", (TIMEOUT,)),
    Attack("huge power", "print(9**9**9)", (TIMEOUT, MEMORY)),
    Attack("huge number to text", "print(len(str(7**3000000)))", (TIMEOUT, MEMORY)),
    Attack("C loop", "sum(range(10**12))", (TIMEOUT,)),
    Attack("slow pattern", "import re\nre.match('(a+)+$', 'a'*60 + 'b')", (TIMEOUT,)),
    Attack("huge factorial", "import math\nmath.factorial(10**7)", (TIMEOUT, MEMORY)),
    Attack("sympy forever", "from sympy import *\nprint(factorint(2**521 * 3 + 1000003))", (TIMEOUT,)),
    Attack("big bytes", "x = bytearray(10 << 30)\nprint('ESCAPED')", (MEMORY,)),
    Attack("doubling list", "x = [0]\nwhile True: x += x", (MEMORY, TIMEOUT)),
    Attack("growing text", "x = 'x' * 1000\nwhile True: x += x", (MEMORY,)),
    Attack("numpy array", "import numpy\nnumpy.ones(10**10)\nprint('ESCAPED')", (MEMORY, ERROR)),
    Attack("mapping", "import mmap\nx = mmap.mmap(-1, 4 << 30)\nprint('ESCAPED')", (MEMORY, ERROR)),
    Attack("flood", "while True: print('x' * 1000)", (FLOOD,)),
    Attack("one long line", "print('x' * 10**7)", (FLOOD,)),
    Attack("raw flood", "import os\nwhile True: os.write(1, b'x' * 65536)", (FLOOD,)),
    Attack("flood of errors", "import os\nwhile True: os.write(2, b'x' * 65536)", (TIMEOUT,)),
    Attack("recursion", "def f(): f()\nf()", (ERROR,)),
    Attack("deep C stack", "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().x", (CRASH, MEMORY, TIMEOUT)),
    Attack("nested source", "eval('(' * 10000 + ')' * 10000)", (ERROR, MEMORY)),
    Attack("null pointer", "import ctypes\nctypes.string_at(0)", (CRASH,)),
    Attack("abort", "import os\nos.abort()", (CRASH, FORBIDDEN)),
    Attack("core dump", "import faulthandler\nfaulthandler._sigsegv()", (CRASH, FORBIDDEN)),
    Attack("many descriptors", "import os\nfor _ in range(1000): os.dup(1)\nprint('ESCAPED')", (ERROR,)),
    Attack("many pipes", "import os\nfor _ in range(1000): os.pipe()\nprint('ESCAPED')", (ERROR,)),
]  # fmt: skip
WAITING = [
    Attack("sleep", "import time\ntime.sleep(100)\nprint('ESCAPED')", (TIMEOUT,)),
    Attack("dead lock", "import threading\nl = threading.Lock()\nl.acquire(); l.acquire()", (TIMEOUT,)),
    Attack("pause", "import signal\nsignal.pause()", (TIMEOUT,)),
    Attack("read the resume pipe", "import os\nos.read(4, 1)\nprint('ESCAPED')", (TIMEOUT,)),
]
FORGERY = [
    Attack("verdict printed, then gone", "import os\nprint('{\"outcome\": \"ok\"}', flush=True)\nos._exit(0)", (CRASH,)),
    Attack("another exit code", "import os\nos._exit(7)", (CRASH,)),
    Attack("report, then endless", "import os\nos.write(3, b'{\"status\":\"ok\",\"value\":\"42\",\"error\":null}\\n')\nwhile True: pass", (TIMEOUT,)),
    Attack("report, then memory", "import os\nos.write(3, b'{\"status\":\"ok\",\"value\":\"42\",\"error\":null}\\n')\nx = bytearray(10 << 30)", (CRASH, MEMORY)),
    Attack("report, then fork", "import os\nos.write(3, b'{\"status\":\"ok\",\"value\":\"42\",\"error\":null}\\n')\nos.fork()", (FORBIDDEN,)),
    Attack("two reports", "import os\nfor _ in '12': os.write(3, b'{\"status\":\"ok\",\"value\":\"42\",\"error\":null}\\n')", (CRASH,)),
    Attack("malformed report", "import os\nos.write(3, b'[[[[\\n')", (CRASH,)),
    Attack("report of another shape", "import os\nos.write(3, b'{\"status\":\"ok\",\"value\":[1]}\\n')\nos._exit(0)", (CRASH,)),
    Attack("flood of reports", "import os\nwhile True: os.write(3, b'x' * 65536)", (CRASH,)),
    Attack("closed channel", "import os\nos.close(3)", (CRASH,)),
    Attack("closed output", "import os\nos.close(1)\nprint(1)", (CRASH, ERROR)),
    Attack("channel to output", "import os\nos.dup2(1, 3)", (CRASH,)),
    Attack("input", "print('ESCAPED', input())", (ERROR,)),
]  # fmt: skip
ALL = [*PROCESSES, *SIGNALS, *NETWORK, *FILES, *KERNEL, *RESOURCES, *FORGERY]


def names(attack: Attack) -> str:
    return attack.name


@pytest.fixture(scope="module")
def seccomp():
    with Pool(Level.SECCOMP, 1) as pool:
        yield pool


@pytest.fixture(scope="module")
def namespaces():
    report = probe(Level.NAMESPACES)
    if not report.available:
        pytest.skip(f"namespaces: {report.problem}; {report.lift}")
    with Pool(Level.NAMESPACES, 1) as pool:
        yield pool


@pytest.fixture(scope="module")
def weak():
    with Pool(Level.WEAK, 1) as pool:
        yield pool
    for path in ("/tmp/mathmill-attack", "/dev/shm/mathmill-attack"):
        Path(path).unlink(missing_ok=True)


@pytest.mark.parametrize("attack", ALL, ids=names)
def test_an_attack_is_stopped_at_level_seccomp(seccomp, attack):
    execution = seccomp.run(attack.program, LIMITS)
    assert "ESCAPED" not in execution.stdout, execution
    assert execution.outcome in attack.outcomes, execution


@pytest.mark.parametrize("attack", ALL, ids=names)
def test_an_attack_is_stopped_in_namespaces(namespaces, attack):
    execution = namespaces.run(attack.program, LIMITS)
    assert "ESCAPED" not in execution.stdout.replace("ESCAPED []", ""), execution
    assert execution.outcome in attack.outcomes, execution


@pytest.mark.parametrize("attack", [a for a in ALL if a.control], ids=names)
def test_the_same_attack_succeeds_without_the_walls(weak, attack):
    execution = weak.run(attack.program, LIMITS)
    assert "ESCAPED" in execution.stdout, execution


@pytest.mark.slow
@pytest.mark.parametrize("attack", WAITING, ids=names)
def test_a_program_that_waits_is_ended_by_the_wall_clock(seccomp, attack):
    execution = seccomp.run(attack.program, Limits(cpu_s=1, wall_s=0.5))
    assert execution.outcome in attack.outcomes, execution
    assert execution.error == "wall-clock limit"

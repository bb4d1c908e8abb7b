# ruff: noqa: E501 - one abuse a line
"""Programs that turn what every program may have against the judge, each beside a twin that uses the same thing as people do.

No wall forbids these means, so there is none to take away: what shows that an abuse fails for what it does is the twin,
which runs right after it on the same server and must work. An abuse prints ESCAPED when it got what it wanted.
"""

from dataclasses import dataclass

from validation.programs import Ending, Limits

LIMITS = Limits(cpu_s=0.2, wall_s=0.6, memory_mb=256, output_kb=16)
OK, ERROR, CRASH, TIMEOUT = Ending.OK, Ending.ERROR, Ending.CRASH, Ending.TIMEOUT
MEMORY, FLOOD, FORBIDDEN = Ending.MEMORY, Ending.OUTPUT_LIMIT, Ending.FORBIDDEN


@dataclass(frozen=True)
class Abuse:
    """Blocks of one program or dialogue, the endings that are right for the last of them, and the twin with its value."""

    name: str
    blocks: tuple[str, ...]
    endings: tuple[Ending, ...]
    twin: str
    value: str


def _script(name: str, program: str, ending: Ending | tuple[Ending, ...], twin: str, value: str) -> Abuse:
    return Abuse(name, (program,), ending if isinstance(ending, tuple) else (ending,), twin, value)


def _threads(body: str, count: int = 4) -> str:
    return f"import os, sys, threading\ndef f():\n    {body}\nts = [threading.Thread(target=f) for _ in range({count})]\n[t.start() for t in ts]; [t.join() for t in ts]\n"


def _class(name: str, method: str, body: str, after: str) -> str:
    return f"class {name}:\n    def {method}:\n        {body}\n{after}"


_LINE = 'b\'{"status":"ok","value":"42","error":null}\\n\''
_SPIN = "while True: pass"
PIPES = [
    _script("takes back that it began", "import os\nfd = os.open('/proc/self/fd/3', os.O_RDONLY)\nos.write(3, b'abc'); os.read(fd, 3)", (OK, CRASH, TIMEOUT), "import os\nr, w = os.pipe(); os.write(w, b'7'); print(os.read(r, 9))", "b'7'"),
    _script("reads its own reports", f"import os\nfd = os.open('/proc/self/fd/3', os.O_RDONLY)\nos.write(3, {_LINE}); os.read(fd, 99); os._exit(0)", (CRASH, TIMEOUT), "print(41)", "41"),
    _script("reads what it printed before the server does", "import os\nfd = os.open('/proc/self/fd/1', os.O_RDONLY)\n" + _threads("while True: os.write(1, b'x'); os.read(fd, 1)"), (TIMEOUT, FLOOD), "import os\nos.write(1, b'x')", "x"),
    _script("reads its reports under threads", "import os\nfd = os.open('/proc/self/fd/3', os.O_RDONLY)\n" + _threads("while True: os.write(3, b'x'); os.read(fd, 1)"), (TIMEOUT, CRASH), "print(4)", "4"),
    _script("pipe of packets", "import fcntl, os\nfcntl.fcntl(1, fcntl.F_SETFL, os.O_DIRECT)\nwhile True: os.write(1, b'')", TIMEOUT, "import fcntl, os\nfcntl.fcntl(1, fcntl.F_SETFL, os.O_DIRECT)\nprint(5)", "5"),
    _script("reports into the output", "import os\nos.dup2(3, 1)\nprint(41)", CRASH, "import os\nos.dup2(os.dup(1), 1)\nprint(41)", "41"),
    _script("both exchanged", "import os\nkept = os.dup(1); os.dup2(3, 1); os.dup2(kept, 3)\nprint(41)", CRASH, "import os\nkept = os.dup(1); os.dup2(kept, 1)\nprint(42)", "42"),
    _script("half a report, then asleep", "import os, time\nos.write(3, b'{\"status\"'); time.sleep(60)", TIMEOUT, "import time\ntime.sleep(.01); print(6)", "6"),
    _script("report that is a long number", "import os\nos.write(3, b'1' * 60000 + b'\\n'); os._exit(0)", CRASH, "ans = 10**6", "1000000"),
    _script("report that is no number", "import os\nos.write(3, b'{\"status\":\"ok\",\"value\":NaN}\\n'); os._exit(0)", CRASH, "ans = 3", "3"),
    _script("report of half a character", "import os\nos.write(3, b'{\"status\":\"ok\",\"value\":\"\\xc3\"}\\n\\xff'); os._exit(0)", CRASH, "ans = 'é'", "é"),
    _script("output that cannot wait", "import fcntl, os\nfcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)\nprint('x' * 10**6)", (FLOOD, ERROR), "import fcntl, os\nfcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)\nprint(8)", "8"),
    Abuse("resume pipe closed", ("import os\nos.close(4)", "print(2)"), (CRASH,), "print(12)", "12"),
    Abuse("resume pipe as report pipe", ("import os\nos.dup2(4, 3)", "print(2)"), (CRASH,), "print(3)", "3"),
    Abuse("resume pipe read first", ("import os, threading\nthreading.Thread(target=os.read, args=(4, 1), daemon=True).start()", "print(2)"), (OK, TIMEOUT), "print(4)", "4"),
    Abuse("reports of more blocks than there are", (f"import os\nos.write(3, {_LINE} * 9); os._exit(0)", "print(2)"), (CRASH,), "print(5)", "5"),
    Abuse("await without an end", ("import asyncio\nawait asyncio.sleep(60)", "1"), (TIMEOUT,), "import asyncio\nprint(asyncio.run(asyncio.sleep(0, 9)))", "9"),
    Abuse("loop that only turns", ("import asyncio\nwhile True: await asyncio.sleep(0)", "1"), (TIMEOUT,), "import asyncio\nprint(asyncio.run(asyncio.sleep(0, 8)))", "8"),
]  # fmt: skip
CLOCKS = [
    _script("computes, then sleeps", "import time\nwhile time.process_time() < .1: pass\ntime.sleep(60)", TIMEOUT, "import time\nwhile time.process_time() < .05: pass\nprint(1)", "1"),
    _script("main thread gone, another spins", "import ctypes, threading\n" + "def f():\n    while True: pass\nthreading.Thread(target=f).start()\nctypes.CDLL(None).syscall(60, 0)", TIMEOUT, "import threading\nt = threading.Thread(target=int); t.start(); t.join(); print(1)", "1"),
    _script("main thread gone, another sleeps", "import ctypes, threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nctypes.CDLL(None).syscall(60, 0)", TIMEOUT, "import threading, time\nt = threading.Thread(target=time.sleep, args=(.01,)); t.start(); t.join(); print(2)", "2"),
    _script("timers that interrupt everything", "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)\n" + _SPIN, TIMEOUT, "import signal, time\nsignal.signal(signal.SIGALRM, lambda *_: print(3))\nsignal.setitimer(signal.ITIMER_REAL, .01)\ntime.sleep(.05)", "3"),
    _script("timers that interrupt threads as they start", "import signal, threading\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 1e-5, 1e-5)\nwhile True:\n    t = threading.Thread(target=int); t.start(); t.join()", (TIMEOUT, ERROR), "import threading\nfor _ in range(50):\n    t = threading.Thread(target=int); t.start(); t.join()\nprint(4)", "4"),
    _script("threads on the smallest interval", "import sys\nsys.setswitchinterval(1e-9)\n" + _threads(_SPIN, 8), TIMEOUT, "import sys\nsys.setswitchinterval(1e-3)\n" + _threads("sum(range(100))") + "print(5)", "5"),
    _script("dead lock with a thread", "import threading\nl = threading.Lock(); l.acquire()\nthreading.Thread(target=l.acquire).start()", TIMEOUT, "import threading\nl = threading.Lock()\nwith l: pass\nprint(6)", "6"),
    _script("fault handler that repeats", "import faulthandler, time\nfaulthandler.dump_traceback_later(1e-4, repeat=True, file=1)\ntime.sleep(60)", FLOOD, "import faulthandler\nfaulthandler.enable(); faulthandler.disable(); print(7)", "7"),
    _script("fault handler that leaves", "import faulthandler, time\nfaulthandler.dump_traceback_later(.01, exit=True)\ntime.sleep(60)", CRASH, "import faulthandler\nfaulthandler.dump_traceback_later(9); faulthandler.cancel_dump_traceback_later(); print(8)", "8"),
    _script("fault handler on the reports", "import faulthandler, ctypes\nfaulthandler.enable(3)\nctypes.string_at(0)", (CRASH, FORBIDDEN), "import faulthandler\nprint(faulthandler.is_enabled())", "False"),
    _script("alarm that nobody catches", "import signal, time\nsignal.alarm(1); signal.setitimer(signal.ITIMER_REAL, .01)\ntime.sleep(60)", CRASH, "import signal\nsignal.alarm(9); print(signal.alarm(0))", "9"),
    _script("handler of a crash that goes on", "import ctypes, signal\nsignal.signal(signal.SIGSEGV, lambda *_: None)\nctypes.string_at(0)", TIMEOUT, "import signal\nprint(signal.signal(signal.SIGUSR1, signal.SIG_IGN).name)", "SIG_DFL"),
    _script("handler of the kernel's word", "import os, signal\nsignal.signal(signal.SIGSYS, lambda *_: print('ESCAPED'))\nos.fork()", FORBIDDEN, "import signal\nprint(signal.getsignal(signal.SIGSYS).name)", "SIG_DFL"),
    _script("all signals blocked", "import os, signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nos.fork()\nprint('ESCAPED')", FORBIDDEN, "import signal\nprint(len(signal.pthread_sigmask(signal.SIG_BLOCK, [])))", "0"),
]  # fmt: skip
_LATE = {
    "unraisable hook": ("sys.unraisablehook = lambda _: f()", "class A:\n    def __del__(self): 1 / 0\nA()"),
    "hook of threads": ("import threading\nthreading.excepthook = lambda _: f()", "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()"),
    "threads' own exit": ("import threading", "threading._register_atexit(f)"),
    "collector's callback": ("import gc", "gc.callbacks.append(lambda *_: f()); gc.collect()"),
    "trace": ("", "sys.settrace(lambda *_: f())\nprint(1)"),
    "profile": ("", "sys.setprofile(lambda *_: f())\nprint(1)"),
    "audit": ("", "sys.addaudithook(lambda *_: f())\ncompile('1', '', 'eval')"),
    "its output's flush": ("S = type('S', (), {'write': lambda *_: None, 'flush': lambda _: f()})", "sys.stdout = S()"),
    "its output's write": ("S = type('S', (), {'write': lambda *_: f(), 'flush': lambda _: None})", "sys.stdout = S()\nprint(1)"),
    "judge's own writing": ("", "sys.modules['validation.programs.child']._write = lambda *_: f()"),
    "judge's own reading": ("", "sys.modules['validation.programs.child']._reported = lambda *_: f()\nimport json\njson.dumps = lambda *_, **__: f()"),
}  # fmt: skip
HOOKS = [
    _script(f"{name} spins", f"import sys\ndef f():\n    {_SPIN}\n{before}\n{then}\nimport os", (TIMEOUT, OK) if "judge" in name else TIMEOUT, f"import sys\ndef f(): pass\n{before}\nprint({place})", str(place))
    for place, (name, (before, then)) in enumerate(_LATE.items())
] + [
    _script(f"exits by {name}", f"import sys\ndef f(): raise SystemExit('ESCAPED')\n{before}\n{then}\nprint(1)", (OK, ERROR, CRASH), "raise SystemExit(print(1))", "1")
    for name, (before, then) in list(_LATE.items())[:9]
] + [
    _script("leaving replaced", "import os\nos._exit = lambda _: None\nprint(41)", OK, "print(42)", "42"),
    _script("reading replaced", "import ast, builtins\nast.parse = builtins.compile = builtins.exec = lambda *_, **__: 1 / 0\nprint(41)", (OK, ERROR), "print(43)", "43"),
    _script("modules emptied", "import sys\nsys.modules.clear()\nprint(41)", OK, "import sys\nprint('math' in sys.modules)", "True"),
    _script("names emptied", "globals().clear()\nans = 1", (OK, ERROR), "x = 1\ndel x\nprint('x' in globals())", "False"),
    _script("exit in a thread", _threads("os._exit(0)", 1) + "print('ESCAPED')", CRASH, _threads("sys.exit(3)", 1) + "print(4)", "4"),
    _script("interrupts itself", "import _thread\n_thread.interrupt_main()\n" + _SPIN, ERROR, "try: raise KeyboardInterrupt\nexcept KeyboardInterrupt: print(5)", "5"),
    _script("code that is no code", "f = lambda: 0\nf.__code__ = f.__code__.replace(co_code=b'\\x64\\xff' * 50, co_consts=())\nprint(f())", (CRASH, ERROR), "f = lambda: 0\nf.__code__ = f.__code__.replace(co_name='g')\nprint(f())", "0"),
    _script("pickle that calls", "import pickle\npickle.loads(b'cos\\nsystem\\n(S\"echo ESCAPED\"\\ntR.')", FORBIDDEN, "import pickle\nprint(pickle.loads(pickle.dumps([6])))", "[6]"),
    _script("pickle that calls itself", "import pickle\nclass A:\n    def __reduce__(self): return A, (self,)\npickle.dumps(A())", (ERROR, CRASH), "import pickle\nprint(len(pickle.dumps(7)) > 0)", "True"),
]  # fmt: skip
VALUES = [
    _script("value whose text is a subclass", _class("S(str)", "__getitem__(self, _)", "return [1]", "class A:\n    def __str__(self): return S('4')\nans = A()"), CRASH, _class("S(str)", "__len__(self)", "return 0", "ans = S('4')"), "4"),
    _script("value whose text interrupts", _class("A", "__str__(self)", "raise KeyboardInterrupt", "ans = A()"), ERROR, _class("A", "__str__(self)", "return '5'", "ans = A()"), "5"),
    _script("value whose text is a number", _class("A", "__str__(self)", "return 4", "ans = A()"), ERROR, _class("A", "__repr__(self)", "return '6'", "ans = A()"), "6"),
    _script("value that shows itself", _class("A", "__repr__(self)", "return repr(self)", "ans = A()"), ERROR, "x = []; x.append(x)\nans = x", "[[...]]"),
    _script("value of many digits", "ans = 7**(10**7)", (TIMEOUT, MEMORY), "ans = len(str(7**5000))", "4226"),
    _script("value that lies about its size", _class("A(list)", "__len__(self)", "return -1", "print(len(A()))"), ERROR, "print(len([1] * 7))", "7"),
    _script("exit code that raises", _class("A", "__eq__(self, _)", "1 / 0", "raise SystemExit(A())"), ERROR, "raise SystemExit(print(7))", "7"),
    _script("exit code of a long text", "raise SystemExit('x' * 10**7)", ERROR, "print(8)\nraise SystemExit(0)", "8"),
    _script("error whose text raises", _class("E(Exception)", "__str__(self)", "raise E", "raise E"), ERROR, "try: raise ValueError('x')\nexcept ValueError as e: print(e)", "x"),
    _script("error whose text leaves", _class("E(Exception)", "__str__(self)", "import os; os._exit(0)", "raise E"), CRASH, "try: 1 / 0\nexcept ZeroDivisionError: print(9)", "9"),
    _script("error whose class has no name", "M = type('M', (type,), {'__name__': property(lambda _: 1 / 0)})\nclass E(Exception, metaclass=M): pass\nraise E", ERROR, "E = type('E', (Exception,), {})\nprint(E.__name__)", "E"),
    _script("error of a hundred million characters", "raise ValueError('x' * 10**8)", (ERROR, MEMORY, TIMEOUT), "print(len('x' * 10**6))", "1000000"),
    _script("errors in a long row", "e = None\nfor i in range(10**5):\n    n = ValueError(i); n.__cause__ = e; e = n\nraise e", (ERROR, TIMEOUT), "try: raise ValueError from KeyError(1)\nexcept ValueError as e: print(e.__cause__)", "1"),
    _script("errors in a group", "raise ExceptionGroup('x', [ValueError(i) for i in range(10**5)])", (ERROR, TIMEOUT), "try: raise ExceptionGroup('x', [ValueError(1)])\nexcept* ValueError: print(2)", "2"),
    _script("missing module with another's text", _class("S(str)", "partition(self, _)", "return ('os',) * 3", "e = ModuleNotFoundError('x'); e.name = S('y'); raise e"), ERROR, "try: import nosuchmodule\nexcept ImportError: print(3)", "3"),
    _script("name that is equal to nothing", "class K(str):\n    __hash__ = str.__hash__\n    def __eq__(self, _): 1 / 0\nglobals()[K('ans')] = 1\nans = 2", ERROR, "globals()['ans'] = 4\nprint(ans)", "4"),
    _script("output in another encoding", "import sys\nsys.stdout.reconfigure(encoding='utf-16')\nprint('4' * 5000)", (OK, FLOOD), "import sys\nsys.stdout.reconfigure(line_buffering=True)\nprint('4')", "4"),
    _script("output detached", "import sys\nsys.stdout.detach()", ERROR, "import io, sys\nkept, sys.stdout = sys.stdout, io.StringIO()\nprint('x')\nsys.stdout = kept\nprint(5)", "5"),
]  # fmt: skip
_LONG = 20_000
SOURCES = [
    _script("nothing in it but a zero byte", "print(1)\0", ERROR, "print('a\\0b'.encode().hex())", "610062"),
    _script("brackets", "(" * _LONG + ")" * _LONG, (ERROR, MEMORY), "print(((((((1)))))))", "1"),
    _script("minus signs", "x = " + "-" * _LONG + "1", (ERROR, MEMORY), "print(----2)", "2"),
    _script("attributes", "x = a" + ".b" * _LONG, (ERROR, MEMORY), "print(''.strip().strip() == '')", "True"),
    _script("sums", "x = " + "1+" * _LONG + "1\nprint(x)", (ERROR, MEMORY), "print(" + "1+" * 50 + "1)", "51"),
    _script("functions in functions", "x = " + "lambda:" * _LONG + "0", (ERROR, MEMORY), "print((lambda: lambda: 4)()())", "4"),
    _script("decorators", "def d(f): return f\n" + "@d\n" * _LONG + "def g(): pass\nprint('done')", (OK, ERROR, TIMEOUT, MEMORY), "d = lambda f: f\n@d\n@d\ndef g(): return 5\nprint(g())", "5"),
    _script("blocks in blocks", "".join(" " * i + "if 1:\n" for i in range(150)) + " " * 150 + "print(1)", ERROR, "if 1:\n if 1:\n  print(6)", "6"),
    _script("constant that grows when it is compiled", "x = 'a' * 4096 * 4096 * 4096", MEMORY, "print(len('a' * 4096))", "4096"),
    _script("number of many digits", "x = " + "9" * 300_000 + "\nprint(1)", (TIMEOUT, OK), "print(" + "9" * 5000 + " % 10)", "9"),
    _script("width of a format", "print(f'{1:>2000000000}')", MEMORY, "print(f'{1:>3}|')", "1|"),
    _script("other coding", "# -*- coding: utf-16 -*-\nprint(1)\ud800", (OK, ERROR), "# -*- coding: latin-1 -*-\nprint('é')", "é"),
]  # fmt: skip
PIECES = [
    _script("many small lists", "x = []\nwhile True: x.append([])", (MEMORY, TIMEOUT), "print(len([[] for _ in range(10**5)]))", "100000"),
    _script("many keys", "x = {}\nwhile True: x[len(x)] = {}", (MEMORY, TIMEOUT), "print(len({i: () for i in range(10**5)}))", "100000"),
    _script("a queue that leaves no room to say so", "from collections import deque\nd = deque()\nwhile True: d.extend(range(1000))", (MEMORY, TIMEOUT), "from collections import deque\nprint(deque(range(9), 2)[0])", "7"),
    _script("errors that hold frames", "g = []\ndef f():\n    try: 1 / 0\n    except Exception as e: g.append(e); f()\nwhile True:\n    try: f()\n    except RecursionError: pass", (MEMORY, TIMEOUT, CRASH), "try: 1 / 0\nexcept Exception as e: print(e.__traceback__.tb_lineno)", "1"),
    _script("memory asked for again and again", "while True:\n    try:\n        x = [0]\n        while True: x += x\n    except MemoryError: pass", (TIMEOUT, MEMORY), "try: x = bytearray(10**12)\nexcept MemoryError: print('no')", "no"),
    _script("stacks of threads", "import threading, time\nthreading.stack_size(64 << 20)\nfor _ in range(12): threading.Thread(target=time.sleep, args=(.2,)).start()\nprint('ESCAPED')", ERROR, "import threading\nthreading.stack_size(1 << 20)\nt = threading.Thread(target=int); t.start(); t.join(); print(4)", "4"),
    _script("mappings in many pieces", "import mmap\nm = [mmap.mmap(-1, 4 << 20) for _ in range(200)]\nprint('ESCAPED')", (ERROR, MEMORY), "import mmap\nm = mmap.mmap(-1, 4096); m.write(b'5'); m.seek(0); print(m.read(1))", "b'5'"),
    _script("break moved up", "import ctypes\nlibc = ctypes.CDLL(None)\nif libc.sbrk(1 << 30) != -1: print('ESCAPED')", OK, "import ctypes\nprint(ctypes.CDLL(None).abs(-6))", "6"),
    _script("sockets full of bytes", "import socket\nkept = []\nwhile True:\n    a, b = socket.socketpair(); a.setblocking(False); kept += [a, b]\n    try:\n        while True: a.send(b'x' * 65536)\n    except BlockingIOError: pass", ERROR, "import socket\na, b = socket.socketpair(); a.send(b'7'); print(b.recv(1))", "b'7'"),
    _script("all permutations", "import itertools\nlist(itertools.permutations(range(12)))", (MEMORY, TIMEOUT), "import itertools\nprint(len(list(itertools.permutations(range(5)))))", "120"),
    _script("keys that collide", _class("A", "__hash__(self)", "return 1", "x = {A() for _ in range(10**5)}"), (TIMEOUT, MEMORY), _class("A", "__hash__(self)", "return 1", "print(len({A(), A()}))"), "2"),
    _script("fraction of a long exponent", "from fractions import Fraction\nFraction('1e99999999')", (TIMEOUT, MEMORY), "from fractions import Fraction\nprint(Fraction('1e3'))", "1000"),
    _script("archive that grows", "import zlib\nx = zlib.compress(bytes(10**7))\nwhile True: x = zlib.compress(zlib.decompress(x) * 4)", (TIMEOUT, MEMORY), "import zlib\nprint(len(zlib.decompress(zlib.compress(b'x' * 10))))", "10"),
]  # fmt: skip
_NOTHING = "fd = os.open('/usr/lib', os.O_RDONLY | os.O_DIRECTORY)\n"
PLACES = [
    _script("library emptied", "import os\nos.truncate(os.__file__, 0)\nprint('ESCAPED')", FORBIDDEN, "import os\nprint(os.stat(os.__file__).st_size > 0)", "True"),
    _script("up from a library", "import os\n" + _NOTHING + "os.open('../../etc/passwd', os.O_RDONLY, dir_fd=fd)\nprint('ESCAPED')", (ERROR, FORBIDDEN), "import os\n" + _NOTHING + "print(fd > 2)", "True"),
    _script("handle without rights", "import os\nfd = os.open('/etc/passwd', os.O_PATH)\nprint('ESCAPED', open(f'/proc/self/fd/{fd}').read(5))", (ERROR, FORBIDDEN), "import os\nfd = os.open(os.__file__, os.O_PATH)\nprint(fd > 2)", "True"),
    _script("root of the first process", "print('ESCAPED', open('/proc/1/root/etc/passwd').read(5))", (ERROR, FORBIDDEN), "print(7)", "7"),
    _script("own files as a folder", "import os\nprint('ESCAPED', os.listdir('/proc/self/fd'))", (ERROR, FORBIDDEN), "import os\nprint(len(os.listdir(os.path.dirname(os.__file__))) > 9)", "True"),
    _script("terminal of its own", "import os\nos.openpty()\nprint('ESCAPED')", (ERROR, FORBIDDEN), "import os\nprint(os.isatty(1))", "False"),
    _script("endless device", "print('ESCAPED', open('/dev/zero', 'rb').read(1))", (ERROR, FORBIDDEN), "import os\nprint(len(os.urandom(4)))", "4"),
    _script("full device", "open('/dev/full', 'w').write('x')\nprint('ESCAPED')", (ERROR, FORBIDDEN), "print(8)", "8"),
    _script("node", "import os\nos.mknod('/tmp/attack')\nprint('ESCAPED')", (ERROR, FORBIDDEN), "import os\nprint(os.path.basename('/tmp/attack'))", "attack"),
    _script("sparse file", "open('/tmp/attack', 'wb').truncate(1 << 40)\nprint('ESCAPED')", (ERROR, FORBIDDEN), "import io\nprint(io.BytesIO().truncate(0))", "0"),
    _script("many names", "import os\nfor i in range(10**5): os.mkdir(f'/tmp/attack{i}')\nprint('ESCAPED')", (ERROR, FORBIDDEN), "print(len({f'/tmp/attack{i}' for i in range(100)}))", "100"),
    _script("data base in a file", "import sqlite3\nsqlite3.connect('attack.db').execute('create table t (a)')\nprint('ESCAPED')", (ERROR, FORBIDDEN), "import sqlite3\nprint(sqlite3.connect(':memory:').execute('select 9').fetchone()[0])", "9"),
    _script("file by address", "import urllib.request\nprint('ESCAPED', urllib.request.urlopen('file:///etc/passwd').read(5))", (ERROR, FORBIDDEN), "import urllib.parse\nprint(urllib.parse.urlsplit('file:///a').path)", "/a"),
    _script("library of one's own", "import ctypes\nctypes.CDLL('/tmp/attack.so')\nprint('ESCAPED')", ERROR, "import ctypes\nprint(ctypes.CDLL('libm.so.6').abs(-3))", "3"),
    _script("module of the house", f"import sys\nsys.path.insert(0, {__file__.rpartition('/tests/')[0]!r})\nimport pipelines\nprint('ESCAPED')", ERROR, "import sys\nsys.path.insert(0, '/nonexistent')\nimport string\nprint(string.digits[3])", "3"),
    _script("judge's own text", "import sys\nprint('ESCAPED', open(sys.modules['validation.programs.child'].__file__).read(5))", (ERROR, FORBIDDEN), "import json\nprint(open(json.__file__).read(1)[:0] == '')", "True"),
    _script("page that runs", "import ctypes, mmap\np = mmap.mmap(-1, 4096, prot=7)\np.write(bytes.fromhex('b8390000000f05c3'))\nif ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(p)))() >= 0: print('ESCAPED')", (FORBIDDEN, CRASH), "import ctypes\nprint(ctypes.c_int32(2**31).value)", "-2147483648"),
]  # fmt: skip
_KERNEL = (
    ("timer by a file", 283, "1, 0"), ("signals by a file", 289, "-1, 0, 8, 0"), ("counter by a file", 290, "0, 0"),
    ("watch on files", 294, "0"), ("barrier for all", 324, "0, 0"), ("keys of pages", 330, "0, 0"),
    ("queue's notice", 244, "0, 0"), ("reads of old", 78, "0, 0, 0"), ("cookies of files", 212, "0, 0, 0"),
    ("reads that wait", 206, "1, 0, 0"), ("pages moved", 279, "0, 0, 0, 0, 0, 0"), ("a clock of its own", 222, "0, 0, 0"),
)  # fmt: skip
DOORS = [
    _script(name, f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.syscall({number}, {arguments}) >= 0 or ctypes.get_errno() != 1: print('ESCAPED')", OK, f"import ctypes\nprint(ctypes.CDLL(None).abs(-{number}))", str(number))
    for name, number, arguments in _KERNEL
] + [
    _script("own memory as a file", "import os\nos.open('/proc/self/mem', os.O_RDWR)\nprint('ESCAPED')", (FORBIDDEN, ERROR), "import ctypes\nx = ctypes.c_int(4)\nprint(ctypes.cast(ctypes.pointer(x), ctypes.POINTER(ctypes.c_int))[0])", "4"),
    _script("environment of the first process", "print('ESCAPED', open('/proc/1/environ').read(5))", (FORBIDDEN, ERROR), "import os\nprint('HOME' in os.environ)", "True"),
    _script("interfaces by name", "import os\nprint('ESCAPED', os.listdir('/sys/class/net'))", (FORBIDDEN, ERROR), "import os\nprint(os.path.join('/sys', 'class'))", "/sys/class"),
    _script("library written through memory", "import mmap, os\nm = mmap.mmap(os.open(os.__file__, os.O_RDONLY), 99, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)\nm[0] = 1\nprint('ESCAPED')", (FORBIDDEN, ERROR), "import mmap, os\nm = mmap.mmap(os.open(os.__file__, os.O_RDONLY), 99, prot=mmap.PROT_READ)\nprint(len(m))", "99"),
    _script("library's rights by its handle", "import os\nos.fchmod(os.open(os.__file__, os.O_RDONLY), 0o777)\nprint('ESCAPED')", (FORBIDDEN, ERROR), "import os\nprint(os.fstat(os.open(os.__file__, os.O_RDONLY)).st_size > 0)", "True"),
    _script("library's time by its handle", "import os\nos.utime(os.open(os.__file__, os.O_RDONLY))\nprint('ESCAPED')", (FORBIDDEN, ERROR), "import os\nprint(os.access(os.__file__, os.R_OK))", "True"),
    _script("file without a name", "import os\nos.open('/tmp', os.O_TMPFILE | os.O_RDWR)\nprint('ESCAPED')", (FORBIDDEN, ERROR), "import io\nprint(io.StringIO('5').read())", "5"),
    _script("link to elsewhere", "import os\nos.symlink('/etc', '/tmp/attack')\nprint('ESCAPED')", (FORBIDDEN, ERROR), "import os\nprint(os.path.islink(os.__file__))", "False"),
    _script("second name of a library", "import os\nos.link(os.__file__, '/tmp/attack')\nprint('ESCAPED')", (FORBIDDEN, ERROR), "import os\nprint(os.stat(os.__file__).st_nlink > 0)", "True"),
    _script("interrupt of old", "import ctypes, mmap\np = mmap.mmap(-1, 4096, prot=7)\np.write(bytes.fromhex('b802000000cd80c3'))\nif ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(p)))() > 0: print('ESCAPED')", (FORBIDDEN, CRASH, ERROR, OK), "import mmap\nprint(len(mmap.mmap(-1, 4096)))", "4096"),
    _script("handle sent to itself", "import array, socket\na, b = socket.socketpair()\na.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1]))])\nprint('ESCAPED')", FORBIDDEN, "import socket\na, b = socket.socketpair()\na.send(b'7'); print(b.recv(1))", "b'7'"),
    _script("timers that nobody hears", "import signal\nsignal.signal(signal.SIGPROF, signal.SIG_IGN)\nsignal.setitimer(signal.ITIMER_PROF, 1e-6, 1e-6)\n" + _SPIN, TIMEOUT, "import signal\nprint(signal.getitimer(signal.ITIMER_PROF)[0])", "0.0"),
    _script("every signal ignored", "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\n" + _SPIN, TIMEOUT, "import signal\nprint(signal.signal(signal.SIGUSR2, signal.SIG_IGN) == signal.SIG_DFL)", "True"),
    _script("writes to what nobody opened", "import os\nfor i in range(5, 64):\n    try: os.write(i, b'x')\n    except OSError: continue\n    print('ESCAPED')", OK, "import os\nr, w = os.pipe()\nprint(os.write(w, b'x'))", "1"),
    _script("complaints without an end", "import os\nwhile True: os.write(2, b'x' * 65536)", (TIMEOUT, FLOOD), "import sys\nprint(sys.stderr.write('x'))", "1"),
    _script("reports of a thread behind the end", "import os, threading\nd = os.dup(3)\ndef f():\n    while True: os.write(d, b'\\n' * 999)\nthreading.Thread(target=f, daemon=True).start()\nprint(1)", (CRASH, OK), "import threading\nt = threading.Thread(target=print, args=(6,)); t.start(); t.join()", "6"),
    _script("constants freed", "import ctypes\nfor o in (None, True, 1, ''): ctypes.c_long.from_address(id(o)).value = 1\ndel o\nprint(1)", (FORBIDDEN, CRASH, ERROR, OK), "import sys\nprint(sys.getrefcount([]))", "1"),
    _script("recursion without a bound", "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()", (TIMEOUT, CRASH, ERROR, MEMORY), "import sys\nsys.setrecursionlimit(5000)\ndef f(n): return n and 1 + f(n - 1)\nprint(f(3000))", "3000"),
    _script("loop that never ends its run", "import asyncio\nasync def f():\n    while True: await asyncio.sleep(0)\nasyncio.run(f())", TIMEOUT, "import asyncio\nasync def f(): return 8\nprint(asyncio.run(f()))", "8"),
    _script("pattern that goes back", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", TIMEOUT, "import re\nprint(bool(re.match('a+$', 'a' * 40)))", "True"),
    _script("digits of a quotient", "from decimal import Decimal, getcontext\ngetcontext().prec = 10**9\nprint(Decimal(1) / 3)", (MEMORY, TIMEOUT), "from decimal import Decimal\nprint(Decimal(1) / 4)", "0.25"),
    _script("sum of fractions", "from fractions import Fraction\nprint(sum(Fraction(1, i) for i in range(1, 10**6)))", (TIMEOUT, MEMORY), "from fractions import Fraction\nprint(sum(Fraction(1, i) for i in range(1, 4)))", "11/6"),
    _script("width by a percent sign", "print('%2000000000d' % 1)", MEMORY, "print('%3d|' % 1)", "1|"),
    _script("text that grows where it is cut", "class B(str):\n    def __getitem__(self, _): return 'x' * 10**9\nclass A:\n    def __str__(self): return B('4')\nans = A()", (MEMORY, ERROR, CRASH), "class B(str): pass\nans = B('4')", "4"),
    _script("text of another encoding", "class L(str):\n    def encode(self, *_): return b'ESCAPED'\n    def __len__(self): return 10**9\nprint(L('4')[:0], end='')\nans = L('4')", (OK, ERROR, CRASH), "ans = '4'.encode().decode()", "4"),
    _script("groups in groups", "e = ValueError(1)\nfor _ in range(10**5): e = ExceptionGroup('x', [e])\nraise e", (ERROR, TIMEOUT, CRASH), "try: raise ExceptionGroup('x', [ExceptionGroup('y', [KeyError()])])\nexcept* KeyError: print(3)", "3"),
    _script("names of the judge replaced", "import sys\nchild = sys.modules['validation.programs.child']\nchild._Program.run = child.ast = child.json = None\nprint(41)", (OK, ERROR, CRASH), "import sys\nprint(sys.modules['math'].__name__)", "math"),
    _script("sum replaced for those that follow", "import builtins, math\nbuiltins.sum = math.sqrt = lambda *_: 666\nprint(41)", OK, "import math\nprint(sum([1, 2]), math.sqrt(16))", "3 4.0"),
]  # fmt: skip
ALL = [*PIPES, *CLOCKS, *HOOKS, *VALUES, *SOURCES, *PIECES, *PLACES, *DOORS]

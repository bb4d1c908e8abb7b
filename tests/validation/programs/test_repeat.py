"""Programs whose result is luck are found by a second run; the others keep their first."""

import pytest

from schemas.reason import Reason
from validation.programs import Ending, Level, Limits, Pool, map_repeatable, map_repeatable_blocks, may_vary
from validation.programs.purity import deserves_second_run

VARYING = [
    "print({'apple', 'pear', 'plum', 'fig', 'lime'})",
    "ans = hash('apples') % 1000",
    "print(list({'apple': 1, 'pear': 2, 'plum': 3, 'fig': 4}.keys() & {'apple', 'pear', 'plum', 'fig'}))",
    "import random\nprint(random.random())",
    "import random\nprint(random.randint(1, 10**9))",
    "import time\nprint(time.time())",
    "import os\nprint(os.urandom(8))",
    "from datetime import datetime\nprint(datetime.now().year - 1990)",
    "import datetime\nprint(datetime.date.today().strftime('%A'))",
    "import datetime as d\nprint((d.datetime.utcnow() - d.datetime(2020, 1, 1)).days)",
    "import time\nprint(time.strftime('%Y'))",
    "import time\nprint(time.localtime().tm_mon, time.ctime())",
    "import platform\nprint(platform.node())",
    "import socket\nprint(socket.gethostname())",
    "import os\nprint(os.uname())",
    "print(object())",
    "print(map(int, [1]))",
    "print(lambda x: x)",
    "class A: pass\nprint([A()])",
    "def f(): yield\nans = f()",
    "import os\nprint(os.cpu_count())",
    "import multiprocessing\nprint(multiprocessing.cpu_count())",
    "import os\nprint(os.getloadavg())",
    "import os\nprint(os.sysconf('SC_PHYS_PAGES'))",
    "import os\nprint(os.sysconf(os.sysconf_names['SC_AVPHYS_PAGES']))",
    "import os\nprint(os.statvfs(os.__file__).f_blocks)",
    "import shutil, os\nprint(shutil.disk_usage(os.__file__).total)",
    "import os\nprint(os.getuid())",
    "import resource\nprint(resource.getrlimit(resource.RLIMIT_NPROC))",
    "import os\nprint(os.sysconf('SC_CHILD_MAX'))",
    "import os\nprint(os.stat('/usr/lib').st_nlink)",
    "import os\nprint(os.stat('/usr/lib').st_uid)",
    "import os\nprint(os.statvfs('/usr').f_flag)",
    "import os\nprint(os.confstr('CS_GNU_LIBC_VERSION'))",
    "import platform\nprint(platform.libc_ver())",
    "import time\nprint(time.tzname)",
    "import os\nprint(len(os.sched_getaffinity(0)))",
    "import os\nprint(os.uname().release)",
    "import platform\nprint(platform.release())",
    "import sys\nprint(sys.version)",
    "import os\nprint(os.getpid() - os.getppid(), os.getppid())",
    "import os\nprint(int(os.stat('/usr/lib').st_mtime))",
    "from pathlib import Path\nprint(Path('/usr/lib').stat().st_mtime_ns)",
    "import os\nprint(len(os.listdir('/usr/lib')))",
    "import time\nprint(int(time.clock_gettime(0) // 86400))",
    "import dataclasses\nprint(dataclasses.inspect.os.getpid())",
    "import enum\nprint(enum.sys.modules['os'].getppid())",
    "import statistics\nprint(statistics.sys.version)",
    "def solution():\n    return id(solution)",
    "import random\nif random.random() < 0.5:\n    raise ValueError\nprint(7)",
    "import posix\nprint(posix.uname().nodename)",
    "import posix\nprint(posix.cpu_count(), posix.getpid())",
    "import _socket\nprint(_socket.gethostname())",
    "import _datetime\nprint(_datetime.datetime.now().year)",
    "import os\nprint(len(list(os.scandir('/usr/lib'))))",
    "import glob\nprint(len(glob.glob('/usr/lib/*')))",
    "print(open('/usr/lib/os-release').readline())",
    "import os\nprint(os.read(os.open('/usr/lib/os-release', os.O_RDONLY), 9))",
    "import sys\nprint(sys.prefix)",
    "import os\nprint(os.getpgid(0), os.getsid(0), os.getpgrp())",
    "import threading\nprint(threading.get_native_id())",
    "import _thread\nprint(_thread.get_native_id())",
    "import time\nprint(int(time.monotonic()))",
    "from time import perf_counter\nprint(int(perf_counter()))",
    "import asyncio\nprint(int(asyncio.new_event_loop().time()))",
    "import os\nprint(int(os.times().elapsed))",
    "import os\nprint(os.stat('/usr/lib').st_ino)",
    "import os\nprint(os.fstat(0).st_dev)",
    "import ctypes\nprint(ctypes.CDLL(None).get_nprocs())",
    "import ctypes\nprint(ctypes.pythonapi.getpid())",
    "import ctypes\nprint(ctypes.CDLL(None)['time'](None))",
    "import operator\nprint(operator.methodcaller('__hash__')('abc'))",
    "print(getattr(__builtins__, 'id')(print) % 9973)",
    "from sympy import randprime\nprint(randprime(1, 10**9))",
    "class A: pass\na=[A()]\nprint(str(a[0])[-6:-1])",
    "class A: pass\nprint(''.join(map(str,[A()]))[-6:-1])",
    "class A: pass\ntry: {}[A()]\nexcept KeyError as e: print(str(e)[-6:-1])",
    "import re\nprint(str(re.compile('a').match)[-6:-1])",
    "def f(x): return str(x)[-6:-1]\nprint(f(lambda:0))",
    "from sympy import *\nx=symbols('x')\nf=lambdify(x,x)\nprint(str([f])[-8:-3])",
    "class P:\n    def __str__(self): return 'p'\nprint(str([P()])[-7:-2])",
    "from copy import deepcopy\nm={}\ndeepcopy([[1]],m)\nprint(sum(m)%9973)",
]
PLACES = [
    "import sys\nprint(sys.path)",
    "import math\nprint(math.__file__)",
    "import os\nans = os.__file__",
]
STEADY = [
    "print(48 / 2)",
    "print(sorted({'apple', 'pear', 'plum', 'fig'}))",
    "print(len(set('banana')))",
    "import random\nrandom.seed(7)\nprint(random.random())",
    "import time\nstart = time.time()\nprint(6 * 7)",
    "from datetime import date, timedelta\nprint([date(2024, 2, 28) + timedelta(2)], date.max - date(2023, 1, 1))",
    "import datetime\nd = datetime.datetime(2020, 1, 2)\nprint(repr(d), repr(d.date()), isinstance(d, datetime.date))",
    "import datetime as t\nprint(t.datetime.strptime('2020-03-05', '%Y-%m-%d'), type(t.date(2020, 1, 1)), t.date.min)",
    "import time\nprint(time.strftime('%Y', time.gmtime(0)), time.gmtime(86400).tm_mday, time.asctime(time.gmtime(0)))",
    "import os\nprint(os.path.exists('/usr/lib'), os.path.basename('/usr/lib'))",
    "print(hex(0xdeadbeef), '0x1234567')",
    "import sys\nprint(sys.version_info[0], sys.maxsize)",
    "import platform\nprint(platform.python_implementation(), platform.python_version_tuple()[0])",
    "import ctypes\nprint(ctypes.c_int32(2**31).value)",
    "import datetime, zoneinfo\nprint(datetime.datetime(2020, 7, 1, tzinfo=zoneinfo.ZoneInfo('Asia/Tokyo')))",
    "import datetime\nprint(datetime.datetime(2020, 1, 1).astimezone())",
    "import threading\nt = threading.Thread(target=print, args=(3,)); t.start(); t.join(9)",
    "import asyncio\nprint(asyncio.run(asyncio.wait_for(asyncio.sleep(0.01, 4), 9)))",
    "import os\nprint(os.path.samefile('/usr/lib', '/usr/lib/.'), oct(os.umask(0)))",
    "import time\nstart = time.perf_counter()\nprint(0 <= time.perf_counter() - start < 60)",
    "import json\nprint(open(json.__file__).readline())",
    "import statistics\nprint(statistics.mean([1, 2, 3, 4]))",
    "from pathlib import Path\nprint(Path('/usr/lib').is_dir())",
    "import calendar\nprint(calendar.monthrange(2024, 2), calendar.day_name[0])",
]
LIMITS = Limits()


@pytest.fixture(scope="module")
def pool():
    with Pool(Level.SECCOMP, 1, modules=("math", "random", "time")) as pool:
        yield pool


@pytest.mark.parametrize("program", VARYING)
def test_a_result_that_is_luck_is_found(pool, program):
    assert pool.run(program).ending is Ending.OK
    [found] = map_repeatable(pool, [program], LIMITS)
    assert (found.ending, found.value, found.reason) == (
        Ending.NONDETERMINISTIC,
        None,
        Reason.PROGRAM_NONDETERMINISTIC,
    )
    assert ", run again " in found.error


def test_a_steady_result_is_kept_though_the_program_was_run_twice(pool):
    assert map_repeatable(pool, STEADY, LIMITS) == [pool.run(program) for program in STEADY]
    assert sum(map(may_vary, STEADY)) == len(STEADY) - 3


def test_libraries_that_are_built_upon_the_clock_work_in_the_second_run(pool):
    program = "import datetime\nimport pandas as pd\nprint(pd.Timestamp(datetime.datetime(2020, 1, 2)).day_name())"
    assert may_vary(program)
    assert map_repeatable(pool, [program], LIMITS)[0].value == "Thursday"
    assert pool.run("import pandas, time\nprint(time.localtime().tm_year - 2000)", seed=1).value > "28"


@pytest.mark.parametrize("program", PLACES)
def test_where_python_lies_on_this_machine_is_no_result(pool, program):
    steady = pool.run(program)
    assert steady.ending is Ending.OK
    [found] = map_repeatable(pool, [program], LIMITS)
    assert (found.ending, found.value) == (Ending.NONDETERMINISTIC, None)
    assert found.error.startswith("shows where Python lies on this machine: /")


def test_a_program_that_cannot_vary_is_not_run_twice():
    pure = "print(48 / 2)"
    assert not deserves_second_run(pure)
    with Pool(Level.SECCOMP, 1, modules=("math",)) as pool:
        assert map_repeatable(pool, [pure, "print(undefined | {1})", "1 / 0"], LIMITS)[0].value == "24.0"
        assert pool._twin is None
        map_repeatable(pool, ["print({1})"], LIMITS)
        assert pool._twin is not None


def test_the_second_run_has_another_hash_seed_and_another_random_state(pool):
    program = "import random\nprint(hash('a'), random.random())"
    hashed, drawn = pool.run(program).value.split()
    hashed_again, drawn_same_seed = pool.twin().run(program).value.split()
    assert (hashed_again != hashed, drawn_same_seed) == (True, drawn)
    assert pool.twin().run(program, seed=1).value.split()[1] != drawn


def test_a_second_run_that_was_cut_short_decides_nothing(pool):
    slow_when_hashed_otherwise = (
        f"import time\nif hash('a') != {pool.run('ans = hash(chr(97))').value}:\n    while True: pass\nprint(3)"
    )
    [found] = map_repeatable(pool, [slow_when_hashed_otherwise], Limits(cpu_s=0.3))
    assert (found.ending, found.value) == (Ending.OK, "3")


def test_only_the_block_that_varies_is_named(pool):
    steady, varying = map_repeatable_blocks(
        pool, [["x = {3, 4}", "sum(x)"], ["import random", "x = random.random()", "x", "7"]], LIMITS
    )
    assert [run.value for run in steady] == [None, "7"]
    assert [run.ending for run in varying] == [Ending.OK, Ending.OK, Ending.NONDETERMINISTIC, Ending.OK]
    assert map_repeatable_blocks(pool, [], LIMITS) == []


def test_a_sample_of_the_others_is_run_twice_too():
    programs = [f"print({number} + 1)" for number in range(3200)]
    assert not any(map(may_vary, programs[:100]))
    sampled = [program for program in programs if deserves_second_run(program)]
    assert 25 <= len(sampled) <= 80

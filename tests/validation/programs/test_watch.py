# ruff: noqa: E501 - one program a line
"""What a program costs its server and its caller, and what it leaves behind for the next one."""

import os
import time
from pathlib import Path

import pytest

from validation.programs import Ending, Level, Limits, Pool
from validation.programs.levels import probe

LIMITS = Limits(cpu_s=1, wall_s=2, memory_mb=256, output_kb=64)
SECRET = "the row before"


@pytest.fixture(scope="module", params=[Level.SECCOMP, Level.NAMESPACES])
def pool(request):
    if not probe(request.param).available:
        pytest.skip(f"{request.param}: {probe(request.param).problem}")
    with Pool(request.param, 1, modules=("math", "random", "time")) as pool:
        pool.run("1")
        yield pool


def kilobytes(pid: int, name: str = "VmRSS") -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


CHANNEL = {
    "both pipes closed, asleep": (["import os, time\nos.close(1); os.close(3); time.sleep(60)"], Ending.TIMEOUT),
    "both pipes closed, spinning": (["import os\nos.close(1); os.close(3)\nwhile 1: pass"], Ending.TIMEOUT),
    "resume pipe never read": (["import os, time\nos.write(3, b'\\n' * 60000); time.sleep(60)"], Ending.CRASH),
    "resume pipe drained": (
        ["import os\nwhile 1:\n    os.write(3, b'\\n' * 2700)\n    n = 0\n    while n < 2700: n += len(os.read(4, 65536))"],
        Ending.CRASH,
    ),
    "reports for many blocks": (["import os\nwhile 1: os.write(3, b'x' * 65536)", *["1"] * 500], Ending.CRASH),
    "deeply nested report": (["import os\nos.write(3, b'[' * 200000 + b'\\n')\nos._exit(0)"], Ending.CRASH),
    "output in crumbs": (["import os\nwhile 1: os.write(1, b'x')"], Ending.OUTPUT_LIMIT),
    "report in crumbs": (["import os\nwhile 1: os.write(3, b'x')"], Ending.CRASH),
    "output under threads": (
        ["import threading, os\ndef f():\n    while 1: os.write(1, b'xy')\nfor _ in range(8): threading.Thread(target=f).start()\nf()"],
        Ending.OUTPUT_LIMIT,
    ),
    "threads one after the other": (
        ["import threading\nwhile 1:\n    t = threading.Thread(target=int); t.start(); t.join()"],
        Ending.TIMEOUT,
    ),
    "pipes full": (
        ["import os\nwhile 1:\n    r, w = os.pipe(); os.set_blocking(w, False)\n    os.write(w, b'x' * 65536)"],
        Ending.ERROR,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANNEL)
def test_the_report_pipe_obeys_the_limits(pool, name):
    blocks, ending = CHANNEL[name]
    server = pool._servers[0]
    own, start = time.process_time(), time.monotonic()
    before = kilobytes(os.getpid())
    executions = pool.run_blocks(blocks, LIMITS)
    assert len(executions) == len(blocks)
    assert executions[0].ending in (ending, Ending.TIMEOUT), executions[0]
    assert time.monotonic() - start < 2 * LIMITS.wall_s + 1  # twice: it computed, and the machine is busy
    assert time.process_time() - own < 0.5
    assert kilobytes(os.getpid()) - before < 32 << 10
    inside = server._inside or server._process.pid
    assert kilobytes(inside, "VmHWM") < 256 << 10
    assert pool.run("print(6 * 7)").value == "42"


def test_honest_blocks_get_through_the_same_pipe(pool):
    executions = pool.run_blocks([f"print('{'x' * 100}', {number})" for number in range(400)], LIMITS)
    assert [execution.stdout.split()[1] for execution in executions] == [str(number) for number in range(400)]


def test_a_sleeping_program_costs_its_wall_limit_once(pool):
    start = time.monotonic()
    assert pool.run("import time\ntime.sleep(60)", Limits(wall_s=1)).ending is Ending.TIMEOUT
    assert 1 <= time.monotonic() - start < 1.9


def test_a_program_that_waits_for_its_own_threads_is_waited_for(pool):
    program = "import threading, time\ndef f():\n    time.sleep(0.2); print(7)\nthreading.Thread(target=f).start()"
    assert pool.run(program, LIMITS).value == "7"


LOOKING = {
    "frames": "import sys\nf = sys._getframe()\nfound = ''\nwhile f:\n    found += str(f.f_locals)\n    f = f.f_back\n",
    "objects": "import gc\ngc.unfreeze()\nfound = ''.join(str(o)[:10000] for o in gc.get_objects() if type(o) in (dict, list, tuple))\n",
    "memory": (
        "import ctypes\nfound = ''\nclass View(ctypes.Structure): pass\n"
        "here = id(object()) & ~0xfffff\n"
        "found = ctypes.string_at(here, 1 << 20).decode('latin-1')\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", LOOKING)
def test_nothing_of_one_program_is_found_by_the_next(pool, place):
    mark = f"{SECRET} in {place}"
    look = LOOKING[place] + f"print({mark[:9]!r} + {mark[9:]!r} in found)"
    assert pool.run(f"secret = {mark!r}\nprint(secret)").value == mark
    assert pool.run(look).value == "False"


def test_what_a_program_itself_holds_is_found_in_the_same_ways(pool):
    for look in (LOOKING["frames"], LOOKING["objects"]):
        assert pool.run(f"secret = {{'mark': {SECRET!r}}}\n{look}print({SECRET!r} in found)").value == "True"


def test_the_frames_above_a_program_are_few_and_hold_no_server(pool):
    program = "import sys\nf = sys._getframe()\nnames = []\nwhile f:\n    names.append(f.f_code.co_name)\n    f = f.f_back\nprint(names)"
    assert "serve" not in pool.run(program).value


STATE = "import fcntl, os\nprint(oct(fcntl.fcntl({0}, fcntl.F_GETFL)))"


@pytest.mark.parametrize("descriptor", [0, 1, 2, 3, 4])
def test_an_open_file_is_no_program_but_ones_own(pool, descriptor):
    before = pool.run(STATE.format(descriptor)).value
    changed = pool.run(
        f"import fcntl, os\nfcntl.fcntl({descriptor}, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)\n"
        + STATE.format(descriptor)
    )
    assert changed.value != before
    assert pool.run(STATE.format(descriptor)).value == before


def test_how_a_program_ended_is_nothing_that_the_next_one_finds(pool):
    """The server's own objects of earlier programs, with their endings and times, lay in every later fork."""
    look = (
        "import gc\nkinds = sorted(type(o).__name__ for o in gc.get_objects() if 'validation' in type(o).__module__)\n"
        "print(len(gc.get_objects()), kinds, [o for o in gc.get_objects() if type(o).__name__ == 'Run'])"
    )
    pool.run("print(1)", LIMITS)
    before = pool.run(look, LIMITS)
    for program in ("while True: pass", "print(1)", "print('x' * 10**6)", "1 / 0"):
        pool.run(program, Limits(cpu_s=0.2, wall_s=2))
    assert "'Job'" in before.stdout  # what it does find of this server: its own
    assert pool.run(look, LIMITS).stdout == before.stdout

# ruff: noqa: E501 - one case a line
"""What programs give back: values by every convention, notebook state, determinism, and servers that are replaced."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from schemas.reason import Reason
from validation.answers import Relation, compare
from validation.programs import Ending, Execution, Level, Limits, Pool, close_shared, run, run_blocks

SECCOMP = Level.SECCOMP


ORDINARY = [json.loads(line) for line in (Path(__file__).parent / "ordinary.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def pool():
    with Pool(SECCOMP, 1) as pool:
        yield pool


@pytest.mark.parametrize("ordinary", ORDINARY, ids=lambda ordinary: ordinary["name"])
def test_a_program_as_data_sets_hold_them_gives_its_answer(pool, ordinary):
    execution = pool.run(ordinary["program"])
    assert (execution.ending, execution.error) == (Ending.OK, None)
    assert compare(ordinary["answer"], execution.value).outcome is Relation.EQUAL


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("def f():\n    await g()\nprint(3)", "SyntaxError"),
        ("# await\nshow(3)", "NameError"),
        ("display = 3\ndisplay(4)", "TypeError"),
    ],
)
def test_what_a_cell_could_not_do_no_program_can(pool, program, error):
    assert pool.run(program).error.startswith(error)


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("print(48 / 2)", "24.0"),
        ("print('first')\nprint('last')\n", "last"),
        ("print(1)\nprint()", "1"),
        ("total = 16\nans = total - 3 - 4", "9"),
        ("def solution():\n    return 3 * 4", "12"),
        ("def solver():\n    x = 3\n    return x / 2", "1.5"),
        ("def solution():\n    return 5\nprint(solution())", "5"),
        ("def solution():\n    return 5\nans = solution() + 1", "6"),
        ("ans = 1\nprint('the answer', 2)", "the answer 2"),
        ("total = 8\nanswer = total + 1", "9"),
        ("print(8)\nresult = 9", "8"),
        ("from sympy import *\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x))", "[2, 3]"),
        ("from sympy import sqrt\nans = sqrt(8)", "2*sqrt(2)"),
        ("import numpy as np\nans = np.array([1, 2]).sum()", "3"),
        ("from fractions import Fraction\nans = Fraction(1, 3) + 1", "4/3"),
        ("1 + 1", "2"),
        ("print(5)\nx = 7\nx", "5"),
        ("import os\nos.write(1, b'9\\n')", "9"),
        ("    a = 3\n    print(a)", "3"),
        ("\ufeffprint(3)", "3"),
        ("%matplotlib inline\nprint(5 %\n 3)", "2"),
        ("import pandas as pd\nprint(pd.DataFrame({'a': [1, 2]}).a.sum())", "3"),
        ("import asyncio\nasync def m():\n    return 3\nprint(asyncio.run(m()))", "3"),
        ("from concurrent.futures import ThreadPoolExecutor as P\nprint(sum(P(16).map(abs, range(-40, 0))))", "820"),
        ("import threading\ndef late(): print('late')\nthreading.Timer(0.1, late).start()\nprint('early')", "late"),
        ("print('π')", "π"),
        ("ans = 2**20000 % 10**9", "406309376"),
        ("import sys\nprint(3)\nsys.exit()", "3"),
        ("if __name__ == '__main__':\n    print('main')", "main"),
        (
            "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as s:\n    print(5)\nprint(s.getvalue())",
            "5",
        ),
    ],
)
def test_a_value_is_printed_assigned_or_returned(pool, program, value):
    execution = pool.run(program)
    assert (execution.ending, execution.value, execution.error) == (Ending.OK, value, None)
    assert execution.reason is None


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("ans = undefined_name", "NameError: name 'undefined_name' is not defined"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(:", "SyntaxError: invalid syntax (<program>, line 1)"),
        ("def solver(x):\n    return x", "TypeError: solver() missing 1 required positional argument: 'x'"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt: "),
        ("class E(Exception):\n    def __str__(self): raise E\nraise E", "error without a text"),
    ],
)
def test_an_error_is_one_line(pool, program, error):
    execution = pool.run(program)
    assert (execution.ending, execution.value, execution.error) == (Ending.ERROR, None, error)
    assert execution.reason is Reason.PROGRAM_ERROR


def test_a_program_without_a_value_is_ok_but_has_a_reason(pool):
    execution = pool.run("x = 1")
    assert execution == Execution(Ending.OK, "", None)
    assert execution.reason is Reason.PROGRAM_ERROR


@pytest.mark.parametrize(
    "program",
    [
        "print(float('nan'))",
        "ans = -1e999",
        "print([1, float('inf')])",
        "ans = complex('nanj')",
        "print(None)",
        "print('Answer:', None)",
        "print((3, None))",
    ],
)
def test_what_is_no_number_is_no_answer(pool, program):
    execution = pool.run(program)
    assert (execution.ending, execution.value, execution.reason) == (Ending.OK, None, Reason.PROGRAM_ERROR)


@pytest.mark.parametrize(
    ("program", "value"),
    [
        ("print('D: None of these')", "D: None of these"),
        ("import numpy as np\nprint('A is')\nprint(np.array([[1, 2], [3, 4]]))", "[[1 2]\n [3 4]]"),
        ("print('f(x) = [')\nprint('[3, 4)')", "[3, 4)"),
        ("print('so x]')", "so x]"),
    ],
)
def test_the_last_value_that_is_printed_is_the_answer(pool, program, value):
    assert pool.run(program).value == value


@pytest.mark.parametrize("program", ["import matplotlib.pyplot as plt", "print(3)\nfrom no_such_thing import x"])
def test_a_package_that_programs_do_not_see_is_named(pool, program):
    execution = pool.run(program)
    assert (execution.ending, execution.reason) == (Ending.ERROR, Reason.PROGRAM_NEEDS_PACKAGE)
    assert execution.package in ("matplotlib", "no_such_thing")


def test_a_module_of_the_standard_library_that_is_not_there_is_an_error_of_the_program(pool):
    assert pool.run("import math.nothing").reason is Reason.PROGRAM_ERROR


def test_output_before_an_error_is_kept(pool):
    assert pool.run("print(1)\n1/0").stdout == "1\n"


def test_blocks_share_their_state_and_keep_their_own_output(pool):
    first, second, third, fourth = pool.run_blocks(["x = 3\nprint('a')", "x + 1", "y", "print(x)\nx"])
    assert first == Execution(Ending.OK, "a\n", "a")
    assert second == Execution(Ending.OK, "4\n", "4")
    assert third == Execution(Ending.ERROR, "", None, "NameError: name 'y' is not defined")
    assert fourth == Execution(Ending.OK, "3\n3\n", "3")


@pytest.mark.parametrize(
    ("blocks", "outputs"),
    [
        (["%matplotlib inline\nprint(3)", "!pip install sympy\nprint(4)"], ["3\n", "4\n"]),
        (["\n    a = 1\n    a\n    ", "a + 5"], ["1\n", "6\n"]),
        (["async def m():\n    return 3", "await m()", "x = await m()\nx + 1"], ["", "3\n", "4\n"]),
        (["2 + 3", "_ * 2", "__", "_1 + Out[2]"], ["5\n", "10\n", "5\n", "15\n"]),
        (["_ = 7", "3", "_"], ["", "3\n", "7\n"]),
        (["x = 3; x;", "x; # quiet", "x # shown", "'a;'"], ["", "", "3\n", "'a;'\n"]),
        (["display(1, 'a')", "None"], ["1\n'a'\n", ""]),
        (["from IPython.display import display, Math\ndisplay(8)"], ["8\n"]),
        (["%%time\nprint(8)", "%time print(9)"], ["8\n", "9\n"]),
    ],
)
def test_blocks_follow_a_notebook(pool, blocks, outputs):
    executions = pool.run_blocks(blocks)
    assert [execution.error for execution in executions] == [None] * len(blocks)
    assert [execution.stdout for execution in executions] == outputs


def test_a_magic_that_does_more_than_set_up_is_an_error(pool):
    assert pool.run_blocks(["%timeit 1", "!ls"])[1].ending is Ending.ERROR


def test_blocks_split_large_outputs_exactly(pool):
    blocks = [f"print('{letter}' * 9000)" for letter in "abc"]
    assert [e.stdout for e in pool.run_blocks(blocks)] == [letter * 9000 + "\n" for letter in "abc"]


def test_blocks_after_an_endless_one_are_not_run(pool):
    first, second, third = pool.run_blocks(
        ["print(1)", "print(2, flush=True)\nwhile True: pass", "print(3)"], Limits(cpu_s=0.3)
    )
    assert first == Execution(Ending.OK, "1\n", "1")
    assert (second.ending, second.stdout) == (Ending.TIMEOUT, "2\n")
    assert third == Execution(Ending.TIMEOUT, "", None, "not run: CPU limit")


def test_no_blocks_give_no_executions(pool):
    assert pool.run_blocks([]) == []


def test_a_program_cannot_poison_the_next(pool):
    poison = (
        "import sympy, builtins, sys, os, random, numpy\n"
        "sympy.solve = lambda *a: 666\nbuiltins.print = None\nbuiltins.len = None\nsys.modules['math'] = None\n"
        "os.environ['EVIL'] = '1'\nsympy.Integer.__add__ = lambda a, b: 13\nrandom.random = lambda: 0\n"
    )
    assert pool.run(poison).ending in (Ending.OK, Ending.CRASH)
    after = pool.run(
        "import math, os, random\nfrom sympy import *\nx = symbols('x')\nprint(solve(x - 2, x), len([1]), 'EVIL' in os.environ, Integer(1) + 1, random.random() > 0)"
    )
    assert after.value == "[2] 1 False 2 True"


def test_runs_are_deterministic(pool):
    program = "import random, numpy\nprint(random.random(), numpy.random.rand(), hash('a'), {'b', 'a', 'c'})"
    values = {pool.run(program).value for _ in range(3)}
    assert len(values) == 1
    random.seed(0)
    assert next(iter(values)).startswith(str(random.random()))


def test_another_hash_seed_and_another_seed_show_impure_programs(pool):
    program = "import random\nprint(hash('a'), random.random())"
    with Pool(SECCOMP, 1, hash_seed=1, modules=("random",)) as other:
        assert other.run(program).value.split()[0] != pool.run(program).value.split()[0]
    assert pool.run(program, seed=1).value.split()[1] != pool.run(program, seed=0).value.split()[1]


def test_a_program_ends_alike_where_the_run_ignores_ctrl_c(pool):
    program = "import _thread, time\n_thread.interrupt_main()\ntime.sleep(5)\nprint(1)"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Pool(SECCOMP, 1, modules=("time",)) as other:
            endings = [(found.ending, found.error) for found in (pool.run(program), other.run(program))]
    finally:
        signal.signal(signal.SIGINT, before)
    assert endings[0] == endings[1]
    assert endings[0][0] is Ending.ERROR


def test_nothing_of_the_caller_is_seen(pool, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "token")
    with (tmp_path / "held").open("w") as held, Pool(SECCOMP, 1, modules=("os",)) as other:
        os.set_inheritable(held.fileno(), True)
        program = (
            "import os\nopened = []\nfor fd in range(5, 60):\n    try: os.fstat(fd); opened.append(fd)\n    except OSError: pass\n"
            "print('SECRET' in os.environ, opened, os.path.realpath('.'))"
        )
        assert other.run(program).value == "False [] /"


def test_many_programs_run_side_by_side_in_order():
    with Pool(SECCOMP, 2, modules=("math",)) as pool:
        executions = pool.map([f"print({i} * {i})" for i in range(60)])
        assert [e.value for e in executions] == [str(i * i) for i in range(60)]
        dialogues = pool.map_blocks([[f"x = {i}", "x"] for i in range(10)])
        assert [d[1].value for d in dialogues] == [str(i) for i in range(10)]


def test_a_pool_works_from_many_threads():
    values = {}
    with Pool(SECCOMP, 2, modules=("math",)) as pool:
        threads = [
            threading.Thread(target=lambda i=i: values.update({i: pool.run(f"print({i})").value})) for i in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert values == {i: str(i) for i in range(12)}


def servers() -> set[str]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if "validation.programs.zygote" in (entry / "cmdline").read_text():
                    status = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(status[1]) == os.getpid():
                        found.add(entry.name)
            except OSError:
                continue
    return found


def test_closing_a_pool_leaves_no_process():
    before = servers()
    pool = Pool(SECCOMP, 2, modules=("math",))
    pool.map(["print(1)"] * 4)
    started = servers() - before
    assert started
    pool.close()
    assert not started & servers()


def test_a_killed_server_is_replaced():
    with Pool(SECCOMP, 1, modules=("math",)) as pool:
        before = servers()
        assert pool.run("print(1)").value == "1"
        for pid in servers() - before:
            os.kill(int(pid), signal.SIGKILL)
        assert pool.run("print(2)").value == "2"


def test_a_server_ends_when_its_caller_is_gone():
    with Pool(SECCOMP, 1, modules=("math",)) as pool:
        pool.run("print(1)")
        process = pool._servers[0]._process
        process.stdin.close()
        assert process.wait(5) == 0


def test_a_killed_server_in_the_middle_of_a_program_is_replaced():
    with Pool(SECCOMP, 1, modules=("time",)) as pool:
        before = servers()
        pool.run("1")
        pids = servers() - before

        def kill_soon():
            time.sleep(0.3)
            for pid in pids:
                os.kill(int(pid), signal.SIGKILL)

        thread = threading.Thread(target=kill_soon)
        thread.start()
        execution = pool.run("import time\ntime.sleep(0.6)\nprint(7)")
        thread.join()
        assert execution.value == "7"


def test_the_plain_functions_share_a_server_of_the_strongest_level():
    assert run("print(2)").value == "2"
    assert run_blocks(["a = 1", "a"])[1].value == "1"
    close_shared()


def test_lone_surrogates_in_a_program_do_not_break_the_channel(pool):
    assert pool.run("print('\ud800')").ending in (Ending.OK, Ending.ERROR)
    assert pool.run("print('\\ud800')").value == "?"


def test_limits_are_those_of_the_configuration():
    assert (Limits().cpu_s, Limits().memory_mb) == (5.0, 1024)


def test_even_at_level_weak_no_process_outlives_its_program():
    program = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        for fd in (1, 2, 3, 4): os.close(fd)\n"
        "        time.sleep(60)\n    os._exit(0)\nos.wait()\nprint(os.getpid())"
    )
    with Pool(Level.WEAK, 1, modules=("time",)) as pool:
        execution = pool.run(program)
        server = pool._servers[0]._process.pid
        assert execution.ending is Ending.OK
        assert Path(f"/proc/{server}/task/{server}/children").read_text() == ""


@pytest.mark.parametrize("block", ["from IPython import get_ipython", "import IPython.core.magic"])
def test_of_ipython_its_display_is_here_and_the_rest_is_a_package_that_is_needed(block: str) -> None:
    (execution,) = run_blocks([block])
    assert execution.package == "IPython"


@pytest.mark.parametrize(("files", "told"), [(40, "ServerError"), (256, Ending.OK)])
def test_a_machine_on_which_servers_start_and_no_program_runs_fails_nobody_but_the_run(files: int, told: str) -> None:
    script = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))\n"
        "from validation.programs import Level, Pool\n"
        "with Pool(Level.SECCOMP, 1) as pool:\n"
        "    try: print(pool.run('print(1)').ending)\n"
        "    except Exception as error: print(type(error).__name__)\n"
    )
    root = str(Path(__file__).resolve().parents[3])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [told]

"""Which server a program runs in, and that it cannot tell from the result."""

import pytest

from validation.programs import Ending, Level, Limits, Pool
from validation.programs.preload import FULL_MODULES, LIGHT_MODULES, is_light


@pytest.mark.parametrize(
    "program",
    [
        "print(48 / 2)",
        "import math\nprint(math.sqrt(2))",
        "from fractions import Fraction\nfrom decimal import Decimal as D\nans = Fraction(1, 3)",
        "from __future__ import annotations\nimport collections.abc\nprint(1)",
        "def solution():\n    eggs = {'sympy': 3}\n    return eggs['sympy']",
    ],
)
def test_these_need_the_standard_library_alone(program):
    assert is_light(program)


@pytest.mark.parametrize(
    "program",
    [
        "import sympy",
        "from sympy.abc import x",
        "import math, numpy as np",
        "def solution():\n    from sympy import sqrt\n    return sqrt(8)",
        "import os\nprint(os.getpid())",
        "import importlib\nimportlib.import_module('sympy')",
        "__import__('sympy')",
        "exec('import sympy')",
        "eval('__import__(\"numpy\")')",
        "import statistics\nprint(statistics.sys.modules['numpy'])",
        "from random import _os",
        "from . import sympy",
        "getattr(__builtins__, '__imp' + 'ort__')('sympy')",
        "ｅval('1')",
        "def f(:",
        "(" * 5000,
        "print('\0')",
        "x = [" + "1," * 30_000 + "]",
    ],
)
def test_these_could_reach_more_or_cannot_be_read(program):
    assert not is_light(program)


@pytest.fixture(scope="module")
def both():
    with Pool(Level.SECCOMP, 1, modules=LIGHT_MODULES) as light, Pool(Level.SECCOMP, 1, modules=FULL_MODULES) as full:
        yield light, full


@pytest.mark.parametrize(
    "program",
    [
        "print(48 / 2)",
        "import random\nprint(random.random(), random.sample(range(100), 5))",
        "print({'b', 'a', 'c'}, hash('a'))",
        "from statistics import mean\nans = mean([1, 2, 4])",
        "def f(n): return f(n + 1)\nf(0)",
        "1 / 0",
        "x = [0] * 10**9",
        "print('x' * 10**6)",
        "while True: pass",
    ],
)
def test_both_kinds_of_servers_give_the_same_execution(both, program):
    assert is_light(program)
    light, full = (pool.run(program, Limits(cpu_s=0.5, memory_mb=256)) for pool in both)
    assert light == full


def test_a_misjudged_program_still_finds_its_modules(both):
    assert both[0].run("import sympy\nprint(sympy.sqrt(8))").value == "2*sqrt(2)"


def test_each_program_goes_to_the_server_that_it_needs(both):
    light, full = both
    see = "import sys\nprint('sympy' in sys.modules)"
    assert (light.run(see).value, full.run(see).value) == ("False", "True")
    with Pool(Level.SECCOMP, 2) as pool:
        assert pool.run("print(6 * 7)").value == "42"
        assert [server.modules for server in pool._servers if server.walls] == [LIGHT_MODULES]
        pool._full = full._full
        assert pool.run(see).value == "True"
        assert pool.run_blocks(["x = 3", "from sympy import sqrt\nsqrt(x)"])[1].value == "sqrt(3)"
        assert len([server for server in pool._servers if server.walls]) == 1


def test_an_unreadable_program_is_still_an_error_of_the_program(both):
    assert both[0].run("def f(:").ending is both[1].run("def f(:").ending is Ending.ERROR

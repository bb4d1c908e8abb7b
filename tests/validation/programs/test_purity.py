"""Which programs could end differently in a second run."""

import pytest

from validation.programs import Level, Pool, may_vary


@pytest.mark.parametrize(
    "program",
    [
        "print({'a', 'b'})",
        "print({x for x in 'ab'})",
        "print(list(set('abc')))",
        "import random\nprint(random.random())",
        "from time import time\nprint(time())",
        "print(hash('a'))",
        "print(id(1))",
        "import numpy as np\nprint(np.pi)",
        "from sympy import *\nx, y = symbols('x y')\nprint(list((x + y).free_symbols))",
        "def f(:",
        "import operator\nprint(operator.methodcaller('__hash__')('abc'))",
        "import math\nprint(getattr(math, 'os', None))",
        "from sympy import *\nprint(randprime(1, 100))",
        "from sympy.core.random import randrange\nprint(randrange(100))",
        "a, b = {'x': 1}, {'x': 2}\nk = a.keys()\nprint(list(k - b.keys()))",
        "def f(a, b): return a & b\nprint(list(f({'x': 1}.keys(), {'x': 2}.keys())))",
    ],
)
def test_these_are_run_twice(program):
    assert may_vary(program)


@pytest.mark.parametrize(
    "program",
    [
        "print(1 + 1)",
        "import math\nprint(math.sqrt(2))",
        "from sympy import symbols, solve\nx = symbols('x')\nprint(solve(x - 1))",
        "def solution():\n    return sum(i for i in range(10))",
        "ans = {'a': 1}['a']",
        "print(sum(n & 1 for n in range(9)), 6 ^ 3)",
        "d = {'a': 1}\nfor k, v in d.items(): print(k, v - 1)\nprint(sorted(d.keys()))",
        "from sympy import symbols\nx, time, random = symbols('x time random')\nprint(x + time - random)",
    ],
)
def test_these_are_not(program):
    assert not may_vary(program)


def test_what_varies_between_hash_seeds_is_seen_by_the_screen():
    program = "print(list(set('abcdefgh')))"
    values = set()
    for seed in (0, 1):
        with Pool(Level.SECCOMP, 1, hash_seed=seed, modules=("math",)) as pool:
            values.add(pool.run(program).value)
    assert len(values) == 2
    assert may_vary(program)

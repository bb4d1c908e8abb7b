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

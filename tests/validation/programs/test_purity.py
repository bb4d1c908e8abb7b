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
        "print(list(dict.fromkeys('abc').keys() | 'xyz'))",
        "print(print.__self__.id(3) % 977)",
        "print(str(int.__base__())[-4:-1])",
        "print((i for i in [1]).gi_frame.f_builtins['id'](3) % 977)",
        "class A: pass\nprint(str(A())[-4:-1])",
        "class A: pass\na = A()\nprint(f'{a}'[-4:-1])",
        "class A:\n    def f(self): return 1\nprint(str(A().f)[-4:-1])",
        "def f(): pass\nprint(('%s' % f)[-4:-1])",
        "print('{}'.format(lambda: 0)[-4:-1])",
        "print(sum(map(ord, str(zip()))))",
        "from itertools import permutations\nprint(ascii(permutations([1]))[-4:-1])",
        "print(str(i for i in [1])[-4:-1], str([].append)[-4:-1])",
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
        "print(str(2**10)[::-1], '%d' % 7, f'{3:>4}', '{:.2f}'.format(2 / 3), 'ab' + str(4))",
        "def f(n): return n + 1\nprint(str(f(3)), f'{f(4)}', '%s and %s' % (f(1), sum(map(f, [1]))))",
        "class A:\n    def __str__(self): return 'A'\nprint(str(A()), f'{A()}')",
        "class A:\n    def __init__(self): self.x = 3\na = A()\nprint(f'{a.x}', str(a.x))",
        "print(', '.join(map(str, [1, 2])), str(list(map(int, '12'))))",
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

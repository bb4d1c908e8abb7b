# ruff: noqa: E501 - one program a line
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
        "class A: pass\na=[A()]\nprint(str(a[0])[-6:-1])",
        "class A: pass\nprint(str([A()])[-7:-2])",
        "class A: pass\nprint(f'{[A()]}'[-7:-2])",
        "class A: pass\nprint(''.join(map(str,[A()]))[-6:-1])",
        "class A: pass\nprint(A().__repr__()[-6:-1])",
        "class A: pass\ntry: {}[A()]\nexcept KeyError as e: print(str(e)[-6:-1])",
        "from functools import lru_cache\nprint(str(lru_cache(lambda: 1))[-6:-1])",
        "import re\nprint(str(re.compile('a').match)[-6:-1])",
        "x=[]\nprint(str(x.append)[-6:-1])",
        "print('{0.__init__}'.format(5)[-6:-1])",
        "def f(x): return str(x)[-6:-1]\nprint(f(lambda:0))",
        "class A: pass\na=[A() for _ in range(50)]\nb=sorted(a,key=str)\nprint(a.index(b[7]))",
        "class A: pass\nclass A: pass\nd={1:A()}\nprint(('%s'%d)[-7:-2])",
        "from collections import namedtuple\nT=namedtuple('T','x')\nprint(str(T(lambda:0))[-7:-2])",
        "from dataclasses import dataclass\n@dataclass\nclass D:\n    x: int = 0\nprint(str(D(print.__call__))[-7:-2])",
        "def d(f): return f\n@d\ndef g(): pass\nh=[g]\nprint(str(h)[-7:-2])",
        "class A: pass\nx=[A()]\nprint(len(str(x)), int(str(x)[-4:-2],16))",
        "class A: pass\nprint(str(y:=A())[-6:-1])",
        "class A: pass\ndef mk(): return A()\nprint(str(mk())[-6:-1])",
        "print(str([(i for i in [1])])[-8:-3])",
        "class A: pass\nmatch A():\n    case x: print(str(x)[-6:-1])",
        "class A: pass\nfor x in [A()]: print(str(x)[-6:-1])",
        "class P:\n    @property\n    def x(self): return 1\n    def __str__(self): return 'p'\nprint(str([P.x])[-7:-2])",
        "class P:\n    def __str__(self): return 'p'\n    def m(self): return 1\nprint(str([P().m])[-7:-2], str([P.m])[-7:-2])",
        "class P:\n    def __str__(self): return 'p'\nprint(str([P()])[-7:-2])",
        "print(str([iter(b'a')])[-7:-2])",
        "from sympy import *\nx=symbols('x')\nf=lambdify(x,x)\nprint(str([f])[-8:-3])",
        "print(str(memoryview(b'a'))[-6:-1])",
        "from copy import deepcopy\nm = {}\ndeepcopy([[1]], m)\nprint(sum(m) % 9973)",
        "class A: pass\nt = '%s'\nprint((t % A())[-6:-1])",
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
        "s = sorted([(2, 'a'), (1, 'b')], key=lambda p: p[0])\nprint(f'{s[0]}', str(s), '%s' % s)",
        "class A:\n    def __init__(self): self.x = 3\n    def y(self): return self.x + 1\na = A()\nprint(f'{a.y():.2f}')",
        "class A:\n    def __repr__(self): return 'A'\nprint(str([A()]), f'{A()}')",
        "from functools import lru_cache\n@lru_cache(None)\ndef f(n): return n and n + f(n - 1)\nprint(f'{f(9)}', str(f(3)))",
        "from collections import Counter\nc = Counter(map(str, [1, 2]))\nfor k, v in zip('ab', c.items()): print(f'{k}: {v}')",
        "def solution():\n    total = sum(x * 2 for x in range(4))\n    return f'{total}' + str(total)\nprint(solution())",
        "from copy import deepcopy\na = deepcopy([[1]])\nprint(str(a))",
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

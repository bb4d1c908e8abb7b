"""Programs per CPU second at each level of isolation, in one run: tiny ones, and typical ones that need sympy.

    python -m benchmarks.programs [--rounds 8] [--batch 60]

Counts the CPU of the servers, of every fork and of the caller. The levels take turns, and the median round counts,
since neighbours change what a CPU second is worth. Goal inside the strongest level: 100 tiny ones, 40 with sympy.
"""

import argparse
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.measuring import process_tree, record
from validation.programs import Ending, Level, Pool, describe_levels

TINY = ("a = 3\nb = 4\nprint((a * a + b * b) ** 0.5)",)
# The server was warmed with none of them.
SYMPY = (
    "from sympy import symbols, solve\nx = symbols('x')\nprint(solve(x**2 - 7*x + 12, x))",
    "from sympy import symbols, Eq, solve\ny = symbols('y')\nprint(solve(Eq(3*y + 5, 17), y))",
    "from sympy import *\nx = symbols('x')\nprint(integrate(x**3, (x, 0, 2)))",
    "from sympy import Rational\nans = Rational(2, 7) + Rational(1, 3)",
    "from sympy import *\nans = simplify(sqrt(75) + sqrt(12))",
    "from sympy import Matrix\nprint(Matrix([[1, 2], [3, 9]]).det())",
)
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """CPU seconds of this process, of its children's whole trees, and of what those have waited for."""
    ticks = 0
    for pid in process_tree(os.getpid()):
        if pid != os.getpid():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS + time.process_time()


def cost_of_one(pool: Pool, programs: Sequence[str], count: int) -> float:
    """Runs `count` programs in turn and returns the CPU seconds of one."""
    before = cpu_seconds()
    for number in range(count):
        execution = pool.run(programs[number % len(programs)])
        assert execution.ending is Ending.OK, execution
    return (cpu_seconds() - before) / count


def compare_levels(levels: Iterable[Level], *, rounds: int, batch: int) -> dict[str, dict[str, float]]:
    """Returns programs per CPU second, by level and kind of program."""
    pools = {level: Pool(level, 1) for level in levels}
    kinds = {"tiny": TINY, "sympy": SYMPY}
    try:
        for pool in pools.values():
            for programs in kinds.values():
                cost_of_one(pool, programs, len(programs))
        costs: dict[str, dict[str, list[float]]] = {level: {kind: [] for kind in kinds} for level in pools}
        for _ in range(rounds):
            for level, pool in pools.items():
                for kind, programs in kinds.items():
                    costs[level][kind].append(cost_of_one(pool, programs, batch))
    finally:
        for pool in pools.values():
            pool.close()
    return {
        level: {kind: round(1 / median(seconds), 1) for kind, seconds in rows.items()} for level, rows in costs.items()
    }


def main() -> None:
    """Measures and records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=60, help="programs of each kind in a round, at each level")
    options = parser.parse_args()
    levels = [report.level for report in describe_levels() if report.available]
    per_cpu_second = compare_levels(levels, rounds=options.rounds, batch=options.batch)
    record("programs", {"programs_per_cpu_second": per_cpu_second}, [])


if __name__ == "__main__":
    main()

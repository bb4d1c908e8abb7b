"""Benchmarks by name: `benchmarks: [gsm8k, math500]` in a config, without their addresses and columns."""

import difflib
from functools import cache
from pathlib import Path

import yaml

from schemas.config import Benchmark
from schemas.exits import UserError

_CATALOGUE = Path(__file__).with_name("catalogue.yaml")


@cache
def catalogue() -> dict[str, Benchmark]:
    """The benchmarks that can be asked for by name."""
    tables = yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))
    return {name: Benchmark(name=name, **table) for name, table in tables.items()}


def resolve(benchmark: str | Benchmark, *, place: str = "curate.benchmarks") -> Benchmark:
    """Looks up a benchmark that was given by name; a table is its own answer.

    Args:
        benchmark: a name or a table.
        place: where in the config it was given.

    Raises:
        UserError: the catalogue has no benchmark of that name.
    """
    if isinstance(benchmark, Benchmark):
        return benchmark
    known = catalogue()
    if benchmark in known:
        return known[benchmark]
    near = difflib.get_close_matches(benchmark.lower(), known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UserError(
        f"{place}: no benchmark is called {benchmark!r}{hint} Known by name are {', '.join(known)}; "
        "any other is given as a table: {name: ..., path: ...}"
    )

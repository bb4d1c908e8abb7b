"""Abuses of what programs may have: each ends as it should, within its limits, and the same server runs its twin."""

import time

import pytest

from tests.validation.programs.abuses import ALL, LIMITS, PIPES, Abuse
from validation.programs import Ending, Level, Limits, Pool
from validation.programs.levels import probe

LOADED = ("math", "ctypes", "json", "sys", "threading")


@pytest.fixture(scope="module", params=[Level.NAMESPACES, Level.SECCOMP])
def pool(request):
    if not probe(request.param).available:
        pytest.skip(f"{request.param}: {probe(request.param).problem}; {probe(request.param).lift}")
    with Pool(request.param, 1, modules=LOADED) as pool:
        pool.run("1")
        yield pool


def names(abuse: Abuse) -> str:
    return abuse.name


@pytest.mark.parametrize("abuse", ALL, ids=names)
def test_an_abuse_is_over_within_its_limits_and_its_twin_works(pool, abuse):
    process = pool._servers[0]._process
    start = time.monotonic()
    executions = pool.run_blocks(abuse.blocks, LIMITS) if len(abuse.blocks) > 1 else [pool.run(*abuse.blocks, LIMITS)]
    assert time.monotonic() - start < 2 * LIMITS.wall_s + 1  # twice: it computed to the end, and the machine is busy
    assert len(executions) == len(abuse.blocks)
    assert executions[-1].ending in abuse.endings, executions
    assert not any("ESCAPED" in execution.stdout for execution in executions)
    twin = pool.run(abuse.twin)
    assert (twin.ending, twin.value) == (Ending.OK, abuse.value), twin
    assert pool._servers[0]._process is process, "the server was replaced"


def test_what_computes_a_while_and_then_sleeps_costs_its_wall_limit_once(pool):
    limits, start = Limits(cpu_s=1, wall_s=2), time.monotonic()
    execution = pool.run("import time\nwhile time.process_time() < .2: pass\ntime.sleep(60)", limits)
    assert (execution.ending, execution.error) == (Ending.TIMEOUT, "wall-clock limit")
    assert time.monotonic() - start < 1.9 * limits.wall_s


def test_no_program_looks_as_if_it_never_began(pool):
    endings = {pool.run(*PIPES[0].blocks, Limits(wall_s=0.1)).ending for _ in range(10)}  # who reads first is a race
    assert endings <= set(PIPES[0].endings)


def test_a_hundred_abuses_and_more_stand_beside_their_twins():
    assert len({abuse.name for abuse in ALL}) == len(ALL) >= 100
    assert all(abuse.twin not in abuse.blocks for abuse in ALL)

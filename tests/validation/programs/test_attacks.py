"""Attacks at every level: stopped inside all walls, by each wall that it names alone, successful without them."""

import json
import os
import platform
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.validation.programs.as_nobody import run_as_nobody
from tests.validation.programs.attacks import ALL, CPU, FORGERY, LIMITS, NAME, SELF_HARM, SPACE, TARGET, WAITING, Attack
from validation.programs import Level, Limits, Pool
from validation.programs.confine import landlock_version
from validation.programs.execution import Execution, read_reply
from validation.programs.levels import probe
from validation.programs.pool import request_for
from validation.programs.server import Server

RAISED: dict[str, dict[str, float]] = {
    "cpu": {"cpu_s": 0.9, "wall_s": 20},
    "memory": {"memory_mb": 1024, "cpu_s": 3},
    "output": {"output_kb": 256},
    "reports": {"output_kb": 256},  # their bound is a multiple of it
}
READING: dict[str, Callable[[dict], bool]] = {  # whether a judge that reads the ending without it is fooled
    "kernel": lambda reply: reply["reports"].startswith('{"status":"ok","value":"42","error":null}\n'),
    "count": lambda reply: reply["status"] == 0 and '"outcome": "ok"' in reply["output"],
    "shape": lambda reply: not _is_sound(reply["reports"].partition("\n")[0]),
}
NEEDS_ROOT = ("socket AF_PACKET", "kernel log", "change root", "mount")
NAMED = [attack for attack in ALL if attack.walls and attack not in FORGERY]
NOT_WEAK = ("report, then fork", "numpy array")  # the first is seccomp's; the second loads numpy, which is not at hand
WALLS = {wall for attack in NAMED for wall in attack.walls}
PAIRS = [(attack, wall) for attack in NAMED for wall in attack.walls if len(attack.walls) > 1]
COUNTED = [attack for attack in NAMED if "processes" in attack.walls]
TRIES = 3  # what forks threads and pools loses a race now and then; that it can win is the point of a control


def names(value: object) -> str:
    return value.name if isinstance(value, Attack) else str(value)


@pytest.fixture(scope="module")
def seccomp():
    with Pool(Level.SECCOMP, 1) as pool:
        yield pool


@pytest.fixture(scope="module")
def namespaces():
    report = probe(Level.NAMESPACES)
    if not report.available:
        pytest.skip(f"namespaces: {report.problem}; {report.lift}")
    with Pool(Level.NAMESPACES, 1) as pool:
        yield pool


@pytest.fixture(scope="module")
def weak():
    with Pool(Level.WEAK, 1, modules=("math",)) as pool:
        yield pool


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(autouse=True)
def target() -> Iterator[None]:
    shutil.rmtree(TARGET, ignore_errors=True)
    Path(TARGET).mkdir()
    (Path(TARGET) / "file").write_text("of the host")
    for path in (Path(TARGET), Path(TARGET) / "file"):
        path.chmod(0o777)
    yield
    shutil.rmtree(TARGET, ignore_errors=True)
    for path in (*Path("/tmp").glob(f"{NAME}-*"), Path("/dev/shm") / NAME):
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)


class Servers:
    """A server for every set of walls that is taken away, started when a test asks for it."""

    def __init__(self) -> None:
        self._servers: dict[frozenset[str], Server] = {}

    def run(self, program: str, without: set[str], limits: Limits = LIMITS) -> tuple[dict, Execution]:
        gone = frozenset(without - set(RAISED))
        for wall in without & set(RAISED):
            limits = limits.model_copy(update=RAISED[wall])
        if gone not in self._servers:
            level = Level.SECCOMP if "namespaces" in gone or not probe(Level.NAMESPACES).available else Level.NAMESPACES
            self._servers[gone] = Server(level, modules=("math",), without=sorted(gone - {"namespaces"}))
        reply = self._servers[gone].ask(request_for([program], limits, notebook=False, seed=0))
        return reply, read_reply(reply, 1, limits)[0]

    def close(self) -> None:
        for server in self._servers.values():
            server.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.close()


def escaped(reply: dict, limits: Limits = LIMITS) -> bool:
    """Whether the program got what it wanted, or used more than the limits grant."""
    return (
        "ESCAPED" in reply["output"]
        or reply["cpu"] > limits.cpu_s + 0.25
        or len(reply["output"]) > limits.output_kb * 1024
        or len(reply["reports"]) > limits.output_kb * 1024 * 8
    )


def _is_sound(report: str) -> bool:
    try:
        return isinstance(json.loads(report)["value"], str | None)
    except (ValueError, TypeError):
        return False


def machine_forbids(attack: Attack) -> str:
    """Why no wall of ours is what stops an attack here; empty on a machine where it must succeed without them."""
    if platform.machine() != "x86_64" and "libc.syscall" in attack.program:
        return "NOT x86_64, whose numbers of system calls the attack uses"
    if os.geteuid() != 0 and attack.name in NEEDS_ROOT:
        return "NOT ROOT, who alone could do this"
    if "Seccomp:\t0" not in Path("/proc/self/status").read_text():
        return "THE TESTS THEMSELVES ARE BEHIND A FILTER of the machine's own"
    return ""


@pytest.mark.parametrize("attack", [attack for attack in ALL if attack.walls != ("namespaces",)], ids=names)
def test_an_attack_is_stopped_at_level_seccomp(seccomp, attack, port):
    execution = seccomp.run(attack.program.replace("PORT", str(port)), LIMITS)
    assert "ESCAPED" not in execution.stdout, execution
    assert execution.ending in attack.endings, execution


@pytest.mark.parametrize("attack", ALL, ids=names)
def test_an_attack_is_stopped_in_namespaces(namespaces, attack, port):
    execution = namespaces.run(attack.program.replace("PORT", str(port)), LIMITS)
    assert "ESCAPED" not in execution.stdout, execution
    assert execution.ending in attack.endings, execution


@pytest.mark.parametrize(
    "attack", [CPU[0], *(a for a in [*SPACE, *SELF_HARM, *FORGERY] if a.name not in NOT_WEAK)], ids=names
)
def test_limits_and_verdicts_hold_at_level_weak_too(weak, attack):
    execution = weak.run(attack.program, LIMITS)
    assert "ESCAPED" not in execution.stdout, execution
    assert execution.ending in attack.endings, execution


@pytest.mark.parametrize(
    "attack", [a if a not in CPU[1:] else pytest.param(a, marks=pytest.mark.slow) for a in NAMED], ids=names
)
def test_an_attack_succeeds_when_the_walls_that_it_names_are_gone(servers, attack, port):
    program = attack.program.replace("PORT", str(port))
    for _ in range(TRIES):
        reply, execution = servers.run(program, set(attack.walls))
        if escaped(reply):
            return
    if machine_forbids(attack):
        pytest.skip(machine_forbids(attack))
    raise AssertionError(execution)


@pytest.fixture(scope="module")
def counted() -> dict[str, list[dict]]:
    """What comes of each attack by a user whose processes the kernel counts: held by that alone, and by nothing."""
    requests = []
    for attack in COUNTED:
        limits = LIMITS.model_copy(update=RAISED["memory"] if "memory" in attack.walls else {})
        others = sorted(WALLS - set(RAISED) - {"namespaces", "processes", "threads"})
        requests += [(attack.program, others, limits), *[(attack.program, [*others, "processes"], limits)] * TRIES]
    replies = run_as_nobody(requests)
    if replies is None:
        pytest.skip("ROOT WITHOUT A WAY TO BE NOBODY: setpriv is not there, or not allowed")
    each = iter(replies)
    return {attack.name: list(islice(each, 1 + TRIES)) for attack in COUNTED}


@pytest.mark.parametrize("attack", COUNTED, ids=names)
def test_the_limit_of_processes_alone_stops_it(counted, attack):
    held, *free = counted[attack.name]
    assert not escaped(held)
    assert any(map(escaped, free))


@pytest.mark.parametrize(("attack", "wall"), [pair for pair in PAIRS if pair[1] != "processes"], ids=names)
def test_each_wall_that_an_attack_names_stops_it_alone(servers, attack, wall, port):
    if wall == "namespaces" and not probe(Level.NAMESPACES).available:
        pytest.skip("NO NAMESPACES HERE")
    if wall == "landlock" and landlock_version() < 4:
        pytest.skip("NO LANDLOCK HERE, or one that knows no network")
    reply, execution = servers.run(attack.program.replace("PORT", str(port)), set(attack.walls) - {wall})
    assert not escaped(reply), execution


def test_every_wall_has_an_attack_that_it_alone_stops():
    alone = {attack.walls[0] for attack in [*ALL, *WAITING] if len(attack.walls) == 1}
    together = {wall for attack in ALL for wall in attack.walls}
    assert together - alone == {"processes", "file_size"}  # they stand behind seccomp: `PAIRS` shows them alone
    assert {wall for _, wall in PAIRS} >= together - alone


@pytest.mark.parametrize("attack", FORGERY, ids=names)
def test_a_judge_that_read_the_ending_without_that_would_be_fooled(servers, attack):
    reply, execution = servers.run(attack.program, set())
    assert READING[attack.walls[0]](reply)
    assert (execution.value, execution.ending in attack.endings) == (None, True)


@pytest.mark.parametrize("wall", READING)
def test_a_judge_without_that_believes_nothing_of_an_honest_program(servers, wall):
    reply, execution = servers.run("print(41)", set())
    assert (READING[wall](reply), execution.value) == (False, "41")


def test_sixty_attacks_and_more_name_their_walls():
    assert len(NAMED) + len(FORGERY) + len(WAITING) >= 60
    assert (
        sum(not attack.walls for attack in ALL if attack not in SELF_HARM) <= 6
    )  # the kernel's own refusals behind ours


@pytest.mark.slow
@pytest.mark.parametrize("attack", WAITING, ids=names)
def test_a_program_that_waits_is_ended_by_the_wall_clock_alone(servers, attack):
    for seconds in (0.5, 1.5):
        limits = Limits(cpu_s=1, wall_s=seconds)
        start = time.monotonic()
        _, execution = servers.run(attack.program, set(), limits)
        assert (execution.ending in attack.endings, execution.error) == (True, "wall-clock limit")
        assert time.monotonic() - start >= seconds

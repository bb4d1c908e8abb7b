# ruff: noqa: E501 - one case a line
"""The walls as data: the filter's tables and shape, the levels, the paths."""

import os
import shutil
import struct
import subprocess
import sysconfig
import tempfile
import venv
from pathlib import Path

import pytest

from validation.programs import Level, best_level, describe_levels
from validation.programs.launch import command, environment, readable_paths
from validation.programs.levels import _weakness, lift_namespaces, probe
from validation.programs.seccomp import build_filter
from validation.programs.syscalls import ALLOWED, ARCHITECTURES, KILLED

REPOSITORY = Path(__file__).resolve().parents[3]

# From linux/unistd headers, by hand: name, x86_64, aarch64.
KNOWN = [
    ("read", 0, 63), ("write", 1, 64), ("mmap", 9, 222), ("clone", 56, 220), ("execve", 59, 221), ("ptrace", 101, 117), ("kill", 62, 129),
    ("socket", 41, 198), ("openat", 257, 56), ("exit_group", 231, 94), ("prctl", 157, 167), ("clone3", 435, 435), ("io_uring_setup", 425, 425),
    ("bpf", 321, 280), ("memfd_create", 319, 279), ("setns", 308, 268), ("unshare", 272, 97), ("mount", 165, 40), ("process_vm_readv", 310, 270),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x86_64", "aarch64"), KNOWN)
def test_numbers_of_system_calls(name, x86_64, aarch64):
    assert ARCHITECTURES["x86_64"].numbers[name] == x86_64
    assert ARCHITECTURES["aarch64"].numbers[name] == aarch64


def test_audit_codes():
    assert ARCHITECTURES["x86_64"].audit == 0xC000003E
    assert ARCHITECTURES["aarch64"].audit == 0xC00000B7


def test_no_call_is_both_allowed_and_killed():
    assert not set(ALLOWED.split()) & set(KILLED.split())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_no_number_stands_for_two_names(name):
    numbers = ARCHITECTURES[name].numbers
    assert len(set(numbers.values())) == len(numbers)


def decide(code: bytes, data: dict[int, int]) -> int:
    """Runs classic BPF over the words of a seccomp_data, as the kernel does."""
    program = list(struct.iter_unpack("<HBBI", code))
    position, accumulator = 0, 0
    while True:
        operation, yes, no, value = program[position]
        position += 1
        if operation == 0x20:
            accumulator = data.get(value, 0)
        elif operation == 0x06:
            return value
        else:
            taken = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[operation]
            position += yes if taken else no


CASES = {
    # F_DUPFD, F_GETFL, F_DUPFD_CLOEXEC, F_SETFL; F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETFL with O_ASYNC; then F_SETLK,
    # F_OFD_SETLK, F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ
    "fcntl": [
        (0, 0),
        (0, 3),
        (0, 1030),
        (0, 4, 0o4000),
        (0, 8),
        (0, 10),
        (0, 15),
        (0, 4, 0o24000),
        (0, 6),
        (0, 37),
        (0, 1024),
        (0, 1026),
        (0, 1031),
    ],
    "socketpair": [(1,), (2,)],
    "sendto": [(3, 9, 9, 0, 0), (3, 9, 9, 0, 8), (3, 9, 9, 0, 1 << 40)],
    "clone": [(0x3D0F00,), (0x7D0F00,), (17,), (0x3D0F00 | 0x20000000,), (0x100,)],
    "clone3": [(8, 88), (0, 0)],
    "prlimit64": [(0, 3, 8), (0, 6, 0), (0, 6, 1 << 40), (1, 7, 0)],
    "pipe2": [(8, 0o4000), (8, 0o200)],
    "ioctl": [(0, 0x5421), (0, 0x5452), (0, 0x8901)],
    # FUTEX_WAIT_BITSET_PRIVATE, the same by another clock, FUTEX_WAKE; then FUTEX_LOCK_PI, FUTEX_CMP_REQUEUE_PI_PRIVATE
    "futex": [(0, 137), (0, 393), (0, 1), (0, 6), (0, 140)],
}
ALLOW, KILL, EPERM, ENOTTY = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050019


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("threads", [True, False])
def test_the_filter_decides_every_named_call(name, files, threads):
    machine = ARCHITECTURES[name]
    code = build_filter(machine, files=files, threads=threads)
    assert len(code) // 8 < 4096

    def call(number: int, *arguments: int, audit: int = machine.audit) -> int:
        words = {16 + 8 * i + 4 * j: a >> 32 * j & 0xFFFFFFFF for i, a in enumerate(arguments) for j in (0, 1)}
        return decide(code, {0: number, 4: audit} | words)

    for allowed in set(ALLOWED.split()) & set(machine.numbers):
        assert call(machine.numbers[allowed]) == ALLOW, allowed
    for killed in set(KILLED.split()) & set(machine.numbers):
        assert call(machine.numbers[killed]) == KILL, killed
    assert call(machine.numbers["ioctl"]) == ENOTTY
    decided = {
        number: tuple(call(machine.numbers[number], *arguments) for arguments in cases)
        for number, cases in CASES.items()
    }
    assert decided == {
        "fcntl": (ALLOW,) * 4 + (KILL,) * 4 + (EPERM,) * 5,
        "socketpair": (ALLOW, KILL),
        "sendto": (ALLOW, KILL, KILL),
        "clone": (ALLOW if threads else KILL,) * 2 + (KILL,) * 3,
        "clone3": (0x00050026 if threads else KILL, KILL),
        "prlimit64": (ALLOW, ALLOW, EPERM, EPERM),
        "pipe2": (ALLOW, EPERM),
        "ioctl": (ALLOW, ENOTTY, ENOTTY),
        "futex": (ALLOW,) * 3 + (0x00050026,) * 2,
    }
    named = {machine.numbers[known] for known in machine.numbers}
    assert {call(number) for number in set(range(600)) - named} | {call(9999)} == {EPERM}
    assert call(machine.numbers["read"], audit=0x40000003) == KILL
    assert call(machine.numbers["openat"], 0, 0, 0) == (ALLOW if files else EPERM)
    assert call(machine.numbers["openat"], 0, 0, 0o101) == EPERM
    assert call(machine.numbers["openat"], 0, 0, 0o20200000) == EPERM
    assert call(machine.numbers["prlimit64"], 0) == ALLOW
    assert call(machine.numbers["prlimit64"], 1) == EPERM
    if name == "x86_64":
        assert call(0x40000000 + machine.numbers["read"]) == KILL


def test_levels_are_described_strongest_first_with_what_lifts_them():
    reports = describe_levels()
    assert [r.level for r in reports] == [Level.NAMESPACES, Level.SECCOMP, Level.WEAK]
    assert reports[1].available
    assert "seccomp" in reports[1].walls
    assert reports[0].available or reports[0].lift
    assert best_level() is not Level.WEAK


def test_a_level_says_when_its_programs_are_still_root():
    as_root, as_other = _weakness(Level.SECCOMP, ["seccomp"]), _weakness(Level.SECCOMP, ["seccomp", "privileges"])
    assert as_other == ("", "")
    assert ("root" in as_root[0], "outside /root" in as_root[1]) == (os.geteuid() == 0,) * 2
    report = probe(Level.SECCOMP)
    assert bool(report.weakness) == ("privileges" not in report.walls and os.geteuid() == 0)


def test_without_bubblewrap_the_report_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    probe.cache_clear()
    report = probe(Level.NAMESPACES)
    assert (report.available, report.lift) == (False, "apt-get install bubblewrap")
    assert best_level() is Level.SECCOMP
    probe.cache_clear()


def test_the_environment_of_a_server_is_its_own():
    assert environment(3)["PYTHONHASHSEED"] == "3"
    assert set(environment(0)) <= {
        "PATH",
        "HOME",
        "LC_ALL",
        "TZ",
        "PYTHONHASHSEED",
        "PYTHONIOENCODING",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "MALLOC_ARENA_MAX",
    }


def test_programs_read_libraries_only():
    paths = readable_paths()
    assert not {"/", "/etc", "/home", "/root", "/proc", "/tmp", "/usr"} & set(paths)
    assert all("lib" in path or path.startswith(("/etc/ld.so", "/usr/share/zoneinfo")) for path in paths)


def test_the_namespace_has_nothing_shared():
    words = command(Level.NAMESPACES, modules=())
    assert {"--unshare-all", "--new-session", "--cap-drop"} <= set(words)
    assert "--bind" not in words


def test_a_checkout_below_tmp_keeps_its_namespaces():
    if not probe(Level.NAMESPACES).available:
        pytest.skip(f"NO NAMESPACES HERE: {probe(Level.NAMESPACES).problem}")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        checkout = Path(name)
        for room in ("validation", "schemas"):
            shutil.copytree(REPOSITORY / room, checkout / room, ignore=shutil.ignore_patterns("__pycache__", "dataset"))
        venv.create(checkout / ".venv", symlinks=True)
        place = sysconfig.get_path("purelib", vars={"base": str(checkout / ".venv")})
        (Path(place) / "caller.pth").write_text(sysconfig.get_path("purelib") + "\n")
        caller = (
            "from validation.programs import Level, Pool\n"
            "with Pool(Level.NAMESPACES, 1, modules=('math',)) as pool:\n"
            "    for program in ('print(6 * 7)', \"open('/tmp/made', 'w')\"):\n"
            "        execution = pool.run(program)\n"
            "        print(execution.ending, execution.value, execution.error)\n"
        )
        done = subprocess.run(
            [checkout / ".venv" / "bin" / "python", "-c", caller], cwd=checkout, capture_output=True, text=True
        )
    assert done.stderr == ""
    worked, refused = done.stdout.splitlines()
    assert worked == "ok 42 None"
    assert refused.startswith("forbidden None PermissionError")


def test_the_command_that_lifts_fits_the_problem():
    assert "user namespaces" in lift_namespaces("bwrap: No permissions to create new namespace")
    assert lift_namespaces("bwrap: execvp /tmp/gone/python: No such file or directory") == ""
    assert lift_namespaces("ModuleNotFoundError: No module named 'ctypes'") == ""

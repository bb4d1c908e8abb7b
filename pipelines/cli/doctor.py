"""What this machine is and has, as the verbs will find it, and the one command that would mend what is missing."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.text import Text

from schemas import hub
from schemas.manifest import CODE_VERSION
from validation.programs import Level, best_level, describe_levels

_PACKAGES = {
    "apache-beam": "curation",
    "pyarrow": "",
    "datasets": "curation",
    "great-expectations": "validation",
    "torch": "training",
    "transformers": "training",
}
"""the packages that a verb may miss, and the extra that brings each"""

_NAMESPACES_OFF = {
    "/proc/sys/user/max_user_namespaces": ("0", "sudo sysctl user.max_user_namespaces=15000"),
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
}
"""kernel switch -> the value that forbids user namespaces, and the command that allows them"""

_GIB = 1 << 30
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what.
        state: how it stands, in one line.
        well: whether nothing is missing.
        command: the one command that mends it; empty where there is none.
    """

    name: str
    state: str
    well: bool = True
    command: str = ""


def examine(place: Path) -> Iterator[Finding]:
    """Looks at one thing after the other; the slow ones (servers, driver, hub) come last.

    Args:
        place: a folder on the disk that data would be written to.
    """
    yield Finding("mathmill", f"{CODE_VERSION} on Python {platform.python_version()}, {platform.system()}")
    yield from map(_package, _PACKAGES)
    yield Finding("cores", f"{len(os.sched_getaffinity(0))} for this process, {os.cpu_count()} in the machine")
    yield _memory(Path("/proc/meminfo"))
    yield _disk(place)
    yield user_namespaces()
    yield from _isolation()
    yield _accelerator()
    yield _hub()


def print_findings(console: Console, findings: Iterator[Finding]) -> None:
    """Prints each as it is found, with the command below what is not well."""
    for finding in findings:
        mark = Text("ok   ", style="green") if finding.well else Text("look ", style="yellow")
        console.print(mark + Text(f"{finding.name:<20} {finding.state}"), soft_wrap=True)
        if finding.command:
            console.print(Text(f"     {'':<20} {finding.command}", style="cyan"), soft_wrap=True)


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", well=False, command=f"pip install 'mathmill[{_PACKAGES[name]}]'")


def _memory(meminfo: Path) -> Finding:
    if not meminfo.is_file():
        return Finding("memory", "unknown: this system has no /proc/meminfo")
    sizes = dict(line.split(":") for line in meminfo.read_text().splitlines())
    total, free = (int(sizes[key].split()[0]) * 1024 / _GIB for key in ("MemTotal", "MemAvailable"))
    return Finding("memory", f"{free:.1f} of {total:.1f} GiB available")


def _disk(place: Path) -> Finding:
    usage = shutil.disk_usage(place)
    return Finding("disk", f"{usage.free / _GIB:.1f} of {usage.total / _GIB:.1f} GiB free at {place.resolve()}")


def user_namespaces(switches: dict[str, tuple[str, str]] = _NAMESPACES_OFF) -> Finding:
    """Whether the kernel lets an ordinary user make the namespaces that the strongest level is built of.

    Args:
        switches: path -> (the value that forbids them, the command that allows them); a kernel lacks most of them.
    """
    for path, (forbidding, command) in switches.items():
        switch = Path(path)
        if switch.is_file() and switch.read_text().strip() == forbidding:
            return Finding("user namespaces", f"{switch.name} is {forbidding}", well=False, command=command)
    return Finding("user namespaces", "allowed by the kernel's switches")


def _isolation() -> Iterator[Finding]:
    """Each level, the strongest first; `weak` is never chosen by itself, so it is no finding that it works."""
    for report in describe_levels(Level.SECCOMP):
        state = ", ".join(report.walls) if report.available else f"not here: {report.problem}"
        state += f"; {report.weakness} (to mend it: {report.lift})" if report.weakness else ""
        yield Finding(f"isolation {report.level}", state, report.available, report.lift)
    try:
        yield Finding("programs run at", best_level())
    except OSError as error:
        yield Finding("programs run at", str(error), well=False)


def _accelerator() -> Finding:
    """Asks the driver: torch, which alone could say more, costs two seconds and lives in another room."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("GPU", "no NVIDIA driver: training runs on the CPU")
    query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    if answer.returncode:
        return Finding("GPU", f"nvidia-smi failed: {(answer.stderr or answer.stdout).strip()}", well=False)
    return Finding("GPU", "; ".join(answer.stdout.strip().splitlines()))


def _hub() -> Finding:
    if find_spec("huggingface_hub") is None:
        return Finding("hub", "unknown without huggingface_hub", well=False)
    from huggingface_hub import constants  # deferred: an extra brings it

    if constants.HF_HUB_OFFLINE:
        return Finding("hub", "not asked: HF_HUB_OFFLINE is set", command="unset HF_HUB_OFFLINE")
    if hub.answers(constants.ENDPOINT):
        return Finding("hub", f"{constants.ENDPOINT} answers")
    state = f"{constants.ENDPOINT} does not answer: hf:// names work only from the cache"
    return Finding("hub", state, well=False, command="export HF_HUB_OFFLINE=1")

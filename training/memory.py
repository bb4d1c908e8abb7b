"""How much memory can be had, and the refusal to begin what would be killed half-way."""

import os
from pathlib import Path

import torch

from schemas.exits import UserError


def free_on(device: torch.device) -> int:
    """Free bytes of a device, or of this machine."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else free_bytes()


def require_memory(source: Path | str, needed: int, free: int) -> None:
    """Refuses to begin what would be killed half-way.

    Raises:
        UserError: naming the bytes.
    """
    if needed > free:
        raise UserError(
            f"{source}: float64 needs {needed:,} bytes of memory and {free:,} are free; prove a smaller model of the "
            "same architecture, or use a machine with more memory"
        )


def free_bytes(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that can be had without swapping, in this machine and in the container that it may be.

    Args:
        group: the container's control group (v2), whose cached file pages count as used until they are wanted.
    """
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    limit = group / "memory.max"
    if limit.is_file() and (most := limit.read_text(encoding="ascii").strip()) != "max":
        used = int((group / "memory.current").read_text(encoding="ascii"))
        free = min(free, int(most) - used + _cached(group / "memory.stat"))
    return free


def _cached(stat: Path) -> int:
    lines = stat.read_text(encoding="ascii").splitlines() if stat.is_file() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith(("active_file ", "inactive_file ")))

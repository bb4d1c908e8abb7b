"""The server's memory in huge pages: a fork copies, and its end drops, one entry where there were 512.

Only cost changes: where the kernel does not do it, small pages stay.
"""

import ctypes
from pathlib import Path

_HUGE = 2 << 20  # bytes, on x86_64 and on aarch64 with small pages of 4 KiB
_MADV_COLLAPSE = 25


def gather_pages() -> int:
    """Turns the private memory of this process into huge pages as far as it fills them; returns how many."""
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    gathered = 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        bounds, mode, _, _, inode, *_ = line.split()
        if mode != "rw-p" or inode != "0":
            continue
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        for address in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
            gathered += libc.madvise(address, _HUGE, _MADV_COLLAPSE) == 0
    return gathered

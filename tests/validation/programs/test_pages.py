"""Huge pages change what a fork costs and nothing else."""

import hashlib
import random
from pathlib import Path

from validation.programs.pages import gather_pages


def huge_kilobytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("AnonHugePages:"))


def test_gathering_pages_changes_no_byte():
    data = random.Random(0).randbytes(8 << 20)
    before = hashlib.sha256(data).digest()
    gathered = gather_pages()
    assert huge_kilobytes() >= gathered * 2048
    assert hashlib.sha256(data).digest() == before

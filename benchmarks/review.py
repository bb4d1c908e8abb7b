"""The review page at the speed of a key: milliseconds from an answer to the next row, on queues of two sizes.

    python -m benchmarks.review [--rows 1000 100000] [--answers 400]

A reader sends each answer as the page's script does, gets the next row, which has formulas and code, and looks at it
for a tenth of a second; the decision is on the disk when the row is there. Memory is the server's own, at the first
answer and at the last.
"""

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import numpy as np

from benchmarks.measuring import REPOSITORY, record
from pipelines.curate import curate
from schemas.configfile import check_config

_LOOK_S = 0.1
_SKIP = ["screen", "decontaminate", "collapse", "verify", "identify", "label", "balance"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a reader went through a queue.

    Attributes:
        p50_ms, p95_ms, worst_ms: from an answer to the next row, the sync to disk included.
        rows_per_minute: of a reader who looks at each row for a tenth of a second.
        start_s: until the page was there.
        first_mb, last_mb: memory of the server at the first and at the last answer.
    """

    queued: int
    answers: int
    p50_ms: float
    p95_ms: float
    worst_ms: float
    rows_per_minute: int
    start_s: float
    first_mb: float
    last_mb: float


def questionable(folder: Path, rows: int) -> Path:
    """A data set of so many rows that nobody has voted on often enough."""
    path = folder / "rows.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for i in range(rows):
            file.write(json.dumps(_row(i)) + "\n")
    columns = {"question": "q", "solution": "s", "answer": "a", "votes": "v"}
    source = {"name": "school", "path": str(path), "adapter": "columns", "format": "tir", "licence": "MIT"}
    table = {"sources": [source | {"columns": columns}], "select": {"min_votes": 2}, "skip": _SKIP}
    config = check_config({"curate": table | {"wipeout": {"limit": 1.0}}})
    curate(config, folder / "data")
    return folder / "data"


def _row(i: int) -> dict[str, object]:
    a, b = i + 2, 3 * i + 5
    formulas = " ".join(f"$x_{{{k}}} = \\frac{{{a + k}}}{{{b}}} + \\sqrt{{{k}}}$" for k in range(6))
    question = f"Let $f_{{{i}}}(x) = {a}x^2 + {b}$. What is $f_{{{i}}}(2)$? Note {formulas}."
    code = f"```python\na, b = {a}, {b}\nprint(4 * a + b)\n```\n```output\n{4 * a + b}\n```\n"
    return {"q": question, "s": f"We compute.\n{code}So it is $\\boxed{{{4 * a + b}}}$.", "a": str(4 * a + b), "v": 1}


@contextmanager
def served(data: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Serves the page; gives its address and the process that serves it."""
    command = [sys.executable, "-m", "pipelines", "review", str(data), "--serve", "--port", "0", "--by", "reader"]
    environment = {**os.environ, "COLUMNS": "400"}
    process = subprocess.Popen(
        [*command, "--decisions", str(folder)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        found = re.match(r"review: (http://\S+)", process.stdout.readline())
        assert found, "the page did not start"
        yield found[1], process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        process.stdout.close()


def read_through(url: str, pid: int, queued: int, answers: int, start_s: float) -> Pace:
    """Answers row after row over one connection, as a browser does."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/")
    reply = connection.getresponse()
    cookie, page = (reply.getheader("set-cookie") or "").partition(";")[0], reply.read().decode()
    csrf = _between(page, 'name="mathmill-csrf" content="', '"')
    ticket = json.loads(_between(page, 'id="state">', "</script>"))["card"]["ticket"]
    headers = {"cookie": cookie, "x-mathmill-csrf": csrf, "content-type": "application/json"}
    took, first = [], _memory_mb(pid)
    for at in range(answers):
        form = {"queue": "quarantined", "ticket": ticket, "vote": ("accepted", "rejected")[at % 2]}
        began = time.perf_counter()
        connection.request("POST", "/decide", json.dumps(form), headers)
        answer = json.loads(connection.getresponse().read())
        took.append(1e3 * (time.perf_counter() - began))
        ticket = answer["card"]["ticket"]
        time.sleep(_LOOK_S)
    connection.close()
    p95 = float(np.quantile(took, 0.95))
    rate = round(60_000 / (sum(took) / len(took) + 1e3 * _LOOK_S))
    numbers = (round(median(took), 1), round(p95, 1), round(max(took), 1))
    return Pace(queued, answers, *numbers, rate, round(start_s, 1), first, _memory_mb(pid))


def _between(text: str, start: str, end: str) -> str:
    return text.split(start, 1)[1].split(end, 1)[0]


def _memory_mb(pid: int) -> float:
    """Memory that the process has for itself, MiB: mapped shards are the system's to take back."""
    fields = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kib = sum(int(line.split()[1]) for line in fields if line.startswith(("Private_Dirty", "Private_Clean")))
    return round(kib / 1024, 1)


def measure_queue(rows: int, answers: int) -> Pace:
    """Measures a queue of so many rows."""
    with tempfile.TemporaryDirectory() as name:
        data = questionable(Path(name), rows)
        began = time.monotonic()
        with served(data, Path(name) / "decisions") as (url, pid):
            return read_through(url, pid, rows, min(answers, rows), time.monotonic() - began)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and keeps the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--answers", type=int, default=400)
    given = parser.parse_args(arguments)
    paces = [asdict(measure_queue(rows, given.answers)) for rows in given.rows]
    record("review", {"queues": paces}, [])


if __name__ == "__main__":
    main()

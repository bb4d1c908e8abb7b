"""`make soak`: kills at random moments and kinds of faults, over curate, validate and train, and what became of each.

    python -m benchmarks.soak            # 60 kills, every kind of fault: most of an hour on two cores
    python -m benchmarks.soak --quick    # 6 kills, every kind once: minutes

A kill takes the verb and all of its processes with SIGKILL at a random share of the work; the same command then has to
end at the bytes of a straight run. A fault is injected into a folder or a process; the verb has to refuse in one line
with the right exit code, or to mend it, and the same command then has to end at the same bytes. Work done again is CPU
time beyond a straight run and a second start. Rows are GSM8K's from $MATHMILL_DATA where it is set, else the demo's.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak_faults import FAULTS, Fault
from benchmarks.soak_runs import Desk, Ended, prepared

_SHARES = {"curate": 0.6, "validate": 0.1, "train": 0.3}
"""of the kills that each verb gets"""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one injection.

    Attributes:
        survived: it was refused in one line or mended, and the same command then ended well.
        equal: the bytes at the end are those of the straight run.
        again: share of a straight run's work that was done again; None where nothing of it is kept.
    """

    kind: str
    survived: bool
    equal: bool
    again: float | None = None
    remark: str = ""


def kill(desk: Desk, verb: str, chance: random.Random) -> Line:
    """Kills a verb at a random share of its work and lets the same command end it."""
    straight = desk.straight[verb]
    folder = desk.fresh(verb)
    share = chance.uniform(0.02, 0.98)
    spent = desk.killed(verb, folder, at_cpu_s=straight.start_cpu_s + share * straight.work_cpu_s)
    ended = desk.run(verb, folder)
    beyond = max(0.0, spent + ended.cpu_s - straight.cpu_s - straight.start_cpu_s) / straight.work_cpu_s
    again = None if verb == "validate" else beyond  # it keeps nothing and begins anew
    remark = "" if ended.code == 0 else f"exit {ended.code} after a kill at {share:.0%}: {ended.last_line}"
    return Line(f"kill: {verb}", ended.code == 0, desk.is_equal(verb, folder), again, remark)


def fault(desk: Desk, kind: Fault) -> Line:
    """Injects a fault, looks at what the verb said, and lets the same command end it."""
    folder = desk.finished(kind.verb) if kind.into_finished else desk.fresh(kind.verb)
    met = kind.inject(desk, folder)
    fair = met.code in kind.codes and "Traceback" not in met.output
    ended = desk.run(kind.verb, folder)
    equal = desk.is_equal(kind.verb, folder)
    remark = "" if fair and ended.code == 0 and equal else f"exit {met.code}, then {ended.code}: {_told(met, ended)}"
    return Line(kind.name, fair and ended.code == 0, equal, None, remark)


def _told(*runs: Ended) -> str:
    return " | ".join(run.last_line for run in runs)


def soak(desk: Desk, *, kills: int, seed: int, faults: Sequence[Fault] = FAULTS) -> Iterator[Line]:
    """All kills, then all faults."""
    chance = random.Random(seed)
    verbs = [verb for verb, share in _SHARES.items() for _ in range(max(1, round(kills * share)))]
    for verb in verbs:
        yield kill(desk, verb, chance)
    for kind in faults:
        yield fault(desk, kind)


def table(lines: Sequence[Line]) -> list[str]:
    """A line a kind, and the sum."""
    rows = [f"{'fault':64} {'injected':>8} {'survived':>8} {'equal':>6} {'work done again':>18}"]
    for kind in dict.fromkeys(line.kind for line in lines):
        of_kind = [line for line in lines if line.kind == kind]
        rows.append(_row(kind, of_kind))
    return [*rows, _row("all", lines), f"lost {len(lost(lines))}"]


def lost(lines: Sequence[Line]) -> list[Line]:
    """What was not survived, or ended at other bytes."""
    return [line for line in lines if not (line.survived and line.equal)]


def _row(name: str, lines: Sequence[Line]) -> str:
    again = [line.again for line in lines if line.again is not None]
    shares = f"{sum(again) / len(again):.1%}, most {max(again):.1%}" if again else "-"
    survived, equal = (sum(getattr(line, name) for line in lines) for name in ("survived", "equal"))
    return f"{name:64} {len(lines):>8} {survived:>8} {equal:>6} {shares:>18}"


def run(folder: Path, *, rows: int, kills: int, seed: int, say: Callable[[str], None] = print) -> int:
    """Prepares, soaks, prints the table; returns 1 when anything was lost."""
    desk = prepared(folder, rows=rows)
    for verb, straight in desk.straight.items():
        say(f"straight {verb}: {straight.cpu_s:.1f} CPU s, {straight.start_cpu_s:.1f} of them to start")
    lines = []
    for line in soak(desk, kills=kills, seed=seed):
        lines.append(line)
        say(f"{len(lines):3} {line.kind}: {line.remark or 'survived'}" + (f", {line.again:.1%}" if line.again else ""))
    for row in table(lines):
        say(row)
    return int(bool(lost(lines)))


def main() -> int:
    """Reads the options and soaks in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="6 kills over fewer rows")
    parser.add_argument("--kills", type=int, help="how many kills instead")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mathmill-soak-"))
    kills = options.kills or (6 if options.quick else 60)
    try:
        return run(folder, rows=300 if options.quick else 1500, kills=kills, seed=options.seed)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())

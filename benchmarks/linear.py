"""What a crafted row costs: the worst milliseconds per KB of each stage, and how the cost grows when the text doubles.

Every unit is a piece of what some pattern or scanner looks for (`linear_texts`). It is repeated, nested and nearly
finished; the texts that cost most, or more than in proportion, at two small sizes are then doubled up to 1 MB, as long
as a row may be. The bar is 2.3: nothing may take more than 2.3 times as long for twice the text.

    python -m benchmarks.linear                        all stages
    python -m benchmarks.linear --stage gate verify    those whose name holds one of the words
    python -m benchmarks.linear --quick                three shapes, looked at once: minutes instead of hours
"""

import argparse
import gc
import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from operator import attrgetter
from types import FrameType

from benchmarks.linear_stages import STAGES
from benchmarks.linear_texts import UNITS, shapes
from benchmarks.measuring import REPOSITORY, record

BAR = 2.3
LOOK_AT = (3_906, 15_625)  # characters of the two looks that choose what is doubled
LARGEST = 1_000_000
CHOSEN = 4  # texts of a stage that are doubled up to the largest size
CAP_S = 4.0  # CPU seconds after which a text is called endless
LEAST_S = 0.01  # below it a time is noise
DOUBLINGS, REPEATS = 3, 3
QUICK_SHAPES = ("repeated", "in a box", "alternating")


@dataclass(frozen=True, slots=True)
class Growth:
    """How the cost of a text grows in a stage.

    Attributes:
        ms_per_kb: at the largest size that was measured.
        ratio: of one doubling, the mean over the last `DOUBLINGS` of them; 0 where times were never more than noise.
        size: the largest size measured; its CPU seconds.
    """

    stage: str
    unit: str
    shape: str
    ms_per_kb: float
    ratio: float
    size: int
    seconds: float


class _EndlessError(BaseException):
    """A text took longer than `CAP_S`."""


def cpu_seconds(look: Callable[[str], object], text: str, *, cap: float = CAP_S) -> float:
    """The CPU seconds of a look at a text, at most `cap`; a look that raises has looked."""
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, cap)
    try:
        with suppress(Exception):
            look(text)
    except _EndlessError:
        return cap
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.process_time() - started


def stop(_signal: int, _frame: FrameType | None) -> None:
    """Ends a look that takes too long: the handler of SIGVTALRM."""
    raise _EndlessError


def quick_suspects(stage: str) -> list[tuple[str, str]]:
    """The units and shapes that cost most at the first look, of the shapes that cost most as a rule."""
    looks = ((unit, shape, shapes(unit)[shape](LOOK_AT[0])) for unit in UNITS for shape in QUICK_SHAPES)
    costs = sorted(((cpu_seconds(STAGES[stage], text), unit, shape) for unit, shape, text in looks), reverse=True)
    return [(unit, shape) for _, unit, shape in costs[: CHOSEN // 2]]


def suspects(stage: str) -> list[tuple[str, str]]:
    """The units and shapes that cost most at the second look, and those whose cost grew most from the first."""
    small, large = LOOK_AT
    found: list[tuple[float, float, str, str]] = []
    for unit in UNITS:
        for shape, text in shapes(unit).items():
            first, second = (cpu_seconds(STAGES[stage], text(size)) for size in (small, large))
            found.append((second, second / max(first, 0.001), unit, shape))
    dearest = sorted(found, reverse=True)[:CHOSEN]
    growing = sorted(found, key=lambda look: (-look[1], look[2:]))[:CHOSEN]
    return list(dict.fromkeys((unit, shape) for _, _, unit, shape in (*dearest, *growing)))


def growth(stage: str, unit: str, shape: str, *, repeats: int = REPEATS) -> Growth:
    """Doubles a text until it is 1 MB or costs more than half of `CAP_S`."""
    size, costs = LOOK_AT[0], list[float]()
    while True:
        text = shapes(unit)[shape](size)
        costs.append(min(cpu_seconds(STAGES[stage], text) for _ in range(repeats)))
        if costs[-1] > CAP_S / 2 or 2 * size > LARGEST:
            break
        size *= 2
    told = [seconds for seconds in costs if seconds > LEAST_S][-DOUBLINGS - 1 :]
    ratio = (told[-1] / told[0]) ** (1 / (len(told) - 1)) if len(told) > 1 else 0.0
    return Growth(stage, unit, shape, 1000 * costs[-1] / (size / 1000), round(ratio, 2), size, round(costs[-1], 3))


def worst_of(stage: str, *, quick: bool = False) -> list[Growth]:
    """What costs most in a stage, and what grows most."""
    chosen, repeats = (quick_suspects(stage), 1) if quick else (suspects(stage), REPEATS)
    grown = [growth(stage, unit, shape, repeats=repeats) for unit, shape in chosen]
    return list(dict.fromkeys(max(grown, key=attrgetter(name)) for name in ("ms_per_kb", "ratio")))


def measured_before() -> list[Growth]:
    """What earlier calls found: the stages can be measured a few at a time."""
    path = REPOSITORY / "benchmarks" / "results" / "linear.json"
    return [Growth(**found) for found in json.loads(path.read_bytes())["worst"]] if path.is_file() else []


def row_of(found: Growth) -> str:
    """A row of the table."""
    where = f"{found.unit!r} {found.shape}, {found.size // 1000} KB in {found.seconds} s"
    return f"| {found.stage} | {found.ms_per_kb:.3f} | {found.ratio:.2f} | {where.replace('|', chr(92) + '|')} |"


def main() -> int:
    """Prints and keeps the worst of each stage; 1 when something grows faster than the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stage", nargs="*", default=[""], help="only stages whose name holds one of these")
    parser.add_argument("--quick", action="store_true", help="three shapes of each unit, looked at once")
    options = parser.parse_args()
    signal.signal(signal.SIGVTALRM, stop)
    gc.disable()  # as reading does: its passes over what stands elsewhere are no cost of a text
    stages = [name for name in STAGES if any(word in name for word in options.stage)]
    print("| stage | worst ms per KB | ratio of a doubling | text |\n|---|---|---|---|")
    worst: list[Growth] = []
    for stage in stages:
        grown = worst_of(stage, quick=options.quick)
        print(*map(row_of, grown), sep="\n", flush=True)
        worst += grown
    known = [found for found in measured_before() if found.stage not in stages]
    record("linear", {"bar": BAR, "worst": [asdict(found) for found in (*known, *worst)]}, ())
    return int(any(found.ratio > BAR for found in worst))


if __name__ == "__main__":
    sys.exit(main())

"""How a run grows with its rows: CPU, memory and bytes at 10^4, 10^5, 10^6, ... rows, and what breaks first.

    python -m benchmarks.scale                               # 10^4, 10^5 and 10^6 short rows, programs skipped
    python -m benchmarks.scale --rows 10000 100000 --workers 2
    python -m benchmarks.scale --rows 10000 100000 1000000 --row-bytes 16384 --no-addition    # 55 GB of disk

Each size is curated and validated, then a second source of a tenth of its rows is added to the same data set: that must
cost what the new rows cost alone (and takes the disk of a second data set: --no-addition leaves it out). Growth is
fitted as a power of the rows over all sizes: 1.0 is linear. What breaks first is the size at which the largest of the
memories meets 16 GB. The picture is docs/scale.svg.
"""

import argparse
import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.measuring import Cost, mathmill, measure, record
from benchmarks.scale_picture import PICTURE, picture
from benchmarks.store import write_rows

_CONFIG = """
curate:
  sources:
    {sources}
  skip: [verify]
  wipeout: {{limit: 1}}
validate: {{recheck: {{sample: 0}}}}
"""
_SOURCE = (
    "- {{name: {name}, path: {path}, adapter: columns, format: cot, licence: CC0-1.0, columns: {{answer: answer}}}}"
)
_BOX_MB = 16 * 1024
_LEAST_S = 0.5  # beyond a start: below it growth is noise
_SHORT = 500  # bytes of a row as grade-school problems have them
MEASURED = ("curate", "validate", "added", "alone")


@dataclass(frozen=True, slots=True)
class Size:
    """One size, measured.

    Attributes:
        costs: of each step of `MEASURED` that ran: `curate` over all rows, `validate` of its data, `added` is a tenth
            more rows, in a second source, added to that run, `alone` a run over these alone.
        work_bytes: of each folder of the work folder, a row.
        data_bytes: of shards, ledger and rejected records, a row.
    """

    rows: int
    costs: dict[str, Cost]
    work_bytes: dict[str, float]
    data_bytes: float


def measure_size(folder: Path, rows: int, *, row_bytes: int, flags: Sequence[str], addition: bool) -> Size:
    """Curates so many rows, judges them, and adds a tenth where `addition` asks for it."""
    sources = {"rows": folder / "rows.jsonl", "more": folder / "more.jsonl"}
    data, alone = folder / "data", folder / "alone"
    write_rows(sources["rows"], rows=rows, row_bytes=row_bytes)

    def curate(label: str, output: Path, *names: str) -> Cost:
        config = write_config(folder / "config.yaml", {name: sources[name] for name in names})
        return measure(label, mathmill("curate", config, "--output", output, *flags))

    costs = {"curate": curate(f"curate {rows:,}", data, "rows")}
    work = {name: size / rows for name, size in _stored(data / ".work").items()}
    command = mathmill("validate", data, "--config", folder / "config.yaml")
    costs["validate"] = measure(f"validate {rows:,}", command)
    data_bytes = sum(_bytes_in(data / name) for name in ("shards", "ledger", "rejected")) / rows
    if addition:
        more = max(rows // 10, 1)
        write_rows(sources["more"], rows=more, row_bytes=row_bytes, first=rows)
        costs["added"] = curate(f"add {more:,} to {rows:,}", data, "rows", "more")
        costs["alone"] = curate(f"curate {more:,} alone", alone, "more")
    for path in (data, alone, *sources.values()):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return Size(rows, costs, work, data_bytes)


def write_config(config: Path, sources: Mapping[str, Path]) -> Path:
    """Writes a config over files of `write_rows`, by name."""
    lines = (_SOURCE.format(name=name, path=path) for name, path in sources.items())
    config.write_text(_CONFIG.format(sources="\n    ".join(lines)), encoding="utf-8")
    return config


def _stored(work: Path) -> dict[str, int]:
    """Bytes by folder of a work folder, tags by the stage that wrote them."""
    sizes: dict[str, int] = {}
    for path in work.rglob("*"):
        folders = path.relative_to(work).parts[:-1]
        if path.is_file() and folders:
            name = folders[1].partition("-")[0] if folders[0] == "tags" else folders[0]
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return sizes


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def growth(rows: Sequence[int], values: Sequence[float], *, least: float = 0.0) -> float | None:
    """The power of the rows that values grow with, fitted on the logarithms of those from `least` on.

    None where these are fewer than two.
    """
    known = [(count, value) for count, value in zip(rows, values, strict=True) if value > least]
    if len(known) < 2:
        return None
    counts, found = np.log(np.array(known)).T
    slope, _ = np.polyfit(counts, found, 1)
    return round(float(slope), 3)


def full_at(rows: Sequence[int], peaks: Sequence[float]) -> int | None:
    """The rows at which a memory of `_BOX_MB` is full, from what the last step in size added; None if it added none."""
    if len(rows) < 2 or peaks[-1] <= peaks[-2]:
        return None
    each = (peaks[-1] - peaks[-2]) / (rows[-1] - rows[-2])
    return math.floor(rows[-1] + (_BOX_MB - peaks[-1]) / each)


def table_of(sizes: Sequence[Size], start: Size) -> list[dict[str, object]]:
    """One line a size: what each step costs a row beyond a start, and what is new beside what it costs alone."""
    return [
        {
            "rows": size.rows,
            **{f"{name}_us_a_row": _a_row(size, name, start) for name in ("curate", "validate")},
            **_addition(size),
            **{f"{name}_mb": cost.peak_mb for name, cost in size.costs.items()},
            "work_bytes_a_row": {name: round(found) for name, found in size.work_bytes.items() if found >= 0.5},
            "data_bytes_a_row": round(size.data_bytes),
        }
        for size in sizes
    ]


def _addition(size: Size) -> dict[str, float]:
    if "added" not in size.costs:
        return {}
    added, alone = size.costs["added"].cpu_s, size.costs["alone"].cpu_s
    return {
        "added_over_alone": round(added / alone, 2),
        "added_us_an_old_row": round((added - alone) / size.rows * 1e6, 1),
    }


def _a_row(size: Size, name: str, start: Size) -> float:
    return round(_beyond(size, name, start) / size.rows * 1e6, 1)


def _beyond(size: Size, name: str, start: Size) -> float:
    """CPU seconds of a step beyond those of its start."""
    return size.costs[name].cpu_s - start.costs[name].cpu_s


def facts_of(sizes: Sequence[Size], start: Size) -> dict[str, object]:
    """The table, the fitted growth beyond a start, and the first wall."""
    rows = [size.rows for size in sizes]
    steps = [name for name in MEASURED if name in start.costs]
    peaks = {name: [size.costs[name].peak_mb for size in sizes] for name in steps}
    return {
        "table": table_of(sizes, start),
        "growth_cpu": {
            name: growth(rows, [_beyond(size, name, start) for size in sizes], least=_LEAST_S) for name in steps
        },
        "growth_peak": {name: growth(rows, found) for name, found in peaks.items()},
        "full_at_16_gb": {name: full_at(rows, found) for name, found in peaks.items()},
    }


def main() -> None:
    """Measures each size and records the table after each; the picture at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--row-bytes", type=int, default=_SHORT)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--no-addition", action="store_true")
    options = parser.parse_args()
    flags = [f"--workers={options.workers}"] if options.workers > 1 else []
    name = "scale" if options.workers == 1 else f"scale_workers_{options.workers}"
    name += f"_{options.row_bytes}_bytes" if options.row_bytes != _SHORT else ""
    sizes: list[Size] = []
    with tempfile.TemporaryDirectory() as folder:
        measured = partial(
            measure_size, Path(folder), row_bytes=options.row_bytes, flags=flags, addition=not options.no_addition
        )
        start = measured(10)
        for rows in options.rows:
            sizes.append(measured(rows))
            facts = {"row_bytes": options.row_bytes, "workers": options.workers, **facts_of(sizes, start)}
            record(name, facts, [cost for size in (start, *sizes) for cost in size.costs.values()])
    if name == "scale":
        lines = {step: [(size.rows, size.costs[step]) for size in sizes] for step in sizes[0].costs}
        PICTURE.write_text(picture(lines), encoding="utf-8")


if __name__ == "__main__":
    main()

"""How a run grows with its rows: CPU, memory and bytes at 10^4, 10^5, 10^6, ... rows, and what breaks first.

    python -m benchmarks.scale                               # 10^4, 10^5 and 10^6 short rows, programs skipped
    python -m benchmarks.scale --rows 10000 100000 --workers 2
    python -m benchmarks.scale --rows 1000000 --row-bytes 16384

Each size is curated, validated, and curated again with a tenth of its rows more in a second source: that must cost
what is new. Growth is fitted as a power of the rows over all sizes: 1.0 is linear. What breaks first is the size at
which the largest of the memories fitted meets 16 GB.
"""

import argparse
import json
import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.measuring import Cost, mathmill, measure, record
from benchmarks.store import write_rows

_CONFIG = """
curate:
  sources:
    - {{name: rows, path: {path}, adapter: columns, format: cot, licence: CC0-1.0, columns: {{answer: answer}}}}
    {more}
  skip: [verify]
  wipeout: {{limit: 1}}
validate: {{recheck: {{sample: 0}}}}
"""
_MORE = "- {{name: more, path: {path}, adapter: columns, format: cot, licence: CC0-1.0, columns: {{answer: answer}}}}"
_BOX_MB = 16 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    """One size, measured.

    Attributes:
        curate: the run over all rows.
        validate: the judge over its data.
        added: the same run with a tenth more rows in a second source.
        work_bytes: of the work folder, a row.
        data_bytes: of shards and ledger, a row.
    """

    rows: int
    curate: Cost
    validate: Cost
    added: Cost
    work_bytes: float
    data_bytes: float


def measure_size(folder: Path, rows: int, *, row_bytes: int, flags: Sequence[str]) -> Size:
    """Curates so many rows, judges them, and adds a tenth."""
    first, second, config, data = (folder / name for name in ("rows.jsonl", "more.jsonl", "config.yaml", "data"))
    write_rows(first, rows=rows, row_bytes=row_bytes)
    config.write_text(_CONFIG.format(path=first, more=""))
    curate = measure(f"curate {rows:,}", mathmill("curate", config, "--output", data, *flags))
    work = _bytes_in(data / ".work")
    validate = measure(f"validate {rows:,}", mathmill("validate", data, "--config", config))
    size = (work / rows, _bytes_in(data / "shards", data / "ledger") / rows)
    _write_others(second, max(rows // 10, 1), row_bytes=row_bytes)
    longer = folder / "longer.yaml"
    longer.write_text(_CONFIG.format(path=first, more=_MORE.format(path=second)))
    kept = folder / "longer"
    _begin_with(data, kept)
    added = measure(f"add {rows // 10:,} to {rows:,}", mathmill("curate", longer, "--output", kept, *flags))
    for path in (data, kept):
        shutil.rmtree(path)
    return Size(rows, curate, validate, added, *size)


def _write_others(path: Path, rows: int, *, row_bytes: int) -> None:
    """Rows of other weeks than those of the first source."""
    write_rows(path, rows=rows, row_bytes=row_bytes)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("In week ", "In another week "), encoding="utf-8")


def _begin_with(data: Path, folder: Path) -> None:
    """Gives a new run the work of an earlier one: what was read and tagged is found by its content."""
    shutil.copytree(data / ".work", folder / ".work")
    (folder / ".work" / "run.json").unlink()


def _bytes_in(*folders: Path) -> int:
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def growth(rows: Sequence[int], values: Sequence[float]) -> float | None:
    """The power of the rows that values grow with, fitted on the logarithms; None for one size."""
    if len(rows) < 2:
        return None
    slope, _ = np.polyfit(np.log(rows), np.log(np.maximum(values, 1e-9)), 1)
    return round(float(slope), 3)


def full_at(rows: Sequence[int], peaks: Sequence[float]) -> int | None:
    """The rows at which a memory of `_BOX_MB` is full, from what the last step in size added; None if it added none."""
    if len(rows) < 2 or peaks[-1] <= peaks[-2]:
        return None
    each = (peaks[-1] - peaks[-2]) / (rows[-1] - rows[-2])
    return math.floor(rows[-1] + (_BOX_MB - peaks[-1]) / each)


def facts_of(sizes: Sequence[Size]) -> dict[str, object]:
    """The table, the fitted growth and the first wall."""
    rows = [size.rows for size in sizes]
    costs = {name: [getattr(size, name) for size in sizes] for name in ("curate", "validate", "added")}
    table = [
        {
            "rows": size.rows,
            **{f"{name}_cpu_us_a_row": round(getattr(size, name).cpu_s / size.rows * 1e6, 1) for name in costs},
            "work_bytes_a_row": round(size.work_bytes),
            "data_bytes_a_row": round(size.data_bytes),
        }
        for size in sizes
    ]
    return {
        "table": table,
        "growth_cpu": {name: growth(rows, [cost.cpu_s for cost in found]) for name, found in costs.items()},
        "growth_peak": {name: growth(rows, [cost.peak_mb for cost in found]) for name, found in costs.items()},
        "full_at_16_gb": {name: full_at(rows, [cost.peak_mb for cost in found]) for name, found in costs.items()},
    }


def main() -> None:
    """Measures each size and records the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--row-bytes", type=int, default=500)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    flags = [f"--workers={options.workers}"] if options.workers > 1 else []
    with tempfile.TemporaryDirectory() as name:
        measured = []
        for rows in options.rows:
            folder = Path(name, str(rows))
            folder.mkdir()
            measured.append(measure_size(folder, rows, row_bytes=options.row_bytes, flags=flags))
            print(json.dumps(facts_of(measured)["table"]), flush=True)
    facts = {"row_bytes": options.row_bytes, "workers": options.workers, **facts_of(measured)}
    costs = [cost for size in measured for cost in (size.curate, size.validate, size.added)]
    record(f"scale{'' if options.workers == 1 else f'_workers_{options.workers}'}", facts, costs)


if __name__ == "__main__":
    main()

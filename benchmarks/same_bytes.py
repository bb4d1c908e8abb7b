"""Whether two checkouts curate the same bytes: the demo's rows, GSM8K + MATH, and every public file at once.

    python -m benchmarks.same_bytes make FOLDER --data DATA     # in each checkout: three data sets below FOLDER
    python -m benchmarks.same_bytes compare BEFORE AFTER        # exit code 1 when a file or a fact differs

A change that promises to alter nothing is shown by this, not by tests. The manifest is compared key by key without its
version of the code, its fingerprint (which covers the version) and the level of isolation (which is the machine's).
Shards and ledgers that differ are compared column by column, so that a new column shows as just that.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks.curate import FILES
from benchmarks.measuring import REPOSITORY, mathmill
from demo.planting import write_rows

_OF_THE_RUN = ("code_version", "fingerprint", "isolation")
_DATA_SETS = ("demo", "gsm8k_math", "everything")


def make(folder: Path, data: Path) -> None:
    """Curates the three data sets with the code of this checkout."""
    write_rows(folder / "rows", 0, None)
    local = [option for key, path in FILES.items() for option in ("--set", f"{key}={data / path}")]
    runs: dict[str, tuple[Path, list[str]]] = {
        "demo": (REPOSITORY / "demo" / "demo.yaml", []),
        "gsm8k_math": (REPOSITORY / "examples" / "gsm8k_math.yaml", local),
        "everything": (REPOSITORY / "examples" / "everything.yaml", []),
    }
    where = {"MATHMILL_DEMO": "rows", "MATHMILL_DATA": str(data)}  # relative: a manifest names its sources
    for name in _DATA_SETS:
        config, options = runs[name]
        command = mathmill("curate", config, "--output", name, "--overwrite", *options)
        subprocess.run(command, cwd=folder, env=os.environ | where, check=True)


def differences(before: Path, after: Path) -> Iterator[str]:
    """What differs between two data sets, a line each."""
    ours, theirs = _files(before), _files(after)
    for name in sorted(ours ^ theirs):
        yield f"{name}: only {'before' if name in ours else 'after'}"
    for name in sorted(ours & theirs):
        if name == "manifest.json":
            yield from _changed_keys(before / name, after / name)
        elif (before / name).read_bytes() != (after / name).read_bytes():
            columns = _changed_columns(before / name, after / name) if name.endswith(".arrow") else "other bytes"
            yield f"{name}: {columns}"


def _files(folder: Path) -> set[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in paths if path.parts[0] not in (".work", "quality")}


def _changed_keys(before: Path, after: Path) -> Iterator[str]:
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    for key in sorted((old.keys() | new.keys()) - set(_OF_THE_RUN)):
        if old.get(key) != new.get(key):
            yield f"manifest.json: {key}"


def _changed_columns(before: Path, after: Path) -> str:
    old, new = _table(before), _table(after)
    gone, fresh = set(old.column_names) - set(new.column_names), set(new.column_names) - set(old.column_names)
    both = [name for name in old.column_names if name in new.column_names]
    changed = [name for name in both if not old.column(name).equals(new.column(name))]
    named = [f"{what} {name}" for what, names in (("lost", gone), ("new", fresh)) for name in sorted(names)]
    return ", ".join([*named, *(f"other {name}" for name in changed)]) or "other bytes of the same columns"


def _table(path: Path) -> pa.Table:
    with pa.OSFile(str(path), "rb") as source:
        return pa.ipc.open_stream(source).read_all()


def compare(before: Path, after: Path) -> int:
    """Prints what differs in each data set and returns the exit code."""
    found: dict[str, list[str]] = {name: list(differences(before / name, after / name)) for name in _DATA_SETS}
    for name, lines in found.items():
        files = len(_files(before / name))
        print(f"{name}: {files} files, {'the same bytes' if not lines else 'which differ:'}")
        for line in lines:
            print(f"  {line}")
    return 1 if any(found.values()) else 0


def main() -> int:
    """Makes or compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("--data", type=Path, required=True)
    comparing = verbs.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    options = parser.parse_args()
    if options.verb == "compare":
        return compare(options.before, options.after)
    make(options.folder.resolve(), options.data.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())

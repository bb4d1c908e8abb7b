"""A small world for end-to-end tests: literal rows, a config made of them, a data set read back."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.config import Config
from schemas.configfile import check_config


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def gsm8k_row(question: str, steps: str, final: object) -> dict[str, Any]:
    return {"question": question, "answer": f"{steps}\n#### {final}"}


def marbles(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Rows of `count` different problems of three templates."""
    templates = (
        "Tom has {a} red marbles and buys {b} more. How many marbles does he have?",
        "A shelf holds {a} maps and a box holds {b} maps. How many maps are there in total?",
        "On Monday {a} birds came, and on Friday {b} birds. How many birds came on both days?",
    )
    rows = []
    for i in range(start, start + count):
        a, b = i + 2, i + 5
        rows.append(gsm8k_row(templates[i % 3].format(a=a, b=b), f"{a}+{b}=<<{a}+{b}={a + b}>>{a + b}.", a + b))
    return rows


def source(path: Path, name: str = "school", **settings: Any) -> dict[str, Any]:
    return {"name": name, "path": str(path), "adapter": "gsm8k", "licence": "MIT", **settings}


def config_of(*sources: dict[str, Any], **curate: Any) -> Config:
    return check_config({"curate": {"sources": list(sources), **curate}})


def read_streams(folder: Path, pattern: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob(pattern)):
        with pa.OSFile(str(path), "rb") as file:
            rows.extend(pa.ipc.open_stream(file).read_all().to_pylist())
    return rows


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def data_bytes(folder: Path) -> dict[str, bytes]:
    """Every file of a data set but its work folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    named = {str(path.relative_to(folder)): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith(".work/")}

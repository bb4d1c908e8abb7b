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


def write_modules(folder: Path, modules: dict[str, str]) -> Path:
    """Writes Python modules, by name without ending: `kitchen/taste`."""
    for name, text in modules.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


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


SCHOOL = [
    *marbles(10),
    marbles(10)[0],
    gsm8k_row(marbles(10)[1]["question"], "3+6+1=<<3+6+1=10>>10.", 10),
    gsm8k_row("Ruth packs 12 boxes with 9 lamps each. How many lamps is that?", "12*9=<<12*9=108>>108 lamps.", 108),
    gsm8k_row("Ida plants 5 rows of 6 trees. How many trees?", r"\[ 5*6=<<5*6=30>>30 trees.", 30),
    gsm8k_row(" ", "1+1=<<1+1=2>>2.", 2),
]
PANEL = [
    {"q": "What is 6 times 7?", "s": "6 x 7 = 42. The answer is 42.", "a": "42", "who": "ada", "verdict": ""},
    {"q": "What is 6 times 7?", "s": "6 x 7 = 42.  The answer is 42.", "a": "42", "who": "bo", "verdict": "accepted"},
    {"q": "What is 8 times 7?", "s": "8 x 7 = 56. The answer is 56.", "a": "56", "who": "ada", "verdict": "rejected"},
    {"q": "What is 9 times 7?", "s": "9 x 7 = 63. The answer is 63.", "a": "64", "who": "ada", "verdict": ""},
    {"q": "What is 5 times 7?", "s": "5 x 7 = 35. The answer is 35.", "a": "35", "who": "ada", "verdict": ""},
]  # fmt: skip
DIALOGUE = (
    "Let us compute.\n```python\nprint({code})\n```\n```output\n{output}\n```\nThe answer is $\\boxed{{{final}}}$."
)
DIALOGUES = [
    {"q": "What is 2 to the 10th?", "s": DIALOGUE.format(code="2**10", output="1024", final="1024")},
    {"q": "What is 3 to the 5th?", "s": DIALOGUE.format(code="3**5", output="234", final="243")},
    {"q": "What is 1 over 0?", "s": DIALOGUE.format(code="1//0", output="0", final="0")},
]
BENCHMARK = [{"text": "Ruth packs 12 boxes with 9 lamps each.  How many lamps is that?", "gold": "108"}]


def the_config(folder: Path, **curate: Any) -> Config:
    """The config of the tiny data set; its rows are written below `folder`."""
    columns = {"question": "q", "solution": "s"}
    panel = {**columns, "answer": "a", "annotator": "who", "decision": "verdict"}
    bench = write_rows(folder / "bench.jsonl", BENCHMARK)
    tables = {"adapter": "columns", "licence": "CC-BY-4.0"}
    return config_of(
        source(write_rows(folder / "school.jsonl", SCHOOL), derive=["pot", "tir"]),
        source(write_rows(folder / "panel.jsonl", PANEL), "panel", **tables, format="cot", columns=panel),
        source(write_rows(folder / "dialogues.jsonl", DIALOGUES), "dialogues", **tables, format="tir", columns=columns),
        benchmarks=[{"name": "bench", "path": str(bench), "question": "text", "answer": "gold"}],
        heldout=0.4,
        wipeout={"limit": 0.9},
        **curate,
    )

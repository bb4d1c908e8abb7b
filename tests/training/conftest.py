"""A small valid data set in three formats, written without the curation pipeline."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
import torch

from benchmarks.stream_data import judge, record_of
from schemas.config import Config, Evaluate, FreshModel, Train
from schemas.example import EXAMPLE_SCHEMA
from schemas.verdict import Status

# The cores are shared with whatever else runs; models here are too small to gain from a second thread.
torch.set_num_threads(1)

NAMES = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo"]
THINGS = ["apples", "books", "coins", "stamps"]


def row(number: int, solution_format: str, *, split: str = "train", **changes: Any) -> dict[str, Any]:
    """One example: NAME has A THINGS and gets B more."""
    a, b = 3 + number * 7 % 40, 2 + number * 11 % 30
    name, thing = NAMES[number % len(NAMES)], THINGS[number % len(THINGS)]
    program = {"kind": "code", "text": f"print({a} + {b})"}
    segments = {
        "cot": [{"kind": "text", "text": f"{name} had {a} and got {b}: {a} + {b} = {a + b}.\n\\boxed{{{a + b}}}"}],
        "pot": [program],
        "tir": [
            {"kind": "text", "text": "We add."},
            program,
            {"kind": "output", "text": str(a + b)},
            {"kind": "text", "text": f"The answer is \\boxed{{{a + b}}}."},
        ],
    }[solution_format]
    values = {
        "id": f"{number:016x}-{solution_format}",
        "problem_id": f"p{number}",
        "template_id": f"t{number}",
        "split": split,
        "question": f"{name} has {a} {thing} and gets {b} more. How many {thing} does {name} have?",
        "format": solution_format,
        "segments": segments,
        "answer": str(a + b),
        "language": "en",
        "source": "hand" if number % 3 else "other",
        "source_row": number,
        "author": "human",
        "licence": "CC0-1.0",
        "topic": [None, "sums", "counting"][number % 3],
        "difficulty": None,
        "derived": solution_format != "cot",
        "selection": None,
        "verification": {"verdict": "equal", "path": "integer", "reference": "independent", "programs": 0},
        "quality": {"question_chars": 60, "solution_chars": 30, "steps": 1, "equations": 1, "code_lines": 1},
        "weight": 1.0,
    }
    return values | changes


def write_data(folder: Path, rows: list[dict[str, Any]], *, status: Status | None = Status.PASSED) -> Path:
    """Writes DATA: one shard per split, manifest, verdict (none when `status` is None)."""
    (folder / "shards").mkdir(parents=True)
    shards = []
    for split in ("train", "heldout"):
        chosen = [values for values in rows if values["split"] == split]
        path = folder / "shards" / f"{split}-00000-of-00001.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, EXAMPLE_SCHEMA) as writer:
            writer.write_table(pa.Table.from_pylist(chosen, EXAMPLE_SCHEMA), max_chunksize=16)
        shards.append(record_of(path, split, len(chosen)))
    judge(folder, shards, status=status)
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What mathmill keeps outside data and runs, for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def small_rows(count: int = 16, heldout: int = 4) -> list[dict[str, Any]]:
    """`count` problems for training and `heldout` held out, each in three formats."""
    return [
        row(number, solution_format, split="train" if number < count else "heldout")
        for number in range(count + heldout)
        for solution_format in ("cot", "pot", "tir")
    ]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judged data set of 48 + 12 examples. Read only."""
    return write_data(tmp_path_factory.mktemp("data") / "DATA", small_rows())


@pytest.fixture(scope="session")
def make_data() -> Callable[..., Path]:
    """Writes a data set of its own: make_data(folder, rows, status=...)."""
    return write_data


@pytest.fixture(scope="session")
def make_row() -> Callable[..., dict[str, Any]]:
    """One example's columns: make_row(number, format, **changes)."""
    return row


@pytest.fixture(scope="session")
def memoriser(make_data, make_row, tmp_path_factory):
    """A model that has learnt four problems in each format by heart, and its data."""
    folder = tmp_path_factory.mktemp("memoriser")
    data = make_data(folder / "DATA", [make_row(n, form) for n in range(4) for form in ("cot", "pot", "tir")])
    settings = Train(
        model=FreshModel(hidden_size=64, layers=2, heads=4, vocabulary=400),
        examples_per_step=12,
        steps=120,
        context=1024,
        learning_rate=1e-2,
        schedule="cosine",
        warmup_steps=10,
        checkpoint_every=1000,
    )
    from training.train import train  # deferred: few tests of this room train anything

    config = Config(train=settings, evaluate=Evaluate(split="train", max_new_tokens=64, batch_size=3))
    return config, train(config, [data], folder / "RUN"), data


class _Lines(logging.Handler):
    """Keeps what a logger is given."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def warnings_of() -> Iterator[Callable[[ModuleType], list[str]]]:
    """The lines that a module warns with, heard at its own logger: what libraries do to the root does not matter."""
    with ExitStack() as stack:

        def hear(module: ModuleType) -> list[str]:
            logger, handler = logging.getLogger(module.__name__), _Lines()
            logger.addHandler(handler)
            stack.callback(logger.removeHandler, handler)
            logger.setLevel(logging.WARNING)
            stack.callback(logger.setLevel, logging.NOTSET)
            return handler.lines

        yield hear

"""Mistakes in the config, in options and about folders, told before torch is imported: it takes seconds."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from schemas.config import Config, Train, TrainData
from schemas.copies import copied
from schemas.exits import UserError
from schemas.files import as_paths
from schemas.place import as_text
from schemas.verdict import require_judged

RESULTS = "results.json"
"""of an EVAL folder: what came of the evaluation"""


def train_table(config: Config) -> Train:
    """Returns the table `train`.

    Raises:
        UserError: the config has none.
    """
    if config.train is None:
        raise UserError("the config has no table `train:`")
    return config.train


def mixed_data(train: Train, given: str | Path | Sequence[str | Path] | None) -> list[TrainData]:
    """Returns the data sets to train on: those given, which weigh the same, else those of the config.

    Raises:
        UserError: neither is there.
    """
    data = [TrainData(path=as_text(path)) for path in as_paths(given)] if given else train.data
    if not data:
        raise UserError("nothing to train on: give --data DATA, or `train.data` in the config")
    return data


def refuse_unjudged(folders: Iterable[str | Path], *, draft: bool = False) -> None:
    """Checks that data sets were judged and passed; whether their bytes are still those is seen when they are opened.

    Raises:
        UserError: not a data set, no verdict, or a failed one.
    """
    for data in folders:
        with copied(data) as folder:
            require_judged(folder, draft=draft)


def evaluated_data(config: Config, data: str | Path | None) -> Path | None:
    """Returns the data set that an evaluation asks: the one given, else that of the config; None asks benchmarks alone.

    Raises:
        UserError: neither data nor benchmarks are named.
    """
    named = data or config.evaluate.data
    if named is None and not config.evaluate.benchmarks:
        raise UserError(
            "nothing to evaluate on: give --data DATA or --benchmark NAME, or `evaluate.data` or `evaluate.benchmarks` "
            "in the config"
        )
    return Path(named) if named is not None else None

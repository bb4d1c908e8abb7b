"""What a run finds out of its data before step 1, found out earlier: its tokens are counted once and kept.

`mathmill validate` calls this by the verb `lengths`, in a process of its own: judging needs neither torch nor models.
"""

from contextlib import suppress
from dataclasses import dataclass

import torch

from schemas.config import FreshModel, Train, TrainData
from schemas.exits import UserError
from training import shards
from training.cache_room import cache_of
from training.chat import ChatLayout
from training.encoder import Workers
from training.intake import take_in
from training.model import load_tokenizer
from training.probe import lengths_in
from training.world import World


@dataclass(frozen=True, slots=True)
class Fit:
    """How many train examples a run with this context has.

    Attributes:
        entering: they fit.
        longer: how many do not, by length.
    """

    context: int
    entering: int
    longer: dict[str, int]

    def line(self) -> str:
        """What people read."""
        total = self.entering + sum(self.longer.values())
        which = ", ".join(f"{count:,} of {bucket}" for bucket, count in self.longer.items())
        rest = f"; longer are {which}, which train.long_rows decides on" if which else ""
        return f"{self.entering:,} of {total:,} train examples fit into {self.context:,} tokens{rest}"


def count_ahead(config: Train, data: list[TrainData], *, draft: bool) -> Fit:
    """Counts what a run would count before step 1, and keeps it in the cache where that run looks for it.

    Raises:
        UserError: the model has no tokenizer yet, nothing enters, or an example cannot be encoded.
        RunFailedError: bytes do not match their verdict.
    """
    if isinstance(config.model, FreshModel):
        raise UserError("train.model is a table: its tokenizer is made when the run begins")
    all_enter = config.model_copy(update={"long_rows": "drop"})
    examples = shards.open_splits(*data, draft=draft, cache=cache_of(config))
    layout = ChatLayout(load_tokenizer(config.model, template=config.chat_template))
    world = World(0, 1, torch.device("cpu"))
    workers = Workers(config.workers, world)
    intake = take_in(all_enter, examples, layout, workers, world)
    intake.longest(config.context, _boundaries(config.model))
    workers.close()
    for encoder in intake.encoders.values():
        encoder.close()
    return Fit(config.context, intake.entering, intake.mixture.dropped)


def _boundaries(model: str) -> list[int]:
    """The lengths at which a model changes, by its config; none where there is a tokenizer alone."""
    from transformers import AutoConfig

    with suppress(OSError, ValueError):
        return sorted(lengths_in(AutoConfig.from_pretrained(model, local_files_only=True).to_dict()))
    return []

"""What a run draws from: the examples that enter, their order, and what they weigh. No text is encoded but a sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.config import Train
from schemas.exits import UserError
from schemas.split import Split
from training.admit import drop, require_examples
from training.chat import ChatLayout
from training.encode import encoding_key
from training.encoder import Encoder, Rows, Workers
from training.mixture import mixture, sample_of
from training.plan import Plan, keyed_sample
from training.results import Mixture
from training.shards import Examples
from training.token_cache import TokenCache
from training.token_counts import Lengths, bound_of
from training.world import World

_SAMPLED_BY_BLOCKS = 100


@dataclass(frozen=True, slots=True)
class Intake:
    """The data of a run.

    Attributes:
        plan: the order of the train split.
        entering: how many of its examples enter.
        mixture: what they weigh.
        sample: some of them, encoded.
        heldout: the examples that J is measured on: they fit the context.
    """

    layout: ChatLayout
    encoders: dict[Split, Encoder]
    lengths: dict[Split, Lengths]
    plan: Plan
    entering: int
    mixture: Mixture
    sample: Rows
    heldout: NDArray[np.int64]

    def longest(self, context: int, boundaries: Sequence[int]) -> int:
        """Tokens of the longest example of both splits that fits the context, as `Lengths.longest_within` has it."""
        seen = int(self.sample.encoded.lengths.max())
        found = (lengths.longest_within(context, seen=seen, boundaries=boundaries) for lengths in self.lengths.values())
        return max(seen, *found)


def take_in(
    config: Train, examples: dict[Split, Examples], layout: ChatLayout, workers: Workers, world: World
) -> Intake:
    """Decides what enters, and in which order; all ranks must call it.

    Raises:
        UserError: nothing enters, examples are too long, or one cannot be encoded.
    """
    train = examples[Split.TRAIN]
    encoders = {split: _encoder(config, rows, layout, split) for split, rows in examples.items()}
    bound = bound_of(layout)
    lengths = {
        split: Lengths(encoder, bound, keys=keys_of(config, encoder, split), world=world)
        for split, encoder in encoders.items()
    }
    long, dropped = admit(config, encoders[Split.TRAIN], lengths[Split.TRAIN])
    weights = train.weights
    weights[long] = 0
    if weights.sum() < 1:
        raise UserError(f"the weights of {len(weights)} examples sum to {weights.sum():g}: an epoch would be empty")
    plan = _plan(config, weights, train.blocks if config.order == "blocks" else None)
    sample = workers.encode(encoders[Split.TRAIN], _sample(config, plan, weights))
    return Intake(
        layout=layout,
        encoders=encoders,
        lengths=lengths,
        plan=plan,
        entering=len(train) - len(long),
        mixture=mixture(train, weights, sample, objective=config.phases[-1].objective, dropped=dropped),
        sample=sample,
        heldout=_heldout(config, examples[Split.HELDOUT], lengths[Split.HELDOUT]),
    )


def keys_of(config: Train, encoder: Encoder, split: Split) -> list[str]:
    """The name of the encoding of each data set."""
    return [_key(config, [mark], encoder.layout, split) for mark in encoder.examples.fingerprints]


def _key(config: Train, fingerprints: Sequence[str], layout: ChatLayout, split: Split) -> str:
    return encoding_key(fingerprints, layout, split=split, supervise_think=config.supervise_think)


def _encoder(config: Train, examples: Examples, layout: ChatLayout, split: Split) -> Encoder:
    """An encoder that keeps what it encodes, as the config has it."""
    cache = None
    if limit := int(config.token_cache_gb * 2**30):
        key = _key(config, examples.fingerprints, layout, split)
        folder = Path(config.token_cache) if config.token_cache else None
        cache = TokenCache(key, len(examples), limit=limit, folder=folder)
    return Encoder(examples, layout, supervise_think=config.supervise_think, cache=cache)


def _plan(config: Train, weights: NDArray[np.float64], blocks: NDArray[np.int64] | None) -> Plan:
    return Plan(
        weights,
        examples_per_step=config.examples_per_step,
        seed=config.seed,
        steps=config.steps,
        epochs=config.epochs,
        blocks=blocks,
    )


def _sample(config: Train, plan: Plan, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """The examples to measure; a few where each may be a block to fetch, and not those that come first by blocks."""
    if config.order == "rows":
        return sample_of(plan, weights)
    return sample_of(_plan(config, weights, None), weights, limit=_SAMPLED_BY_BLOCKS)


def admit(config: Train, encoder: Encoder, lengths: Lengths) -> tuple[NDArray[np.int64], dict[str, int]]:
    """The examples that do not enter since they are longer than the context, and how many there are by length.

    Raises:
        UserError: there is no example, or they are refused.
    """
    count = len(encoder.examples)
    require_examples(count)
    long, tokens = lengths.beyond(config.context)
    return long, drop(tokens, count, context=config.context, long_rows=config.long_rows)


def _heldout(config: Train, examples: Examples, lengths: Lengths) -> NDArray[np.int64]:
    """The examples that J is measured on: those that fit the context, of all or of a keyed sample."""
    limit = len(examples) if config.heldout_limit is None else config.heldout_limit
    long, _ = lengths.beyond(config.context)
    return np.setdiff1d(keyed_sample(len(examples), limit, "heldout"), long, assume_unique=True)

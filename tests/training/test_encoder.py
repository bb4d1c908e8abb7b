"""Steps encoded ahead, by shares: to the token what encoding the whole split at once gives."""

import numpy as np
import pytest
import torch

from schemas.config import FreshModel
from schemas.exits import RunFailedError, UserError
from tests.training.ranks import run_ranks
from training import shards
from training.chat import ChatLayout
from training.encode import encode, joined
from training.encoder import Encoder, Workers, encoded_steps
from training.fresh import fit_tokenizer
from training.plan import Plan, Position
from training.prepare import require_fitting
from training.world import World, join_world

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

ALONE = World(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def split(data):
    """The train split, its layout, and an order in which examples appear once, twice or never."""
    examples = shards.open(data)
    layout = ChatLayout(fit_tokenizer(examples, FreshModel(vocabulary=400), context=256))
    return examples, layout, Plan(np.arange(48) % 3 * 1.0, examples_per_step=7, seed=3, epochs=1.5)


def as_lists(position, rows):
    encoded, labels = rows.encoded, rows.labels
    arrays = (rows.indices, encoded.tokens, encoded.supervised, encoded.offsets)
    return position, [array.tolist() for array in arrays], (labels.ids, labels.formats, labels.sources, labels.topics)


def steps_of(world, split, start, count):
    examples, layout, plan = split
    workers = Workers(count, world)
    steps = list(encoded_steps(plan, Encoder(examples, layout, supervise_think=True), workers, start))
    workers.close()
    return [as_lists(*step) for step in steps]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("start", [Position(), Position(0, 4), Position(1, 0)])
def test_steps_are_those_of_a_split_encoded_at_once(split, start, count):
    examples, layout, plan = split
    whole = encode(examples.rows(0, 48), layout, supervise_think=True)
    steps = steps_of(ALONE, split, start, count)
    assert [position for position, _, _ in steps] == list(plan.positions(start))
    for position, (indices, tokens, supervised, offsets), labels in steps:
        assert indices == plan.examples_at(position).tolist()
        expected = joined([whole[index] for index in indices])
        assert tokens == expected.tokens.tolist()
        assert supervised == expected.supervised.tolist()
        assert offsets == expected.offsets.tolist()
        assert labels[0] == tuple(examples.ids()[index] for index in indices)


def of_rank(split, start):
    world = join_world("cpu")
    try:
        return steps_of(world, split, start, 2)
    finally:
        world.close()


def test_ranks_put_their_shares_together(split):
    alone = steps_of(ALONE, split, Position(), 1)
    for ranks in (2, 3):
        assert run_ranks(of_rank, ranks, split, Position()) == [alone] * ranks


class _Refusing(Encoder):
    def _encode(self, indices):
        if 5 in indices:
            raise UserError("example 5: no")
        return super()._encode(indices)


def refused_on(split):
    examples, layout, _ = split
    world = join_world("cpu")
    workers = Workers(1, world)
    try:
        workers.encode(_Refusing(examples, layout, supervise_think=True), np.arange(8))
    except UserError as error:
        return str(error)
    finally:
        workers.close()
        world.close()


def test_what_one_rank_cannot_encode_stops_all_of_them(split):
    assert run_ranks(refused_on, 2, split) == ["example 5: no"] * 2


def test_an_example_that_its_bytes_had_promised_to_fit_is_refused_by_its_id(split):
    examples, layout, _ = split
    workers = Workers(1, ALONE)
    rows = workers.encode(Encoder(examples, layout, supervise_think=True), np.arange(8))
    workers.close()
    longest = int(rows.encoded.lengths.argmax())
    require_fitting(rows, int(rows.encoded.lengths.max()))
    with pytest.raises(
        RunFailedError, match=f"example {rows.labels.ids[longest]}: it has {rows.encoded.lengths.max()}"
    ):
        require_fitting(rows, int(rows.encoded.lengths.max()) - 1)

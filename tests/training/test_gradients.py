"""The sum over ranks that begins in the backward pass: the bits of one sum at the end, whatever a rank fills."""

import pytest
import torch

from tests.training.models import random_rows, small_model, whole_batch
from tests.training.ranks import run_ranks
from training.gradients import Gradients
from training.step import Likelihood, accumulate, micro_batches
from training.world import join_world

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

BUCKETS = (1, 5_000, 1 << 40)


class Tower(torch.nn.Module):
    """Layers of which a rank may leave some out, as ranks leave out experts."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.ModuleList(torch.nn.Linear(8, 8) for _ in range(5))

    def forward(self, rows, used):
        for place in used:
            rows = self.layers[place](rows).tanh()
        return rows.square().sum()


def summed_by_a_rank(encoded, bucket, early):
    """The summed gradient of a small model, how many sums were under way before the end, and of how many."""
    torch.set_num_threads(1)
    world = join_world("cpu")
    model = small_model(dtype=torch.float32)
    gradients = Gradients(list(model.parameters()), bucket=bucket)
    gradients.clear()
    batch = whole_batch(encoded, capacity=60, rank=world.rank, world=world.size)
    likelihood = Likelihood(len(encoded), world.device)
    micros = micro_batches(encoded, batch, world.device, torch.float32)
    accumulate(model, micros, likelihood, before_last=(lambda: gradients.sum_early(world)) if early else None)
    begun = len(gradients._pending)
    gradients.sum(world)
    world.close()
    return gradients.flat.numpy().copy(), begun, len(gradients._buckets)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_sum_that_begins_early_is_that_of_the_end_bit_by_bit(bucket):
    encoded = random_rows([57, 44, 38, 33, 29, 21, 14, 9, 6])
    ranks = run_ranks(summed_by_a_rank, 2, encoded, bucket, True)
    ((late, begun, _), _) = run_ranks(summed_by_a_rank, 2, encoded, 1 << 40, False)
    assert begun == 0
    for gradient, begun, buckets in ranks:
        assert (gradient == late).all()
        assert begun == buckets
    assert ranks[0][2] > 1 or bucket == BUCKETS[-1]


def towers_of_a_rank(used_by_rank, bucket):
    world = join_world("cpu")
    tower = Tower()
    gradients = Gradients(list(tower.parameters()), bucket=bucket)
    sums = []
    for _ in range(2):
        gradients.clear()
        if used := used_by_rank[world.rank]:
            gradients.sum_early(world)
            tower(torch.full((3, 8), 1.0 + world.rank), used).backward()
        gradients.sum(world)
        sums.append(gradients.flat.clone())
    world.close()
    assert torch.equal(*sums)
    return sums[0].numpy()


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize("used", [((0, 1, 2, 3, 4), (4, 0)), ((0, 2), (3, 1, 4)), ((), (0, 1)), ((), ())], ids=str)
def test_ranks_that_fill_other_layers_or_none_agree(used, bucket):
    found = run_ranks(towers_of_a_rank, 2, used, bucket)
    alone = torch.zeros(len(found[0]))
    for rank, layers in enumerate(used):
        tower = Tower()
        gradients = Gradients(list(tower.parameters()))
        if layers:
            tower(torch.full((3, 8), 1.0 + rank), layers).backward()
        alone += gradients.flat
    for gradient in found:
        assert (gradient == alone.numpy()).all()


def gradient_that_comes_twice():
    world = join_world("cpu")
    tower = Tower()
    gradients = Gradients(list(tower.parameters()), bucket=1)
    gradients.sum_early(world)
    tower(torch.ones(3, 8), range(5)).backward()
    try:
        tower(torch.ones(3, 8), range(5)).backward()
    except RuntimeError as error:
        return str(error)
    finally:
        gradients.sum(world)
        world.close()
    return "nothing was noticed"


def test_a_gradient_that_comes_after_its_sum_is_no_silent_loss():
    assert (
        run_ranks(gradient_that_comes_twice, 2)
        == ["a gradient came a second time, after its sum over ranks had begun"] * 2
    )


def test_one_process_sums_nothing():
    world, tower = join_world("cpu"), Tower()
    gradients = Gradients(list(tower.parameters()))
    gradients.sum_early(world)
    tower(torch.ones(3, 8), range(5)).backward()
    before = gradients.flat.clone()
    gradients.sum(world)
    assert torch.equal(gradients.flat, before)
    assert gradients.norm(world) == pytest.approx(float(before.norm()))

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.plan import WINDOW, Plan, Position, _Order


def plan_of(count=10, **changes):
    return Plan(**({"weights": np.ones(count), "examples_per_step": 4, "seed": 1, "epochs": 1.0} | changes))


@settings(deadline=None)
@given(count=st.integers(1, 200), n=st.integers(1, 50), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_an_epoch_visits_every_example_once(count, n, seed, epoch):
    plan = plan_of(count, examples_per_step=n, seed=seed, epochs=4.0)
    steps = [plan.examples_at(Position(epoch, step)) for step in range(plan.steps_in(epoch))]
    assert sorted(np.concatenate(steps).tolist()) == list(range(count))
    assert [len(step) for step in steps[:-1]] == [n] * (len(steps) - 1)
    assert 1 <= len(steps[-1]) <= n


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = {tuple(plan_of(50, seed=seed, epochs=2.0).order(epoch)) for seed in (1, 2) for epoch in (0, 1)}
    assert len(orders) == 4


def test_the_order_is_pinned():
    """A change here would make every run in the world resume on other examples."""
    assert plan_of(10).order(0).tolist() == PINNED


PINNED = [4, 0, 7, 8, 9, 2, 3, 6, 5, 1]


def test_a_weight_is_a_number_of_appearances():
    weights = np.array([0.0, 1.0, 2.0, 2.5])
    plan = plan_of(weights=weights, epochs=400.0)
    times = np.zeros(4)
    for epoch in range(400):
        counts = np.bincount(plan.order(epoch), minlength=4)
        assert counts[:3].tolist() == [0, 1, 2]
        assert counts[3] in (2, 3)
        times += counts
    assert abs(times[3] / 400 - 2.5) < 0.1


def test_steps_run_over_epochs_and_end_exactly():
    plan = plan_of(10, steps=7, epochs=None)
    assert [(p.epoch, p.step) for p in plan.positions()] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0)]
    assert plan.total_steps() == 7


def test_the_appearances_of_an_epoch_are_known_without_its_order():
    plan = plan_of(weights=np.linspace(0.1, 2.4, 50), epochs=2.5)
    counts = [plan.examples_in(epoch) for epoch in range(3)]
    assert counts == [len(plan.order(epoch)) for epoch in range(3)]
    assert counts[2] < counts[0]


def test_a_fraction_of_an_epoch_is_exact():
    plan = plan_of(10, epochs=1.5)
    seen = [plan.examples_at(position) for position in plan.positions()]
    assert [len(step) for step in seen] == [4, 4, 2, 4, 1]
    assert plan.total_steps() == 5


@pytest.mark.parametrize("done", range(8))
def test_a_resumed_run_takes_the_steps_that_were_left(done):
    plan = plan_of(10, steps=7, epochs=None)
    whole = list(plan.positions())
    rest = list(plan.positions(whole[done])) if done < 7 else list(plan.positions(Position(2, 1)))
    assert rest == whole[done:]


def test_weights_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="epoch 0 is empty"):
        plan_of(weights=np.zeros(3)).order(0)
    with pytest.raises(ValueError, match="finite"):
        plan_of(weights=np.array([1.0, np.nan]))


def by_blocks(count, size, **changes):
    return plan_of(count, blocks=np.array([*range(0, count, size), count]), **changes)


def test_the_order_by_blocks_is_pinned_and_has_epochs_and_seeds_of_its_own():
    assert by_blocks(10, 3).order(0).tolist() == PINNED_BY_BLOCKS
    orders = {tuple(by_blocks(50, 5, seed=seed, epochs=2.0).order(epoch)) for seed in (1, 2) for epoch in (0, 1)}
    assert len(orders) == 4


PINNED_BY_BLOCKS = [4, 0, 7, 8, 9, 2, 6, 3, 5, 1]


@settings(deadline=None)
@given(count=st.integers(1, 300), size=st.integers(1, 40), seed=st.integers(0, 5), epoch=st.integers(0, 2))
def test_both_orders_have_the_same_appearances(count, size, seed, epoch):
    weights = np.linspace(2.4, 0.1, count)
    rows, blocks = (
        make(weights=weights, seed=seed, epochs=3.0)
        for make in (plan_of, lambda **more: by_blocks(count, size, **more))
    )
    assert sorted(blocks.order(epoch).tolist()) == sorted(rows.order(epoch).tolist())
    assert blocks.total_steps() == rows.total_steps()


def fetches(order, size, *, cache):
    """How many blocks are fetched where `cache` of them are kept, those used last."""
    kept, count = {}, 0
    for block in (order // size).tolist():
        if block not in kept:
            count += 1
            if len(kept) == cache:
                del kept[next(iter(kept))]
        kept.pop(block, None)
        kept[block] = True
    return count


def test_an_epoch_by_blocks_reads_each_block_once_from_a_cache_smaller_than_the_data():
    count, size = 30_000, 50
    blocks = by_blocks(count, size).order(0)
    assert fetches(blocks, size, cache=2 * WINDOW) == count // size
    assert fetches(plan_of(count).order(0), size, cache=2 * WINDOW) > 20_000


def test_an_epoch_by_blocks_mixes_the_blocks_of_a_window():
    count, size = 30_000, 50
    plan = by_blocks(count, size, examples_per_step=256)
    steps = [plan.examples_at(Position(0, step)) // size for step in range(40, 80)]
    assert min(len(np.unique(step)) for step in steps) > WINDOW * 0.8
    assert np.mean([np.diff(np.unique(step)).mean() for step in steps]) > 5  # no neighbours of the data


@pytest.mark.parametrize("count", [2**17 - 1, 2**17, 2**20 + 7, 2**21 + 3])
def test_the_beginning_of_an_order_is_sorted_alone_and_is_that_of_the_whole(count):
    keys = np.random.Philox(key=1).random_raw(count)
    keys[7::1001] = keys[3]  # equal keys keep the order of their values
    expected = np.argsort(keys, kind="stable")
    halves = np.split(np.arange(count, dtype=np.uint32), [count // 2])
    order = _Order(lambda: [(keys[half], half) for half in halves], count)
    beginning = order.first(1000)
    assert beginning.tolist() == expected[:1000].tolist()
    assert (order._filled < count) == (count >= 2**17)
    assert np.array_equal(order.first(count), expected)
    assert np.array_equal(beginning, expected[:1000])

"""Rows for a loop of one's own: the order of train, whatever workers share it out, and a state that resumes it."""

import pickle

import numpy as np
import pytest
from torch.utils.data import DataLoader, get_worker_info

from schemas.config import TrainData
from schemas.exits import RunFailedError, UserError
from schemas.verdict import Status
from tests.training.models import small_run
from training import shards
from training.chat import ChatLayout
from training.encoder import Encoder
from training.model import load_tokenizer
from training.own_loop import IGNORED, stream
from training.plan import Plan
from training.train import train

# Three workers are meant, whatever cores there are.
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")

SIZE = 8


@pytest.fixture(scope="module")
def weighted(make_data, make_row, tmp_path_factory):
    """Rows whose appearances differ from epoch to epoch, so that epochs end within a step."""
    rows = [make_row(n, "cot", weight=(0.5, 1.0, 1.7)[n % 3]) for n in range(50)]
    return make_data(tmp_path_factory.mktemp("weighted") / "DATA", rows)


def rows_of(data, **settings):
    return stream(data, seed=3, epochs=2.5, examples_per_step=SIZE, **settings)


def ids(rows):
    return [row["id"] for row in rows]


def loader(dataset, workers, **settings):
    return DataLoader(dataset, num_workers=workers, multiprocessing_context="fork" if workers else None, **settings)


def batches(dataset, workers=0):
    return [ids(rows) for rows in loader(dataset, workers, batch_size=SIZE, collate_fn=list)]


def planned(data):
    """The steps of `mathmill train`, by ids."""
    examples = shards.open(data)
    plan = Plan(examples.weights, examples_per_step=SIZE, seed=3, epochs=2.5)
    return [list(examples.labels_of(plan.examples_at(position)).ids) for position in plan.positions()]


def test_steps_are_those_of_train_whatever_workers_read_them(weighted):
    expected = planned(weighted)
    assert {len(step) for step in expected} > {SIZE}  # an epoch ends within a step
    for workers in (0, 1, 3):
        steps = loader(rows_of(weighted).steps(), workers, batch_size=None)
        assert [ids(step) for step in steps] == expected


def test_rows_keep_their_order_whatever_workers_read_them(weighted):
    expected = [id_ for step in planned(weighted) for id_ in step]
    assert ids(rows_of(weighted)) == expected
    for workers in (0, 1, 3):
        assert [id_ for batch in batches(rows_of(weighted), workers) for id_ in batch] == expected


def test_another_seed_is_another_order_of_the_same_rows(data):
    first, other = ids(stream(data, seed=1)), ids(stream(data, seed=2))
    assert first != other
    assert sorted(first) == sorted(other) == sorted(shards.open(data).ids())


@pytest.mark.parametrize("taken", [0, 1, 7, 8, 60])
@pytest.mark.parametrize("kind", ["rows", "steps", "datasets"])
def test_a_state_goes_on_behind_what_was_taken(weighted, taken, kind):
    def made():
        rows = rows_of(weighted)
        return {"rows": rows, "steps": rows.steps(), "datasets": rows.as_dataset()}[kind]

    expected, first, second = list(made()), made(), made()
    taken = min(taken, len(expected) - 1)
    begun = iter(first)
    assert [next(begun) for _ in range(taken)] == expected[:taken]
    second.load_state_dict(first.state_dict())
    assert list(second) == expected[taken:]
    if kind != "datasets":
        assert list(second) == expected  # the state is used once


@pytest.mark.parametrize("taken", [0, 1, 6, 7, 14])
def test_what_is_made_of_a_resumed_stream_goes_on_where_it_does(weighted, taken):
    steps = planned(weighted)
    behind = sum(map(len, steps[:taken]))

    def resumed():
        rows = rows_of(weighted)
        rows.load_state_dict(rows.state_after(behind))
        return rows

    assert [ids(step) for step in resumed().steps()] == steps[taken:]
    assert [ids(step) for step in loader(resumed().steps(), 2, batch_size=None)] == steps[taken:]
    assert ids(resumed().as_dataset()) == [id_ for step in steps[taken:] for id_ in step]


def test_steps_go_on_from_whole_ones(weighted):
    rows = rows_of(weighted)
    rows.load_state_dict(rows.state_after(SIZE + 3))
    with pytest.raises(RunFailedError, match="goes on 3 rows behind the beginning of step 2, and steps are read whole"):
        rows.steps()
    assert ids(rows)[0] == planned(weighted)[1][3]
    with pytest.raises(RunFailedError, match="this state counts rows, and these are steps"):
        rows.steps().load_state_dict(rows.state_after(SIZE))


def states_beside(rows):
    """Collates as a StatefulDataLoader does: with each batch, where the worker that made it stands."""
    about = get_worker_info()
    return ids(rows), (about.id, about.dataset.state_dict())


def test_workers_resume_each_from_its_own_state(weighted):
    expected = batches(rows_of(weighted))
    workers, taken, states = 2, 5, {}
    loaded = iter(loader(rows_of(weighted), workers, batch_size=SIZE, collate_fn=states_beside))
    for _ in range(taken):
        _, (worker, state) = next(loaded)
        states[worker] = state

    def restore(worker):
        get_worker_info().dataset.load_state_dict(states[worker])

    again = loader(rows_of(weighted), workers, batch_size=SIZE, collate_fn=ids, worker_init_fn=restore)
    rest = list(again)
    # the sixth batch is worker 1's, but a new loader begins with worker 0's sixth: its seventh of all
    assert sorted(map(tuple, rest)) == sorted(map(tuple, expected[taken:]))
    with pytest.raises(RunFailedError, match="worker 0 of 2, and is loaded by no worker"):
        rows_of(weighted).load_state_dict(states[0])


def test_a_loader_of_another_size_goes_on_from_the_rows_that_the_loop_took(weighted):
    expected = batches(rows_of(weighted))
    again = rows_of(weighted)
    again.load_state_dict(again.state_after(4 * SIZE))
    assert batches(again, workers=3) == expected[4:]


def test_a_state_of_another_order_is_refused(weighted, data):
    state = rows_of(weighted).state_dict()
    rows_of(weighted).load_state_dict(state)
    for other in (stream(data, seed=3, epochs=2.5, examples_per_step=SIZE), stream(weighted)):
        with pytest.raises(RunFailedError, match="of another stream"):
            other.load_state_dict(state)


def test_a_stream_is_sent_as_what_it_is_made_of(weighted):
    begun = rows_of(weighted)
    rows = iter(begun)
    expected = [next(rows) for _ in range(5)]
    begun.load_state_dict(begun.state_after(2))
    sent = pickle.dumps(begun)
    assert len(sent) < 2000
    assert list(pickle.loads(sent))[:3] == expected[2:]


def test_a_row_is_messages_that_other_trainers_read(data):
    rows = {row["id"]: row for row in stream(data)}
    assert rows["0000000000000000-tir"] == {
        "id": "0000000000000000-tir",
        "format": "tir",
        "source": "other",
        "prompt": [{"role": "user", "content": shards.open(data).rows(2, 3)[0].request}],
        "completion": [
            {
                "role": "assistant",
                "content": "We add.\n```python\nprint(3 + 2)\n```\n```output\n5\n```\nThe answer is \\boxed{5}.",
            }
        ],
    }


def test_a_row_is_the_tokens_that_train_trains_on(data, tmp_path):
    run = train(small_run(steps=1), [data], tmp_path / "RUN")
    rows = {row["id"]: row for row in stream(data, tokenizer=run.model)}
    examples = shards.open(data)
    layout = ChatLayout(load_tokenizer(run.model))
    encoded = Encoder(examples, layout, supervise_think=True)(np.arange(len(examples)))
    for index, id_ in enumerate(examples.ids()):
        assert rows[id_]["input_ids"] == encoded[index].tokens.tolist()
        assert rows[id_]["completion_mask"] == encoded[index].supervised.tolist()
        assert (np.array(rows[id_]["labels"]) != IGNORED).tolist() == encoded[index].supervised.astype(bool).tolist()
    assert list(rows[id_]) == stream(data, tokenizer=run.model).as_dataset().column_names


def test_the_dataset_of_datasets_has_the_same_order(weighted):
    expected = batches(rows_of(weighted))
    dataset = rows_of(weighted).as_dataset()
    assert dataset.num_shards == len(expected)
    assert [id_ for batch in expected for id_ in batch] == ids(dataset)
    for workers in (0, 2):
        assert batches(dataset, workers) == expected


def test_data_sets_are_mixed_by_weight_and_in_blocks_as_in_train(weighted, data):
    rows = stream(weighted, data, weights=[1, 0.5], seed=3, examples_per_step=SIZE, order="blocks")
    both = shards.open_splits(TrainData(path=str(weighted)), TrainData(path=str(data), weight=0.5))["train"]
    plan = Plan(both.weights, examples_per_step=SIZE, seed=3, epochs=1, blocks=both.blocks)
    assert ids(rows) == [id_ for p in plan.positions() for id_ in both.labels_of(plan.examples_at(p)).ids]
    assert ids(rows) != ids(stream(weighted, data, weights=[1, 0.5], seed=3, examples_per_step=SIZE))
    with pytest.raises(RunFailedError, match="of another stream"):
        rows.load_state_dict(stream(weighted, data, seed=3, examples_per_step=SIZE, order="blocks").state_dict())


def test_data_that_failed_or_was_never_judged_is_refused(make_data, make_row, tmp_path):
    rows = [make_row(n, "cot") for n in range(4)]
    with pytest.raises(UserError, match="never judged"):
        stream(make_data(tmp_path / "NEVER", rows, status=None))
    with pytest.raises(UserError, match="the verdict is failed"):
        stream(make_data(tmp_path / "FAILED", rows, status=Status.FAILED))
    assert len(list(stream(tmp_path / "NEVER", draft=True))) == 4


@pytest.mark.filterwarnings("ignore")  # TRL's own
def test_trl_trains_on_the_tokens_and_labels_of_these_steps(data, tmp_path):
    trl = pytest.importorskip("trl", reason="NO TRL: its own loop is not run; what it reads is held above")
    run = train(small_run(steps=1), [data], tmp_path / "RUN")
    rows, taken = stream(data, examples_per_step=SIZE, tokenizer=run.model), []

    class Trainer(trl.SFTTrainer):
        def compute_loss(self, model, inputs, *more, **named):
            taken.append(inputs)
            return super().compute_loss(model, inputs, *more, **named)

    settings = trl.SFTConfig(
        output_dir=str(tmp_path / "trl"), per_device_train_batch_size=SIZE, max_steps=4, max_length=None, use_cpu=True
    )
    Trainer(model=str(run.model), args=settings, train_dataset=rows.as_dataset()).train()
    for step, inputs in zip(rows.steps(), taken, strict=False):
        for row, tokens, labels in zip(step, inputs["input_ids"], inputs["labels"], strict=True):
            assert tokens.tolist()[: len(row["input_ids"])] == row["input_ids"]
            assert labels.tolist()[: len(row["labels"])] == row["labels"]

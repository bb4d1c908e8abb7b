"""Several data sets in one run: sampled exactly by weight, told before step 1, refused when one is not judged."""

import json

import pyarrow.compute as pc
import pytest
from safetensors.torch import load_file

from schemas.exits import RunFailedError, UserError
from schemas.verdict import Status
from tests.training.models import small_run
from training.console import mixture_table
from training.losses import read_losses
from training.mistakes import mixed_data
from training.runfile import provenance
from training.train import train


@pytest.fixture(scope="module")
def more(make_data, make_row, tmp_path_factory):
    """20 rows of another data set, five of which weigh 2."""
    rows = [make_row(n, "cot", source="more", weight=2.0 if n < 105 else 1.0) for n in range(100, 120)]
    return make_data(tmp_path_factory.mktemp("more") / "MORE", rows)


def mixed(data, more, weight=0.5, **settings):
    sources = [{"path": str(data)}, {"path": str(more), "weight": weight}]
    return small_run(data=sources, **({"steps": None, "epochs": 2.0, "examples_per_step": 10} | settings))


@pytest.fixture(scope="module")
def run(data, more, tmp_path_factory):
    told = []
    output = tmp_path_factory.mktemp("run") / "RUN"
    return train(mixed(data, more), None, output, on_start=told.append), told[0]


def test_an_epoch_has_the_appearances_that_the_weights_say(run):
    """48 examples once; five of weight 2 x 0.5 once; fifteen of 1 x 0.5 in half of the epochs."""
    losses = read_losses(run[0].output)
    for epoch in (0, 1):
        seen = losses.filter(pc.equal(losses["epoch"], epoch))["id"].to_pylist()
        assert len(seen) == len(set(seen))
        theirs = {id_ for id_ in seen if int(id_[:16], 16) >= 100}
        assert len(seen) - len(theirs) == 48
        assert {f"{number:016x}-cot" for number in range(100, 105)} <= theirs
        assert 5 < len(theirs) < 20


def test_the_mixture_is_told_by_data_set(run, data, more):
    lines = {line.name: line for line in run[1].mixture.lines if line.kind == "data"}
    assert [(name, line.examples) for name, line in lines.items()] == [(str(data), 48), (str(more), 20)]
    assert lines[str(more)].row_share == lines[str(more)].objective_share == pytest.approx(12.5 / 60.5)
    assert sum(line.token_share for line in lines.values()) == pytest.approx(1)
    assert mixture_table(run[1].mixture).row_count == len(run[1].mixture.lines)


def test_one_data_set_has_no_line_of_its_own(data, tmp_path):
    told = []
    train(small_run(steps=1), data, tmp_path / "RUN", on_start=told.append)
    assert {line.kind for line in told[0].mixture.lines} == {"format", "source"}


def test_run_json_says_what_each_weighs(run, data, more):
    facts = json.loads((run[0].output / "run.json").read_text())
    assert [(one["path"], one["weight"]) for one in facts["data"]] == [(str(data), 1.0), (str(more), 0.5)]


def test_a_mixed_run_resumes_at_the_same_bits(run, data, more, tmp_path):
    train(mixed(data, more, epochs=None, steps=4), None, tmp_path / "RUN")
    ended = train(mixed(data, more), None, tmp_path / "RUN", resume=True)
    one, other = (load_file(result.model / "model.safetensors") for result in (run[0], ended))
    assert ended.first.step == 5
    assert all((one[name] == other[name]).all() for name in one)


def test_a_weight_that_changed_is_refused_and_a_place_is_not(run, data, more, tmp_path):
    with pytest.raises(RunFailedError, match=f"{more} weighed 0.5 and weighs 0.7 now"):
        train(mixed(data, more, weight=0.7), None, run[0].output, resume=True)
    (tmp_path / "moved").symlink_to(more)
    train(mixed(data, tmp_path / "moved"), None, run[0].output, resume=True)


def test_a_source_that_is_not_judged_stops_all(data, make_data, make_row, tmp_path):
    rows = [make_row(n, "cot") for n in range(8)]
    for status, says in ((None, "never judged"), (Status.FAILED, "the verdict is failed")):
        folder = make_data(tmp_path / str(status), rows, status=status)
        with pytest.raises(UserError, match=f"^{folder}: {says}"):
            train(mixed(data, folder), None, tmp_path / "RUN")
    assert not (tmp_path / "RUN" / "metrics.jsonl").exists()


def test_data_that_is_given_stands_in_for_that_of_the_config(data, more):
    config = mixed(data, more).train
    assert [(source.path, source.weight) for source in mixed_data(config, None)] == [(str(data), 1), (str(more), 0.5)]
    assert [(source.path, source.weight) for source in mixed_data(config, more)] == [(str(more), 1)]
    with pytest.raises(UserError, match=r"^nothing to train on: give --data DATA, or `train.data`"):
        mixed_data(small_run().train, None)


def test_what_opens_a_store_stands_in_no_run():
    url = "s3://key:secret@bucket/DATA"
    config = small_run(data=[{"path": url}]).train
    for data in (config.data, mixed_data(config, url)):
        facts = json.dumps(provenance(config, data, ("mark",), draft=False))
        assert "secret" not in facts
        assert facts.count("s3://bucket/DATA") == 2

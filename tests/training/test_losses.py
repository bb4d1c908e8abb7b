"""The ledger of losses: one row per appearance whatever happens, and the worst listed first."""

import json
import shutil

import pyarrow as pa
import pytest

from tests.training.models import small_run
from training.losses import SCHEMA, read_losses, worst_of
from training.train import train


def config_of(**changes):
    return small_run(**({"examples_per_step": 10, "steps": 7, "checkpoint_every": 3} | changes))


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    output = tmp_path_factory.mktemp("losses") / "RUN"
    train(config_of(), [data], output)
    return output


def steps_of(run):
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line for line in lines if not line["heldout"]]


def test_every_step_has_its_examples_and_their_mean_is_j(run):
    losses = read_losses(run).to_pylist()
    for line in steps_of(run):
        rows = [row for row in losses if row["step"] == line["step"]]
        assert len(rows) == len({row["id"] for row in rows}) == line["examples"]
        assert {row["epoch"] for row in rows} == {line["epoch"]}
        assert sum(row["objective"] for row in rows) / len(rows) == pytest.approx(line["objective"], rel=1e-12)
        assert sum(row["supervised_tokens"] for row in rows) == line["supervised_tokens"]
    assert len(losses) == sum(line["examples"] for line in steps_of(run)) == 5 * 10 - 2 + 2 * 10


def test_a_resumed_run_holds_each_appearance_once(run, data, tmp_path):
    output = tmp_path / "RUN"
    train(config_of(steps=6), [data], output)
    shutil.rmtree(output / "checkpoints" / "step-00000006")  # as if it had been killed while it wrote the checkpoint
    assert read_losses(output)["step"].to_pylist()[-1] == 6
    (output / "losses" / ".steps-00000005-00000006.arrow.0123").write_bytes(b"half")
    train(config_of(), [data], output, resume=True)
    assert read_losses(output).equals(read_losses(run))
    assert not list((output / "losses").glob(".*"))


def test_the_worst_are_compared_with_their_own_step():
    rows = [
        ("early", 1, 0, -9.0, 5),
        ("early too", 1, 0, -9.0, 5),
        ("late", 2, 0, -1.0, 5),
        ("late and bad", 2, 0, -5.0, 5),
    ]
    losses = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)
    found = worst_of(losses, limit=3).to_pylist()
    assert [row["id"] for row in found] == ["late and bad", "early", "early too"]
    assert found[0] == {"id": "late and bad", "below": 2.0, "objective": -5.0, "seen": 1, "supervised_tokens": 5}


def test_a_planted_wrong_solution_is_listed_first_and_still_trained_on(make_data, make_row, tmp_path):
    rows = [make_row(n, "cot") for n in range(30)]
    rows[7]["segments"] = [{"kind": "text", "text": "zq! wxv? kjh; " * 3}]
    data = make_data(tmp_path / "DATA", rows)
    train(config_of(steps=None, epochs=6.0), [data], tmp_path / "RUN")
    listed = [json.loads(line) for line in (tmp_path / "RUN" / "losses" / "to_look_at.jsonl").read_text().splitlines()]
    assert listed[0]["id"] == rows[7]["id"]
    assert listed[0]["seen"] == 6
    assert listed[0]["question"] == rows[7]["question"]
    assert len(listed) == 30
    assert [line["below"] for line in listed] == sorted((line["below"] for line in listed), reverse=True)

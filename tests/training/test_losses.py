"""The ledger of losses: one row per appearance whatever happens, and the worst listed first."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pytest

from tests.training.models import small_run
from training import losses
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
    ledger_rows = read_losses(run).to_pylist()
    for line in steps_of(run):
        rows = [row for row in ledger_rows if row["step"] == line["step"]]
        assert len(rows) == len({row["id"] for row in rows}) == line["examples"]
        assert {row["epoch"] for row in rows} == {line["epoch"]}
        assert sum(row["objective"] for row in rows) / len(rows) == pytest.approx(line["objective"], rel=1e-12)
        assert sum(row["supervised_tokens"] for row in rows) == line["supervised_tokens"]
    assert len(ledger_rows) == sum(line["examples"] for line in steps_of(run)) == 5 * 10 - 2 + 2 * 10


def test_a_resumed_run_holds_each_appearance_once(run, data, tmp_path):
    output = tmp_path / "RUN"
    train(config_of(steps=6), [data], output)
    shutil.rmtree(output / "checkpoints" / "step-00000006")  # as if it had been killed while it wrote the checkpoint
    assert read_losses(output)["step"].to_pylist()[-1] == 6
    (output / "losses" / ".steps-00000005-00000006.arrow.0123").write_bytes(b"half")
    train(config_of(), [data], output, resume=True)
    assert read_losses(output).equals(read_losses(run))
    assert not list((output / "losses").glob(".*"))


@pytest.mark.parametrize("harm", ["cut", "junk", "bytes of an id", "gone"])
def test_a_rotten_ledger_costs_its_own_steps_and_no_run(run, data, tmp_path, harm, caplog):
    output = tmp_path / "RUN"
    train(config_of(steps=6), [data], output)
    path = min((output / "losses").glob("*.arrow"))
    content, id_ = path.read_bytes(), read_losses(output)["id"][0].as_py().encode()
    harmed = {"cut": content[: len(content) // 2], "junk": b"\xff\xfe[]{}" * 10}
    harmed["bytes of an id"] = content.replace(id_, b"?" * len(id_))
    path.write_bytes(harmed.get(harm, b""))
    if harm == "gone":
        path.unlink()
    train(config_of(), [data], output, resume=True)
    assert ("damaged; removed" in caplog.text) is (harm in ("cut", "junk"))
    rest = [row for row in read_losses(run).to_pylist() if row["step"] > 3]
    assert read_losses(output).to_pylist()[-len(rest) :] == rest
    assert (output / "losses" / "to_look_at.jsonl").read_text()


def ledger(run, rows, *, cut):
    """A ledger of literal rows, a file behind every `cut` of them."""
    (run / "losses").mkdir(parents=True)
    for start in range(0, len(rows), cut):
        table = pa.Table.from_pylist(
            [dict(zip(SCHEMA.names, row, strict=True)) for row in rows[start : start + cut]], SCHEMA
        )
        path = run / "losses" / f"steps-{rows[start][1]:08d}-{rows[start : start + cut][-1][1]:08d}.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, SCHEMA) as writer:
            writer.write_table(table)
    return run


def test_the_worst_are_compared_with_their_own_step(tmp_path):
    rows = [
        ("early", 1, 0, -9.0, 5),
        ("early too", 1, 0, -9.0, 5),
        ("late", 2, 0, -1.0, 5),
        ("late and bad", 2, 0, -5.0, 5),
    ]
    found = worst_of(ledger(tmp_path, rows, cut=2), limit=3).to_pylist()
    assert [row["id"] for row in found] == ["late and bad", "early", "early too"]
    assert found[0] == {"id": "late and bad", "below": 2.0, "objective": -5.0, "seen": 1, "supervised_tokens": 5}


def test_ranges_of_ids_find_what_all_ids_at_once_find(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    rows = [
        (f"{(number * 7919) % 90:03d}", step, step // 30, float(-random.integers(1, 9)), 5)
        for step in range(60)
        for number in range(step * 3, step * 3 + 3)
    ]
    run = ledger(tmp_path, rows, cut=12)
    whole = worst_of(run, limit=40)
    monkeypatch.setattr(losses, "_RANGE", 25)
    monkeypatch.setattr(losses, "_STRIDE", 2)
    assert len(losses._cuts(run)) > 4
    assert worst_of(run, limit=40).equals(whole)
    assert len(whole) == 40
    assert whole["seen"].to_pylist() == [2] * 40


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

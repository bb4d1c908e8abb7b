"""Runs on data in a store: the bits of a run on a folder, whatever the store does, in an order that a cache holds."""

import json
import os
import subprocess
import sys

import pytest
from safetensors.torch import load_file

from schemas.exits import RunFailedError, UserError
from tests.hub_server import asked_here, files_below
from tests.store_server import forbidden, put
from tests.training.models import small_run
from tests.training.test_fetched import blocks_of, reads_of, with_tables
from training.train import train


@pytest.fixture(scope="module")
def judged(make_data, make_row, tmp_path_factory):
    """192 + 16 rows in blocks of 16."""
    rows = [make_row(n, "cot", split="train" if n < 192 else "heldout") for n in range(208)]
    return with_tables(make_data(tmp_path_factory.mktemp("judged") / "DATA", rows))


@pytest.fixture
def place(judged, bucket, store):
    there = put(judged, f"{bucket}/DATA")
    store.requests.clear()
    return there


@pytest.fixture(scope="module")
def here(judged, tmp_path_factory):
    return {
        order: train(small_run(order=order), judged, tmp_path_factory.mktemp(order) / "RUN")
        for order in ("rows", "blocks")
    }


def same(one, other):
    weights = [load_file(run.model / "model.safetensors") for run in (one, other)]
    return all((weights[0][name] == weights[1][name]).all() for name in weights[0])


@pytest.mark.parametrize("order", ["rows", "blocks"])
def test_a_run_on_a_store_ends_at_the_bits_of_one_on_a_folder(here, place, store, tmp_path, order):
    there = train(small_run(order=order), place.url, tmp_path / "RUN")
    assert same(here[order], there)
    assert there.last.objective == here[order].last.objective
    assert len(reads_of(store)) <= 12 + 1 + 2  # each block of both splits once, and their schemas
    facts = json.loads((there.output / "run.json").read_text())
    assert facts["train"]["order"] == order
    assert facts["data"][0]["path"] == place.url


def test_a_run_on_the_hub_ends_at_the_bits_of_one_on_a_folder(here, judged, tmp_path):
    with asked_here({"org/data": files_below(judged)}):
        there = train(small_run(order="blocks"), "hf://datasets/org/data", tmp_path / "RUN")
    assert same(here["blocks"], there)


def test_both_orders_are_runs_of_their_own(here, judged, tmp_path):
    assert not same(here["rows"], here["blocks"])
    with pytest.raises(RunFailedError, match=r"train.order was 'rows' and is 'blocks' now"):
        train(small_run(order="blocks"), judged, here["rows"].output, resume=True)


def test_a_run_that_lost_its_store_resumes_to_the_same_bits(here, place, store, tmp_path):
    settings = {"model": str(here["rows"].initial), "token_cache_gb": 0}
    store.fail("GET", "/shards/train", forbidden, times=999)
    with pytest.raises(RunFailedError, match=f"^{place}/shards/train.*ACCESS_DENIED.*continue with --resume"):
        train(small_run(**settings), place.url, tmp_path / "RUN")
    store.heal()
    again = train(small_run(**settings), place.url, tmp_path / "RUN", resume=True)
    assert same(again, train(small_run(**settings), place.url, tmp_path / "OTHER"))


def test_a_mixture_with_a_member_in_a_store_has_the_bits_of_folders_and_bears_its_loss(
    here, judged, make_data, make_row, place, store, tmp_path
):
    folder = make_data(tmp_path / "HERE", [make_row(n, "pot") for n in range(300, 330)])

    def mixed(there):
        data = [{"path": str(folder)}, {"path": str(there), "weight": 0.5}]
        return small_run(data=data, model=str(here["rows"].initial), token_cache_gb=0)

    straight = train(mixed(judged), None, tmp_path / "RUN")
    store.fail("GET", "/shards/train", forbidden, times=999)
    with pytest.raises(RunFailedError, match=f"^{place}/shards/train.*continue with --resume"):
        train(mixed(place.url), None, tmp_path / "AGAIN")
    store.heal()
    again = train(mixed(place.url), None, tmp_path / "AGAIN", resume=True)
    assert same(straight, again)
    assert same(straight, train(mixed(place.url), None, tmp_path / "OTHER"))
    assert not same(straight, here["rows"])


@pytest.mark.slow
def test_runs_at_the_same_time_fill_caches_together(here, place, store, tmp_path):
    settings = {"data_cache": str(tmp_path / "own"), "token_cache": str(tmp_path / "tokens")}
    code = (
        "import sys; from training.train import train; from tests.training.models import small_run; "
        f"train(small_run(**{settings}), {place.url!r}, sys.argv[1])"
    )
    alike = os.environ | {"OMP_NUM_THREADS": "1"}  # as here: on some processors two threads sum to other bits
    runs = [subprocess.Popen([sys.executable, "-c", code, tmp_path / name], env=alike) for name in ("A", "B")]
    assert [run.wait(timeout=240) for run in runs] == [0, 0]
    bits = [(tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("A", "B")]
    assert bits[0] == bits[1] == (here["rows"].model / "model.safetensors").read_bytes()
    assert len(reads_of(store)) < 20  # 12 + 1 blocks and a schema, which each run alone reads: 14 and 14


def test_an_order_that_the_cache_cannot_hold_is_refused_before_a_block_is_read(place, store, tmp_path):
    with pytest.raises(UserError, match=r"train.data_cache_gb 1e-06: .*set train.order to blocks"):
        train(small_run(data_cache_gb=1e-6), place.url, tmp_path / "RUN")
    assert reads_of(store) == []


def test_blocks_that_are_damaged_between_runs_are_fetched_again(here, place, tmp_path):
    settings = {"data_cache": str(tmp_path / "own"), "token_cache_gb": 0}
    train(small_run(**settings), place.url, tmp_path / "RUN")
    for path in blocks_of(tmp_path / "own"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert same(here["rows"], train(small_run(**settings), place.url, tmp_path / "AGAIN"))

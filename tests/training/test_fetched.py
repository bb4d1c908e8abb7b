"""Data in a store read in parts: the gate first, then blocks that are checked; a store that fails is one line."""

import json
import shutil
import threading
import time
from typing import ClassVar

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from schemas.block_table import BLOCKS, ROWS
from schemas.copies import cache_folder
from schemas.exits import RunFailedError, UserError
from schemas.manifest import MANIFEST, read_manifest, sha256_of
from schemas.split import Split
from schemas.verdict import VERDICT, Verdict
from tests.store_server import cut_short, forbidden, put, trickling, unavailable
from training import fetched, shards
from training.block_cache import BlockCache
from validation.dataset.block_index import write_block_tables


@pytest.fixture(scope="module")
def judged(make_data, make_row, tmp_path_factory):
    """64 + 16 rows in batches of 16, judged with tables."""
    rows = [make_row(n, "cot", split="train" if n < 64 else "heldout", weight=1.0 + n % 2) for n in range(80)]
    return with_tables(make_data(tmp_path_factory.mktemp("judged") / "DATA", rows))


def with_tables(folder):
    """Adds what `validate` writes beside a verdict."""
    verdict = Verdict.model_validate_json((folder / VERDICT).read_bytes())
    tables = write_block_tables(folder, read_manifest(folder), folder / "quality")
    (folder / VERDICT).write_text(verdict.model_copy(update={"tables": tables}).to_json())
    return folder


@pytest.fixture
def place(judged, bucket, store):
    there = put(judged, f"{bucket}/DATA")
    store.requests.clear()
    return there


def reads_of(store):
    return [line for line in store.requests if line.startswith("GET") and "/shards/" in line]


def blocks_of(folder):
    return sorted(path for path in (folder / "blocks").glob("??/*"))


def test_the_same_rows_come_from_a_store(judged, place):
    here, there = shards.open_splits(judged), shards.open_splits(place.url)
    for split in Split:
        assert there[split].rows(0, 99) == here[split].rows(0, 99)
        assert there[split].weights.tolist() == here[split].weights.tolist()
        assert there[split].blocks.tolist() == here[split].blocks.tolist()
    order = np.array([63, 0, 17, 16, 1, 63])
    assert there[Split.TRAIN].take(order) == here[Split.TRAIN].take(order)
    both = shards.open(judged, place.url)
    assert both.take(np.array([64, 0])) == here[Split.TRAIN].take(np.array([0, 0]))
    assert there[Split.TRAIN].fetched_bytes > 0 == here[Split.TRAIN].fetched_bytes


def test_a_plan_and_labels_need_no_block(place, store):
    examples = shards.open(place.url)
    assert len(examples) == 64
    assert examples.weights.sum() == 96
    assert examples.labels_of(np.array([3])).sources == ("other",)
    assert examples.first_of_each("source").tolist() == [0, 1]
    assert reads_of(store) == []


def test_only_blocks_that_are_needed_are_fetched_and_only_once(place, store):
    examples = shards.open(place.url)
    examples.take(np.array([17, 30, 18]))
    assert len(reads_of(store)) == 2  # the schema, and one batch
    examples.take(np.array([20]))
    shards.open(place.url).take(np.array([31]))
    assert len(reads_of(store)) == 2
    assert len(blocks_of(cache_folder())) == 2


def test_what_is_expected_is_there_when_it_is_taken(place, store):
    examples = shards.open(place.url)
    examples.expect(np.arange(64))
    deadline = time.monotonic() + 20
    while len(blocks_of(cache_folder())) < 4:
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    before = len(reads_of(store))
    examples.take(np.arange(64))
    assert len(reads_of(store)) == before + 1  # the schema


def test_the_gate_holds_before_anything_is_fetched(judged, bucket, store, tmp_path):
    failed = shutil.copytree(judged, tmp_path / "FAILED")
    verdict = json.loads((failed / VERDICT).read_text()) | {"status": "failed"}
    (failed / VERDICT).write_text(json.dumps(verdict))
    place = put(failed, f"{bucket}/FAILED")
    store.requests.clear()
    with pytest.raises(UserError, match=f"^{place}: the verdict is failed"):
        shards.open(place.url)
    (place / VERDICT).remove()
    with pytest.raises(UserError, match=f"^{place}: never judged"):
        shards.open(place.url)
    assert reads_of(store) == []


@pytest.mark.parametrize("name", [MANIFEST, BLOCKS, ROWS])
def test_what_a_verdict_binds_cannot_be_changed(judged, bucket, tmp_path, name):
    changed = shutil.copytree(judged, tmp_path / "CHANGED")
    content = (changed / name).read_bytes()
    (changed / name).write_bytes(content.replace(b"train", b"drain") + b" ")
    if name == MANIFEST:
        (changed / name).write_bytes(content + b"\n")
    place = put(changed, f"{bucket}/CHANGED")
    with pytest.raises(
        RunFailedError, match=f"^{place}/{name}: changed since .* judged; run `mathmill validate {place}`"
    ):
        shards.open(place.url)


def test_tables_of_an_earlier_verdict_are_fetched_again(judged, place):
    shards.open(place.url)
    (folder,) = (cache_folder() / "data").iterdir()
    (folder / BLOCKS).write_bytes(b"of another verdict")
    assert len(shards.open(place.url)) == 64
    assert sha256_of(folder / BLOCKS) == sha256_of(judged / BLOCKS)


def test_a_shard_that_changed_in_the_store_is_refused(judged, place):
    name = "shards/train-00000-of-00001.arrow"
    examples = shards.open(place.url)
    (place / name).write((judged / name).read_bytes().replace(b"apples", b"grapes"))
    with pytest.raises(RunFailedError, match=rf"^{place}/{name}: the bytes \[[\d,]+, [\d,]+\) are not those that were"):
        examples.take(np.array([0]))


@pytest.mark.parametrize("fault", [unavailable, cut_short, trickling])
def test_a_store_that_is_slow_or_answers_half_costs_time_alone(judged, place, store, fault):
    store.fail("GET", "/shards/", fault, times=2)
    assert shards.open(place.url).rows(0, 64) == shards.open(judged).rows(0, 64)


def test_a_store_that_refuses_is_one_line_and_nothing_is_lost(judged, place, store):
    examples, here = shards.open(place.url), shards.open(judged)
    examples.take(np.array([0]))
    store.fail("GET", "/shards/", forbidden, times=99)
    with pytest.raises(RunFailedError, match=f"^{place}/shards/train.*ACCESS_DENIED.*; continue with --resume"):
        examples.take(np.array([20]))
    assert examples.take(np.array([1])) == here.take(np.array([1]))
    store.heal()
    assert examples.take(np.array([20])) == here.take(np.array([20]))


def test_a_shard_that_is_gone_is_missed(place):
    examples = shards.open(place.url)
    (place / "shards/train-00000-of-00001.arrow").remove()
    with pytest.raises(RunFailedError, match=f"^{place}/shards/train.*: is missing, and the manifest names it"):
        examples.take(np.array([0]))


def test_data_without_tables_is_copied_whole(judged, bucket, tmp_path):
    older = shutil.copytree(judged, tmp_path / "OLDER")
    verdict = json.loads((older / VERDICT).read_text())
    del verdict["tables"]
    (older / VERDICT).write_text(json.dumps(verdict))
    place = put(older, f"{bucket}/OLDER")
    assert shards.open(place.url).rows(0, 64) == shards.open(judged).rows(0, 64)
    assert blocks_of(cache_folder()) == []


class Unreliable(MemoryFileSystem):
    """fsspec's store in memory, which answers ranges as it is told."""

    protocol = "unreliable"
    cachable = False
    answers: ClassVar[list[str]] = []

    def cat_file(self, path, start=None, end=None, **options):
        content = super().cat_file(path, start, end, **options)
        answer = self.answers.pop(0) if start is not None and self.answers else "whole"
        if answer == "fails":
            raise OSError("no route to host")
        return {"half": content[: len(content) // 2], "nothing": b"", "other": b"x" * len(content)}.get(answer, content)


@pytest.fixture
def unreliable(judged, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fsspec.register_implementation("unreliable", Unreliable, clobber=True)
    monkeypatch.setattr(fetched, "_PAUSES_S", (0.0, 0.0))
    return put(judged, "unreliable://fetched/DATA").url


@pytest.mark.parametrize("answer", ["whole", "half", "nothing", "other", "fails"])
def test_a_range_that_comes_wrong_twice_is_asked_for_again(judged, unreliable, monkeypatch, answer):
    answers = [answer] * 2
    monkeypatch.setattr(Unreliable, "answers", answers)
    assert shards.open(unreliable).rows(0, 16) == shards.open(judged).rows(0, 16)
    assert answers == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("half", r"[\d,]+ bytes arrived of the [\d,]+ in \[[\d,]+, [\d,]+\), asked 3 times; if the data changed, run"),
        ("other", r"the bytes \[[\d,]+, [\d,]+\) are not those that were judged, asked 3 times"),
        ("fails", r"no route to host; continue with --resume"),
    ],
)
def test_a_range_that_stays_wrong_is_one_line(unreliable, monkeypatch, answer, says):
    monkeypatch.setattr(Unreliable, "answers", [answer] * 99)
    examples = shards.open(unreliable)
    with pytest.raises(RunFailedError, match=f"^{unreliable}/shards/train-00000-of-00001.arrow: {says}"):
        examples.take(np.array([0]))
    monkeypatch.setattr(Unreliable, "answers", [])
    assert len(examples.take(np.array([0]))) == 1


def test_a_cache_of_its_own_holds_the_blocks(place, tmp_path):
    cache = BlockCache(tmp_path / "own", 1 << 30)
    shards.open_splits(place.url, cache=cache)[Split.TRAIN].take(np.array([0]))
    assert len(blocks_of(tmp_path / "own")) == 2
    assert blocks_of(cache_folder()) == []

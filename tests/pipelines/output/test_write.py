from collections import Counter

import pytest

from pipelines.engine.store import PartRef
from pipelines.output.decide import PartSummary
from pipelines.output.write import LEDGER_ROWS, plan_files


def summary(number: int, *, rows: int = 10, size: int = 100, train: int = 10, heldout: int = 0) -> PartSummary:
    part = PartRef(number, f"part-{number}", rows, size)
    return PartSummary(part, rows, Counter(), Counter(train=train, heldout=heldout))


def planned(*summaries: PartSummary, shard_bytes: int) -> dict[str, list[int]]:
    """The numbers of the parts in each planned file, by path."""
    return {plan.path: [part.number for part in plan.parts] for plan in plan_files(summaries, shard_bytes=shard_bytes)}


def test_parts_fill_a_shard_up_to_its_bytes_and_the_next_begins_another():
    assert planned(*map(summary, range(3)), shard_bytes=200) == {
        "shards/train-00000-of-00002.arrow": [0, 1],
        "shards/train-00001-of-00002.arrow": [2],
        "ledger/ledger-00000-of-00001.arrow": [0, 1, 2],
    }
    assert len(planned(*map(summary, range(3)), shard_bytes=199)) == 4


def test_a_part_larger_than_a_shard_has_one_of_its_own():
    paths = planned(summary(0, size=1000), summary(1), shard_bytes=200)
    assert [paths[f"shards/train-0000{shard}-of-00002.arrow"] for shard in (0, 1)] == [[0], [1]]


def test_only_what_is_kept_weighs_in_a_shard():
    assert "shards/train-00000-of-00001.arrow" in planned(*(summary(at, train=5) for at in range(4)), shard_bytes=200)


def test_a_split_without_examples_has_no_shard_and_every_part_a_ledger():
    paths = planned(summary(0, train=0, heldout=1), summary(1, train=0), shard_bytes=200)
    assert paths == {"shards/heldout-00000-of-00001.arrow": [0], "ledger/ledger-00000-of-00001.arrow": [0, 1]}


def test_a_ledger_file_holds_a_bounded_number_of_rows():
    paths = planned(*(summary(at, rows=LEDGER_ROWS, train=0) for at in range(2)), shard_bytes=200)
    assert list(paths.values()) == [[0], [1]]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_plan_does_not_depend_on_the_order_in_which_parts_end(order):
    assert planned(*map(summary, order), shard_bytes=200) == planned(*map(summary, range(3)), shard_bytes=200)

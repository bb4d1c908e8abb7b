"""Caps and quotas, counted again on findings made by hand."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.manifest import Manifest, read_manifest
from schemas.verdict import Status
from tests.validation.dataset.handmade import edit_manifest, write_data
from validation.dataset.facts import Facts
from validation.dataset.recheck.bounds import balance_of, check_bounds
from validation.dataset.shard import Findings


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


def asked(folder: Path, balance: dict[str, Any], *, skipped: tuple[str, ...] = ()) -> Manifest:
    edit_manifest(folder, reseal=True, config={"balance": balance}, skipped=list(skipped))
    return read_manifest(folder)


def found() -> Findings:
    """Six examples of three problems; template 7 holds two problems, problem 1 four examples."""

    def column(*values: int) -> list[np.ndarray]:
        return [np.array(values, np.uint64)]

    return Findings(
        rows=6,
        facts=Facts(counts={"source": Counter(shop=4, school=2), "author": Counter(human=6)}),
        problems=column(1, 1, 1, 1, 2, 3),
        solutions=column(11, 11, 11, 12, 21, 31),
        templates=column(7, 7, 7, 7, 7, 8),
        quotas=Counter({0: 5}),
    )


@pytest.mark.parametrize(
    ("balance", "held"),
    [
        ({"caps": {"source": 4}}, 4),
        ({"caps": {"author": 6}}, 6),
        ({"caps": {"problem": 3}}, 3),
        ({"caps": {"template": 2}}, 2),
    ],
)
def test_a_cap_holds_up_to_its_number_and_not_below(honest: Path, balance: dict[str, Any], held: int) -> None:
    (check,) = check_bounds(asked(honest, balance), found())
    assert (check.name, check.status, check.checked) == ("bounds_hold", Status.PASSED, 6)
    ((name, limit),) = balance["caps"].items()
    (check,) = check_bounds(asked(honest, {"caps": {name: limit - 1}}), found())
    assert (check.status, check.detail) == (
        Status.FAILED,
        f"curate.balance.caps.{name} allows {held - 1}, the shards hold {held}",
    )


@pytest.mark.parametrize(("limit", "status"), [(5, Status.PASSED), (4, Status.FAILED)])
def test_a_quota_on_a_number_is_counted(honest: Path, limit: int, status: Status) -> None:
    quota = {"where": {"topic": "money"}, "max": limit}
    (check,) = check_bounds(asked(honest, {"quotas": [quota]}), found())
    assert check.status is status


def test_without_bounds_there_is_no_check(honest: Path) -> None:
    assert check_bounds(asked(honest, {}), found()) == []
    assert check_bounds(asked(honest, {"caps": {"source": 1}}, skipped=("balance",)), found()) == []


def test_problems_that_nobody_told_apart_cannot_be_counted_and_it_shows(honest: Path) -> None:
    manifest = asked(honest, {"caps": {"source": 4, "problem": 1}}, skipped=("identify",))
    counted, uncounted = check_bounds(manifest, found())
    assert (counted.status, counted.detail) == (Status.PASSED, "no group holds more than caps.source allow")
    assert (uncounted.name, uncounted.status) == ("bounds_countable", Status.NOT_CHECKED)


def test_a_config_that_cannot_be_read_asks_for_nothing(honest: Path) -> None:
    assert balance_of(asked(honest, {"caps": {"source": "many"}})).caps.source is None

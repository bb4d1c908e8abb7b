"""The soak in small: few kills and faults, and a table that tells what was lost."""

from pathlib import Path

import pytest

from benchmarks.soak import Line, lost, soak, table
from benchmarks.soak_faults import FAULTS
from benchmarks.soak_runs import prepared


def test_the_table_counts_by_kind_and_loses_what_did_not_survive_or_ended_elsewhere() -> None:
    lines = [
        Line("kill: curate", survived=True, equal=True, again=0.02),
        Line("kill: curate", survived=True, equal=False, again=0.06),
        Line("curate: flip parts", survived=False, equal=True),
    ]
    assert [row.split() for row in table(lines)[1:]] == [
        ["kill:", "curate", "2", "2", "1", "4.0%,", "most", "6.0%"],
        ["curate:", "flip", "parts", "1", "0", "1", "-"],
        ["all", "3", "2", "2", "4.0%,", "most", "6.0%"],
        ["lost", "2"],
    ]
    assert lost(lines) == lines[1:]
    assert table(lines[:1])[-1] == "lost 0"


def test_there_are_twenty_kinds_of_faults_and_each_verb_meets_some() -> None:
    assert len({kind.name for kind in FAULTS}) == len(FAULTS) >= 20
    assert {kind.verb for kind in FAULTS} == {"curate", "validate", "train"}


@pytest.mark.slow
def test_a_few_kills_and_faults_lose_nothing(tmp_path: Path) -> None:
    some = [kind for kind in FAULTS if kind.name in ("curate: flip .work/parts/*.arrow", "curate: SIGTERM")]
    assert len(some) == 2
    lines = list(soak(prepared(tmp_path, rows=60), kills=3, seed=1, faults=some))
    assert [line.kind for line in lines if line.kind.startswith("kill")][-1] == "kill: train"
    assert lost(lines) == []

"""Nobody is missing as the duplicate of one that did not stay: the rounds of collapse against a brute-force oracle."""

import hashlib
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.curate import curate
from pipelines.engine.store import Store
from pipelines.sources.adapters.derive import derive
from pipelines.stages.duplicates import collapse
from pipelines.stages.duplicates.collapse import Collapse, Revise
from schemas.problem import Format
from tests.tiny import config_of, gsm8k_row, read_streams, source, write_rows
from validation.answers import Comparison, Relation

STORE = Store(Path("nowhere"))


def group(ranks: tuple[int, ...], references: tuple[str | None, ...]) -> pa.Table:
    """Candidates of one content, of sources of those ranks."""
    count = len(ranks)
    key = hashlib.md5(b"content").digest()
    return pa.table(
        {
            "content": pa.array([key] * count, pa.binary(16)),
            "accepted": [False] * count,
            "completeness": pa.array([0] * count, pa.int32()),
            "row_id": [f"{place:02d}" for place in range(count)],
            "nth": pa.array([0] * count, pa.int32()),
            "of": pa.array([1] * count, pa.int32()),
            "format": ["cot"] * count,
            "source_row": pa.array(range(count), pa.int64()),
            "source_rank": pa.array(ranks, pa.int32()),
            "answer": pa.array(references, pa.string()),
            "part": pa.array([0] * count, pa.int64()),
            "index": pa.array(range(count), pa.int32()),
            "alive": [True] * count,
        }
    )


def duplicates(tags: pa.Table) -> np.ndarray:
    lost = np.zeros(len(tags), bool)
    lost[tags.filter(tags.column("reason").is_valid()).column("index").to_numpy()] = True
    return lost


def survivors(rows: pa.Table, passes: np.ndarray) -> tuple[list[int], list[int]]:
    """Who is kept and who falls for its own reason, by the rounds that a run makes; judging as few as it does."""
    tags = Collapse(STORE, (), skipped=False, contents="contents").resolve(rows)
    for recall in (True, False):
        lost = duplicates(tags)
        judged = ~lost
        told = rows.append_column("lost", pa.array(lost)).append_column("fallen", pa.array(judged & ~passes))
        told = told.append_column("occurrence", tags.sort_by("index").column("occurrence"))
        tags = Revise(STORE, (), "collapse", recall, "contents").resolve(told)
    kept = ~duplicates(tags)
    assert not (kept & ~judged).any(), "kept without a verdict"
    return np.flatnonzero(kept & passes).tolist(), np.flatnonzero(kept & ~passes).tolist()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_best_of_those_that_pass_is_kept_and_nobody_else(size: int) -> None:
    for ranks in itertools.permutations(range(size)):
        for verdicts in itertools.product((True, False), repeat=size):
            rows, passes = group(ranks, (None,) * size), np.array(verdicts)
            best_first = np.argsort(ranks)
            passing = [int(place) for place in best_first if passes[place]]
            expected = (passing[:1], []) if passing else ([], [int(best_first[0])])
            assert survivors(rows, passes) == expected, (ranks, verdicts)


def test_candidates_with_unequal_references_are_recalled_apart() -> None:
    rows = group((0, 1, 2, 3), ("4", "4", "5", "5"))
    assert survivors(rows, np.array([False, True, True, True])) == ([1, 2], [])
    assert survivors(rows, np.array([True, True, False, False])) == ([0], [2])


QUESTION = "Ida plants 5 rows of 6 trees. How many trees?"


@pytest.mark.parametrize("said", ["30", "\\boxed{31}"])
def test_a_program_outlives_an_equal_one_only_if_its_parent_fails_verification(said: str, tmp_path: Path) -> None:
    human = gsm8k_row(QUESTION, f"So it is {said}, as 5*6=<<5*6=30>>30.", 30)
    program = {"q": QUESTION, "s": derived(human), "a": "30"}
    columns = {"question": "q", "solution": "s", "answer": "a"}
    first = source(write_rows(tmp_path / "human.jsonl", [human]), "human", derive=["pot"])
    rows = write_rows(tmp_path / "program.jsonl", [program])
    second = source(rows, "program", adapter="columns", format="pot", columns=columns)
    curate(config_of(first, second, wipeout={"limit": 1}), tmp_path / "data")
    found = {(one["source"], one["format"]): one["reason"] for one in read_streams(tmp_path / "data", "ledger/*.arrow")}
    sound = said == "30"
    assert found == {
        ("human", "cot"): None if sound else "ambiguous_answer",
        ("human", "pot"): None if sound else "exact_duplicate",
        ("program", "pot"): "exact_duplicate" if sound else None,
    }


def derived(row: dict[str, Any]) -> str:
    steps, _, answer = row["answer"].partition("\n#### ")
    (solution,) = derive(row["question"], steps, answer, [Format.POT])
    return solution.segments[0].text


def test_each_of_very_many_references_of_a_content_is_compared_with_the_first_few_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def judge(gold: str, answer: str) -> Comparison:
        compared.append((gold, answer))
        return Comparison(Relation.NOT_EQUAL, "number")

    monkeypatch.setattr(collapse, "compare", judge)
    monkeypatch.setattr(collapse, "compare_exactly", judge)
    rows = group(tuple(range(600)), tuple(map(str, range(600))))
    kept, fallen = survivors(rows, np.ones(600, bool))
    assert (len(kept), fallen) == (600, [])
    assert len(compared) < 3 * 16 * 600

"""The identify stage over whole runs: which near-duplicates fall."""

from pathlib import Path

from pipelines.curate import curate
from tests.tiny import config_of, read_streams, write_rows
from validation.answers import compare_exactly

QUESTION = (
    "The teacher of the {} school in the old town by the river writes a function on the board, and all the children of "
    "the class look at it for a long time and think about its values. Write the function down."
)
PLACES = ("small", "large", "red", "blue", "new", "quiet", "loud", "bright", "dark", "warm", "cold", "grey")


def reasons(folder: Path, answers: list[str]) -> list[str | None]:
    rows = [
        {"q": QUESTION.format(place), "s": "We write down what we see there.", "a": answer}
        for place, answer in zip(PLACES, answers, strict=True)
    ]
    columns = {"question": "q", "solution": "s", "answer": "a"}
    table = {"name": "mine", "path": str(write_rows(folder / "rows.jsonl", rows)), "adapter": "columns"}
    config = config_of(
        {**table, "format": "cot", "licence": "MIT", "columns": columns}, skip=["verify"], wipeout={"limit": 1}
    )
    curate(config, folder / "data")
    ledger = sorted(read_streams(folder / "data", "ledger/*.arrow"), key=lambda row: row["row"])
    return [row["reason"] for row in ledger]


def test_near_duplicates_whose_answers_only_algebra_could_compare_are_kept(tmp_path: Path) -> None:
    one, other = r"\arctan(x) + x", r"x + \tan^{-1}(x)"
    assert compare_exactly(one, other).path == "remainder"
    kept = reasons(tmp_path, [one, other] * (len(PLACES) // 2))
    assert (kept.count(None), kept.count("near_duplicate")) == (2, len(PLACES) - 2)


def test_near_duplicates_with_one_answer_fall_however_it_is_written(tmp_path: Path) -> None:
    answers = [r"\frac{1}{2}", "0.5", "1/2"] * (len(PLACES) // 3)
    assert sorted(reasons(tmp_path, answers), key=str) == [None, *["near_duplicate"] * (len(PLACES) - 1)]

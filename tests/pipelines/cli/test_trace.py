import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from pipelines.cli.trace import print_trace
from pipelines.curate import curate
from schemas.config import Wipeout
from schemas.exits import RunFailedError, UserError
from schemas.manifest import MANIFEST, read_manifest, sha256_of
from tests.tiny import config_of, gsm8k_row, marbles, read_streams, source, write_rows


@pytest.fixture(scope="module")
def ledger(tiny_data: Path) -> list[dict[str, Any]]:
    return read_streams(tiny_data, "ledger/*.arrow")


def told(data: Path, identity: str | None, *, reason: str | None = None, colour: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200, force_terminal=colour, color_system="standard" if colour else None)
    print_trace(console, data, identity, reason=reason)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def id_of(ledger: list[dict[str, Any]], reason: str | None, form: str = "cot", row: int | None = None) -> str:
    return str(next(
        one["id"] for one in ledger
        if one["reason"] == reason and one["format"] == form and (row is None or one["row"] == row)
    ))  # fmt: skip


def test_a_kept_row_shows_its_source_and_its_words(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    story = told(tiny_data, id_of(ledger, None, row=2))
    for words in ("source school, row 2, format cot", "kept", "On Monday 4 birds came", "4+7=11."):
        assert words in story, story
    assert "verify: answer 11, equal" in story
    assert "reference self" in story
    assert "split heldout" in story
    assert "lost to" not in story


def test_a_duplicate_stands_beside_the_one_that_was_kept(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    loser = next(one for one in ledger if one["source"] == "panel" and one["reason"] == "exact_duplicate")
    story = told(tiny_data, loser["id"])
    for words in (
        "removed at collapse: exact_duplicate",
        f"lost to {loser['partner']}",
        "this one",
        "the other",
        "ada",
    ):
        assert words in story, story


def test_a_leak_stands_beside_the_benchmark_item(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    story = told(tiny_data, id_of(ledger, "benchmark_exact"))
    for words in ("removed at decontaminate: benchmark_exact", "lost to bench/0", "answer: 108"):
        assert words in story, story
    assert story.count("Ruth packs 12 boxes") == 2


LEAKED = "Every day Ida packs {} boxes. Each of them holds 15 blue lamps for the old theatre. How many lamps is that?"
OWN = "She packs 12 * 15 = 180 lamps for the old theatre, since each of her boxes holds 15 of the blue lamps in it."
REWORDINGS = ("the solution, reworded", "the question, reworded", "anything at all")


@pytest.fixture(scope="module")
def leaks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with a question that is an item, a solution that holds it, the item's own solution, and a variant."""
    folder = tmp_path_factory.mktemp("leaks")
    item = gsm8k_row(LEAKED.format(12), OWN, 180)
    rows = [
        item,
        gsm8k_row("What is asked of us?", f"We read: {item['question']} That is 12 * 15 = 180.", 180),
        gsm8k_row("What does Ida pack for the theatre?", OWN, 180),
        gsm8k_row(LEAKED.format(14), "14 * 15 = 210 lamps.", 210),
    ]
    bench = {"name": "bench", "path": str(write_rows(folder / "bench.jsonl", [item]))}
    school = source(write_rows(folder / "rows.jsonl", rows))
    curate(config_of(school, benchmarks=[bench], skip=["verify"], wipeout={"limit": 1}), folder / "data")
    return folder / "data"


def rewritten(data: Path, folder: Path, column: str, value: str | None) -> Path:
    """The same data set, with one value in a column of its ledger."""
    copied = Path(shutil.copytree(data, folder / "copied", ignore=shutil.ignore_patterns(".work")))
    (path,) = copied.glob("ledger/*.arrow")
    table = pa.ipc.open_stream(path.read_bytes()).read_all()
    at = table.schema.get_field_index(column)
    table = table.set_column(at, table.schema.field(at), pa.array([value] * len(table), pa.string()))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    manifest = read_manifest(copied)
    record = manifest.ledger[0].model_copy(update={"sha256": sha256_of(path)})
    (copied / MANIFEST).write_text(manifest.model_copy(update={"ledger": [record]}).sealed().to_json())
    return copied


def test_the_rule_says_what_stands_beside_the_item(leaks: Path) -> None:
    ended = {one["row"]: one for one in read_streams(leaks, "ledger/*.arrow")}
    assert [ended[row]["rule"] for row in range(4)] == [
        "question_is_item",
        "solution_holds_item",
        "own_solution",
        "variant_reported",
    ]
    assert "in a solution of: What is asked of us?" in told(leaks, ended[1]["id"])
    own = told(leaks, ended[2]["id"])
    assert own.count(OWN) == 2
    assert own.index("What does Ida pack") < own.index("\nthe other\n") < own.index(LEAKED.format(12))
    assert "only this one has: 14; only the other: 12" in told(leaks, ended[3]["id"])


@pytest.mark.parametrize("words", REWORDINGS)
def test_other_words_change_nothing_but_the_words(words: str, leaks: Path, tmp_path: Path) -> None:
    other = rewritten(leaks, tmp_path, "detail", words)
    for row in read_streams(leaks, "ledger/*.arrow"):
        before, after = told(leaks, row["id"]), told(other, row["id"])
        assert [line for line in before.splitlines() if line != f"  {row['detail']}"] == [
            line for line in after.splitlines() if line != f"  {words}"
        ]


@pytest.mark.parametrize("rule", [None, "a_rule_of_tomorrow"])
def test_without_a_rule_that_is_known_all_of_both_stands_side_by_side(
    rule: str | None, leaks: Path, tmp_path: Path
) -> None:
    other = rewritten(leaks, tmp_path, "rule", rule)
    for row in read_streams(leaks, "ledger/*.arrow"):
        story = told(other, row["id"])
        assert "in a solution of:" not in story
        assert "to bench/0" in story
        assert (
            story.index("\nthis one\n") < story.index("\nthe other\n") < story.index(OWN, story.index("\nthe other\n"))
        )


def test_words_that_differ_are_marked_and_equal_ones_are_not(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    story = told(tiny_data, id_of(ledger, "answer_conflict", row=11), colour=True)
    numbers, words = (
        "|".join(piece.split("\x1b[0m")[0] for piece in story.split(f"\x1b[1;{mark}m")[1:]) for mark in (31, 33)
    )
    assert "10" in numbers
    assert "10" not in words
    assert "shelf" not in numbers + words


@pytest.mark.parametrize("policy", ["report", "quarantine"])
def test_numbers_that_differ_are_listed_where_colours_do_not_show_them(policy: str, tmp_path: Path) -> None:
    rows = marbles(4)
    path = write_rows(tmp_path / "bench.jsonl", [rows[0]])
    benchmarks = [{"name": "bench", "path": str(path), "variants": policy}]
    school = source(write_rows(tmp_path / "rows.jsonl", rows[1:]))
    settings = {"skip": ["verify"], "wipeout": {"limit": 1}}
    curate(config_of(school, benchmarks=benchmarks, **settings), tmp_path / "data")
    reason = "benchmark_variant" if policy == "quarantine" else None
    story = told(tmp_path / "data", id_of(read_streams(tmp_path / "data", "ledger/*.arrow"), reason, row=2))
    assert "to bench/0" in story
    assert "numbers that only this one has: 8; only the other: 2\n" in story, story
    assert story.index("5+8=13.") < story.index("\nthe other\n") < story.index("answer: 7")


def test_a_row_is_found_by_what_it_calls_itself(tmp_path: Path) -> None:
    rows = [{**row, "uid": f"u-{place}"} for place, row in enumerate(marbles(3))]
    curate(config_of(source(write_rows(tmp_path / "rows.jsonl", rows)), skip=["verify"]), tmp_path / "data")
    assert "source school, row 1, format cot" in told(tmp_path / "data", "u-1")
    with pytest.raises(UserError, match="no row has an id of its own that is this one"):
        told(tmp_path / "data", "u-9")


def test_rows_of_a_run_that_the_alarm_stopped_can_be_looked_at(tmp_path: Path) -> None:
    data, stopped = tmp_path / "data", tmp_path / "data/.work/stopped"
    broken = [{**row, "answer": "#### "} for row in marbles(3)]
    config = config_of(source(write_rows(tmp_path / "rows.jsonl", [*marbles(1), *broken])), skip=["verify"])
    with pytest.raises(
        RunFailedError, match=rf"missing_field 3 \(school:1, school:2, school:3\).* {stopped} school:1`"
    ):
        curate(config, data)
    story = told(data, "school:2")
    assert "nothing was published here" in story
    assert "removed at read: missing_field" in story
    assert told(stopped, "school:2") in story
    assert "Tom has 2 red marbles" in told(data, "school:0")
    accepted = config.model_copy(update={"curate": config.curate.model_copy(update={"wipeout": Wipeout(limit=1)})})
    curate(accepted, data)
    assert not stopped.exists()
    assert "nothing was published here" not in told(data, "school:2")


def test_what_earlier_data_holds_stands_beside_when_that_is_named(tmp_path: Path) -> None:
    rows = [{**row, "question": row["question"].upper()} for row in marbles(1)]
    old, new = tmp_path / "old", tmp_path / "new"
    curate(config_of(source(write_rows(tmp_path / "old.jsonl", marbles(1))), skip=["verify"]), old)
    school = source(write_rows(tmp_path / "new.jsonl", rows))
    curate(config_of(school, skip=["verify"], wipeout={"limit": 1}), new, against=[old])
    identity = id_of(read_streams(new, "ledger/*.arrow"), "duplicate_of_earlier")
    console = Console(file=io.StringIO(), width=200)
    print_trace(console, new, identity, against=[old])
    assert isinstance(console.file, io.StringIO)
    story = console.file.getvalue()
    assert "Tom has 2 red marbles" in story
    assert "TOM HAS 2 RED MARBLES" in story
    assert "only this one has" not in story
    assert "name that with --against" in told(new, identity)


def test_the_beginning_of_an_id_is_enough(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    row_id = id_of(ledger, None, row=2).split("-")[0]
    story = told(tiny_data, row_id)
    assert all(f"{row_id}-{form}" in story for form in ("cot", "pot", "tir"))


def test_a_row_that_could_not_be_read_shows_its_record(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    unread = next(one for one in ledger if one["reason"] == "missing_field")
    story = told(tiny_data, unread["id"])
    for words in ("row 14, format none", "removed at read: missing_field", "#### 2"):
        assert words in story, story


def test_an_unknown_id_is_told(tiny_data: Path) -> None:
    with pytest.raises(UserError, match="no candidate has an id that begins with zz"):
        told(tiny_data, "zz")


def test_the_code_of_a_rejected_chat_is_laid_out_in_lines(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "Run it."}, {"role": "assistant", "content": "a = 1\nprint(a"}]}
    rows = write_rows(tmp_path / "rows.jsonl", [chat, chat])
    chats = source(rows, adapter="messages")
    curate(config_of(chats, skip=["verify"], wipeout={"limit": 1}), tmp_path / "data")
    (lost,) = [row for row in read_streams(tmp_path / "data", "ledger/*.arrow") if row["reason"] is not None]
    assert "a = 1\nprint(a" in told(tmp_path / "data", lost["id"])


def test_no_sign_of_a_row_steers_the_terminal(tmp_path: Path) -> None:
    unseen = "\u200d\ufe0f\u034f\U000e0041\u3164"
    hostile = f"\x1b[2J\x1b]0;owned\x07\u202e\u2067\x00\x9b5m{unseen}"
    rows = [gsm8k_row(f"How many{hostile} are there?", "2+2=4", 4), gsm8k_row("How many?", f"{hostile} 2+2=5", 4)]
    rows.append(rows[0] | {"deep": json.loads("[" * 300 + "]" * 300)})
    config = config_of(source(write_rows(tmp_path / "rows.jsonl", [*rows, *marbles(3)])), wipeout={"limit": 1.0})
    curate(config, tmp_path / "data")
    lost = [row for row in read_streams(tmp_path / "data", "ledger/*.arrow") if row["row"] < 3]
    assert [row["outcome"] for row in lost] == ["removed"] * 3
    for row in lost:
        story = told(tmp_path / "data", row["id"])
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", story), story
        assert "\\u001b[2J" in story
        assert not {*unseen} & {*story}
        assert "\\u200d\\ufe0f\\u034f\\U000e0041\\u3164" in story


def test_a_row_is_found_by_its_position_in_its_source(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    ids = [one["id"] for one in ledger if (one["source"], one["row"]) == ("school", 2)]
    story = told(tiny_data, "school:2")
    assert all(identity in story for identity in ids)
    assert "row 3" not in story
    with pytest.raises(UserError, match=r"no source is called scool; there are .*school"):
        told(tiny_data, "scool:2")
    with pytest.raises(UserError, match=r"school has no row 9999; its rows are 0 to \d+$"):
        told(tiny_data, "school:9999")


def test_rows_are_found_by_what_stopped_them(tiny_data: Path, ledger: list[dict[str, Any]]) -> None:
    fallen = [one for one in ledger if one["reason"] == "exact_duplicate"]
    story = told(tiny_data, None, reason="exact_duplicate")
    assert story.count("exact_duplicate") >= min(8, len(fallen))
    row = f"{fallen[0]['source']}:{fallen[0]['row']}"
    assert fallen[0]["id"] in told(tiny_data, row, reason="exact_duplicate")
    with pytest.raises(UserError, match=r"nothing fell to wrong; reasons there are: .*exact_duplicate"):
        told(tiny_data, None, reason="wrong")
    with pytest.raises(UserError, match="name a row, by its id or as SOURCE:ROW, or a reason with --reason"):
        told(tiny_data, None)

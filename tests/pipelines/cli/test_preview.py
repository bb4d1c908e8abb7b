"""The first rows of each source as the line would see them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.cli.preview import run_preview
from schemas.config import Config
from schemas.exits import UserError
from tests.tiny import config_of, gsm8k_row, marbles, source, write_rows


def shown(capsys: pytest.CaptureFixture[str], config: Config, rows: int) -> list[str]:
    run_preview(config, rows)
    captured = capsys.readouterr()
    assert captured.err == ""
    return [line.rstrip() for line in captured.out.splitlines() if line.strip()]


def rows_shown(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("row ")]


@pytest.mark.parametrize(("asked", "told"), [(1, 1), (2, 2), (9, 4)])
def test_so_many_rows_of_each_source_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked: int, told: int
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("school", "panel"):
        write_rows(tmp_path / f"{name}.jsonl", marbles(4))
    sources = [source(Path("[s]chool.jsonl"), "school"), source(Path("[p]anel.jsonl"), "panel")]
    lines = shown(capsys, config_of(*sources), asked)
    assert rows_shown(lines) == [f"row {row} cot" for row in range(told)] * 2
    heads = [line for line in lines if line.startswith(("school: ", "panel: "))]
    assert [head.partition(" ─")[0] for head in heads] == ["school: [s]chool.jsonl", "panel: [p]anel.jsonl"]


def test_rows_are_counted_over_the_files_of_a_source_and_an_empty_one_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, number in (("a", 1), ("b", 2), ("c", 2)):
        pq.write_table(pa.Table.from_pylist(marbles(number)), (tmp_path / name).with_suffix(".parquet"))
    schema = pa.schema([("question", pa.string()), ("answer", pa.string())])
    pq.ParquetWriter(tmp_path / "0.parquet", schema).close()
    assert rows_shown(shown(capsys, config_of(source(tmp_path)), 4)) == [f"row {row} cot" for row in range(4)]


def test_a_row_is_shown_as_the_line_would_see_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = gsm8k_row("How many  [pens]\u00a0are [/red] there?", "2+2=<<2+2=4>>4\nso 4.", 4)
    path = write_rows(tmp_path / "rows.jsonl", [row])
    lines = shown(capsys, config_of(source(path, derive=["pot"])), 1)
    assert rows_shown(lines) == ["row 0 cot", "row 0 pot"]
    cot = lines[lines.index("row 0 cot") + 1 : lines.index("row 0 pot")]
    assert cot == [
        "  question  How many  [pens] are [/red] there?",
        "  text      2+2=4",
        "            so 4.",
        "            The answer is \\boxed{4}.",
        "  answer    4",
        "  kept",
    ]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"question": "How many?"}, "missing_field"),
        (gsm8k_row("Is it $\x0crac{1}{2}$?", "1+1=2", 2), "control_characters"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: dict[str, Any], told: str
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [row, *marbles(1)])
    lines = shown(capsys, config_of(source(path)), 2)
    assert [line.split()[-1] for line in lines if line.startswith("  removed at ")] == [told]
    assert lines[-1] == "  kept"
    assert len(rows_shown(lines)) == 2


def test_a_line_that_is_no_record_and_one_of_several_lines_keep_their_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (json.dumps(row) for row in marbles(3))
    (tmp_path / "broken.jsonl").write_bytes(f"{first}\n{{\n\xff{second}\n{third}\n".encode("latin-1"))
    lines = shown(capsys, config_of(source(tmp_path / "broken.jsonl")), 4)
    assert [line for line in lines if line.startswith(("  kept", "  removed"))] == [
        "  kept",
        "  removed at read: parse_error",
        "  removed at read: bad_encoding",
        "  kept",
    ]
    (tmp_path / "list.json").write_text(json.dumps(marbles(2), indent=1))
    assert shown(capsys, config_of(source(tmp_path / "list.json")), 2).count("  kept") == 2


def test_each_row_goes_through_the_line_up_to_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = marbles(3)
    wrong = {**second, "answer": second["answer"].rpartition("#### ")[0] + "#### 99"}
    path = write_rows(tmp_path / "rows.jsonl", [first, first, wrong, third])
    benchmark = {"name": "bench", "path": str(write_rows(tmp_path / "bench.jsonl", [third]))}
    lines = shown(capsys, config_of(source(path), benchmarks=[benchmark]), 4)
    assert [line for line in lines if line.startswith(("  kept", "  removed", "  quarantined"))] == [
        "  kept",
        "  removed at collapse: exact_duplicate",
        "  quarantined at verify: rationale_mismatch",
        "  removed at decontaminate: benchmark_exact",
    ]
    assert not any("fell to" in line for line in lines)


def test_a_reason_that_takes_most_is_told_with_the_key_that_decides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", marbles(4))
    lines = shown(capsys, config_of(source(path), screen={"max_chars": 20}), 3)
    assert lines[-2:] == ["3 of 3 candidates fell to too_long", "it is decided by curate.screen.max_chars"]


def test_a_list_of_texts_is_told_to_be_several_solutions_and_what_makes_one_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"question": "What is 2 + 3 + 4?", "steps": ["2 + 3 = 5.", "5 + 4 = 9.", "#### 9"], "answer": "9"}
    path = write_rows(tmp_path / "rows.jsonl", [row])
    named = {"adapter": "columns", "format": "cot", "columns": {"solution": "steps", "answer": "answer"}}
    lines = shown(capsys, config_of(source(path, **named)), 1)
    assert rows_shown(lines) == [f"row 0 cot, solution {place} of 3" for place in (1, 2, 3)]
    assert "`steps` holds lists: each text was taken for a solution of its own" in lines
    assert "where they are the steps of one, say `columns: {solution: [steps]}`" in lines
    named["columns"]["solution"] = ["steps"]
    lines = shown(capsys, config_of(source(path, **named)), 1)
    assert rows_shown(lines) == ["row 0 cot"]
    assert lines[-1] == "  kept"


def test_what_the_screen_would_refuse_is_told_of_that_candidate_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = gsm8k_row("How many pens are in all of the boxes that stand there?", "2+2=<<2+2=4>>4", 4)
    path = write_rows(tmp_path / "rows.jsonl", [gsm8k_row("How many?", "2+2=<<2+2=4>>4", 4), long])
    lines = shown(capsys, config_of(source(path), screen={"max_chars": 60}), 2)
    told = lines.index("  removed at screen: too_long")
    assert lines[told + 1].strip() == "question and solution have 85 characters; at most 60"
    assert told > lines.index("row 1 cot") > lines.index("  kept")


def test_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", marbles(2))
    monkeypatch.chdir(tmp_path)
    shown(capsys, config_of(source(path)), 2)
    assert [file.name for file in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_config_without_the_table_and_an_unknown_adapter_are_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no table `curate`"):
        run_preview(Config(), 1)
    path = write_rows(tmp_path / "rows.jsonl", marbles(2))
    with pytest.raises(UserError, match="no adapter 'gsm9k'"):
        run_preview(config_of(source(path, adapter="gsm9k")), 1)

from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests.pipelines.review.reviewing import questionable_data
from tests.tiny import read_lines, write_rows


@pytest.fixture(scope="module")
def questionable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return questionable_data(tmp_path_factory.mktemp("questionable"), 24)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "one of --output, --serve, --html, --import: none was given"),
        (
            ["--output", "q.jsonl", "--serve"],
            "one of --output, --serve, --html, --import: not --output and --serve together",
        ),
        (["--serve", "--by", ""], "--by '': a name is up to 60 letters that can be seen"),
        (["--html", "q.html", "--by", "a\nb\x1b[2J"], "a name is up to 60 letters that can be seen"),
        (
            ["--serve", "--adjudicator", "\u202e"],
            "--adjudicator '\\u202e': a name is up to 60 letters that can be seen",
        ),
        (["--serve", "--accept", "low_agreement"], "--accept, --reject: they settle groups of --output"),
    ],
)
def test_ways_exclude_one_another(
    tiny_data: Path, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", str(tiny_data), *options]) == 2
    assert told in capsys.readouterr().err


def test_rows_go_out_as_table_tasks_and_page_and_come_back(
    questionable: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("q.csv", "q.json"):
        assert main(["review", str(questionable), "--output", str(tmp_path / name)]) == 0
    assert main(["review", str(questionable), "--html", str(tmp_path / "q.html"), "--rows", "5", "--by", "ana"]) == 0
    told = capsys.readouterr().out
    assert "24 rows; decisions come back with" in told
    assert '<Choices name="decision"' in told
    assert "5 rows, the first of 24 (more with --rows)" in told
    row_id = (tmp_path / "q.csv").read_text().splitlines()[1].split(",")[0]
    said = write_rows(tmp_path / "said.jsonl", [{"row_id": row_id, "decision": "accepted", "annotator": "ana"}])
    for expected in ("1 decision added to", "0 decisions added to"):
        options = ["--import", str(said), "--decisions", str(tmp_path / "mine")]
        assert main(["review", str(questionable), *options]) == 0
        assert expected in capsys.readouterr().out
    assert len(read_lines(tmp_path / "mine/decisions.jsonl")) == 1


def test_a_queue_is_written_as_before(tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(tiny_data), "--output", str(tmp_path / "q.jsonl")]) == 0
    assert len(read_lines(tmp_path / "q.jsonl")) == 2
    assert "2 rows in" in capsys.readouterr().out

from pathlib import Path

import pytest

from pipelines.__main__ import main
from tests.tiny import read_lines


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "one of --output, --serve: none was given"),
        (["--output", "q.jsonl", "--serve"], "one of --output, --serve: not --output and --serve together"),
        (["--serve", "--accept", "low_agreement"], "--accept, --reject: they settle groups of --output"),
    ],
)
def test_ways_exclude_one_another(
    tiny_data: Path, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", str(tiny_data), *options]) == 2
    assert told in capsys.readouterr().err


def test_a_queue_is_written_as_before(tiny_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(tiny_data), "--output", str(tmp_path / "q.jsonl")]) == 0
    assert len(read_lines(tmp_path / "q.jsonl")) == 2
    assert "2 rows in" in capsys.readouterr().out

"""What a person is told at the end of a verb."""

from pathlib import Path

import pytest

from pipelines.cli.commands import print_verdict, run_curate
from pipelines.cli.curate_console import console_for
from pipelines.refusals import RunOptions
from schemas.verdict import VERDICT, Check, Severity, Status, Verdict
from tests.tiny import config_of, marbles, source, write_rows


def test_a_verdict_that_goes_with_the_data_it_was_about_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_of(source(write_rows(tmp_path / "school.jsonl", marbles(6))), skip=["verify"])
    data = tmp_path / "data"

    def curated() -> str:
        run_curate(config, data, RunOptions(overwrite=True))
        return " ".join(capsys.readouterr().out.split())

    told = "quality/ is gone"
    assert told not in curated()
    (data / VERDICT).parent.mkdir(parents=True)
    (data / VERDICT).write_text("{}", encoding="utf-8")
    assert told not in curated()  # equal data keeps its verdict
    assert (data / VERDICT).is_file()
    write_rows(tmp_path / "school.jsonl", marbles(7))
    assert told in curated()
    assert told not in curated()


def test_what_a_check_says_of_data_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    detail = "[/] [bold]x[/bold] [link=http://mill.example]y\u200b"
    check = Check(name="labels", group="facts", status=Status.FAILED, severity=Severity.CRITICAL, detail=detail)
    verdict = Verdict(
        status=Status.FAILED,
        draft=False,
        schema_version="1",
        judge_version="1",
        suite_sha256="",
        manifest_sha256="",
        shards={},
        checks=[check],
    )
    print_verdict(console_for(), verdict, Path("data[of]/index.html"))
    told = capsys.readouterr().out
    assert "failed  labels: [/] [bold]x[/bold] [link=http://mill.example]y\\u200b" in told
    assert "report: data[of]/index.html" in told


def test_an_act_that_a_kill_tore_is_told_and_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = source(write_rows(tmp_path / "school.jsonl", marbles(6)))
    torn = tmp_path / "decisions.jsonl"
    torn.write_text('{"row_id": "a", "annotator": "ana", "decision": "accepted"}\n{"row_id": "b", "annotator": "zo')
    run_curate(config_of(rows, skip=["verify"], reviews=[str(torn)]), tmp_path / "data", RunOptions())
    told = " ".join(capsys.readouterr().out.split())
    assert "decisions.jsonl: the last 32 bytes are an act that was not written to its end; passed over" in told
    assert "1 decisions of reviews were joined" in told

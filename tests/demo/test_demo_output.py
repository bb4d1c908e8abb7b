"""Where the demo writes: on this machine."""

from demo import main


def test_a_demo_behind_a_url_is_one_line_and_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--output", "s3://k:s@bucket/demo"]) == 2
    told = capsys.readouterr().err
    assert told == "mathmill: --output s3://bucket/demo: this must be on this machine: give a path\n"
    assert list(tmp_path.iterdir()) == []

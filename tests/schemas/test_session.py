"""Closed outputs, in processes of their own: the verb works on, and says what was not shown."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from schemas.session import Enduring

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
import typer
from schemas.exits import run_command_line
app = typer.Typer()

@app.callback()
def verbs() -> None: pass

@app.command()
def curate() -> None:
    print("begun", flush=True)
    sys.stdin.readline()
    for number in range(5_000):
        print(number)
    print("worked", file=sys.stderr)

sys.exit(run_command_line(app, ["curate"]))
"""


def started(**given) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **given
    )


def test_a_verb_whose_reader_is_gone_works_on_and_says_so() -> None:
    with started() as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        process.stdout.close()
        process.stdin.write("go\n")
        process.stdin.close()
        errors = process.stderr.read()
    said = "mathmill: nobody reads the output any more; the rest of it was not shown\n"
    assert (process.returncode, errors) == (0, "worked\n" + said)


def test_a_verb_with_all_of_its_outputs_closed_works_on() -> None:
    with started() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        process.stdout.close()
        process.stderr.close()
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_full_disk_behind_the_output_is_told() -> None:
    with suppress(OSError), Path("/dev/full").open("w") as full:
        stream = Enduring(full)
        stream.write("x" * 100)
        with pytest.raises(OSError, match="No space left"):
            stream.flush()
        assert stream.is_read


@pytest.mark.parametrize(
    ("closed", "filled"), [("<&- >&- 2>&-", True), (">&-", True), ("", True), ("<&- >&- 2>&-", False)]
)
def test_no_pipe_takes_the_place_of_an_output_that_was_closed(tmp_path: Path, closed: str, filled: bool) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from schemas.session import fill_standard_descriptors\n"
        f"if {filled}: fill_standard_descriptors()\n"
        "pathlib.Path(sys.argv[1]).write_text(' '.join(map(str, os.pipe())))\n"
    )
    pipe = tmp_path / "pipe"
    subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" "$2" {closed}', sys.executable, script, str(pipe)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    assert all(int(end) > 2 for end in pipe.read_text().split()) is filled

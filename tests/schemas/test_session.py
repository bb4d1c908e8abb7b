"""Closed outputs, in processes of their own: the verb works on, and says what was not shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(("output", "code"), [("stdout", 1), ("stderr", 0)])
def test_a_verb_works_on_where_the_disk_behind_its_output_is_full(output: str, code: int) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", PROGRAM]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} | {output: full}
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(command, env=environment, input="go\n", text=True, check=False, **pipes)
    said = "mathmill: the output cannot be written (No space left on device); the rest of it was not shown\n"
    assert (done.returncode, done.stderr) == (code, "worked\n" + said if output == "stdout" else None)


@pytest.mark.parametrize(("argument", "code"), [("--help", 1), ("--version", 1), ("curat", 2)])
def test_what_is_told_without_a_verb_ends_in_a_line_too(argument: str, code: int) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "mathmill", argument]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        done = subprocess.run(command, env=environment, text=True, check=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr.count("\n"), done.stderr[:10]) == (code, 1, "mathmill: ")


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

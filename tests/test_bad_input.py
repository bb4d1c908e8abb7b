"""What a user can get wrong: one clear line, the right exit code, nothing left behind that looks whole."""

# ruff: noqa: E501  a table reads best with one case a line

import json
import os
import resource
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from mathmill.__main__ import main
from tests.tiny import marbles, read_streams, write_rows

REPOSITORY = Path(__file__).resolve().parent.parent

CONFIG = """
curate:
  sources:
    - {name: school, path: rows.jsonl, adapter: gsm8k, licence: MIT}
  skip: [verify]
train: {model: {hidden_size: 16, layers: 1, heads: 2}, steps: 1}
"""
FILES = {
    "config.yaml": CONFIG,
    "rows.jsonl": "".join(json.dumps(row) + "\n" for row in marbles(3)),
    "empty.jsonl": "",
    "blank.jsonl": "\n \n\n",
    "rows.xyz": "school",
    "cut.jsonl.gz": "not gzip",
    "keys.jsonl": json.dumps({"\x1b[31mq": "1?", "\u202ef" + "x" * 9000: "1"}) + "\n",
    "table.csv": "frage,antwort\nWie viele?,3\nWie lange?,4\n",
    "unknown_key.yaml": CONFIG.replace("adapter:", "adaptor:"),
    "unknown_table.yaml": CONFIG.replace("curate:", "curat:"),
    "two_names.yaml": CONFIG.replace(
        "skip:", "  - {name: school, path: x.jsonl, adapter: math, licence: MIT}\n  skip:"
    ),
    "broken.yaml": "curate: [unclosed\n",
    "list.yaml": "- curate\n",
    "only_train.yaml": "train: {model: x, steps: 1}\n",
    "taken/notes.txt": "mine",
    "a_file": "mine",
    "maybe.jsonl": '{"row_id": "a", "decision": "perhaps"}\n',
    "circle.yaml": "own: {topics: {a: {names: [A], within: b}, b: {names: [B], within: a}}}\n",
    "npm/manifest.json": '{"name": "a web page"}',
    "npm/shards/precious.txt": "mine",
}


@dataclass(frozen=True)
class Case:
    """A command, its exit code, and what the one line on stderr must say."""

    name: str
    command: str
    says: tuple[str, ...]
    code: int = 2


CURATE = "curate config.yaml --output out"
CASES = [
    Case("no verb of ours", "curat config.yaml", ("curat", "unknown verb", "curate", "validate", "train")),
    Case("missing config", "curate nowhere.yaml --output out", ("nowhere.yaml", "no such config file")),
    Case("a folder for a config", "curate taken --output out", ("taken", "no such config file")),
    Case("no output", "curate config.yaml", ("--output",)),
    Case("no arguments", "curate", ("CONFIG",)),
    Case("broken YAML", "curate broken.yaml --output out", ("broken.yaml", "not YAML", "line")),
    Case("a list for a config", "curate list.yaml --output out", ("list.yaml", "curate:", "list")),
    Case("no table curate", "curate only_train.yaml --output out", ("no table `curate`",)),
    Case("unknown key", "curate unknown_key.yaml --output out", ("sources.0.adaptor", "did you mean `adapter`")),
    Case("unknown table", "curate unknown_table.yaml --output out", ("curat", "did you mean `curate`")),
    Case("one name twice", "curate two_names.yaml --output out", ("two sources are called school",)),
    Case("wrong type", f"{CURATE} --set curate.heldout=many", ("curate.heldout", "number", "many")),
    Case("out of bounds", f"{CURATE} --set curate.heldout=1.5", ("curate.heldout", "less than 1", "1.5")),
    Case("a benchmark without path", f"{CURATE} --set 'curate.benchmarks=[{{name: b}}]'", ("benchmarks.0.path", "required")),
    Case("an unknown benchmark key", f"{CURATE} --set 'curate.benchmarks=[{{name: b, path: x, queston: q}}]'", ("benchmarks.0.queston", "did you mean `question`")),
    Case("an unknown benchmark", f"{CURATE} --set 'curate.benchmarks=[gsm9k]'", ("gsm9k",)),
    Case("a benchmark twice", f"{CURATE} --set 'curate.benchmarks=[gsm8k, {{name: gsm8k, path: rows.jsonl}}]'", ("two benchmarks are called gsm8k",)),
    Case("a benchmark without its answers", f"{CURATE} --set 'curate.benchmarks=[{{name: b, path: rows.jsonl, answer: gold}}]'", ("benchmark b", "`gold`", "answer: null")),
    Case("a benchmark without its field", f"{CURATE} --set 'curate.benchmarks=[{{name: b, path: rows.jsonl, question: text}}]'", ("benchmark b", "`text`", "question")),
    Case("a stage that cannot be skipped", f"{CURATE} --set 'curate.skip=[read]'", ("curate.skip", "cannot be skipped")),
    Case("a stage that does not exist", f"{CURATE} --set 'curate.skip=[polish]'", ("curate.skip", "'polish'")),
    Case("a quota on no column", f"{CURATE} --set 'curate.balance.quotas=[{{where: {{colour: red}}, max: 1}}]'", ("colour", "format")),
    Case("--set without a value", f"{CURATE} --set curate.heldout", ("--set curate.heldout", "key.path=value")),
    Case("--set beyond a list", f"{CURATE} --set curate.sources.7.path=x", ("--set curate.sources.7.path", "position")),
    Case("--set below a value", f"{CURATE} --set curate.sources.0.name.x=1", ("--set curate.sources.0.name.x", "plain value")),
    Case("--set an unknown key", f"{CURATE} --set curate.heldoud=0.1", ("curate.heldoud", "did you mean `heldout`")),
    Case("an unset variable", f"{CURATE} --set 'curate.sources.0.path=${{NO_SUCH_VARIABLE}}/x'", ("NO_SUCH_VARIABLE", "not set")),
    Case("unknown adapter", f"{CURATE} --set curate.sources.0.adapter=gsm9k", ("school", "gsm9k", "did you mean gsm8k")),
    Case("missing file", f"{CURATE} --set curate.sources.0.path=row.jsonl", ("row.jsonl", "does not exist", "rows.jsonl")),
    Case("missing folder", f"{CURATE} --set curate.sources.0.path=no/row.jsonl", ("no/row.jsonl", "does not exist")),
    Case("empty file", f"{CURATE} --set curate.sources.0.path=empty.jsonl", ("empty.jsonl", "empty")),
    Case("a file of blank lines", f"{CURATE} --set curate.sources.0.path=blank.jsonl", ("blank.jsonl", "no rows")),
    Case("a folder without data", f"{CURATE} --set curate.sources.0.path=taken", ("taken", "no data files", ".jsonl")),
    Case("unknown extension", f"{CURATE} --set curate.sources.0.path=rows.xyz", ("rows.xyz", "no text of a known kind", ".parquet")),
    Case("damaged compression", f"{CURATE} --set curate.sources.0.path=cut.jsonl.gz", ("cut.jsonl.gz", "cannot be read")),
    Case("wrong adapter", f"{CURATE} --set curate.sources.0.adapter=math", ("school", "no problem", "question, answer")),
    Case("wrong column", f"{CURATE} --set curate.sources.0.path=table.csv --set curate.sources.0.adapter=columns --set curate.sources.0.format=cot", ("school", "no field 'question'", "antwort, frage")),
    Case("fields with names that steer a terminal", f"{CURATE} --set curate.sources.0.path=keys.jsonl --set curate.sources.0.adapter=columns --set curate.sources.0.format=cot", ("school", r"\u001b[31mq, \u202efxxx", "x…\n")),
    Case("a format that nothing tells", f"{CURATE} --set curate.sources.0.adapter=columns", ("school", "format", "cot, pot or tir")),
    Case("a taxonomy with a cycle", f"{CURATE} --set curate.label.taxonomies=circle.yaml", ("circle.yaml", "own", "a cycle: a within b within a")),
    Case("no taxonomy", f"{CURATE} --set curate.label.taxonomies=none.yaml", ("none.yaml", "No such file")),
    Case("an unknown taxonomy", f"{CURATE} --set curate.sources.0.taxonomy=k13", ("school", "'k13'", "did you mean k12")),
    Case("no file of reviews", f"{CURATE} --set curate.reviews=[r.jsonl]", ("r.jsonl", "does not exist")),
    Case("reviews without a row", f"{CURATE} --set curate.reviews=[rows.jsonl]", ("curate.reviews: rows.jsonl", "row_id", "answer, question")),
    Case("reviews by an unknown key", f"{CURATE} --set 'curate.reviews=[{{path: rows.jsonl, kex: id}}]'", ("curate.reviews.0.kex", "did you mean `key`")),
    Case("a decision in no known word", f"{CURATE} --set curate.reviews=[maybe.jsonl]", ("maybe.jsonl, record 1", "accepted, rejected, unsure or empty", "'perhaps'")),
    Case("reviews that nothing applies", f"{CURATE} --set curate.reviews=[maybe.jsonl] --set 'curate.skip=[select]'", ("curate.reviews", "curate.skip")),
    Case("an output folder of somebody else", "curate config.yaml --output taken", ("taken", "did not make")),
    Case("the same, overwriting", "curate config.yaml --output taken --overwrite", ("taken", "did not make")),
    Case("somebody else's manifest", "curate config.yaml --output npm --overwrite", ("npm", "did not make")),
    Case("a file for an output folder", "curate config.yaml --output a_file", ("a_file", "is a file")),
    Case("an output folder below a file", "curate config.yaml --output a_file/out", ("a_file",)),
    Case("an unknown Beam runner", f"{CURATE} --runner=NoSuchRunner", ("NoSuchRunner",)),
    Case("an unknown flag", f"{CURATE} --ouput out", ("--ouput",)),
    Case("validate nothing", "validate nowhere", ("nowhere", "no such folder")),
    Case("validate another folder", "validate taken", ("taken", "manifest.json", "mathmill curate")),
    Case("curate with a flag misspelt", "curate config.yaml --outptu out", ("--outptu", "did you mean --output")),
    Case("validate with a flag misspelt", "validate taken --baselin out", ("--baselin", "did you mean --baseline")),
    Case("validate with an unknown flag", "validate taken --ouput out", ("--ouput", "did you mean --output")),
    Case("validate other data without an adapter", "validate rows.jsonl --output out", ("rows.jsonl", "--adapter", "gsm8k")),
    Case("validate other data without an output", "validate rows.jsonl --adapter gsm8k", ("--output REPORT",)),
    Case("validate other data with an unknown adapter", "validate rows.jsonl --adapter gsm9k --output out", ("gsm9k", "did you mean gsm8k")),
    Case("validate other data that is not there", "validate row.jsonl --adapter gsm8k --output out", ("row.jsonl", "does not exist")),
    Case("validate other data by a wrong column", "validate table.csv --adapter columns --format cot --columns question=problem --output out", ("no field 'problem'", "antwort, frage")),
    Case("validate other data by no column", "validate table.csv --adapter columns --format cot --columns question --output out", ("--columns question", "name=field")),
    Case("a baseline that is not there", "validate npm --baseline nowhere", ("nowhere", "no such folder")),
    Case("trace nothing", "trace nowhere abc", ("nowhere", "no such folder")),
    Case("export another manifest", "export npm --to messages --output out", ("npm", "not a manifest")),
    Case("review nothing", "review taken --output out/q.jsonl", ("taken", "manifest.json")),
    Case("train on no data set", "train config.yaml --data taken --output out", ("taken", "manifest.json")),
]  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_here(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Goes through the front door in this process and returns the exit code."""
    monkeypatch.setattr(sys, "argv", ["mathmill", *shlex.split(command)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def run_apart(
    *arguments: str, cwd: Path, before: tuple[str, ...] = (), limits: dict[int, int] | None = None
) -> subprocess.CompletedProcess[str]:
    def lower() -> None:
        for limit, value in (limits or {}).items():
            resource.setrlimit(limit, (value, value))

    command = [*before, sys.executable, "-m", "mathmill", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, preexec_fn=lower, timeout=300
    )  # fmt: skip


def assert_one_line(stderr: str, says: tuple[str, ...]) -> None:
    assert stderr.startswith("mathmill: "), stderr
    assert stderr.endswith("\n"), stderr
    assert stderr.count("\n") == 1, stderr
    for word in says:
        assert word in stderr, (word, stderr)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_one_line_and_nothing_is_left_behind(
    case: Case, desk: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run_here(case.command, monkeypatch)
    stderr = capfd.readouterr().err
    assert code == case.code, stderr
    assert_one_line(stderr, case.says)
    assert not (desk / "out").exists()
    assert (desk / "npm/shards/precious.txt").read_text() == "mine"
    assert (desk / "taken/notes.txt").read_text() == "mine"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set that nobody judged, curated from broken rows among good ones."""
    folder = tmp_path_factory.mktemp("spoiled")
    lines = [json.dumps(row).encode() for row in marbles(1000)]
    lines[500] = b'{"question": "How many?", "answer": '
    lines[600] = lines[600].replace(b"How many", b"How \xff many")
    lines[700] = json.dumps({"question": "1+1?", "answer": "1 + 1 = 2\n#### 2"}).encode()
    lines[800] = lines[800].replace(b"How many", b"How\\u0000many")
    lines[801] = lines[801].replace(b"How many", b"How\x00many")
    lines[802] = b"[1, 2]"
    (folder / "rows.jsonl").write_bytes(b"\n".join(lines))
    write_rows(folder / "words.jsonl", [{"question": "Compute 2+2.", "answer": "Four: $4$.\n#### 4"}] * 1)
    config = {
        "sources": [
            {"name": name, "path": str(folder / f"{name}.jsonl"), "adapter": "gsm8k", "licence": "MIT"}
            for name in ("rows", "words")
        ],
        "skip": ["verify"],
    }
    (folder / "config.yaml").write_text(json.dumps({"curate": config}), encoding="utf-8")
    done = run_apart("curate", "config.yaml", "--output", "data", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder / "data"


def test_bad_rows_go_to_the_ledger_and_their_neighbours_stay(data: Path) -> None:
    ledger = read_streams(data, "ledger/*.arrow")
    lost = {(row["source"], row["row"]): row["reason"] for row in ledger if row["outcome"] != "kept"}
    assert lost == {
        ("rows", 500): "parse_error",
        ("rows", 600): "bad_encoding",
        ("rows", 800): "control_characters",
        ("rows", 801): "parse_error",
        ("rows", 802): "unsupported",
    }
    assert Counter(row["source"] for row in ledger) == {"rows": 1000, "words": 1}
    details = {row["row"]: row["detail"] for row in ledger if row["reason"] == "bad_encoding"}
    assert "0xff" in details[600]


def test_a_problem_of_two_words_is_kept(data: Path) -> None:
    kept = {row["question"] for row in read_streams(data, "shards/*.arrow")}
    assert {"1+1?", "Compute 2+2."} <= kept


def test_rejected_records_are_kept_word_for_word(data: Path) -> None:
    lines = [line for path in (data / "rejected").glob("*.jsonl") for line in path.read_bytes().splitlines()]
    records = {one["_mathmill"]["row"]: one for one in map(json.loads, lines)}
    assert records[500]["_raw"] == '{"question": "How many?", "answer": '
    assert r"How \xff many" in records[600]["_raw"]
    assert records[802]["_raw"] == "[1, 2]"


FINISHED = [
    Case("training before judgement", "train config.yaml --data data --output out", ("data", "never judged", "mathmill validate")),
    Case("an id that nobody has", "trace data zzzz", ("data", "zzzz", "ledger")),
    Case("an unknown layout", "export data --to chat --output out", ("--to chat", "messages, prompt_completion")),
    Case("an unknown file format", "export data --to messages --format csv --output out", ("--format csv", "jsonl, parquet")),
    Case("exporting what was never judged", "export data --to messages --output new", ("data", "never judged", "mathmill validate data")),
    Case("exporting onto a file", "export data --to messages --output a_file --draft", ("a_file",)),
    Case("a folder for a queue", "review data --output taken", ("taken",)),
    Case("another run's folder", "curate config.yaml --output data", ("data", "another run", "rows.jsonl", "--overwrite")),
]  # fmt: skip


@pytest.mark.parametrize("case", FINISHED, ids=lambda case: case.name)
def test_a_mistake_with_finished_data_is_one_line(
    case: Case, data: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (desk / "data").symlink_to(data)
    manifest = (data / "manifest.json").read_bytes()
    code = run_here(case.command, monkeypatch)
    stderr = capfd.readouterr().err
    assert code == case.code, stderr
    assert_one_line(stderr, case.says)
    assert not (desk / "out").exists()
    assert (data / "manifest.json").read_bytes() == manifest


def test_a_finished_data_set_without_its_work_folder_is_not_replaced_silently(data: Path, desk: Path) -> None:
    copy = desk / "copy"
    copy.mkdir()
    (copy / "manifest.json").write_bytes((data / "manifest.json").read_bytes())
    done = run_apart("curate", "config.yaml", "--output", "copy", cwd=desk)
    assert done.returncode == 2
    assert_one_line(done.stderr, ("copy", "--overwrite"))


def test_a_line_of_100_mb_goes_to_the_ledger_and_not_to_memory(desk: Path) -> None:
    with (desk / "rows.jsonl").open("ab") as file:
        file.write(b'{"question": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'", "answer": "#### 1"}\n')
        file.write(json.dumps(marbles(1, start=7)[0]).encode())
    # VmHWM, not ru_maxrss: the latter is inherited from the process that starts this one
    measure = "import sys; sys.path.insert(0, {!r}); sys.argv = ['mathmill', 'curate', 'config.yaml', '--output', 'out']\nfrom mathmill.__main__ import main\ntry: main()\nexcept SystemExit as e: assert not e.code, e.code\nprint(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", measure.format(str(REPOSITORY))], cwd=desk, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    ledger = read_streams(desk / "out", "ledger/*.arrow")
    assert [row["reason"] for row in ledger] == [None, None, None, "too_long", None]
    assert int(done.stdout.split()[-1]) < 450 << 10, "peak memory in KiB"


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_full_disk_is_one_line_and_the_same_command_continues(workers: str, desk: Path) -> None:
    disk = desk / "disk"
    disk.mkdir()
    mounted = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    script = 'mount -t tmpfs -o size=$1 none disk || exit 77; shift; "$@"; code=$?; find disk -name manifest.json; exit $code'
    write_rows(desk / "rows.jsonl", marbles(3000))
    done = run_apart(
        "curate",
        "config.yaml",
        "--output",
        "disk/out",
        "--workers",
        workers,
        cwd=desk,
        before=(*mounted, script, "sh", "100k"),
    )
    if done.returncode in (1, 77) and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip(f"this machine mounts nothing for us: {done.stderr.strip()}")
    assert done.returncode == 1, done.stderr
    assert_one_line(done.stderr, ("disk/out", "the disk is full", "continues"))
    assert "manifest.json" not in done.stdout


def test_the_wrong_column_is_told_by_the_installed_command_too(desk: Path) -> None:
    done = run_apart("curate", "config.yaml", "--output", "out", "--set", "curate.sources.0.adapter=math", cwd=desk)
    assert done.returncode == 2
    assert_one_line(done.stderr, ("school", "no problem"))


def test_debug_shows_the_traceback_and_nothing_else_does(desk: Path) -> None:
    done = run_apart("curate", "nowhere.yaml", "--output", "out", "--debug", cwd=desk)
    assert "Traceback" in done.stderr
    assert done.returncode != 0

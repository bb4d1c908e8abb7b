"""What `import mathmill` offers, and what it costs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mathmill

REPOSITORY = Path(mathmill.__file__).parent.parent
JUDGED = REPOSITORY / "tests" / "fixtures" / "data-1.1.0"
OFFERED = [
    "Candidate",
    "Comparison",
    "Config",
    "EvalResult",
    "Example",
    "Examples",
    "Execution",
    "Extraction",
    "Manifest",
    "ProofLine",
    "RunFailedError",
    "RunResult",
    "Stream",
    "UserError",
    "Verdict",
    "compare",
    "curate",
    "evaluate",
    "extract",
    "load_config",
    "open",
    "prove",
    "run",
    "run_blocks",
    "stream",
    "train",
    "validate",
]
HEAVY = ["apache_beam", "torch", "transformers", "pandas", "pyarrow", "numpy", "sympy", "pydantic", "yaml"]


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a user's code in a process of its own, in a folder outside the repository."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def loaded_after(code: str, folder: Path) -> list[str]:
    done = python(
        f"{code}\nimport json, sys\nprint(json.dumps([name for name in {HEAVY} if name in sys.modules]))", folder
    )
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
    return loaded


def test_the_names_are_these_and_no_others() -> None:
    assert dir(mathmill) == mathmill.__all__ == OFFERED


@pytest.mark.parametrize("name", OFFERED)
def test_a_name_is_what_its_room_calls_so(name: str) -> None:
    value = getattr(mathmill, name)
    assert callable(value)
    assert value.__doc__
    assert value is getattr(mathmill, name)


def test_a_name_that_is_not_offered_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'mathmill' has no attribute 'balance'"):
        mathmill.balance  # type: ignore[attr-defined]  # noqa: B018


def test_importing_it_costs_nothing_heavy(tmp_path: Path) -> None:
    assert loaded_after("import mathmill; dir(mathmill)", tmp_path) == []
    assert "pyarrow" in loaded_after("import mathmill; mathmill.open", tmp_path), "the test could not fail"


@pytest.mark.parametrize(
    ("use", "costs"),
    [
        ("mathmill.load_config", ["pydantic", "yaml"]),
        ("mathmill.compare('1/2', '0.5')", ["yaml"]),
        ("mathmill.extract('It is \\\\boxed{3}.')", ["yaml"]),
        ("mathmill.run('print(2)')", ["pydantic"]),
        ("mathmill.UserError, mathmill.RunResult", []),
    ],
)
def test_a_name_costs_its_own_room_only(use: str, costs: list[str], tmp_path: Path) -> None:
    assert loaded_after(f"import mathmill; {use}", tmp_path) == costs


def test_a_package_that_is_not_installed_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    done = python("import sys; sys.modules['torch'] = None\nimport mathmill; mathmill.train", tmp_path)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: mathmill.train needs the package torch, which is not installed; "
        "run `pip install 'mathmill[training]'`"
    )


@pytest.mark.parametrize(
    ("verb", "package", "extra"),
    [
        ("prove", "torch", "training"),
        ("curate", "apache_beam", "curation,validation"),
        ("curate", "typer", "curation,validation"),
        ("review", "starlette", "review"),
        ("review", "uvicorn", "review"),
    ],
)
def test_a_verb_names_the_package_that_it_lacks(verb: str, package: str, extra: str, tmp_path: Path) -> None:
    rows = "{name: school, path: rows.jsonl, adapter: gsm8k, licence: MIT}"
    (tmp_path / "c.yaml").write_text(f"curate: {{sources: [{rows}]}}\ntrain: {{model: some/model, steps: 1}}\n")
    (tmp_path / "rows.jsonl").write_text('{"question": "1+1?", "answer": "#### 2"}\n')
    rest = {"curate": ["c.yaml", "--output", "out"], "review": [str(JUDGED), "--serve"]}
    arguments = ["mathmill", verb, *rest.get(verb, ["c.yaml", "--data", str(JUDGED)])]
    absent = f"import sys; sys.modules[{package!r}] = None; sys.argv = {arguments}"
    done = python(f"{absent}\nfrom mathmill.__main__ import main\nmain()", tmp_path)
    lacks = f"mathmill: {verb} needs the package {package}, which is not installed"
    assert (done.returncode, done.stderr) == (
        2,
        f"{lacks}; run `pip install 'mathmill[{extra}]'`\n",
    )

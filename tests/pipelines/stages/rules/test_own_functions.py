"""Where a rule's module is found, what its hash covers, and how a mistake in it reads."""

import sys
from pathlib import Path

import pytest

from pipelines.stages.rules.own_functions import OwnRule, rules_of
from schemas.config import Curate
from schemas.exits import RunFailedError, UserError
from schemas.own_rules import Candidate
from schemas.problem import Format
from schemas.variables import Variables
from tests.tiny import write_modules

SOURCE = {"name": "mine", "path": "x", "adapter": "gsm8k", "licence": "MIT"}
CANDIDATE = Candidate("id", "mine", 0, Format.COT, "2 + 2?", ())


def found(*names: str, beside: Path) -> list[OwnRule]:
    settings = Curate.model_validate({"sources": [SOURCE], "rules": list(names)})
    return rules_of(settings.given(Variables(), beside))


def said(rule: OwnRule) -> object:
    with rule.asked() as function:
        return function(CANDIDATE)


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_the_working_folder_comes_before_the_folder_of_the_config(tmp_path: Path, working_folder: Path) -> None:
    write_modules(tmp_path / "beside", {"taste": "def easy(candidate): return 'beside'"})
    (rule,) = found("taste:easy", beside=tmp_path / "beside")
    assert said(rule) == "beside"
    write_modules(working_folder, {"taste": "def easy(candidate): return 'here'"})
    (rule,) = found("taste:easy", beside=tmp_path / "beside")
    assert said(rule) == "here"
    assert str(working_folder) not in sys.path


def test_a_changed_source_is_imported_anew_with_all_that_lies_beside_it(working_folder: Path) -> None:
    write_modules(
        working_folder, {"taste": "import lexicon\ndef easy(candidate): return lexicon.CODE", "lexicon": "CODE = 'one'"}
    )
    (first,) = found("taste:easy", beside=working_folder)
    assert said(first) == "one"
    write_modules(working_folder, {"lexicon": "CODE = 'other'"})
    (second,) = found("taste:easy", beside=working_folder)
    assert (said(second), first.digest == second.digest) == ("other", False)
    with pytest.raises(RunFailedError, match=r"has another source of curate\.rules: taste:easy than the driver"):
        said(first)


@pytest.mark.parametrize("init", [{"kitchen/__init__": "CODE = 'one'"}, {}])
def test_a_package_of_the_same_name_in_another_folder_is_another(init: dict[str, str], tmp_path: Path) -> None:
    for place in ("left", "right"):
        code = "from kitchen import CODE" if init else "CODE = 'one'"
        modules = {**init, "kitchen/taste": f"{code}\ndef easy(candidate): return CODE"}
        write_modules(tmp_path / place, {name: text.replace("'one'", f"'{place}'") for name, text in modules.items()})
        (rule,) = found("kitchen.taste:easy", beside=tmp_path / place)
        assert said(rule) == place


def test_a_change_of_its_package_is_one_of_a_module(working_folder: Path) -> None:
    write_modules(working_folder, {"kitchen/__init__": "", "kitchen/taste": "def easy(candidate): return 'easy'"})
    (before,) = found("kitchen.taste:easy", beside=working_folder)
    write_modules(working_folder, {"kitchen/__init__": "OTHER = 1"})
    (after,) = found("kitchen.taste:easy", beside=working_folder)
    assert before.digest != after.digest


def test_what_is_imported_late_is_found(working_folder: Path) -> None:
    modules = {
        "taste": "def easy(candidate):\n    from kitchen.pot import CODE\n    return CODE",
        "kitchen/pot": "from .lid import CODE",
        "kitchen/lid": "CODE = 'deep'",
    }
    write_modules(working_folder, modules)
    (rule,) = found("taste:easy", beside=working_folder)
    assert said(rule) == "deep"


@pytest.mark.parametrize(
    ("source", "name", "words"),
    [
        ("SIX = 6\ndef easy(c): ...", "taste:hard", r"taste\.py has no function hard; functions there: easy$"),
        ("SIX = 6", "taste:SIX", r"has `SIX` as int, not as function SIX; functions there: none$"),
        ("class Easy: ...", "taste:Easy", "has `Easy` as type"),
        ("def easy(a, b): ...", "taste:easy", r"a candidate and nothing else \(missing a required argument: 'b'\)$"),
        ("def easy(): ...", "taste:easy", "a candidate and nothing else"),
        ("def easy(c) pass", "taste:easy", r"cannot be imported: SyntaxError: expected ':' \(taste\.py, line 1\)$"),
        ("import no_such", "taste:easy", "cannot be imported: ModuleNotFoundError: No module named"),
        ("1 / 0", "taste:easy", "cannot be imported: ZeroDivisionError: division by zero$"),
        ("raise SystemExit(3)", "taste:easy", "cannot be imported: SystemExit: 3$"),
        ("", "tasty:easy", r"no module `tasty` in \S+here and \S+beside, or installed$"),
        ("", "json:loads", "`json` is the name of a module of Python or mathmill; choose another$"),
        ("", "schemas.reason:is_own", "`schemas.reason` is the name of a module of Python or mathmill"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(source: str, name: str, words: str, tmp_path: Path, working_folder: Path) -> None:
    write_modules(working_folder, {"taste": source})
    with pytest.raises(UserError, match=words) as refused:
        found(name, beside=tmp_path / "beside")
    assert "\n" not in str(refused.value)


def test_a_worker_without_the_module_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunFailedError, match=r"does not find the module of curate\.rules: taste:easy; install it"):
        said(OwnRule("taste:easy", (tmp_path / "elsewhere",), "digest"))
